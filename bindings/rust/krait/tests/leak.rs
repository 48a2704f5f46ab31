// SPDX-License-Identifier: Apache-2.0
// A program of its own, so that nothing else moves its memory.
use krait::*;
use std::path::Path;

// The memory of this process in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn flat(what: &str, mut f: impl FnMut()) {
    let mut before = 0;
    for i in 0..10_000 {
        if i == 2_000 {
            before = resident();
        }
        f();
    }
    let after = resident();
    println!("{what}: {before} KiB after 2,000, {after} KiB after 10,000");
    assert!(after <= before + 2048, "{what}: {before} KiB after 2,000, {after} KiB after 10,000");
}

/// 10,000 models opened and dropped, and 10,000 sessions, each with a fork, a state and a refusal.
#[test]
fn leaks() {
    let path = Path::new(&std::env::var_os("KRAIT_TEST_DATA").unwrap()).join("golden/mamba1-bin-f16");
    flat("models", || {
        let options = Options::new().int(ModelOption::THREADS, 1).log(|_, _| ());
        drop(options.open(&path).unwrap().clone());
        assert!(Model::open("/nonexistent").is_err());
    });
    let model = Model::open(&path).unwrap();
    flat("sessions", || {
        let mut session = model.session().unwrap();
        session.feed(&[1, 2, 3]).unwrap();
        let state = session.snapshot().unwrap();
        session.fork().unwrap().restore(&state).unwrap();
        assert!(session.feed(&[-5]).is_err());
    });
}
