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

#[test]
fn a_hard_disk_gets_as_many_heads_as_it_needs() {
    for (sectors, geometry) in [
        (20_160, chs(20, 16, 63)),
        (5761, chs(5, 16, 63)),
        (1024 * 16 * 63, chs(1024, 16, 63)),
        (1024 * 16 * 63 + 1, chs(512, 32, 63)),
        (1_048_576, chs(520, 32, 63)),
    ] {
        assert_eq!(Geometry::of_hard_disk(sectors), geometry, "{sectors} sectors");
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
