//! Reads a saved profile: our own JSON, or lines with an MSR's address or name and its value.
//!
//! `0x480: 00da040000000004`, `MSR 480h = ...`, a transcript of `rdmsr 0x480` with the value in the next line, the two
//! halves EDX and EAX as two words, VirtualBox's log, /proc/cpuinfo's address sizes and flags, and what `cpuid -r` prints
//! are all understood.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde_json::Value;
use vmx::capability::{CpuFacts, Profile, msr};

use super::profile::{Fact, Feature, MSR_NAMES, Mask, Processor};
use crate::audit::dump::number;
use crate::audit::text;

/// The profile named `what`: a model, or else a file.
///
/// # Errors
/// No model and no file of that name, or a file in which no capability is found.
pub fn find(what: &str) -> anyhow::Result<Processor> {
    if let Some(profile) = Profile::from_name(what) {
        return Ok(Processor::model(profile));
    }
    let models: Vec<&str> = Profile::ALL.iter().map(|profile| profile.name).collect();
    let bytes = std::fs::read(what).with_context(|| {
        format!("{what} is neither a model ({}) nor a file that can be read", models.join(", "))
    })?;
    let mut processor = read(&bytes).with_context(|| what.to_owned())?;
    processor.name.get_or_insert_with(|| what.to_owned());
    Ok(processor)
}

/// The profile in a file.
///
/// # Errors
/// There is no capability in it.
pub fn read(bytes: &[u8]) -> anyhow::Result<Processor> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let processor = match first {
        Some(b'{') => from_json(&serde_json::from_slice(bytes).context("not JSON")?)?,
        _ => from_lines(&text::lines(bytes)),
    };
    if !processor.is_known() {
        bail!("line 1: no capability MSR found; expected lines such as `0x480: 00da040000000004`, or JSON");
    }
    Ok(processor)
}

/// `{"name": …, "msrs": {"0x480": "0x…"}, "cpu": {"physical_address_bits": 40, "smx": true}}`, or such an object under
/// `capabilities`.
///
/// # Errors
/// A value is of the wrong type.
pub fn from_json(object: &Value) -> anyhow::Result<Processor> {
    let object = object.get("capabilities").unwrap_or(object);
    if let Some(name) = object.as_str() {
        return find_model(name);
    }
    let mut processor = Processor::unknown();
    processor.name = object.get("name").and_then(Value::as_str).map(str::to_owned);
    let msrs = object.get("msrs").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in msrs {
        let address = address(name).with_context(|| format!("{name:?} is not a capability MSR"))?;
        let value = json_number(value).with_context(|| format!("{name}: the value is not a number"))?;
        processor.set_msr(address, value);
    }
    for (key, value) in object.get("cpu").and_then(Value::as_object).into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !set_fact(&mut processor, key, &text) {
            bail!("cpu: {key:?} with the value {text:?} is not understood");
        }
    }
    Ok(processor)
}

fn find_model(name: &str) -> anyhow::Result<Processor> {
    let profile = Profile::from_name(name).with_context(|| format!("{name:?} is not a model"))?;
    Ok(Processor::model(profile))
}

/// A number in JSON: a number, or hexadecimal in a string.
pub fn json_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| number(value.as_str()?))
}

fn from_lines(lines: &[text::Line]) -> Processor {
    let mut processor = Processor::unknown();
    let mut asked = None;
    let mut leaves = BTreeMap::new();
    for line in lines {
        if let Some((leaf, registers)) = cpuid_leaf(&line.text) {
            // Of several processors the first counts.
            leaves.entry(leaf).or_insert(registers);
            continue;
        }
        let words: Vec<&str> = line
            .text
            .split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .filter(|word| !word.is_empty())
            .collect();
        let at = words.iter().position(|word| address(word).is_some());
        match (at, asked.take()) {
            (Some(at), _) => {
                let address = address(words[at]);
                // A name and an address may both stand there.
                let values = words[at + 1..].iter().skip_while(|word| self::address(word).is_some());
                let values: Vec<&str> = values.copied().take_while(|word| number(word).is_some()).collect();
                match (address, value(&values)) {
                    (Some(address), Some(value)) => {
                        processor.set_msr(address, value);
                    }
                    (address, None) => asked = address,
                    (None, _) => {}
                }
            }
            (None, Some(address)) if value(&words).is_some() => {
                processor.set_msr(address, value(&words).unwrap_or_default());
            }
            (None, _) => facts(&mut processor, &line.text),
        }
    }
    if leaves.contains_key(&(7, 0)) && leaves.contains_key(&(0x8000_0008, 0)) {
        processor.set_cpuid(CpuFacts::read(|leaf, subleaf| match (leaf, leaves.get(&(leaf, subleaf))) {
            (_, Some(registers)) => *registers,
            // The highest leaves, where they were not printed.
            (0, None) => [7, 0, 0, 0],
            (0x8000_0000, None) => [0x8000_0008, 0, 0, 0],
            (_, None) => [0; 4],
        }));
    }
    processor
}

