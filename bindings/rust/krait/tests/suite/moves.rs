// SPDX-License-Identifier: Apache-2.0
use crate::support::*;
use krait::*;

#[test]
fn feed_to() {
    let model = demo();
    let tokens = model.tokenizer().unwrap().encode("Once upon a time there was a wolf.", Flags::NONE).unwrap();
    let mut changed = tokens[..tokens.len() - 2].to_vec();
    changed.push(7);
    let (mut session, mut there) = (model.session().unwrap(), model.session().unwrap());
    for list in [&tokens[..], &changed[..], &tokens[..3], &tokens[..]] {
        assert!(session.feed_to(list).unwrap() <= list.len());
        there.reset().unwrap();
        there.feed(list).unwrap();
        assert_eq!(session.hidden(), there.hidden());
        assert_eq!(session.feed_to(list), Ok(list.len()));
    }
    is(session.feed_to(&[9999]), Status::ARGUMENT);
    assert_eq!(session.hidden(), there.hidden());
}

#[test]
fn copies_and_what_was_held_back() {
    let model = demo();
    let (mut from, mut to) = (limited(&model, 10), model.session().unwrap());
    to.copy_from(&from).unwrap();
    let text = rest(&mut from);
    assert!(!text.is_empty());
    assert_eq!(rest(&mut to), text);
    let other = Model::open(data("golden/mamba1-bin-f16")).unwrap().session().unwrap();
    is(to.copy_from(&other), Status::MISMATCH);
    let half = model.tokenizer().unwrap().encode("\u{4f60}", Flags::NONE).unwrap()[0];
    from.set_max_new_tokens(0).unwrap();
    from.set_bias(half, 1e6).unwrap();
    assert_eq!(from.step().unwrap(), Step::Token(Piece { token: Some(half), text: String::new() }));
    assert_eq!((from.flush().unwrap().as_str(), from.flush().unwrap().as_str()), ("\u{fffd}", ""));
    from.canceller().cancel();
    from.clear_cancel();
    from.step().unwrap();
    assert_eq!((from.state_size(), model.state_growth()), (from.snapshot().unwrap().size(), 0));
    assert_eq!(model.state_size_at(0), model.state_size() as u64);
}

#[test]
fn likely_tokens() {
    let mut session = demo().session().unwrap();
    session.feed_text(OPENING).unwrap();
    let logits = session.logits().unwrap();
    let sum: f64 = logits.iter().map(|&x| f64::from(x).exp()).sum();
    let near = |logprob: f32, token: Token| {
        assert!((f64::from(logprob) - f64::from(logits[token as usize]) + sum.ln()).abs() < 1e-4, "{token}: {logprob}");
    };
    let top = session.top(5).unwrap();
    assert_eq!((top.len(), session.n_rows()), (5, 1));
    for pair in top.windows(2) {
        assert!(pair[0].logprob >= pair[1].logprob);
    }
    for one in top {
        near(one.logprob, one.token);
        near(session.logprob(one.token).unwrap(), one.token);
    }
    match session.step().unwrap() {
        Step::Token(piece) => near(session.drawn_logprob().unwrap(), piece.token.unwrap()),
        end => panic!("{end:?}"),
    }
    assert!(session.drawn_chance().unwrap() <= 0.0);
    session.feed(&[1]).unwrap();
    assert_eq!((session.drawn_logprob(), session.drawn_chance()), (None, None));
    is(session.logprob(5000), Status::ARGUMENT);
}

/// The demo model's own stop is token 0; what else a new session begins with it says itself.
#[test]
fn settings_of_the_model() {
    let model = demo();
    let (mut session, mut other) = (model.session().unwrap(), model.session().unwrap());
    assert_ne!(session.seed(), other.seed());
    let (fresh, top_p) = (session.temperature(), session.top_p());
    session.set_temperature(0.0).unwrap();
    session.reset_settings().unwrap();
    other.set_temperature(0.0).unwrap();
    other.set_sampler(&model.sampler().unwrap()).unwrap();
    assert_eq!((session.temperature(), other.temperature(), session.top_p()), (fresh.clone(), fresh, top_p));
    let tokenizer = model.tokenizer().unwrap();
    assert_eq!((model.stops(), tokenizer.is_special(0), tokenizer.is_special(100)), (vec![0], true, false));
    let (low, high) = bounds("KRAIT_SAMPLE_TOP_P").unwrap();
    assert!(low >= 0.0 && high == 1.0);
    is(bounds("KRAIT_OPTION_WEIGHTS"), Status::UNSUPPORTED);
}

/// Each vector is that of a session which read the text alone; an error names the text.
#[test]
fn vectors_of_texts() {
    let model = demo();
    let tokenizer = model.tokenizer().unwrap();
    let texts = ["Once upon a time", "The king"].map(|text| tokenizer.encode(text, Flags::NONE).unwrap());
    let vectors = model.embed(&texts, Pooling::LAST).unwrap();
    for (text, vector) in texts.iter().zip(&vectors) {
        let mut session = model.session().unwrap();
        session.feed(text).unwrap();
        assert_eq!(*vector, session.hidden().unwrap());
    }
    for vector in model.embed(&texts, Pooling::MEAN | Pooling::NORMALISE).unwrap() {
        assert!((vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    let error = model.embed(&[vec![1], vec![]], Pooling::LAST).unwrap_err();
    assert!(error.status() == Status::ARGUMENT && error.to_string().contains("text 1 has no tokens"));
    assert!(model.embed::<Vec<Token>>(&[], Pooling::LAST).unwrap().is_empty());
}

/// A batch scores, gives logits, and reads a long prompt in parts.
#[test]
fn batches_in_parts() {
    let model = demo();
    let text = "Once upon a time there was a wolf who lived in a wood, and a fox.";
    let tokens = model.tokenizer().unwrap().encode(text, Flags::NONE).unwrap();
    let (mut alone, mut session) = (model.session().unwrap(), model.session().unwrap());
    let (mut writer, mut batch) = (greedy(&model, OPENING), model.batch().unwrap());
    let expected = alone.score(&tokens).unwrap();
    let mut entries = [Entry::score(&mut session, &tokens).with_logits(), Entry::step(&mut writer).with_logits()];
    let outcomes = batch.run(&mut entries).unwrap();
    assert_eq!(outcomes[0].scores[1..], expected[1..]);
    assert!(outcomes[1].scores.is_empty() && outcomes[1].piece.token.is_some());
    assert_eq!((&outcomes[0].logits, &outcomes[1].logits), (&alone.logits().unwrap(), &writer.logits().unwrap()));
    batch.set_prompt_tokens(8).unwrap();
    is(batch.set_int(BatchSetting(999), 1), Status::UNSUPPORTED);
    session.reset().unwrap();
    let (mut rest, mut runs) = (&tokens[..], 0);
    while !rest.is_empty() {
        let outcomes = batch.run(&mut [Entry::feed(&mut session, rest), Entry::step(&mut writer)]).unwrap();
        assert!(outcomes[0].left < rest.len() && outcomes[1].piece.token.is_some());
        rest = &rest[rest.len() - outcomes[0].left..];
        runs += 1;
    }
    assert!(runs >= tokens.len() / 8);
    assert_eq!(session.hidden(), alone.hidden());
}
