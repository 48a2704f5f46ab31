// SPDX-License-Identifier: Apache-2.0
use krait::Setting;
use std::io::{stdout, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = krait::Model::open("demo")?;
    let mut session = model.session()?;
    session.set_float(Setting::TEMPERATURE, 0.7)?;
    session.set_float(Setting::TOP_P, 0.9)?;
    session.set_int(Setting::SEED, 5)?;
    session.feed_text("Once upon a time")?;
    for piece in session.tokens().take(60) {
        print!("{}", piece?);
        stdout().flush()?;
    }
    println!();
    Ok(())
}
