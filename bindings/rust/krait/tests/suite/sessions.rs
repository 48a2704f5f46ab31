// SPDX-License-Identifier: Apache-2.0
use crate::support::*;
use krait::*;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::time::Duration;

/// Steps, tokens and generate say the same; so does what was forked, restored and rewound.
#[test]
fn generate() {
    let model = demo();
    let mut session = limited(&model, 40);
    let mut fork = session.fork().unwrap();
    let state = session.snapshot().unwrap();
    let text = rest(&mut session);
    assert!(text.len() > 60 && session.end_reason() == Reason::LIMIT, "{text}");
    assert!(matches!(session.step().unwrap(), Step::End(Piece { token: None, .. })));
    let made = fork.generate(100).unwrap();
    assert_eq!((made.text.as_str(), made.tokens.len(), made.status), (text.as_str(), 40, Status::END));
    session.restore(&state).unwrap();
    assert_eq!(rest(&mut session), text);
    assert_eq!(session.position(), state.position() + 40);
    session.rewind(40).unwrap();
    assert_eq!(rest(&mut session), text);
    drop(model); // the session holds it
    assert_eq!(session.end_reason(), Reason::LIMIT);
}

#[test]
fn stops() {
    let model = demo();
    let text = rest(&mut limited(&model, 40));
    let word = text.split_whitespace().nth(5).unwrap();
    let mut session = limited(&model, 40);
    session.add_stop_text(word).unwrap();
    assert_eq!(rest(&mut session), text[..text.find(word).unwrap()]);
    assert_eq!(session.end_reason(), Reason::STOP_TEXT);
    let mut session = limited(&model, 40);
    let tokens = session.generate(5).unwrap().tokens;
    session.rewind(5).unwrap();
    session.add_stop(tokens[3]).unwrap();
    assert!(session.generate(40).unwrap().tokens.len() <= 3);
    assert_eq!(session.end_reason(), Reason::STOP);
    assert_eq!(session.step().map(|s| matches!(s, Step::End(p) if p.token.is_some())), Ok(true));
    session.clear_stops().unwrap();
    session.set_bias(tokens[0], -1000.0).unwrap();
    session.reset().unwrap();
    session.feed_text(OPENING).unwrap();
    assert!(!matches!(session.step().unwrap(), Step::Token(p) if p.token == Some(tokens[0])));
}

#[test]
fn settings() {
    let mut session = demo().session().unwrap();
    for setting in [Setting::TOP_K, Setting::SEED, Setting::MAX_NEW_TOKENS, Setting::KEEP_POSITIONS, Setting::REWIND_TOKENS] {
        session.set_int(setting, 7).unwrap();
        assert_eq!(session.int(setting), Ok(7));
    }
    for setting in [
        Setting::TEMPERATURE,
        Setting::TOP_P,
        Setting::MIN_P,
        Setting::TYPICAL_P,
        Setting::REPETITION_PENALTY,
        Setting::PRESENCE_PENALTY,
        Setting::FREQUENCY_PENALTY,
    ] {
        session.set_float(setting, 0.5).unwrap();
        assert_eq!(session.float(setting), Ok(0.5));
    }
    session.set_top_k(5).unwrap();
    session.set_min_p(0.25).unwrap();
    session.set_keep_positions(3).unwrap();
    assert_eq!((session.top_k(), session.min_p(), session.keep_positions()), (Ok(5), Ok(0.25), Ok(3)));
    assert_eq!((session.int(Setting::TOP_K), session.float(Setting::MIN_P)), (Ok(5), Ok(0.25)));
    assert_eq!((session.seed(), session.presence_penalty()), (Ok(7), Ok(0.5)));
    let mut sampler = Sampler::new().unwrap();
    sampler.set_temperature(0.0).unwrap();
    sampler.set_seed(3).unwrap();
    sampler.set_bias(3, 1.0).unwrap();
    session.set_sampler(&sampler).unwrap();
    assert_eq!(session.float(Setting::TEMPERATURE), Ok(0.0));
    assert_eq!(sampler.pick(&[1.0, 3.0, 2.0, 0.0], &[], 0), Ok(1));
}

