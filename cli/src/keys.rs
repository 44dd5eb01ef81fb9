//! What `--keys` means, and what a person's key presses mean: both become [`KeyItem`]s.
//!
//! The grammar: plain characters are typed as they stand; `{name}` is a key by name, `{ctrl-alt-del}` the same with
//! modifiers held, `{hold:name}` and `{release:name}` move one key, `{wait:N}` lets the guest run for N seconds, and `{{` and `}}` are the braces themselves. Which
//! key stands where is the business of [`layout`]; a terminal's events are read in [`event`].

use std::fmt;

use wire::{KeyItem, Modifiers};

mod event;
mod layout;

pub use event::{from_event, from_pasted};
use layout::{Key, NAMED_KEYS};

/// The longest `{wait:N}`, in guest seconds: a day.
const LONGEST_WAIT: u32 = 24 * 60 * 60;

/// The names by which a modifier may be held, as in `{ctrl-c}`.
const MODIFIER_NAMES: [(&str, Modifiers); 4] = [
    ("ctrl", Modifiers { control: true, shift: false, alt: false }),
    ("control", Modifiers { control: true, shift: false, alt: false }),
    ("alt", Modifiers { alt: true, shift: false, control: false }),
    ("shift", Modifiers { shift: true, control: false, alt: false }),
];

/// What is wrong with a text of keys, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysError {
    /// Which character of the text, from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a text of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A `{` without its `}`.
    Unclosed,
    /// A `}` without its `{`.
    Unopened,
    /// `{}`.
    Empty,
    /// Modifiers, and then no key.
    NoKey(String),
    /// No key has this name.
    UnknownName(String),
    /// No modifier has this name.
    UnknownModifier(String),
    /// A `{wait:N}` whose N is not a number of seconds.
    BadWait(String),
    /// What is to be held or released is more than one key.
    NotOneKey(String),
    /// A character that the US keyboard lacks.
    Untypable(char),
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: ", self.position)?;
        match &self.problem {
            Problem::Unclosed => write!(f, "this {{ has no }} (a literal brace is written {{{{)"),
            Problem::Unopened => write!(f, "this }} has no {{ before it (a literal brace is written }}}})"),
            Problem::Empty => write!(f, "{{}} names no key"),
            Problem::NoKey(body) => write!(f, "{{{body}}} holds modifiers but names no key"),
            Problem::UnknownName(name) => {
                write!(f, "no key is named {{{name}}}")?;
                write_near(f, near(name, NAMED_KEYS.iter().map(|&(name, _)| name)))
            }
            Problem::UnknownModifier(name) => {
                write!(f, "no modifier is named {name:?}")?;
                write_near(f, near(name, MODIFIER_NAMES.iter().map(|&(name, _)| name)))
            }
            Problem::BadWait(number) => {
                write!(
                    f,
                    "{{wait:{number}}} needs a number of guest seconds such as 2 or 0.5, at most {LONGEST_WAIT}"
                )
            }
            Problem::NotOneKey(name) => {
                write!(
                    f,
                    "{name:?} is more than one key; what is held are single keys, such as {{hold:shift}}"
                )
            }
            Problem::Untypable(c) => {
                write!(f, "{c:?} (U+{:04X}) is not on the US keyboard", u32::from(*c))
            }
        }
    }
}

impl std::error::Error for KeysError {}

