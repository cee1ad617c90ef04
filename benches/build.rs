//! Remembers which compiler built the benchmarks, for their report.

use std::process::Command;

fn main() {
    // Cargo names the compiler it uses.
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().map(|o| o.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&said);
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=TAKEOFF_RUSTC={}", version.trim());
}
