use super::*;

const fn chs(cylinders: u16, heads: u8, sectors: u8) -> Geometry {
    Geometry { cylinders, heads, sectors }
}

#[test]
fn a_floppy_gets_the_smallest_format_that_holds_it() {
    for (sectors, geometry) in [
        (1, Some(chs(40, 1, 8))),
        (320, Some(chs(40, 1, 8))),
        (321, Some(chs(40, 1, 9))),
        (360, Some(chs(40, 1, 9))),
        (640, Some(chs(40, 2, 8))),
        (720, Some(chs(40, 2, 9))),
        (721, Some(chs(80, 2, 9))),
        (1440, Some(chs(80, 2, 9))),
        (2400, Some(chs(80, 2, 15))),
        (2401, Some(chs(80, 2, 18))),
        (2880, Some(chs(80, 2, 18))),
        (5760, Some(chs(80, 2, 36))),
        (5761, None),
    ] {
        assert_eq!(Geometry::of_floppy(sectors), geometry, "{sectors} sectors");
        assert_eq!(drive_number(sectors), if geometry.is_some() { 0x00 } else { 0x80 });
    }
}

/// An MBR with one entry that ends at this head and sector.
fn mbr(flag: u8, last_head: u8, last_sector: u8) -> [u8; 512] {
    let mut sector = [0; 512];
    sector[446] = flag;
    sector[450] = 0x06;
    sector[451] = last_head;
    sector[452] = last_sector;
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

#[test]
fn a_hard_disk_gets_the_geometry_of_its_partitions_or_as_many_heads_as_it_needs() {
    for (sectors, first, geometry) in [
        (20_160, None, chs(20, 16, 63)),
        (5761, None, chs(5, 16, 63)),
        (1024 * 16 * 63, None, chs(1024, 16, 63)),
        (1024 * 16 * 63 + 1, None, chs(512, 32, 63)),
        (1_048_576, None, chs(520, 32, 63)),
        (20_160, Some(mbr(0x80, 3, 0x60)), chs(157, 4, 32)),
        (20_160, Some(mbr(0x80, 254, 63)), chs(1, 255, 63)),
        (20_160, Some(mbr(0x17, 3, 32)), chs(20, 16, 63)),
        (20_160, Some(mbr(0x80, 255, 63)), chs(20, 16, 63)),
        (20_160, Some(mbr(0x80, 3, 0x40)), chs(20, 16, 63)),
    ] {
        assert_eq!(Geometry::of_hard_disk(sectors, first.as_ref()), geometry, "{sectors} sectors");
    }
}

#[test]
fn only_places_inside_the_geometry_have_a_sector_number() {
    let geometry = chs(80, 2, 18);
    for (cylinder, head, sector, lba) in [
        (0, 0, 1, Some(0)),
        (0, 1, 1, Some(18)),
        (79, 1, 18, Some(2879)),
        (0, 0, 0, None),
        (0, 0, 19, None),
        (0, 2, 1, None),
        (80, 0, 1, None),
    ] {
        assert_eq!(geometry.lba(cylinder, head, sector), lba, "{cylinder}/{head}/{sector}");
    }
}