/// A leaf of CPUID: `0x00000007 0x00: eax=0x00000000 ebx=0xd19f27eb ecx=0x00000000 edx=0x00000000`.
fn cpuid_leaf(line: &str) -> Option<((u32, u32), [u32; 4])> {
    let lower = line.to_ascii_lowercase();
    let (leaf, registers) = lower.split_once("eax")?;
    let mut leaf = leaf.split([' ', ':', ',', '=']).filter_map(number).map(u32::try_from);
    let (leaf, subleaf) = (leaf.next()?.ok()?, leaf.next().unwrap_or(Ok(0)).ok()?);
    let mut values = [0; 4];
    let registers = format!("eax{registers}");
    for (name, value) in ["eax", "ebx", "ecx", "edx"].into_iter().zip(&mut values) {
        let (_, behind) = registers.split_once(name)?;
        let word = behind.trim_start_matches([' ', '=', ':']).split([' ', ',']).next()?;
        *value = u32::try_from(number(word)?).ok()?;
    }
    Some(((leaf, subleaf), values))
}

/// One number, or its upper and lower half, or four quarters.
fn value(words: &[&str]) -> Option<u64> {
    let digits = |word: &str| word.trim_start_matches("0x").len();
    match words {
        [one] => number(one),
        [_, _, _, _] if words.iter().all(|word| word.len() == 4) => number(&words.concat()),
        [high, low, ..] if digits(high) <= 8 && digits(low) <= 8 => {
            let (high, low) = (number(high)?, number(low)?);
            (high <= 0xFFFF_FFFF && low <= 0xFFFF_FFFF).then_some(high << 32 | low)
        }
        [one, ..] => number(one),
        [] => None,
    }
}

/// The capability MSR that a word means by address or name.
pub fn address(word: &str) -> Option<u32> {
    let upper = word.to_ascii_uppercase();
    if let Some((_, name)) = upper.split_once("VMX_") {
        let wanted = format!("IA32_VMX_{name}");
        let position = MSR_NAMES.iter().position(|known| *known == wanted);
        let position =
            position.or_else(|| (name == "EPT_VPID_CAPS" || name == "EPT_VPID_ENUM").then_some(12));
        return position.map(|position| msr::BASIC + position as u32);
    }
    let looks_like_one = word.len() >= 3 && word.len() <= 10 && !word.contains('_');
    let address = number(word).filter(|_| looks_like_one)?;
    u32::try_from(address).ok().filter(|address| (msr::BASIC..=msr::EXIT_CTLS2).contains(address))
}

/// What a line without an MSR tells: `physical_address_bits = 39`, or a line of /proc/cpuinfo.
fn facts(processor: &mut Processor, line: &str) {
    let Some((name, value)) = line.split_once([':', '=']) else { return };
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    match name.as_str() {
        "address sizes" => {
            let numbers: Vec<&str> = value.split(' ').filter(|word| word.parse::<u8>().is_ok()).collect();
            if let [physical, linear] = numbers[..] {
                set_fact(processor, "physical_address_bits", physical);
                set_fact(processor, "linear_address_bits", linear);
            }
        }
        "flags" => {
            let flags: Vec<&str> = value.split(' ').collect();
            for feature in Feature::ALL {
                let has = flags.contains(&feature.linux_flag());
                processor.set_fact(Fact::Feature(feature, has));
            }
        }
        _ => {
            set_fact(processor, &name, value);
        }
    }
}

