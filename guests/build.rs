//! Gives each guest its linker script: the folder of its source says whether it is a component or a boot sector.

use std::path::Path;
use std::{env, fs};

fn main() {
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo names the package's folder");
    let package = Path::new(&package);
    for kind in ["component", "boot_sector"] {
        let sources = package.join("src").join(kind);
        let script = package.join(kind).with_extension("ld");
        println!("cargo:rerun-if-changed={}", sources.display());
        println!("cargo:rerun-if-changed={}", script.display());
        for source in fs::read_dir(sources).expect("the folder of sources is readable") {
            let source = source.expect("its entries are readable").path();
            let guest = source.file_stem().expect("a source has a name").to_string_lossy().replace('_', "-");
            link_freestanding(&guest, &script);
        }
    }
}

/// No start files and no libraries, fixed addresses, and nothing in the file but what the script places.
fn link_freestanding(guest: &str, script: &Path) {
    let script = format!("-Wl,-T,{}", script.display());
    let arguments =
        ["-nostartfiles", "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,--gc-sections"];
    for argument in arguments.into_iter().chain([script.as_str()]) {
        println!("cargo:rustc-link-arg-bin={guest}={argument}");
    }
}
