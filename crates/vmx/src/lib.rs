//! Intel VT-x as data and rules.
//!
//! This crate knows what the manual says about VMX and executes nothing: no instruction, no allocation, no `unsafe`.
//! A VM is planned as a [`Machine`], its control words are settled against [`Capabilities`], the plan is checked by
//! [`audit`], and somebody else writes it to a VMCS. After an exit the VMCS is read into [`Results`] and decoded here.
//!
//! # The manual
//!
//! "The manual" is the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 3, order number 325462,
//! in the chapter numbering of revision 086 (December 2024): chapter 26 is "Virtual Machine Control Structures",
//! 27 "VMX Non-Root Operation", 28 "VM Entries", 29 "VM Exits". Comments cite section and title. What was published
//! later (FRED, MSR lists, APIC-timer virtualization) is included and cited by title.
//! Three sources stand beside the manual: what Bochs 2.7 does on its six models (the capability dumps, which fields
//! exist, which rules it enforces), and the encodings that other hypervisors and Intel's TDX module publish.
#![no_std]
#![forbid(unsafe_code)]

pub mod audit;
pub mod bitmap;
pub mod capability;
pub mod control_register;
pub mod controls;
pub mod event;
pub mod exit;
pub mod field;
pub mod instruction_error;
mod machine;
pub mod mutate;
mod results;
pub mod segment;

pub use capability::Capabilities;
pub use field::Field;
pub use machine::Machine;
pub use results::Results;
