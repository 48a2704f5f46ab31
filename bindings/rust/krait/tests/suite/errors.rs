// SPDX-License-Identifier: Apache-2.0
use crate::support::*;
use krait::*;
use krait_sys as sys;
use std::os::raw::{c_int, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering::SeqCst};
use std::sync::Arc;

/// Every error that can be had, from what brings it about.
#[test]
fn errors() {
    let (model, folder) = (demo(), Folder::new("errors"));
    let other = Model::open(data("golden/mamba1-bin-f16")).unwrap();
    let mut s = greedy(&model, OPENING);
    let mut state = other.session().unwrap().snapshot().unwrap();
    let cases: Vec<(Option<Error>, Status, &str)> = vec![
        (s.feed(&[1, 4096]).err(), Status::ARGUMENT, "4096"),
        (s.set_float(Setting::TOP_P, 2.0).err(), Status::ARGUMENT, "TOP_P"),
        (model.session().unwrap().logits().err(), Status::ARGUMENT, "nothing was fed"),
        (Model::open("a\0b").err(), Status::ARGUMENT, "U+0000"),
        (state.save(&folder.0).err(), Status::IO, folder.0.to_str().unwrap()),
        (model.read_state(b"no state").err(), Status::FORMAT, ""),
        (s.set_int(Setting(999), 1).err(), Status::UNSUPPORTED, "999"),
        (Options::new().int(ModelOption(999), 1).open("demo").err(), Status::UNSUPPORTED, "999"),
        (s.restore(&state).err(), Status::MISMATCH, "fingerprint"),
        (Options::new().device("cuda:99").open("demo").err(), Status::DEVICE, "cuda"),
        (s.logits_into(&mut [0.0; 10]).err(), Status::SPACE, "4096"),
        (Model::open("/nonexistent/model").err(), Status::NOT_FOUND, "/nonexistent/model"),
        (constant("KRAIT_NOTHING").err(), Status::NOT_FOUND, "KRAIT_NOTHING"),
        (Chat::without_model().unwrap().set_template("{% nonsense %}").err(), Status::UNSUPPORTED, ""),
        (other.session().unwrap().feed_text("x").err(), Status::UNSUPPORTED, "tokenizer"),
        (Tokenizer::open("/nonexistent").err(), Status::NOT_FOUND, "/nonexistent"),
    ];
    for (i, (error, status, text)) in cases.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("case {i}: no error"));
        assert_eq!(error.status(), status, "case {i}: {error}");
        assert!(error.to_string().contains(text) && !error.to_string().is_empty(), "case {i}: {error}");
        let _: &dyn std::error::Error = &error;
    }
}

/// The borrow checker keeps BUSY away; below it, it is there.
#[test]
fn busy() {
    let session = AtomicPtr::new(null_mut());
    let (mut model, mut s, mut options) = (null_mut(), null_mut(), null_mut());
    unsafe {
        assert_eq!(sys::krait_options_new(&mut options), sys::KRAIT_OK);
        sys::krait_options_set_progress(options, Some(feed_again), &session as *const _ as *mut c_void);
        assert_eq!(sys::krait_model_open(&mut model, b"demo\0".as_ptr().cast(), options), sys::KRAIT_OK);
        assert_eq!(sys::krait_session_new(&mut s, model), sys::KRAIT_OK);
        session.store(s, SeqCst);
        let tokens = [0; 2000];
        assert_eq!(sys::krait_session_feed(s, tokens.as_ptr(), tokens.len()), sys::KRAIT_OK);
        sys::krait_session_free(s);
        sys::krait_model_free(model);
        sys::krait_options_free(options);
    }
    assert_eq!(Status(BUSY.load(SeqCst)), Status::BUSY);
}

extern "C" {
    fn fork() -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(status: c_int) -> !;
    // RLIMIT_AS of Linux is 9.
    fn setrlimit(resource: c_int, limit: *const [u64; 2]) -> c_int;
}

