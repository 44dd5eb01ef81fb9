//! Images of programs made here byte by byte, so that the expected table is known without the builder.

use std::io::Read;

use lzma_rust2::LzmaReader;

use super::*;

/// In the made programs: stage 1 and one sector of loader, where the loader's symbols lie.
const LOW_BYTES: usize = 2 * SECTOR;
const TABLE: usize = SECTOR + 16;
const COUNT: usize = SECTOR;
const SECTORS: usize = 440;
const FROM_PARTITION: usize = 442;

/// An ELF file with these segments (address, bytes, size in memory) behind the boot sectors.
fn program(segments: &[(u64, &[u8], u64)]) -> Elf {
    const HEADER: usize = 64;
    const PROGRAM_HEADER: usize = 56;
    const SECTION_HEADER: usize = 64;
    let low = [0; LOW_BYTES];
    let parts = [&[(STAGE1, &low[..], LOW_BYTES as u64)], segments].concat();
    let mut headers = Vec::new();
    let mut contents = Vec::new();
    let contents_at = HEADER + parts.len() * PROGRAM_HEADER;
    for &(address, bytes, size) in &parts {
        let offset = (contents_at + contents.len()) as u64;
        headers.extend([1_u32, 7].map(u32::to_le_bytes).concat());
        let fields = [offset, address, address, bytes.len() as u64, size, 1];
        headers.extend(fields.map(u64::to_le_bytes).concat());
        contents.extend_from_slice(bytes);
    }
    let (symbols, names) = symbols();
    let symbols_at = contents_at + contents.len();
    let names_at = symbols_at + symbols.len();
    let sections_at = names_at + names.len();
    let sections = [
        vec![0; SECTION_HEADER],
        section(2, symbols_at, symbols.len(), SYMBOL),
        section(3, names_at, names.len(), 0),
    ];
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    file.extend([0, HEADER, sections_at].map(usize::to_le_bytes).concat());
    file.extend([0; 4]);
    for field in [HEADER, PROGRAM_HEADER, parts.len(), SECTION_HEADER, sections.len(), NAMES] {
        file.extend((field as u16).to_le_bytes());
    }
    Elf { bytes: [file, headers, contents, symbols, names, sections.concat()].concat() }
}

/// The number of the section that holds all names.
const NAMES: usize = 2;

/// Bytes of an entry of the symbol table.
const SYMBOL: usize = 24;

/// The loader's symbols and their names.
fn symbols() -> (Vec<u8>, Vec<u8>) {
    let (mut symbols, mut names) = (vec![0; SYMBOL], vec![0]);
    for (name, offset) in [
        ("boot_load_table", TABLE),
        ("boot_load_count", COUNT),
        ("boot_stage2_sectors", SECTORS),
        ("boot_from_partition", FROM_PARTITION),
    ] {
        symbols.extend((names.len() as u32).to_le_bytes());
        // Global, of no type, absolute.
        symbols.extend([0x10, 0, 0xf1, 0xff]);
        symbols.extend([STAGE1 + offset as u64, 0].map(u64::to_le_bytes).concat());
        names.extend_from_slice(name.as_bytes());
        names.push(0);
    }
    (symbols, names)
}

/// A section's header.
fn section(kind: u32, offset: usize, bytes: usize, entry: usize) -> Vec<u8> {
    let name_and_kind = [0, kind].map(u32::to_le_bytes).concat();
    let place = [0, 0, offset, bytes].map(usize::to_le_bytes).concat();
    let link_and_info = [NAMES as u32, 1].map(u32::to_le_bytes).concat();
    let align_and_entry = [1, entry].map(usize::to_le_bytes).concat();
    [name_and_kind, place, link_and_info, align_and_entry].concat()
}

/// The loader's table as it lies in an image.
fn table(image: &BootImage) -> Vec<[u32; 8]> {
    let count = usize::from(image.bytes[COUNT]);
    let rows = image.bytes[TABLE..TABLE + count * LOAD_ENTRY].chunks_exact(LOAD_ENTRY);
    rows.map(|row| std::array::from_fn(|at| u32::from_le_bytes(*row[at * 4..].first_chunk().unwrap())))
        .collect()
}

