//! Exception vectors (SDM vol. 3, "Exception and Interrupt Reference").

/// #DE, divide error.
pub const DIVIDE_ERROR: u8 = 0;
/// #DB, debug: single step, breakpoints of DR0 to DR3, general detect; INT1 (ICEBP) too.
pub const DEBUG: u8 = 1;
/// #BP, INT3.
pub const BREAKPOINT: u8 = 3;
/// #OF, INTO.
pub const OVERFLOW: u8 = 4;
/// #UD, invalid opcode.
pub const INVALID_OPCODE: u8 = 6;
/// #DF, a fault while a contributory fault was being delivered.
pub const DOUBLE_FAULT: u8 = 8;
/// #TS, a task switch met a TSS that is none.
pub const INVALID_TSS: u8 = 10;
/// #NP, a segment that is not present.
pub const SEGMENT_NOT_PRESENT: u8 = 11;
/// #SS, an access beyond the stack segment's limit.
pub const STACK_FAULT: u8 = 12;
/// #GP, general protection; in real mode mostly an access beyond a segment's limit.
pub const GENERAL_PROTECTION: u8 = 13;
/// #PF, page fault.
pub const PAGE_FAULT: u8 = 14;
/// #MF, x87 error.
pub const X87_ERROR: u8 = 16;
/// #AC, alignment check.
pub const ALIGNMENT_CHECK: u8 = 17;
