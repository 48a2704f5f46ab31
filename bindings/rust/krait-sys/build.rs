// SPDX-License-Identifier: Apache-2.0
// Asks pkg-config where libkrait is. KRAIT_LIB_DIR, a folder, is asked first.
use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=KRAIT_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    if let Ok(folder) = env::var("KRAIT_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        return;
    }
    let command = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    let found = Command::new(&command).args(["--libs-only-L", "krait >= 0.1"]).output();
    match found {
        Ok(output) if output.status.success() => {
            for word in String::from_utf8_lossy(&output.stdout).split_whitespace() {
                println!("cargo:rustc-link-search=native={}", word.trim_start_matches("-L"));
            }
        }
        Ok(output) => panic!("libkrait was not found: {}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{command}: {error}. It finds libkrait; KRAIT_LIB_DIR=FOLDER does without it"),
    }
}
