// SPDX-License-Identifier: Apache-2.0
use crate::json::Json;
use krait::{Error, Model, Session, Setting, Status, Token};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub const OPENING: &str = "Once upon a time there was a king";

pub fn data(name: &str) -> PathBuf {
    let folder = std::env::var_os("KRAIT_TEST_DATA").expect("KRAIT_TEST_DATA is the folder tests/data of krait's sources");
    PathBuf::from(folder).join(name)
}

pub fn read(name: &str) -> String {
    std::fs::read_to_string(data(name)).unwrap()
}

pub fn demo() -> Model {
    Model::open("demo").unwrap()
}

/// A session that has no chance in it.
pub fn greedy(model: &Model, text: &str) -> Session {
    let mut session = model.session().unwrap();
    session.set_float(Setting::TEMPERATURE, 0.0).unwrap();
    if !text.is_empty() {
        session.feed_text(text).unwrap();
    }
    session
}

pub fn limited(model: &Model, n: i64) -> Session {
    let mut session = greedy(model, OPENING);
    session.set_int(Setting::MAX_NEW_TOKENS, n).unwrap();
    session
}

/// What a session still says.
pub fn rest(session: &mut Session) -> String {
    session.tokens().map(|piece| piece.unwrap().text).collect()
}

pub fn is<T>(result: Result<T, Error>, status: Status) -> Error {
    let error = result.err().expect("no error");
    assert_eq!(error.status(), status, "{error}");
    error
}

/// A new folder, which goes away.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("krait-rust-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A golden.safetensors: float64 answers and int32 tokens.
pub struct Golden {
    pub doubles: BTreeMap<String, Vec<f64>>,
    pub tokens: BTreeMap<String, Vec<Token>>,
}

pub fn golden(name: &str) -> Golden {
    let bytes = std::fs::read(data(name).join("golden.safetensors")).unwrap();
    let n = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = Json::parse(std::str::from_utf8(&bytes[8..8 + n]).unwrap());
    let mut golden = Golden { doubles: BTreeMap::new(), tokens: BTreeMap::new() };
    for (name, tensor) in header.object() {
        let range = tensor.get("data_offsets").unwrap().tokens();
        let body = &bytes[8 + n + range[0] as usize..8 + n + range[1] as usize];
        match tensor.get("dtype").unwrap().text() {
            "F64" => {
                let values = body.chunks(8).map(|c| f64::from_le_bytes(c.try_into().unwrap()));
                golden.doubles.insert(name.clone(), values.collect());
            }
            _ => {
                let values = body.chunks(4).map(|c| i32::from_le_bytes(c.try_into().unwrap()));
                golden.tokens.insert(name.clone(), values.collect());
            }
        }
    }
    golden
}

/// Fails when a is further than 1e-5 from b, by the relative L2 distance.
pub fn near(what: &str, a: &[f32], b: &[f64]) {
    assert!(a.len() == b.len() && !b.is_empty(), "{what}: {} numbers, not {}", a.len(), b.len());
    let (mut distance, mut size) = (0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        distance += (f64::from(*x) - y).powi(2);
        size += y.powi(2);
    }
    let d = (distance / size).sqrt();
    assert!(d <= 1e-5, "{what}: {d} from the golden answer");
}