/// Records one fact by its name in the profile; `false` when name or value is not understood.
fn set_fact(processor: &mut Processor, key: &str, value: &str) -> bool {
    if let Some(mask) = Mask::ALL.into_iter().find(|mask| mask.key() == key) {
        let Some(bits) = number(value) else { return false };
        processor.set_fact(Fact::Mask(mask, bits));
        return true;
    }
    let truth = match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    };
    match (key, value.parse::<u8>(), truth) {
        ("physical_address_bits", Ok(bits @ 32..=52), _) => {
            processor.set_fact(Fact::PhysicalWidth(bits));
        }
        ("linear_address_bits", Ok(bits @ (48 | 57)), _) => {
            processor.set_fact(Fact::LinearWidth(bits));
        }
        ("in_ia32e_mode", _, Some(truth)) => {
            processor.set_fact(Fact::Ia32eMode(truth));
        }
        (key, _, Some(truth)) => {
            let Some(feature) = Feature::ALL.into_iter().find(|feature| feature.key() == key) else {
                return false;
            };
            processor.set_fact(Fact::Feature(feature, truth));
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cpuid_prints_is_understood() {
        let text = "CPU:\n   0x00000000 0x00: eax=0x00000016 ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69\n\
                    0x00000001 0x00: eax=0x00050654 ebx=0x00010800 ecx=0x77fafbff edx=0xbfebfbff\n\
                    0x00000007 0x00: eax=0x00000000 ebx=0xd19f27eb ecx=0x00000000 edx=0x00000000\n\
                    0x80000008 0x00: eax=0x0000302e ebx=0x00000000 ecx=0x00000000 edx=0x00000000\n";
        let cpu = read(text.as_bytes()).unwrap().capabilities.cpu;
        assert!(cpu.known && cpu.smx && !cpu.sgx && !cpu.rtm);
        assert_eq!((cpu.physical_address_bits, cpu.linear_address_bits), (46, 48));
    }

    #[test]
    fn each_way_to_write_an_msr_is_read() {
        let rows = [
            "0x480: 00da040000000004",
            "480: da040000000004",
            "MSR 480h = 0x00da0400_00000004",
            "MSR 00000480 00da0400 00000004",
            "MSR 00000480: 00DA-0400-0000-0004",
            "# rdmsr 0x480\nda040000000004",
            "$ sudo rdmsr -p 0 0x480\n> 0xda040000000004",
            "IA32_VMX_BASIC = 0xda040000000004",
            "IA32_VMX_BASIC (0x480): 0xda040000000004",
            "0x480 IA32_VMX_BASIC 0xda040000000004",
            "00:00:04.288710 HM: MSR_IA32_VMX_BASIC                = 0xda040000000004",
            r#"{"msrs": {"0x480": "0xda040000000004"}}"#,
            r#"{"capabilities": {"msrs": {"480h": 61365942969434116}}}"#,
        ];
        for row in rows {
            let read = read(row.as_bytes());
            let value = read.ok().and_then(|processor| processor.capabilities.get(msr::BASIC));
            assert_eq!(value, Some(0x00DA_0400_0000_0004), "{row}");
        }
    }

    #[test]
    fn what_cpuid_says_is_read() {
        let text = "0x480: 1\naddress sizes\t: 39 bits physical, 48 bits virtual\nflags\t: fpu smx rtm\n";
        let processor = read(text.as_bytes()).unwrap();
        let facts = processor.capabilities.cpu;
        assert_eq!((facts.physical_address_bits, facts.smx, facts.sgx, facts.rtm), (39, true, false, true));
        assert!(facts.known);
    }

    #[test]
    fn what_is_no_profile_is_refused() {
        for text in ["", "hello", "{}", "{", r#"{"msrs": {"0x100": "1"}}"#, r#"{"cpu": {"smx": "perhaps"}}"#]
        {
            assert!(read(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(find("no-such-model").unwrap_err().to_string().contains("skylake"));
        assert!(find("Core2").is_ok());
    }
}
