//! The `results`: what the VMCS says after an exit, read in one loop into a plain value.
//!
//! Exit-information fields keep their values until the next exit, and most of them mean something for some exits only;
//! [`Results::describe`] says in words what a field means for this one.

use core::fmt;

use crate::capability::Capabilities;
use crate::event::InterruptionInformation;
use crate::exit::{ExitReason, InstructionInformation, Qualification};
use crate::field::{Field, Requirement};
use crate::instruction_error::InstructionError;

/// The record of one exit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Results {
    values: [u64; Results::FIELDS.len()],
    present: u32,
}

impl Results {
    /// The fields of the record, in the order in which they are read and shown.
    pub const FIELDS: [Field; 26] = [
        Field::VM_INSTRUCTION_ERROR,
        Field::EXIT_REASON,
        Field::EXIT_QUALIFICATION,
        Field::VM_EXIT_INTERRUPTION_INFORMATION,
        Field::VM_EXIT_INTERRUPTION_ERROR_CODE,
        Field::IDT_VECTORING_INFORMATION,
        Field::IDT_VECTORING_ERROR_CODE,
        Field::VM_EXIT_INSTRUCTION_LENGTH,
        Field::VM_EXIT_INSTRUCTION_INFORMATION,
        Field::IO_RCX,
        Field::IO_RSI,
        Field::IO_RDI,
        Field::IO_RIP,
        Field::GUEST_LINEAR_ADDRESS,
        Field::GUEST_PHYSICAL_ADDRESS,
        Field::GUEST_CS_SELECTOR,
        Field::GUEST_RIP,
        Field::GUEST_SS_SELECTOR,
        Field::GUEST_RSP,
        Field::GUEST_RFLAGS,
        Field::GUEST_DS_SELECTOR,
        Field::GUEST_ES_SELECTOR,
        Field::GUEST_FS_SELECTOR,
        Field::GUEST_GS_SELECTOR,
        Field::GUEST_INTERRUPTIBILITY_STATE,
        Field::GUEST_ACTIVITY_STATE,
    ];

    /// Reads the fields that every processor has.
    pub fn read(vmread: impl FnMut(Field) -> u64) -> Self {
        Self::read_where(|field| field.requirement() == Requirement::Always, vmread)
    }

    /// Reads the fields that a processor with these capabilities has: with EPT, the guest-physical address too.
    pub fn read_with(capabilities: &Capabilities, vmread: impl FnMut(Field) -> u64) -> Self {
        Self::read_where(|field| capabilities.has_field(field), vmread)
    }

    fn read_where(exists: impl Fn(Field) -> bool, mut vmread: impl FnMut(Field) -> u64) -> Self {
        let mut results = Results { values: [0; Results::FIELDS.len()], present: 0 };
        for (at, field) in Results::FIELDS.into_iter().enumerate() {
            if exists(field) {
                results.values[at] = vmread(field);
                results.present |= 1 << at;
            }
        }
        results
    }

    /// The value read from `field`; `None` when it is not part of this record.
    pub fn get(&self, field: Field) -> Option<u64> {
        let at = Results::FIELDS.iter().position(|listed| *listed == field)?;
        (self.present >> at & 1 == 1).then(|| self.values[at])
    }

    /// What was read, in the order of [`Results::FIELDS`].
    pub fn entries(&self) -> impl Iterator<Item = (Field, u64)> + '_ {
        Results::FIELDS.into_iter().filter_map(|field| self.get(field).map(|value| (field, value)))
    }

    /// A field that every record has.
    fn word(&self, field: Field) -> u64 {
        self.get(field).expect("every processor has this field")
    }

    /// Why the last VMX instruction failed, if it did.
    pub fn instruction_error(&self) -> InstructionError {
        InstructionError(self.word(Field::VM_INSTRUCTION_ERROR) as u32)
    }

    /// Why the VM exited.
    pub fn exit_reason(&self) -> ExitReason {
        ExitReason(self.word(Field::EXIT_REASON) as u32)
    }

    /// The event that caused the exit.
    pub fn interruption(&self) -> InterruptionInformation {
        InterruptionInformation(self.word(Field::VM_EXIT_INTERRUPTION_INFORMATION) as u32)
    }

    /// The event whose delivery the exit interrupted.
    pub fn idt_vectoring(&self) -> InterruptionInformation {
        InterruptionInformation(self.word(Field::IDT_VECTORING_INFORMATION) as u32)
    }

    /// The exit qualification, decoded for this exit.
    pub fn qualification(&self) -> Qualification {
        let raw = self.word(Field::EXIT_QUALIFICATION);
        Qualification::decode(self.exit_reason(), self.interruption(), raw)
    }

    /// The length of the instruction that caused the exit, in bytes. Undefined for exits by exceptions, #GP among
    /// them.
    pub fn instruction_length(&self) -> u32 {
        self.word(Field::VM_EXIT_INSTRUCTION_LENGTH) as u32
    }

    /// What the instruction-information field says about INS, OUTS and memory operands.
    pub fn instruction_information(&self) -> InstructionInformation {
        InstructionInformation(self.word(Field::VM_EXIT_INSTRUCTION_INFORMATION) as u32)
    }

    /// The value of `field` in words where it has some, else in hexadecimal.
    pub fn describe(&self, field: Field) -> Description<'_> {
        Description { results: self, field }
    }
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries()).finish()
    }
}

/// One field of a record in words; made by [`Results::describe`].
#[derive(Clone, Copy, Debug)]
pub struct Description<'a> {
    results: &'a Results,
    field: Field,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.results.get(self.field) else {
            return f.write_str("not read");
        };
        match self.field {
            Field::VM_INSTRUCTION_ERROR => write!(f, "{}", self.results.instruction_error()),
            Field::EXIT_REASON => write!(f, "{}", self.results.exit_reason()),
            Field::EXIT_QUALIFICATION => write!(f, "{}", self.results.qualification()),
            Field::VM_EXIT_INTERRUPTION_INFORMATION => write!(f, "{}", self.results.interruption()),
            Field::IDT_VECTORING_INFORMATION => write!(f, "{}", self.results.idt_vectoring()),
            Field::VM_EXIT_INSTRUCTION_LENGTH => write!(f, "{value} bytes"),
            _ => write!(f, "{value:X}h"),
        }
    }
}
