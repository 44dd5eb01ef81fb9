//! What an exit says about accesses to control and debug registers, debug exceptions and task switches.
//!
//! The layouts are those of "Basic VM-Exit Information", section 29.2.1.

use core::fmt;

/// A general register by its number in the qualification, 0–15.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GeneralRegister(pub u8);

impl fmt::Display for GeneralRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 16] = [
            "RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13",
            "R14", "R15",
        ];
        f.pad(NAMES[self.0 as usize & 15])
    }
}

/// What LMSW takes its operand from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LmswOperand {
    /// A register.
    Register,
    /// Memory, at the guest-linear address of the exit.
    Memory,
}

/// What the guest does to a control register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlRegisterAction {
    /// MOV to the control register.
    MovTo(GeneralRegister),
    /// MOV from the control register.
    MovFrom(GeneralRegister),
    /// CLTS.
    Clts,
    /// LMSW of this source word.
    Lmsw {
        /// The 16 bits to load.
        source: u16,
        /// Where they come from.
        operand: LmswOperand,
    },
}

/// An access to a control register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ControlRegisterAccess {
    /// The register's number: 0, 3, 4 or 8. 0 for CLTS and LMSW.
    pub number: u8,
    /// What happens to it.
    pub action: ControlRegisterAction,
}

impl ControlRegisterAccess {
    /// Decodes a raw qualification.
    pub const fn decode(raw: u64) -> Self {
        let register = GeneralRegister((raw >> 8 & 15) as u8);
        let action = match raw >> 4 & 3 {
            0 => ControlRegisterAction::MovTo(register),
            1 => ControlRegisterAction::MovFrom(register),
            2 => ControlRegisterAction::Clts,
            _ => ControlRegisterAction::Lmsw {
                source: (raw >> 16) as u16,
                operand: if raw >> 6 & 1 == 1 { LmswOperand::Memory } else { LmswOperand::Register },
            },
        };
        ControlRegisterAccess { number: (raw & 15) as u8, action }
    }
}

impl fmt::Display for ControlRegisterAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            ControlRegisterAction::MovTo(register) => write!(f, "MOV CR{}, {register}", self.number),
            ControlRegisterAction::MovFrom(register) => write!(f, "MOV {register}, CR{}", self.number),
            ControlRegisterAction::Clts => f.write_str("CLTS"),
            ControlRegisterAction::Lmsw { source, operand: LmswOperand::Register } => {
                write!(f, "LMSW {source:X}h from a register")
            }
            ControlRegisterAction::Lmsw { source, operand: LmswOperand::Memory } => {
                write!(f, "LMSW {source:X}h from memory")
            }
        }
    }
}

/// A MOV to or from a debug register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DebugRegisterAccess {
    /// The debug register's number, 0–7.
    pub number: u8,
    /// Whether the debug register is written.
    pub is_write: bool,
    /// The general register at the other end.
    pub register: GeneralRegister,
}

impl DebugRegisterAccess {
    /// Decodes a raw qualification.
    pub const fn decode(raw: u64) -> Self {
        DebugRegisterAccess {
            number: (raw & 7) as u8,
            is_write: raw >> 4 & 1 == 0,
            register: GeneralRegister((raw >> 8 & 15) as u8),
        }
    }
}

impl fmt::Display for DebugRegisterAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_write {
            write!(f, "MOV DR{}, {}", self.number, self.register)
        } else {
            write!(f, "MOV {}, DR{}", self.register, self.number)
        }
    }
}

/// What raised a debug exception: as DR6 reports it, all bits with 1 meaning "yes".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DebugQualification(pub u64);

impl DebugQualification {
    /// Bits 3:0: bit n is breakpoint n met, whether enabled in DR7 or not.
    pub const fn breakpoints(self) -> u8 {
        (self.0 & 15) as u8
    }

    /// Bit 11: a bus lock was detected.
    pub const fn bus_lock(self) -> bool {
        self.0 >> 11 & 1 == 1
    }

    /// Bit 13: an access to debug registers while DR7.GD is set.
    pub const fn debug_register_access(self) -> bool {
        self.0 >> 13 & 1 == 1
    }

    /// Bit 14: a single step, or a taken branch with IA32_DEBUGCTL.BTF.
    pub const fn single_step(self) -> bool {
        self.0 >> 14 & 1 == 1
    }

    /// Bit 16: inside a transactional region with advanced debugging.
    pub const fn transactional(self) -> bool {
        self.0 >> 16 & 1 == 1
    }
}

impl fmt::Display for DebugQualification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for number in (0..4).filter(|number| self.breakpoints() >> number & 1 == 1) {
            write!(f, "{separator}breakpoint {number}")?;
            separator = ", ";
        }
        for (set, words) in [
            (self.bus_lock(), "bus lock"),
            (self.debug_register_access(), "debug-register access"),
            (self.single_step(), "single step"),
            (self.transactional(), "in a transaction"),
        ] {
            if set {
                write!(f, "{separator}{words}")?;
                separator = ", ";
            }
        }
        if separator.is_empty() { f.write_str("no cause given") } else { Ok(()) }
    }
}

/// What asked for a task switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum TaskSwitchSource {
    Call,
    Iret,
    Jmp,
    TaskGate,
}

/// A task switch, which VMX non-root operation does not carry out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskSwitch {
    /// The selector of the TSS to switch to.
    pub selector: u16,
    /// What asked for it.
    pub source: TaskSwitchSource,
}

impl TaskSwitch {
    /// Decodes a raw qualification.
    pub const fn decode(raw: u64) -> Self {
        let source = match raw >> 30 & 3 {
            0 => TaskSwitchSource::Call,
            1 => TaskSwitchSource::Iret,
            2 => TaskSwitchSource::Jmp,
            _ => TaskSwitchSource::TaskGate,
        };
        TaskSwitch { selector: raw as u16, source }
    }
}

impl fmt::Display for TaskSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match self.source {
            TaskSwitchSource::Call => "CALL",
            TaskSwitchSource::Iret => "IRET",
            TaskSwitchSource::Jmp => "JMP",
            TaskSwitchSource::TaskGate => "a task gate in the IDT",
        };
        write!(f, "task switch to TSS {:X}h by {source}", self.selector)
    }
}
