//! Cases as a whole.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::*;

fn made(cases: &Cases, number: u64) -> (Kind, [u8; SECTOR_BYTES]) {
    let mut sector = [0xEE; SECTOR_BYTES];
    let kind = cases.make(&mut sector, number);
    (kind, sector)
}

/// Two files behind their lengths.
fn two_files() -> Vec<u8> {
    let files = [&[0x90; 700][..], &[0xF4; 10][..]];
    files
        .iter()
        .flat_map(|file| Corpus::head(file.len() as u32).into_iter().chain(file.iter().copied()))
        .collect()
}

#[test]
fn a_case_depends_on_seed_number_and_corpus_alone() {
    let bytes = two_files();
    let cases = Cases { seed: 3, corpus: Corpus::new(&bytes), planted: None };
    for number in 0..500 {
        assert_eq!(made(&cases, number), made(&cases, number));
    }
    let others = [
        Cases { seed: 4, ..cases },
        Cases { corpus: Corpus::default(), ..cases },
        Cases { planted: Some(7), ..cases },
    ];
    for other in others {
        assert!((0..50).any(|number| made(&cases, number) != made(&other, number)), "{other:?}");
    }
    assert_ne!(made(&cases, 1), made(&cases, 2));
}

#[test]
fn every_case_is_a_boot_sector() {
    let bytes = two_files();
    let cases = Cases { seed: 1, corpus: Corpus::new(&bytes), planted: Some(0) };
    for number in 0..5000 {
        assert_eq!(made(&cases, number).1[PROGRAM_BYTES..], [0x55, 0xAA], "{number}");
    }
}

#[test]
fn all_kinds_come_and_mutations_only_with_a_corpus() {
    let bytes = two_files();
    for (corpus, kinds) in [(Corpus::default(), 4), (Corpus::new(&bytes), 5)] {
        let cases = Cases { seed: 1, corpus, planted: None };
        let mut seen = BTreeMap::new();
        (0..1000).for_each(|number| *seen.entry(made(&cases, number).0).or_insert(0) += 1);
        assert_eq!(seen.len(), kinds, "{seen:?}");
        assert!(seen.values().all(|&count| count > 50), "{seen:?}");
    }
}

#[test]
fn a_damaged_corpus_ends_where_it_is_damaged() {
    let bytes = two_files();
    let rows: [(&[u8], usize); 5] =
        [(&bytes, 2), (&bytes[..bytes.len() - 1], 1), (&bytes[..3], 0), (&[], 0), (&[0, 0, 0, 0, 1], 0)];
    for (bytes, count) in rows {
        assert_eq!(Corpus::new(bytes).count(), count, "{} bytes", bytes.len());
    }
    assert_eq!(Corpus::new(&bytes).file(1), [0xF4; 10]);
    assert_eq!(Corpus::new(&bytes).file(2), []);
}

#[test]
fn the_planted_instructions_stand_in_the_planted_case_alone() {
    let cases = Cases { seed: 9, corpus: Corpus::default(), planted: Some(40) };
    let mut planted = std::vec![0xBA];
    planted.extend(PLANT_PORT.to_le_bytes());
    planted.extend([0x66, 0xB8]);
    planted.extend(PLANT_MAGIC.to_le_bytes());
    planted.extend([0x66, 0xEF]);
    for number in 0..300 {
        let holds = made(&cases, number).1.windows(planted.len()).any(|window| window == planted);
        assert_eq!(holds, number == 40, "{number}");
    }
}

#[test]
fn storms_name_every_port() {
    let cases = Cases { seed: 1, corpus: Corpus::default(), planted: None };
    let storms = (0..20_000).map(|number| made(&cases, number)).filter(|(kind, _)| *kind == Kind::Storm);
    // mov dx, port
    let ports: std::collections::BTreeSet<u8> = storms
        .flat_map(|(_, sector)| sector.windows(3).filter(|w| w[0] == 0xBA).map(|w| w[2]).collect::<Vec<_>>())
        .collect();
    assert_eq!(ports.len(), 256, "all high bytes of a port");
}

#[test]
fn outcomes_are_bytes_that_no_text_holds() {
    for outcome in Outcome::ALL {
        assert!(outcome.to_byte() >= 0x80);
        assert_eq!(Outcome::from_byte(outcome.to_byte()), Some(outcome));
    }
    assert_eq!(Outcome::from_byte(b'a'), None);
    assert_eq!(Outcome::ALL.into_iter().filter(|outcome| outcome.is_finding()).count(), 6);
}
