// SPDX-License-Identifier: Apache-2.0
// As much of JSON as the golden answers need.
use std::collections::BTreeMap;

#[derive(Debug)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    pub fn parse(text: &str) -> Json {
        let mut parser = Parser { text: text.as_bytes(), at: 0 };
        parser.value()
    }

    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(map) => map.get(key),
            _ => panic!("not an object: {self:?}"),
        }
    }

    pub fn object(&self) -> &BTreeMap<String, Json> {
        match self {
            Json::Object(map) => map,
            _ => panic!("not an object: {self:?}"),
        }
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => panic!("not a list: {self:?}"),
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Json::Number(n) => *n,
            _ => panic!("not a number: {self:?}"),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => panic!("not a text: {self:?}"),
        }
    }

    pub fn tokens(&self) -> Vec<i32> {
        self.list().iter().map(|n| n.number() as i32).collect()
    }

    pub fn write(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(",");
        match self {
            Json::Null => "null".into(),
            Json::Bool(b) => b.to_string(),
            Json::Number(n) => n.to_string(),
            Json::Text(text) => quote(text),
            Json::List(list) => format!("[{}]", joined(list.iter().map(Json::write).collect())),
            Json::Object(map) => {
                format!("{{{}}}", joined(map.iter().map(|(k, v)| quote(k) + ":" + &v.write()).collect()))
            }
        }
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out += &format!("\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out + "\""
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> u8 {
        while self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self.text[self.at]
    }

    fn value(&mut self) -> Json {
        match self.peek() {
            b'{' => Json::Object(self.many(b'}', Parser::pair).into_iter().collect()),
            b'[' => Json::List(self.many(b']', Parser::value)),
            b'"' => Json::Text(self.string()),
            _ => self.word(),
        }
    }

    fn pair(&mut self) -> (String, Json) {
        let name = self.string();
        self.peek();
        self.at += 1;
        (name, self.value())
    }

    fn many<T>(&mut self, end: u8, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut list = vec![];
        self.at += 1;
        while self.peek() != end {
            if self.peek() == b',' {
                self.at += 1;
            }
            self.peek();
            list.push(one(self));
        }
        self.at += 1;
        list
    }

    fn word(&mut self) -> Json {
        let start = self.at;
        while self.at < self.text.len() && !b",]} \n\r\t".contains(&self.text[self.at]) {
            self.at += 1;
        }
        match std::str::from_utf8(&self.text[start..self.at]).unwrap() {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            number => Json::Number(number.parse().unwrap()),
        }
    }

    fn hex(&mut self) -> u16 {
        let digits = std::str::from_utf8(&self.text[self.at..self.at + 4]).unwrap();
        self.at += 4;
        u16::from_str_radix(digits, 16).unwrap()
    }

    fn string(&mut self) -> String {
        let mut units = vec![];
        let mut out = String::new();
        self.at += 1;
        loop {
            let c = self.text[self.at];
            self.at += 1;
            if c == b'\\' && self.text[self.at] == b'u' {
                self.at += 1;
                units.push(self.hex());
                continue;
            }
            out += &String::from_utf16(&std::mem::take(&mut units)).unwrap();
            match c {
                b'"' => return out,
                b'\\' => {
                    let escaped = self.text[self.at];
                    self.at += 1;
                    out.push(match escaped {
                        b'n' => '\n',
                        b't' => '\t',
                        b'r' => '\r',
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        other => other as char,
                    });
                }
                _ => {
                    let mut end = self.at;
                    while !b"\"\\".contains(&self.text[end]) {
                        end += 1;
                    }
                    out += std::str::from_utf8(&self.text[self.at - 1..end]).unwrap();
                    self.at = end;
                }
            }
        }
    }
}
