// SPDX-License-Identifier: Apache-2.0
use crate::json::Json;
use crate::support::*;
use krait::{Flags, Model, ModelOption, Options, Sampler, Setting, Status, Token};

/// Every golden model: logits and hidden vectors of all positions, the greedy continuation, scores.
#[test]
fn models() {
    let mut n = 0;
    for entry in std::fs::read_dir(data("golden")).unwrap() {
        let name = format!("golden/{}", entry.unwrap().file_name().to_string_lossy());
        if data(&name).is_dir() {
            check_model(&name);
            n += 1;
        }
    }
    assert!(n >= 9, "{n} golden models");
}

fn check_model(name: &str) {
    let (golden, model) = (golden(name), Options::new().int(ModelOption::THREADS, 1).open(data(name)).unwrap());
    let tokens = &golden.tokens["tokens"];
    let mut session = greedy(&model, "");
    session.clear_stops().unwrap();
    session.set_int(Setting::KEEP_POSITIONS, tokens.len() as i64).unwrap();
    session.feed(tokens).unwrap();
    near(name, &session.logits().unwrap(), &golden.doubles["logits"]);
    near(name, &session.hidden().unwrap(), &golden.doubles["hidden"]);
    let made = session.generate(golden.tokens["greedy"].len()).unwrap();
    assert_eq!((&made.tokens, made.status), (&golden.tokens["greedy"], Status::OK), "{name}");
    session.reset().unwrap();
    check_scores(&session.score(tokens).unwrap(), &golden.doubles["logits"], tokens);
}

fn check_scores(scores: &[f32], logits: &[f64], tokens: &[Token]) {
    assert!(scores[0].is_nan());
    let rows = logits.chunks(logits.len() / tokens.len());
    let want: Vec<f64> = rows
        .zip(&tokens[1..])
        .map(|(row, &token)| row[token as usize] - row.iter().map(|x| x.exp()).sum::<f64>().ln())
        .collect();
    near("scores", &scores[1..], &want);
}

/// The demo model's own golden answers, token by token, and its last position alone.
#[test]
fn demo_model() {
    let (golden, model) = (golden("demo"), demo());
    let (tokens, vocab) = (&golden.tokens["tokens"], model.vocab_size());
    let mut session = greedy(&model, "");
    session.clear_stops().unwrap();
    session.feed(tokens).unwrap();
    let mut logits = vec![0.0; vocab];
    session.logits_into(&mut logits).unwrap();
    near("logits", &logits, &golden.doubles["logits"][(tokens.len() - 1) * vocab..]);
    let want = &golden.tokens["greedy"];
    let got: Vec<Token> = session.tokens().take(want.len()).map(|p| p.unwrap().token.unwrap()).collect();
    assert_eq!(&got, want);
    assert_eq!(session.position(), (tokens.len() + want.len()) as u64);
}

#[test]
fn tokenizer() {
    let tokenizer = demo().tokenizer().unwrap();
    let file = read("tokenizer/demo.jsonl");
    let cases: Vec<&str> = file.split('\n').filter(|line| !line.is_empty()).collect();
    assert!(cases.len() > 100);
    for line in cases {
        let case = Json::parse(line);
        let ids = tokenizer.encode(case.get("text").unwrap().text(), Flags::PARSE_SPECIAL).unwrap();
        assert_eq!(ids, case.get("ids").unwrap().tokens(), "{line}");
        assert_eq!(tokenizer.decode(&ids, Flags::NONE).unwrap(), case.get("decoded").unwrap().text(), "{line}");
    }
}

#[test]
fn chat() {
    let model = demo();
    for case in Json::parse(&read("demo/chat_vectors.json")).list() {
        let mut chat = model.chat().unwrap();
        for message in case.get("messages").unwrap().list() {
            chat.add_json(&message.write()).unwrap();
        }
        let prompt = matches!(case.get("add_generation_prompt"), Some(Json::Bool(true)));
        let text = case.get("text").unwrap().text();
        assert_eq!(chat.render(prompt).unwrap(), text);
        let ids = chat.encode(prompt).unwrap();
        assert_eq!(model.tokenizer().unwrap().decode(&ids, Flags::NONE).unwrap(), text);
        if let Some(want) = case.get("ids") {
            assert_eq!(ids, want.tokens(), "{text}");
        }
    }
}

/// The sampler's probabilities against those of transformers.
#[test]
fn sampler() {
    for name in ["normal-0", "ties", "negative"] {
        let file = Json::parse(&read(&format!("samplers/{name}.json")));
        let logits: Vec<f32> = file.get("logits").unwrap().list().iter().map(|x| x.number() as f32).collect();
        let mut n = 0;
        for case in file.get("cases").unwrap().list() {
            if case.get("close_call").is_some() || case.get("cuts_a_tie").is_some() {
                continue; // float32, or a sort, may decide otherwise
            }
            let mut want = vec![0.0; logits.len()];
            let probs = case.get("probs").unwrap().list();
            for (at, p) in case.get("support").unwrap().tokens().into_iter().zip(probs) {
                want[at as usize] = p.number();
            }
            let sampler = sampler_of(case.get("settings").unwrap());
            near(name, &sampler.probs(&logits, &case.get("history").unwrap().tokens()).unwrap(), &want);
            n += 1;
        }
        assert!(n > 20, "{n} cases");
    }
}

fn sampler_of(settings: &Json) -> Sampler {
    let mut sampler = Sampler::new().unwrap();
    for (name, value) in settings.object() {
        match value {
            Json::Object(biases) => {
                for (id, bias) in biases {
                    sampler.set_bias(id.parse().unwrap(), bias.number() as f32).unwrap();
                }
            }
            value => {
                let number = krait::constant(&format!("KRAIT_SAMPLE_{}", name.to_uppercase())).unwrap();
                let setting = Setting(number as i32);
                match setting {
                    Setting::TOP_K => sampler.set_int(setting, value.number() as i64).unwrap(),
                    setting => sampler.set_float(setting, value.number()).unwrap(),
                }
            }
        }
    }
    sampler
}

/// What opens is what was asked for.
#[test]
fn demo_is_described() {
    let model: Model = demo();
    assert_eq!((model.family().as_str(), model.device().as_str()), ("mamba", "cpu"));
    assert_eq!((model.n_layers(), model.vocab_size(), model.width()), (6, 4096, 256));
    assert!(model.n_parameters() > 3_000_000 && model.memory(2) > model.memory(1) && model.state_size() > 0);
    assert!(model.fingerprint().len() == 32 && model.info().contains(&model.fingerprint()) && model.note().is_empty());
    let devices = krait::devices().unwrap();
    assert!(devices[0].name == "cpu" && !devices[0].about.is_empty() && devices[0].memory > 0);
    let models = krait::installed().unwrap();
    assert!(models.iter().any(|m| m.name == "demo" && m.whole && m.size > 1_000_000 && m.about == "installed"));
}