fn contents(image: &BootImage, row: [u32; 8]) -> &[u8] {
    let [_, first, sectors, _, length, ..] = row;
    assert_eq!(sectors, length.div_ceil(SECTOR as u32));
    &image.bytes[first as usize * SECTOR..][..length as usize]
}

/// What a stream holds. It must end there.
fn unpacked(stream: &[u8], length: usize) -> Vec<u8> {
    let (mut rest, mut bytes) = (stream, Vec::new());
    let [context, literal_position, position] =
        [pack::CONTEXT_BITS, pack::LITERAL_POSITION_BITS, pack::POSITION_BITS];
    LzmaReader::new(&mut rest, length as u64, context, literal_position, position, 1 << 20, None)
        .and_then(|mut reader| reader.read_to_end(&mut bytes))
        .unwrap();
    assert!(rest.is_empty(), "{rest:x?}");
    bytes
}

/// Bytes that no packing makes shorter.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(&mut next).take(length).collect()
}

#[test]
fn segments_travel_as_one_packed_piece() {
    let text = [0x90; 3000];
    let data = [0xab; 10];
    let segments = [(0x10_0000, &text[..], 3000), (0x10_1000, &data[..], 0x2345)];
    let image =
        build(&program(&segments), Start::Disk, Packing::Packed, Some(b"config"), Some(b"guest")).unwrap();
    let rows = table(&image);
    let [packed, config, guest] = rows[..] else { panic!("{rows:?}") };

    let mut expected = vec![0; 0x1000 + 12];
    expected[..3000].fill(0x90);
    expected[0x1000..0x100a].fill(0xab);
    assert_eq!(unpacked(contents(&image, packed), expected.len()), expected);
    // It waits in the first page behind the program's memory: 101000h + 2345h, rounded up.
    assert_eq!((packed[0], packed[3], packed[5], packed[6]), (3, 0x10_4000, 0x10_0000, 0x100c));
    assert_eq!((image.program_bytes, image.unpacked_bytes), (3 * SECTOR, LOW_BYTES + 0x100c));

    assert_eq!((config[0], config[3], config[5..] == [0; 3]), (1, 0x40_0000, true));
    assert_eq!(contents(&image, config), b"config");
    assert_eq!((guest[0], guest[3], guest[5..] == [0; 3]), (2, 0x40_1000, true));
    assert_eq!(contents(&image, guest), b"guest");
}

