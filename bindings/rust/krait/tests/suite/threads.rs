// SPDX-License-Identifier: Apache-2.0
use crate::support::*;
use krait::*;
use std::thread;

// What may be shared and what may move, for the compiler to see. `NotSync` has two candidates, and no
// answer, for a type that is Sync.
fn send<T: Send>() {}
fn send_and_sync<T: Send + Sync>() {}

trait NotSync<A> {
    fn checked() {}
}
enum IsSync {}
impl<T: ?Sized> NotSync<()> for T {}
impl<T: ?Sized + Sync> NotSync<IsSync> for T {}

#[test]
fn what_may_be_shared() {
    send_and_sync::<Model>();
    send_and_sync::<Tokenizer>();
    send_and_sync::<State>();
    send_and_sync::<Canceller>();
    send_and_sync::<Error>();
    send::<Session>();
    send::<Batch>();
    send::<Chat>();
    send::<Decoder>();
    send::<Sampler>();
    <Session as NotSync<_>>::checked();
    <Batch as NotSync<_>>::checked();
    <Chat as NotSync<_>>::checked();
    <Decoder as NotSync<_>>::checked();
    <Sampler as NotSync<_>>::checked();
}

/// Many threads on one model and one state: the same words as alone.
#[test]
fn one_model() {
    let model = demo();
    let mut first = greedy(&model, OPENING);
    let state = first.snapshot().unwrap();
    let want = first.generate(15).unwrap().text;
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let mut session = model.clone().session().unwrap();
                    session.restore(&state).unwrap();
                    assert_eq!(session.generate(15).unwrap().text, want);
                    assert!(!model.tokenizer().unwrap().encode(&want, Flags::NONE).unwrap().is_empty());
                }
            });
        }
    });
}

/// A session moves from thread to thread.
#[test]
fn moves() {
    let model = demo();
    let want = greedy(&model, OPENING).generate(8).unwrap().tokens;
    let mut session = greedy(&model, OPENING);
    let mut got = vec![];
    for _ in 0..8 {
        let moved = thread::spawn(move || {
            let token = session.generate(1).unwrap().tokens;
            (session, token)
        });
        let (back, token) = moved.join().unwrap();
        session = back;
        got.extend(token);
    }
    assert_eq!(got, want);
}

/// Cancelling from elsewhere while the session ends.
#[test]
fn cancel_at_the_end() {
    let model = demo();
    for _ in 0..50 {
        let mut session = greedy(&model, OPENING);
        let canceller = session.canceller();
        let working = thread::spawn(move || session.generate(3).map(|made| made.status));
        let cancelling = thread::spawn(move || (0..100).for_each(|_| canceller.cancel()));
        assert!([Status::OK, Status::CANCELLED].contains(&working.join().unwrap().unwrap()));
        cancelling.join().unwrap();
    }
}
