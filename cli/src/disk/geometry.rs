//! Which cylinders, heads and sectors a disk has that only its size and its boot sector describe.

use wire::Geometry;

/// The floppy formats, by size.
const FLOPPIES: [Geometry; 8] = [
    geometry(40, 1, 8),  // 160 KB
    geometry(40, 1, 9),  // 180 KB
    geometry(40, 2, 8),  // 320 KB
    geometry(40, 2, 9),  // 360 KB
    geometry(80, 2, 9),  // 720 KB
    geometry(80, 2, 15), // 1.2 MB
    geometry(80, 2, 18), // 1.44 MB
    geometry(80, 2, 36), // 2.88 MB
];

/// Where 1.44 MB stands among them.
const USUAL: usize = 6;

/// What INT 13h can address.
const MOST_CYLINDERS: u32 = 1024;

const fn geometry(cylinders: u16, heads: u8, sectors_per_track: u8) -> Geometry {
    Geometry { cylinders, heads, sectors_per_track }
}

/// Sectors of a disk of this geometry.
pub(super) fn capacity(geometry: Geometry) -> u32 {
    u32::from(geometry.cylinders) * cylinder_sectors(geometry.heads, geometry.sectors_per_track)
}

/// Sectors in a cylinder.
fn cylinder_sectors(heads: u8, sectors_per_track: u8) -> u32 {
    u32::from(heads) * u32::from(sectors_per_track)
}

/// The floppy format of this many sectors. An image of another size is part of a 1.44-MB floppy if it fits, as other
/// machines take it too: a boot sector alone, or with its program behind. Else of the largest; `None` for more than that.
pub(super) fn of_floppy(sectors: u32) -> Option<Geometry> {
    let exactly = FLOPPIES.into_iter().find(|&format| capacity(format) == sectors);
    exactly.or_else(|| FLOPPIES[USUAL..].iter().copied().find(|&format| capacity(format) > sectors))
}

/// The geometry of a hard disk of `sectors`: the one that its partition table was made for, or its FAT boot sector,
/// or, since neither says, 63 sectors a track and as few heads, from 16, as let 1,024 cylinders suffice.
pub(super) fn of_hard_disk(boot_sector: &[u8; 512], sectors: u32) -> Geometry {
    let (heads, sectors_per_track, needed) = from_partitions(boot_sector, sectors)
        .or_else(|| from_boot_parameters(boot_sector, sectors))
        .unwrap_or_else(|| (default_heads(sectors), 63, 0));
    let a_cylinder = cylinder_sectors(heads, sectors_per_track);
    // An incomplete last cylinder is not counted, unless a volume reaches into it.
    let whole = sectors / a_cylinder;
    let cylinders = if needed > whole * a_cylinder { whole + 1 } else { whole };
    geometry(cylinders.clamp(1, MOST_CYLINDERS) as u16, heads, sectors_per_track)
}

fn default_heads(sectors: u32) -> u8 {
    [16, 32, 64, 128]
        .into_iter()
        .find(|&heads| sectors <= MOST_CYLINDERS * cylinder_sectors(heads, 63))
        .unwrap_or(255)
}

/// Heads, sectors per track and sectors in use, from the ends of the partitions: by custom a partition ends with a
/// cylinder, so that its last head and last sector are the disk's. Believed if every used entry's first and last
/// sector are the same place in both of the entry's notations.
fn from_partitions(boot_sector: &[u8; 512], sectors: u32) -> Option<(u8, u8, u32)> {
    let used: Vec<&[u8]> = boot_sector[446..510].chunks_exact(16).filter(|entry| entry[4] != 0).collect();
    let last_head = used.iter().map(|entry| entry[5]).max()?;
    let sectors_per_track = used.iter().map(|entry| entry[6] & 0x3F).max()?;
    let heads = last_head.checked_add(1)?;
    if sectors_per_track == 0 {
        return None;
    }
    let mut needed = 0;
    for entry in used {
        let first = word32(entry, 8);
        let count = word32(entry, 12);
        let end = first.checked_add(count)?;
        let last = end.checked_sub(1)?;
        let same_place =
            |chs: &[u8], lba: u32| chs_of(lba, heads, sectors_per_track) == (chs[0], chs[1], chs[2]);
        if count == 0 || end > sectors || !same_place(&entry[1..4], first) || !same_place(&entry[5..8], last)
        {
            return None;
        }
        needed = needed.max(end);
    }
    Some((heads, sectors_per_track, needed))
}

/// A sector's place as a partition entry holds it: head, sector with the cylinder's high bits, cylinder.
fn chs_of(lba: u32, heads: u8, sectors_per_track: u8) -> (u8, u8, u8) {
    let track = lba / u32::from(sectors_per_track);
    let sector = (lba % u32::from(sectors_per_track) + 1) as u8;
    let (cylinder, head) = (track / u32::from(heads), (track % u32::from(heads)) as u8);
    (head, sector | (cylinder >> 2 & 0xC0) as u8, cylinder as u8)
}

