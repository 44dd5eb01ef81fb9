//! Entries of extended page tables: what they say, and which no processor takes.

use vmx::capability::EptVpid;
use vmx::exit::{EptEntry, Misconfiguration};

/// IA32_VMX_EPT_VPID_CAP of a Core i5 M520: 2-MiB pages, no 1-GiB pages, and execute-only entries.
const ARRANDALE: EptVpid = EptVpid(0x0000_0F01_0611_4141);

/// The same without execute-only entries.
const NO_EXECUTE_ONLY: EptVpid = EptVpid(0x0000_0F01_0611_4140);

/// Bits of a physical address.
const WIDTH: u8 = 36;

#[test]
fn entries_are_shown_with_rights_and_what_they_lead_to() {
    let rows: [(u8, u64, &str); 7] = [
        (4, 0x40_5007, "EPT PML4E 0000000000405007h: rwx, leads to 405000h"),
        (3, 0x40_6007, "EPT PDPTE 0000000000406007h: rwx, leads to 406000h"),
        (2, 0x60_00B7, "EPT PDE 00000000006000B7h: rwx, maps 2048 KiB at 600000h, write-back"),
        (1, 0xF_0035, "EPT PTE 00000000000F0035h: r-x, maps 4 KiB at F0000h, write-back"),
        (1, 0xF_0001, "EPT PTE 00000000000F0001h: r--, maps 4 KiB at F0000h, uncacheable"),
        (1, 0, "EPT PTE 0000000000000000h: ---, not present"),
        (3, 0x4000_00B7, "EPT PDPTE 00000000400000B7h: rwx, maps 1048576 KiB at 40000000h, write-back"),
    ];
    for (level, value, shown) in rows {
        assert_eq!(EptEntry { level, value }.to_string(), shown);
    }
}

#[test]
fn entries_that_no_processor_takes_are_told_apart_from_those_just_beside() {
    use Misconfiguration::{ExecuteOnly, MemoryType, Reserved, WriteOnly};
    let rows: [(u8, u64, Option<Misconfiguration>); 24] = [
        // Rights. An entry without any is not present, whatever else it holds.
        (1, 0x1030, None),
        (1, 0x1031, None),
        (1, 0x1032, Some(WriteOnly)),
        (1, 0x1033, None),
        (1, 0x1036, Some(WriteOnly)),
        (1, 0x1037, None),
        (1, 0x1034, None),
        // Memory types.
        (1, 0x1007, None),
        (1, 0x100F, None),
        (1, 0x1017, Some(MemoryType)),
        (1, 0x101F, Some(MemoryType)),
        (1, 0x1027, None),
        (1, 0x102F, None),
        (1, 0x103F, Some(MemoryType)),
        // The address.
        (1, 0xF_FFFF_F037, None),
        (1, 0x10_0000_0037, Some(Reserved)),
        (4, 0x10_0000_0007, Some(Reserved)),
        // A table has no memory type.
        (2, 0x1007, None),
        (2, 0x100F, Some(Reserved)),
        (4, 0x1087, Some(Reserved)),
        // Large pages: aligned, and of a size that there is.
        (2, 0x20_00B7, None),
        (2, 0x20_10B7, Some(Reserved)),
        (2, 0x2F_F0B7, Some(Reserved)),
        (3, 0x4000_00B7, Some(Reserved)),
    ];
    for (level, value, wanted) in rows {
        let entry = EptEntry { level, value };
        assert_eq!(entry.misconfiguration(ARRANDALE, WIDTH), wanted, "{entry}");
    }
    let fetches_alone = EptEntry { level: 1, value: 0x1034 };
    assert_eq!(fetches_alone.misconfiguration(NO_EXECUTE_ONLY, WIDTH), Some(ExecuteOnly));
}