/// Two ways to feed the same: the same logits. Embeddings move the state too.
#[test]
fn feed() {
    let model = demo();
    let tokens = model.tokenizer().unwrap().encode(OPENING, Flags::ADD_SPECIAL).unwrap();
    let (mut a, mut b) = (model.session().unwrap(), model.session().unwrap());
    a.feed_text(OPENING).unwrap();
    b.feed(&tokens[..3]).unwrap();
    b.feed_utf8("", Flags::PARSE_SPECIAL | Flags::ADD_SPECIAL).unwrap();
    b.feed(&[]).unwrap();
    b.feed(&tokens[3..]).unwrap();
    assert_eq!(a.logits(), b.logits());
    b.reset().unwrap();
    b.feed_embeddings(&vec![0.0; 2 * model.width()], model.width()).unwrap();
    assert_eq!(b.position(), 2);
    is(b.feed_embeddings(&[0.0; 7], model.width()), Status::ARGUMENT);
    let mut hidden = vec![0.0; model.width()];
    b.hidden_into(&mut hidden).unwrap();
    assert_eq!(b.hidden(), Ok(hidden));
}

#[test]
fn states() {
    let (model, folder) = (demo(), Folder::new("states"));
    let mut session = greedy(&model, OPENING);
    session.set_note(b"a note\0of mine").unwrap();
    let mut state = session.snapshot().unwrap();
    let path = folder.0.join("state");
    state.save(&path).unwrap();
    let mut file = std::fs::read(&path).unwrap();
    assert!(file == state.to_bytes().unwrap() && file.len() == state.size());
    for from in [model.load_state(&path).unwrap(), model.read_state(&file).unwrap()] {
        let mut other = model.session().unwrap();
        other.restore(&from).unwrap();
        assert_eq!(other.logits(), session.logits());
        assert_eq!(from.note().unwrap(), b"a note\0of mine");
    }
    let middle = file.len() / 2;
    file[middle] ^= 1;
    is(model.read_state(&file), Status::FORMAT);
}

/// What a batch computes is what each session computes alone.
#[test]
fn batches() {
    let (model, prompts) = (demo(), ["Once upon a time", "The wolf said", "There was"]);
    let tokenizer = model.tokenizer().unwrap();
    let want: Vec<String> = prompts.iter().map(|p| greedy(&model, p).generate(10).unwrap().text).collect();
    let tokens: Vec<Vec<Token>> = prompts.iter().map(|p| tokenizer.encode(p, Flags::ADD_SPECIAL).unwrap()).collect();
    let mut sessions: Vec<Session> = prompts.iter().map(|_| greedy(&model, "")).collect();
    let mut batch = model.batch().unwrap();
    let mut entries: Vec<Entry> = sessions.iter_mut().zip(&tokens).map(|(session, tokens)| Entry::feed(session, tokens)).collect();
    assert!(batch.run(&mut entries).unwrap().iter().all(|o| o.status == Status::OK && o.piece.token.is_none()));
    let mut got = vec![String::new(); prompts.len()];
    for _ in 0..10 {
        let mut entries: Vec<Entry> = sessions.iter_mut().map(|session| Entry::step(session)).collect();
        for (text, outcome) in got.iter_mut().zip(batch.run(&mut entries).unwrap()) {
            assert!(outcome.status == Status::OK && outcome.piece.token.is_some());
            *text += &outcome.piece.text;
        }
    }
    assert_eq!(got, want);
    sessions[0].canceller().cancel();
    let mut entries: Vec<Entry> = sessions.iter_mut().map(|session| Entry::feed(session, &[5, 6])).collect();
    let outcomes = batch.run(&mut entries).unwrap();
    assert_eq!((outcomes[0].status, outcomes[1].status), (Status::CANCELLED, Status::OK));
    let mut other = Model::open(data("golden/mamba1-bin-f16")).unwrap().session().unwrap();
    is(batch.run(&mut [Entry::feed(&mut other, &[1])]), Status::ARGUMENT);
}