/// Reads a `--keys` text.
///
/// # Errors
/// [`KeysError`] for the first character that means nothing; nothing is typed then.
pub fn parse(text: &str) -> Result<Vec<KeyItem>, KeysError> {
    let characters: Vec<char> = text.chars().collect();
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(&c) = characters.get(at) {
        let next = characters.get(at + 1).copied();
        let fail = |problem| Err(KeysError { position: at + 1, problem });
        let length = match (c, next) {
            ('{', Some('{')) | ('}', Some('}')) => {
                items.extend(layout::typed(c).map(Key::press));
                2
            }
            ('}', _) => return fail(Problem::Unopened),
            ('{', _) => {
                let Some(length) = characters[at..].iter().position(|&c| c == '}') else {
                    return fail(Problem::Unclosed);
                };
                let body: String = characters[at + 1..at + length].iter().collect();
                match braced(&body) {
                    Ok(item) => items.push(item),
                    Err(problem) => return fail(problem),
                }
                length + 1
            }
            // One key press for the line end of a file that was edited elsewhere.
            ('\r', Some('\n')) => 1,
            _ => match layout::typed(c) {
                Some(key) => {
                    items.push(key.press());
                    1
                }
                None => return fail(Problem::Untypable(c)),
            },
        };
        at += length;
    }
    Ok(items)
}

/// What stands between braces.
fn braced(body: &str) -> Result<KeyItem, Problem> {
    let lower = body.to_ascii_lowercase();
    if let Some(number) = lower.strip_prefix("wait:") {
        let milliseconds = milliseconds(number).ok_or_else(|| Problem::BadWait(number.to_owned()))?;
        return Ok(KeyItem::Wait { milliseconds });
    }
    for (word, pressed) in [("hold:", true), ("release:", false)] {
        if let Some(name) = lower.strip_prefix(word) {
            let key = named(name).ok_or_else(|| Problem::UnknownName(name.to_owned()))?;
            return key.moved(pressed).ok_or_else(|| Problem::NotOneKey(name.to_owned()));
        }
    }
    let (held, name) = split_modifiers(&lower).ok_or_else(|| match lower.is_empty() {
        true => Problem::Empty,
        false => Problem::NoKey(body.to_owned()),
    })?;
    let mut key = named(name).ok_or_else(|| Problem::UnknownName(name.to_owned()))?;
    for word in held {
        let modifiers = MODIFIER_NAMES
            .iter()
            .find(|&&(known, _)| known == word)
            .map(|&(_, modifiers)| modifiers)
            .ok_or_else(|| Problem::UnknownModifier(word.to_owned()))?;
        key = key.with(modifiers);
    }
    Ok(key.press())
}

/// A number of seconds with up to three decimals, as milliseconds.
fn milliseconds(number: &str) -> Option<u32> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    let whole: u32 = whole.parse().ok().filter(|&seconds| seconds <= LONGEST_WAIT)?;
    let thousandths: u32 = format!("{decimals:0<3}").parse().ok()?;
    Some(whole * 1000 + thousandths)
}

/// Splits `ctrl-alt-del` into its modifiers and its key; the key may be `-` itself, as in `ctrl--` or `kp-`. `None`
/// if no key is left.
fn split_modifiers(body: &str) -> Option<(Vec<&str>, &str)> {
    let end_of_modifiers = match body {
        _ if body.ends_with("kp-") => body.len() - "kp-".len(),
        _ if body.ends_with('-') => body.len() - 1,
        _ => body.rfind('-').map_or(0, |dash| dash + 1),
    };
    let (held, name) = body.split_at(end_of_modifiers);
    match held.strip_suffix('-') {
        _ if name.is_empty() => None,
        Some(held) => Some((held.split('-').collect(), name)),
        None if held.is_empty() => Some((Vec::new(), name)),
        // `ctrl-`: what looked like the key is the dash after the modifier.
        None => None,
    }
}

/// The key of a name, or of a single character.
fn named(name: &str) -> Option<Key> {
    let mut characters = name.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) => layout::typed(c),
        _ => NAMED_KEYS.iter().find(|&&(known, _)| known == name).map(|&(_, key)| key),
    }
}

/// Every named key, for the help: lines of at most `width` columns.
pub fn names(width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in NAMED_KEYS.iter().map(|(name, _)| format!("{{{name}}}")) {
        if column > 0 && column + 1 + word.len() > width {
            text.push('\n');
            column = 0;
        }
        if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(&word);
        column += word.len();
    }
    text
}

