//! Our own mistakes: one report, then the end.

use core::panic::PanicInfo;

use crate::{power, println};

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    println!("\nhyper86: {info}");
    power::shutdown()
}

/// Precompiled `core` names this symbol; with `panic = "abort"` nothing calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
