//! What only instructions can do: VMX, one instruction a function, the world switch, the processor's registers, and
//! the machine's timer, keyboard and screen.
//!
//! On entry the processor is in 64-bit mode at CPL 0 with an identity map. All `unsafe` of the VMM outside `memory`
//! is in this folder.

pub mod devices;
#[cfg(feature = "fuzz")]
pub mod host_registers;
pub mod letterbox;
pub mod nmi;
pub mod registers;
pub mod testbed;
pub mod timer;
pub mod translations;
pub mod vmx;
pub mod world_switch;