#[test]
fn branches_travel_with_their_targets() {
    let rows = [
        // Twelve bytes; P is 5. A call of the first byte, a jump to the last.
        ([0xe8, 0xfb, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0]),
        ([0xe9, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 11]),
        // From 7 on, there is no target; 11 is the last that is stored otherwise, as -5 is the first.
        ([0xe8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0xff, 0xff, 0xff, 0xfb]),
        ([0xe8, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff]),
        ([0xe8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [12, 0, 0, 0]),
        ([0xe8, 0xfa, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0], [0xfa, 0xff, 0xff, 0xff]),
        // No distance, but it would be one turned round.
        ([0xe8, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0], [11, 0, 0, 0]),
        ([0xe8, 0xff, 0xff, 0xff, 0xfb, 0, 0, 0, 0, 0, 0, 0], [0xfb, 0xff, 0xff, 0xff]),
        ([0xe8, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 12]),
        // A conditional jump; P is 6. Its second byte tells.
        ([0x0f, 0x80, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x80, 0, 0, 0]),
        ([0x0f, 0x8f, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x8f, 0xff, 0xff, 0xff]),
        ([0x0f, 0x90, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x90, 5, 0, 0]),
        // No branch.
        ([0xea, 0xfb, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0], [0xfb, 0xff, 0xff, 0xff]),
    ];
    for (bytes, operand) in rows {
        assert_eq!(pack::absolute(&bytes).unwrap()[1..5], operand, "{bytes:x?}");
    }
}

/// What the loader makes of it; see `unpack.s`.
fn distances(stored: &[u8]) -> Vec<u8> {
    let length = stored.len() as u32;
    let mut bytes = stored.to_vec();
    let mut at = 0;
    while at + 4 < bytes.len() {
        let opcode = match bytes[at..at + 2] {
            [0xe8 | 0xe9, _] => 1,
            [0x0f, 0x80..=0x8f] => 2,
            _ => 0,
        };
        at += opcode.max(1);
        let Some(operand) = bytes[at..].first_chunk_mut().filter(|_| opcode > 0) else { continue };
        let position = at as u32 + 4;
        let high_first = u32::from_be_bytes(*operand);
        let is_coded = |value: u32| value < length || value.checked_add(position).is_none();
        if high_first < length {
            *operand = high_first.wrapping_sub(position).to_le_bytes();
        } else if is_coded(high_first) {
            *operand = high_first.wrapping_add(length).to_le_bytes();
        } else if is_coded(u32::from_le_bytes(*operand)) {
            operand.reverse();
        }
        at += 4;
    }
    bytes
}

#[test]
fn whatever_looks_like_a_branch_comes_back() {
    const LIKELY: [u8; 8] = [0, 0, 0xff, 0xff, 0xe8, 0x0f, 0x84, 1];
    for (index, noise) in noise(0x4_0000).chunks(0x1_0000).enumerate() {
        let bytes: Vec<u8> = noise
            .iter()
            .map(|&byte| if byte < 224 { LIKELY[usize::from(byte) % 8] } else { byte % 64 })
            .collect();
        let stored = pack::absolute(&bytes).unwrap();
        assert_eq!(distances(&stored), bytes, "{index}");
    }
}

#[test]
fn what_packing_does_not_shorten_travels_as_it_is() {
    let text = noise(3000);
    let image =
        build(&program(&[(0x10_0000, &text, 3000)]), Start::Disk, Packing::Packed, None, None).unwrap();
    assert_eq!(table(&image), [[0, 2, 6, 0x10_0000, 3000, 0, 0, 0]]);
    assert_eq!(contents(&image, table(&image)[0]), text);
}

#[test]
fn the_sum_rotates_and_adds() {
    let rows: [(&[u8], u32); 5] = [
        (&[], 0),
        (&[0x78, 0x56, 0x34, 0x12], 0x1234_5678),
        (&[1, 0, 0, 0, 2, 0, 0, 0], 4),
        (&[0, 0, 0, 0x80, 0, 0, 0, 0], 1),
        (&[0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0], 0),
    ];
    for (bytes, sum) in rows {
        assert_eq!(Piece { address: 0, bytes: bytes.to_vec(), behind: 0 }.sum(), sum, "{bytes:x?}");
    }
}

#[test]
fn a_packed_program_waits_below_the_config_or_is_refused() {
    let zeros = [0; 3000];
    let segment = |size| [(0x10_0000, &zeros[..], size)];
    let image = build(&program(&segment(0x2f_f000)), Start::Disk, Packing::Packed, None, None).unwrap();
    assert_eq!(table(&image)[0][3], 0x3f_f000);
    let full = build(&program(&segment(0x2f_f001)), Start::Disk, Packing::Packed, None, None);
    assert!(matches!(full, Err(BootImageError::NoRoomToUnpack(_))), "{full:?}");
    let beyond = build(&program(&segment(0x30_0001)), Start::Disk, Packing::Packed, None, None);
    assert_eq!(beyond.err(), Some(BootImageError::SegmentTooHigh { address: 0x10_0000, size: 0x30_0001 }));
}

#[test]
fn a_limit_is_not_reached() {
    let text = noise(3000);
    let image =
        build(&program(&[(0x10_0000, &text, 3000)]), Start::Disk, Packing::Packed, None, None).unwrap();
    let bytes = LOW_BYTES + 6 * SECTOR;
    assert!(image.clone().below(bytes + 1).is_ok());
    assert_eq!(image.below(bytes).err(), Some(BootImageError::ProgramTooLarge { bytes, limit: bytes }));
}

#[test]
fn an_image_for_the_engine_holds_the_program_as_it_is() {
    let text: Vec<u8> = [7; 3000].to_vec();
    let image =
        build(&program(&[(0x10_0000, &text, 3000)]), Start::Disk, Packing::Loose, None, None).unwrap();
    let entry: Vec<u32> =
        image.bytes[TABLE..][..16].as_chunks().0.iter().map(|field| u32::from_le_bytes(*field)).collect();
    assert_eq!(entry, [Content::Program as u32, 2, 6, 0x10_0000]);
    assert_eq!(image.bytes[LOW_BYTES..][..3000], text);
}
