//! States the Cargo profile, which `tessera version` prints: Cargo itself says only whether it is like `debug` or `release`.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=TESSERA_PROFILE={}", profile());
}

/// The folder above `build` in `target/PROFILE/build/tessera-.../out`; that of `dev` is called `debug`.
fn profile() -> String {
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    let above = Path::new(&out).ancestors().nth(3);
    let name = above.and_then(Path::file_name).unwrap_or_default();
    match name.to_string_lossy() {
        debug if debug == "debug" => "dev".to_owned(),
        other => other.into_owned(),
    }
}