#[test]
fn decoders() {
    let tokenizer = demo().tokenizer().unwrap();
    let text = "Grüße, 🦊 and 狼!";
    let mut decoder = tokenizer.decoder().unwrap();
    let tokens = tokenizer.encode(text, Flags::NONE).unwrap();
    let joined: String = tokens.iter().map(|&t| decoder.push(t).unwrap()).collect();
    assert_eq!(joined + &decoder.flush().unwrap(), text);
    assert_eq!((tokenizer.find("<|user|>"), tokenizer.find("no such token"), tokenizer.size()), (Some(1), None, 4096));
    let hidden = tokenizer.decode(&[1, 43], Flags::SKIP_SPECIAL).unwrap();
    assert_eq!(tokenizer.decode(&[1, 43], Flags::NONE).unwrap(), format!("<|user|>{hidden}"));
    assert_eq!(tokenizer.encode(b"a\xff", Flags::NONE), tokenizer.encode("a\u{fffd}", Flags::NONE));
    assert!(Tokenizer::open(data("tokenizer/neox")).unwrap().clone().size() > 50_000);
}

/// A conversation of two turns, and one of them changed.
#[test]
fn chats() {
    let model = demo();
    let (mut chat, mut session) = (model.chat().unwrap(), limited(&model, 20));
    session.reset().unwrap();
    chat.add("user", "Tell me a story about the wolf.").unwrap();
    chat.feed(&mut session).unwrap();
    let answer = rest(&mut session);
    chat.add("assistant", &answer).unwrap();
    chat.add("user", "Go on.").unwrap();
    let (before, pending) = (session.position(), chat.pending(&mut session).unwrap());
    chat.feed(&mut session).unwrap();
    chat.resume(&mut session).unwrap();
    assert_eq!(chat.reused() as u64, before);
    assert_eq!(session.position(), before + pending.len() as u64);
    assert!(!rest(&mut session).is_empty());
    chat.add("assistant", "This is not what it said.").unwrap();
    chat.feed(&mut session).unwrap();
    assert_eq!(session.position(), chat.encode(true).unwrap().len() as u64);
    chat.clear();
    let mut plain = Chat::without_model().unwrap();
    plain.set_template("{{ name }}: {{ messages[0].content }}").unwrap();
    plain.set_json("name", "\"krait\"").unwrap();
    plain.add("user", "hello").unwrap();
    assert_eq!(plain.render(false).unwrap(), "krait: hello");
}

#[test]
fn options() {
    let (lines, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (l, c) = (lines.clone(), calls.clone());
    let model = Options::new()
        .int(ModelOption::THREADS, 1)
        .text(ModelOption::DEVICE, "cpu")
        .text(ModelOption::WEIGHTS, "f32")
        .text(ModelOption::PRECISION, "exact")
        .text(ModelOption::INSTRUCTIONS, "generic")
        .int(ModelOption::MAP, 0)
        .text(ModelOption::TOKENIZER, data("tokenizer/neox/tokenizer.json").to_str().unwrap())
        .log(move |level, text| {
            assert!([Level::ERROR, Level::WARNING, Level::INFO].contains(&level) && !text.is_empty());
            l.fetch_add(1, SeqCst);
        })
        .progress(move |done, total| {
            c.fetch_add(1, SeqCst);
            done <= total
        })
        .open(data("golden/mamba1-bin-f16"))
        .unwrap();
    assert!(lines.load(SeqCst) > 0 && calls.load(SeqCst) > 0 && model.tokenizer().is_some());
    let before = calls.load(SeqCst);
    let mut session = model.session().unwrap();
    drop(model); // its closures stay as long as the session
    session.feed(&[0; 2000]).unwrap();
    assert!(calls.load(SeqCst) > before);
    let headers = Options::new().inspect(true).open("demo").unwrap();
    is(headers.session(), Status::UNSUPPORTED);
    is(Options::new().progress(|_, _| false).open("demo"), Status::CANCELLED);
}

#[test]
fn cancel() {
    let mut session = greedy(&demo(), OPENING);
    let canceller = session.canceller();
    let before = session.position();
    canceller.cancel(); // the next call
    is(session.feed(&[5]), Status::CANCELLED);
    assert_eq!(session.position(), before);
    session.clear_stops().unwrap();
    let other = canceller.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        other.cancel();
    });
    let made = session.generate(1_000_000).unwrap();
    thread.join().unwrap();
    assert_eq!(made.status, Status::CANCELLED);
    assert_eq!(session.position(), before + made.tokens.len() as u64);
    assert!(matches!(session.step().unwrap(), Step::Token(_)));
    drop(session);
    canceller.cancel();
}