/// The same from the BIOS parameter block of a FAT volume that takes the whole disk.
fn from_boot_parameters(boot_sector: &[u8; 512], sectors: u32) -> Option<(u8, u8, u32)> {
    let (bytes_per_sector, per_cluster) = (word16(boot_sector, 0x0B), boot_sector[0x0D]);
    let (sectors_per_track, heads) = (word16(boot_sector, 0x18), word16(boot_sector, 0x1A));
    let total = match word16(boot_sector, 0x13) {
        0 => word32(boot_sector, 0x20),
        small => u32::from(small),
    };
    let starts_with_a_jump = matches!(boot_sector[0], 0xEB | 0xE9);
    let plausible = starts_with_a_jump && bytes_per_sector == 512 && per_cluster.is_power_of_two();
    let geometry_fits = (1..=63).contains(&sectors_per_track)
        && (1..=255).contains(&heads)
        && (1..=sectors).contains(&total)
        && total <= MOST_CYLINDERS * u32::from(heads * sectors_per_track);
    (plausible && geometry_fits).then_some((heads as u8, sectors_per_track as u8, total))
}

fn word16(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes([bytes[offset], bytes[offset + 1]])
}

fn word32(bytes: &[u8], offset: usize) -> u32 {
    u32::from(word16(bytes, offset)) | u32::from(word16(bytes, offset + 2)) << 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floppy_has_the_format_of_its_size_or_else_the_usual_one() {
        let rows = [
            (1, (80, 2, 18)),
            (319, (80, 2, 18)),
            (320, (40, 1, 8)),
            (321, (80, 2, 18)),
            (360, (40, 1, 9)),
            (640, (40, 2, 8)),
            (720, (40, 2, 9)),
            (1440, (80, 2, 9)),
            (2400, (80, 2, 15)),
            (2401, (80, 2, 18)),
            (2880, (80, 2, 18)),
            (2881, (80, 2, 36)),
            (5760, (80, 2, 36)),
        ];
        for (sectors, (cylinders, heads, per_track)) in rows {
            assert_eq!(of_floppy(sectors), Some(geometry(cylinders, heads, per_track)), "{sectors}");
        }
        assert_eq!(of_floppy(5761), None);
    }

    #[test]
    fn a_bare_disk_gets_whole_cylinders_that_int_13h_can_address() {
        let rows = [
            (5761, (5, 16, 63)),
            (20480, (20, 16, 63)),
            (1024 * 16 * 63, (1024, 16, 63)),
            (1024 * 16 * 63 + 1, (512, 32, 63)),
            (1 << 20, (520, 32, 63)),
        ];
        for (sectors, (cylinders, heads, per_track)) in rows {
            let expected = geometry(cylinders, heads, per_track);
            assert_eq!(of_hard_disk(&[0; 512], sectors), expected, "{sectors}");
        }
    }

    /// One FAT16 partition as an fdisk for 17 sectors and 4 heads makes it: from 0/1/1 to the last of 615 cylinders.
    fn partitioned() -> [u8; 512] {
        let mut sector = [0; 512];
        let (first, count) = (17u32, 615 * 4 * 17 - 17u32);
        sector[446..454].copy_from_slice(&[0x80, 1, 1, 0, 6, 3, 0x80 | 17, 0x66]);
        sector[454..458].copy_from_slice(&first.to_le_bytes());
        sector[458..462].copy_from_slice(&count.to_le_bytes());
        sector
    }

    #[test]
    fn a_partition_table_tells_the_geometry_it_was_made_for() {
        let size = 615 * 4 * 17;
        assert_eq!(of_hard_disk(&partitioned(), size), geometry(615, 4, 17));
        assert_eq!(of_hard_disk(&partitioned(), size + 67), geometry(615, 4, 17));
    }

    #[test]
    fn a_partition_table_that_contradicts_itself_is_not_believed() {
        let size = 615 * 4 * 17;
        let changes: [(usize, u8); 5] = [(447, 0), (451, 5), (452, 0), (453, 0x65), (454, 18)];
        for (offset, value) in changes {
            let mut sector = partitioned();
            sector[offset] = value;
            assert_eq!(of_hard_disk(&sector, size), geometry(41, 16, 63), "{offset}");
        }
        assert_eq!(of_hard_disk(&partitioned(), size - 1), geometry(41, 16, 63), "past the end of the disk");
    }

    fn fat(sectors: u16, per_track: u16, heads: u16) -> [u8; 512] {
        let mut sector = [0; 512];
        sector[..3].copy_from_slice(&[0xEB, 0x3C, 0x90]);
        sector[0x0B..0x0E].copy_from_slice(&[0, 2, 4]);
        sector[0x13..0x15].copy_from_slice(&sectors.to_le_bytes());
        sector[0x18..0x1A].copy_from_slice(&per_track.to_le_bytes());
        sector[0x1A..0x1C].copy_from_slice(&heads.to_le_bytes());
        sector
    }

    #[test]
    fn a_fat_boot_sector_tells_the_geometry_down_to_its_last_sector() {
        assert_eq!(of_hard_disk(&fat(20480, 32, 2), 20480), geometry(320, 2, 32));
        assert_eq!(
            of_hard_disk(&fat(20470, 17, 4), 20480),
            geometry(302, 4, 17),
            "the last cylinder is needed"
        );
        assert_eq!(of_hard_disk(&fat(20400, 17, 4), 20480), geometry(301, 4, 17), "and here not");
    }

    #[test]
    fn a_fat_boot_sector_that_does_not_fit_the_disk_is_not_believed() {
        for sector in
            [fat(20481, 32, 64), fat(20480, 0, 2), fat(20480, 64, 2), fat(20480, 32, 0), fat(20480, 8, 2)]
        {
            assert_eq!(of_hard_disk(&sector, 20480), geometry(20, 16, 63));
        }
    }
}