/// The whole grammar, for the help.
pub fn grammar() -> String {
    format!(
        "KEYS: characters are typed on a US keyboard as they stand, a line end as {{enter}}.\n\
         Names in braces, in any case:\n{}\n\
         With modifiers: {{ctrl-c}} {{alt-x}} {{shift-f1}} {{ctrl-alt-del}}, any combination with any key.\n\
         {{hold:right}} presses a key and {{release:right}} releases it: meanwhile it repeats, and others are typed with it.\n\
         {{wait:N}} lets the guest run for N seconds of its time, such as 2 or 0.5; {{{{ and }}}} are the braces themselves.",
        names(76)
    )
}

/// The names that are most like `wrong`, best first, at most three.
fn near<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|&(score, _)| score > 0.75)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, name)| name).take(3).collect()
}

fn write_near(f: &mut fmt::Formatter<'_>, names: Vec<&str>) -> fmt::Result {
    match names.is_empty() {
        true => write!(f, "; `hyper86 run --help` lists all names"),
        false => write!(f, "; near: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Modifiers = Modifiers { shift: false, control: false, alt: false };
    const SHIFT: Modifiers = Modifiers { shift: true, ..NONE };
    const CONTROL: Modifiers = Modifiers { control: true, ..NONE };
    const ALT: Modifiers = Modifiers { alt: true, ..NONE };

    fn press(scan: u8, modifiers: Modifiers) -> KeyItem {
        KeyItem::Press { scan, extended: false, modifiers }
    }

    fn extended(scan: u8, modifiers: Modifiers) -> KeyItem {
        KeyItem::Press { scan, extended: true, modifiers }
    }

    fn wait(milliseconds: u32) -> KeyItem {
        KeyItem::Wait { milliseconds }
    }

    fn moved(scan: u8, extended: bool, pressed: bool) -> KeyItem {
        KeyItem::Move { scan, extended, pressed }
    }

    #[test]
    fn texts_become_the_keys_of_a_us_keyboard() {
        let rows: &[(&str, Vec<KeyItem>)] = &[
            ("", vec![]),
            ("a", vec![press(0x1E, NONE)]),
            ("A", vec![press(0x1E, SHIFT)]),
            ("1!", vec![press(0x02, NONE), press(0x02, SHIFT)]),
            ("\\|", vec![press(0x2B, NONE), press(0x2B, SHIFT)]),
            ("`~", vec![press(0x29, NONE), press(0x29, SHIFT)]),
            (" \t", vec![press(0x39, NONE), press(0x0F, NONE)]),
            ("\n", vec![press(0x1C, NONE)]),
            ("\r\n\r", vec![press(0x1C, NONE), press(0x1C, NONE)]),
            ("{{}}", vec![press(0x1A, SHIFT), press(0x1B, SHIFT)]),
            ("{enter}{ENTER}{Esc}", vec![press(0x1C, NONE), press(0x1C, NONE), press(0x01, NONE)]),
            ("{up}", vec![extended(0x48, NONE)]),
            ("{kp8}", vec![press(0x48, NONE)]),
            ("{kp-}{ctrl-kp-}", vec![press(0x4A, NONE), press(0x4A, CONTROL)]),
            ("{kpenter}", vec![extended(0x1C, NONE)]),
            ("{f1}{f10}{f11}{f12}", [0x3B, 0x44, 0x57, 0x58].map(|scan| press(scan, NONE)).to_vec()),
            ("{ctrl-c}{Ctrl-C}", vec![press(0x2E, CONTROL); 2]),
            ("{alt-x}{alt-f4}", vec![press(0x2D, ALT), press(0x3E, ALT)]),
            ("{shift-f1}{shift-tab}", vec![press(0x3B, SHIFT), press(0x0F, SHIFT)]),
            ("{ctrl-alt-del}", vec![extended(0x53, Modifiers { control: true, alt: true, shift: false })]),
            ("{ctrl--}{-}", vec![press(0x0C, CONTROL), press(0x0C, NONE)]),
            ("{ctrl-alt--}", vec![press(0x0C, Modifiers { control: true, alt: true, shift: false })]),
            ("{alt-!}", vec![press(0x02, Modifiers { alt: true, shift: true, control: false })]),
            ("{shift}", vec![press(0x2A, NONE)]),
            ("{wait:0}{WAIT:86400}", [0, 86_400_000].map(wait).to_vec()),
            ("{wait:0.5}{wait:1.25}{wait:2.007}", [500, 1250, 2007].map(wait).to_vec()),
            ("{hold:right}{release:Right}", [true, false].map(|pressed| moved(0x4D, true, pressed)).to_vec()),
            (
                "{hold:shift}a{release:shift}",
                vec![moved(0x2A, false, true), press(0x1E, NONE), moved(0x2A, false, false)],
            ),
            ("{pause}", vec![press(0x45, CONTROL)]),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text).as_ref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        use Problem::*;
        let rows = [
            ("ab{enter", 3, Unclosed),
            ("{", 1, Unclosed),
            ("a}", 2, Unopened),
            ("a{}", 2, Empty),
            ("{ctrl-}", 1, NoKey("ctrl-".into())),
            ("é{f1}", 1, Untypable('é')),
            ("x\u{1b}", 2, Untypable('\u{1b}')),
            ("dir{entre}", 4, UnknownName("entre".into())),
            ("{f13}", 1, UnknownName("f13".into())),
            ("{f0}", 1, UnknownName("f0".into())),
            ("{ctl-c}", 1, UnknownModifier("ctl".into())),
            ("{wait:}", 1, BadWait("".into())),
            ("{wait:-1}", 1, BadWait("-1".into())),
            ("{wait:86401}", 1, BadWait("86401".into())),
            ("{wait:1.}", 1, BadWait("1.".into())),
            ("{wait:.5}", 1, BadWait(".5".into())),
            ("{wait:0.0001}", 1, BadWait("0.0001".into())),
            ("{wait:+1}", 1, BadWait("+1".into())),
            ("{hold:}", 1, UnknownName("".into())),
            ("{hold:ctrl-c}", 1, UnknownName("ctrl-c".into())),
            ("{hold:!}", 1, NotOneKey("!".into())),
            ("{release:f13}", 1, UnknownName("f13".into())),
            ("{wait:99999999999}", 1, BadWait("99999999999".into())),
            ("{wait}", 1, UnknownName("wait".into())),
        ];
        for (text, position, problem) in rows {
            assert_eq!(parse(text), Err(KeysError { position, problem }), "{text:?}");
        }
    }

    #[test]
    fn a_near_name_is_offered() {
        let rows = [
            ("{entre}", "at character 1: no key is named {entre}; near: enter"),
            ("{bakspace}", "near: backspace"),
            ("{ctrol-c}", "at character 1: no modifier is named \"ctrol\"; near: ctrl, control"),
            ("{xyzzy}", "`hyper86 run --help` lists all names"),
        ];
        for (text, part) in rows {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn each_listed_name_can_be_typed_with_every_modifier() {
        for word in names(80).split_whitespace() {
            let name = word.trim_matches(['{', '}']);
            for held in ["", "shift-", "ctrl-", "alt-", "ctrl-alt-shift-"] {
                let text = format!("{{{held}{name}}}");
                assert_eq!(parse(&text).map(|items| items.len()), Ok(1), "{text}");
            }
        }
    }

    #[test]
    fn the_list_of_names_fits_its_width_and_holds_those_of_the_interface() {
        let text = names(60);
        assert!(text.lines().all(|line| line.len() <= 60));
        for name in ["enter", "esc", "tab", "backspace", "space", "up", "pgdn", "ins", "del", "f1", "f12"] {
            assert!(text.contains(&format!("{{{name}}}")), "{name}");
        }
    }
}
