//! Where the linker put the program: physical addresses, which are linear addresses too.

use core::ops::Range;

unsafe extern "C" {
    static rt_image_start: [u8; 0];
    static rt_image_end: [u8; 0];
    static rt_text_start: [u8; 0];
    static rt_text_end: [u8; 0];
    static rt_rodata_start: [u8; 0];
    static rt_rodata_end: [u8; 0];
    static rt_data_start: [u8; 0];
    static rt_data_end: [u8; 0];
}

/// All of the program, stacks included.
pub fn image() -> Range<u64> {
    &raw const rt_image_start as u64..&raw const rt_image_end as u64
}

/// Code, in whole pages.
pub fn text() -> Range<u64> {
    &raw const rt_text_start as u64..&raw const rt_text_end as u64
}

/// Constants, in whole pages.
pub fn rodata() -> Range<u64> {
    &raw const rt_rodata_start as u64..&raw const rt_rodata_end as u64
}

/// Statics, those that start at zero included, in whole pages.
pub fn data() -> Range<u64> {
    &raw const rt_data_start as u64..&raw const rt_data_end as u64
}
