// SPDX-License-Identifier: Apache-2.0
use std::io::{stdout, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = krait::Model::open("demo")?;
    let mut session = model.session()?;
    session.set_temperature(0.7)?;
    session.set_top_p(0.9)?;
    session.set_seed(5)?;
    session.feed_text("Once upon a time")?;
    for piece in session.tokens().take(60) {
        print!("{}", piece?);
        stdout().flush()?;
    }
    println!();
    Ok(())
}
