//! Refuses to build without the flags of `.cargo/config.toml`. Without them the program would link for Linux, or use
//! memory below its stack pointer that an exception overwrites.

fn main() {
    println!("cargo:rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    if !flags.contains("no-redzone=yes") {
        println!(
            "cargo::error=the flags of .cargo/config.toml are missing: call cargo inside this folder, with RUSTFLAGS unset, \
             or use `hyper86 run-app`"
        );
    }
}