/// What a child process finds: 0 when it is as it should be. Neither may a failure unwind there, nor may
/// what belongs to the other threads of this program be waited for.
fn in_a_child(f: impl FnOnce() -> bool) -> c_int {
    let mut status = -1;
    unsafe {
        let pid = fork();
        if pid == 0 {
            _exit(!catch_unwind(AssertUnwindSafe(f)).unwrap_or(false) as c_int);
        }
        assert!(pid > 0 && waitpid(pid, &mut status, 0) == pid);
    }
    status
}

/// A child is told to open its model anew, and not what an earlier call failed with.
#[test]
fn forked() {
    let model = demo();
    let mut s = greedy(&model, OPENING);
    is(s.feed(&[4096]), Status::ARGUMENT);
    let found = in_a_child(|| matches!(s.feed(&[1]), Err(e) if e.status() == Status::FORKED && e.text().contains("anew")));
    assert_eq!(found, 0);
    s.feed(&[1]).unwrap();
}

/// 1 MiB more than now are not enough for the demo model, read into memory.
#[test]
fn out_of_memory() {
    let found = in_a_child(|| {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let most = pages.split(' ').next().unwrap().parse::<u64>().unwrap() * 4096 + (1 << 20);
        assert_eq!(unsafe { setrlimit(9, &[most, most]) }, 0);
        let options = Options::new().threads(1).map(false);
        matches!(options.open("demo"), Err(e) if e.status() == Status::MEMORY && e.text().contains("out of memory"))
    });
    assert_eq!(found, 0);
}

static BUSY: AtomicI32 = AtomicI32::new(0);

unsafe extern "C" fn feed_again(user: *mut c_void, _: u64, _: u64) -> c_int {
    let session = unsafe { &*(user as *const AtomicPtr<sys::krait_session>) }.load(SeqCst);
    if !session.is_null() {
        let token = 1;
        BUSY.store(unsafe { sys::krait_session_feed(session, &token, 1) }.0, SeqCst);
    }
    0
}

/// A panic in a closure does not cross C, and is not lost; what it stopped goes on working.
#[test]
fn panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let opened = catch_unwind(|| Options::new().progress(|_, _| panic!("mine")).open("demo"));
    let fuse = Arc::new(AtomicI32::new(0));
    let lit = fuse.clone();
    let model = Options::new().progress(move |_, _| lit.load(SeqCst) == 0 || panic!("later")).open("demo").unwrap();
    let mut session = model.session().unwrap();
    fuse.store(1, SeqCst);
    let fed = catch_unwind(AssertUnwindSafe(|| session.feed(&[0; 2000])));
    fuse.store(0, SeqCst);
    std::panic::set_hook(hook);
    assert_eq!(opened.err().unwrap().downcast_ref::<&str>(), Some(&"mine"));
    assert_eq!(fed.unwrap_err().downcast_ref::<&str>(), Some(&"later"));
    session.feed(&[1, 2]).unwrap();
}

/// Every constant of krait.h is in krait-sys, with the library's value, and in this crate.
#[test]
fn constants() {
    let header = std::fs::read_to_string(std::env::var("KRAIT_HEADER").unwrap()).unwrap();
    let ours = concat!(include_str!("../../src/constants.rs"), include_str!("../../src/error.rs"));
    let names: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define "))
        .filter_map(|line| line.split_once(|c: char| c.is_whitespace()))
        .filter(|(name, value)| name.starts_with("KRAIT_") && value.trim().starts_with(|c: char| c.is_ascii_digit() || "(-".contains(c)))
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() > 40);
    assert_eq!(names.len(), sys::CONSTANTS.len());
    for name in names {
        let (_, value) = sys::CONSTANTS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name} is not in krait-sys"));
        assert_eq!(constant(name), Ok(i64::from(*value)), "{name}");
        assert!(ours.contains(&format!("{name},")) || ours.contains(&format!("::{name}")), "{name} is not in krait");
    }
    assert_eq!(VERSION, (0, 1, 0));
    assert_eq!(version().split('.').count(), 3);
    for status in -12..=2 {
        assert!(Status(status).name().starts_with("KRAIT_"), "{status}");
    }
    assert_eq!(format!("{:?}", Status::IO), "KRAIT_ERROR_IO (-3)");
}
