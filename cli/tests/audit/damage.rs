//! What mail, web pages, logs and chance do to a dump.

use cli::audit::judge::judge;
use vmx::Capabilities;
use vmx::capability::Profile;

use super::{ALL, KVM_6_6, read};

/// A change of a text.
type Damage = Box<dyn Fn(&str) -> String>;

/// What damages a text without changing what it says.
fn damages() -> Vec<(&'static str, Damage)> {
    let each = |change: fn(usize, &str) -> String| {
        Box::new(move |text: &str| {
            text.lines().enumerate().map(|(at, line)| change(at, line)).collect::<Vec<_>>().join("\n")
        }) as Damage
    };
    vec![
        ("quote marks", each(|_, line| format!("> {line}"))),
        ("mixed quote marks", each(|at, line| format!("{} {line}", ">".repeat(at % 4)))),
        ("CRLF", each(|_, line| format!("{line}\r"))),
        ("no-break spaces", each(|_, line| line.replace(' ', "\u{a0}"))),
        ("tabs", each(|_, line| line.replace("  ", "\t"))),
        ("entities", each(|_, line| line.replace('<', "&lt;").replace('>', "&gt;").replace(' ', "&nbsp;"))),
        ("a web page", each(|_, line| format!("<p>{line}</p>"))),
        ("indentation", each(|_, line| format!("        {line}   "))),
        ("log level", each(|_, line| format!("<4>{line}"))),
        ("time stamp", each(|at, line| format!("[{:5}.{:06}] {line}", at, at * 7))),
        (
            "syslog",
            each(|at, line| format!("Nov 22 23:59:{:02} vm-host kernel: [{at:5}.000001] {line}", at % 60)),
        ),
        ("journal", each(|_, line| format!("2026-11-22T23:59:59+0000 vm-host kernel: {line}"))),
        ("colour", each(|_, line| format!("\u{1b}[31m{line}\u{1b}[0m"))),
        ("blank lines", each(|_, line| format!("{line}\n"))),
        (
            "remarks between",
            each(|at, line| {
                if at % 9 == 4 { format!("{line}\nthis one looks odd to me, no?") } else { line.to_owned() }
            }),
        ),
        ("narrow wraps", Box::new(|text| wrapped(text, 44))),
        (
            "wraps under quote marks",
            Box::new(|text| wrapped(text, 62).lines().map(|line| format!(">> {line}\n")).collect()),
        ),
        ("quoted-printable", Box::new(|text| text.replace('=', "=3D").replace("RSP", "RS=\nP"))),
        ("minus signs", each(|_, line| format!("-{line}"))),
        (
            "escaped Markdown",
            Box::new(|text| text.replace('_', "\\_").replace('*', "\\*").replace('|', "\\|")),
        ),
        (
            "wide characters",
            Box::new(|text| text.replace('=', "\u{ff1d}").replace(':', "\u{ff1a}").replace(',', "\u{ff0c}")),
        ),
        ("lines cut anywhere", Box::new(|text| cut(text, 61))),
        ("lines cut elsewhere", Box::new(|text| cut(text, 64))),
        (
            "an array of strings",
            Box::new(|text| serde_json::json!(text.lines().collect::<Vec<_>>()).to_string()),
        ),
        ("a string of a program", Box::new(|text| format!("{text:?}"))),
        ("a clock before each line", each(|at, line| format!("04:12:33.{at:03} {line}"))),
        ("a byte-order mark", Box::new(|text| format!("\u{feff}{text}"))),
        (
            "a log around it",
            Box::new(|text| {
                format!(
                    "[1.0] CPU: 3 PID: 1 RIP: 0010:vmx_x+0x1/0x2\n{text}\n[2.0] CR2: 0000000000000000 CR3: 000000012c9fc005 CR4: 0\nEAX=00000000 CR0=80050033 CR3=1 CR4=2 EFER=0\n"
                )
            }),
        ),
    ]
}

/// Breaks lines at blanks, as mailers do.
fn wrapped(text: &str, columns: usize) -> String {
    let mut wrapped = String::new();
    for line in text.lines() {
        let mut width = 0;
        for word in line.split_inclusive(' ') {
            if width > 0 && width + word.trim_end().len() > columns {
                wrapped = wrapped.trim_end().to_owned() + "\n";
                width = 0;
            }
            wrapped.push_str(word);
            width += word.len();
        }
        wrapped.push('\n');
    }
    wrapped
}

/// Breaks lines at a column, as terminals do.
fn cut(text: &str, columns: usize) -> String {
    let mut cut = String::new();
    for line in text.lines() {
        for (at, letter) in line.chars().enumerate() {
            if at > 0 && at % columns == 0 {
                cut.push('\n');
            }
            cut.push(letter);
        }
        cut.push('\n');
    }
    cut
}

#[test]
fn a_damaged_dump_says_the_same() {
    for (name, text) in ALL {
        let whole = read(text);
        for (damage, change) in damages() {
            let reading = read(&change(text));
            assert_eq!(reading.format, whole.format, "{name} with {damage}");
            assert_eq!(reading.dumps.len(), whole.dumps.len(), "{name} with {damage}");
            for (dump, original) in reading.dumps.iter().zip(&whole.dumps) {
                for (field, value) in original.machine.entries() {
                    assert_eq!(dump.machine.get(field), Some(value), "{name} with {damage}: {field}");
                }
                assert_eq!(dump.machine.len(), original.machine.len(), "{name} with {damage}");
            }
        }
    }
}

/// A generator of numbers that need not be good, only the same each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn no_damage_whatever_ends_in_a_panic() {
    const MARKS: &[&str] = &[
        "=",
        ":",
        "(",
        ")",
        "*",
        "\n",
        " ",
        "0x",
        "ffffffffffffffffffff",
        "*** Guest State ***",
        "é",
        "\0",
        ",",
        "|",
        "=3D",
        "&#x110000;",
        "<",
        "[",
        "{",
        "CS:",
        "\u{1b}[",
    ];
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let list: String = read(KVM_6_6).dumps[0]
        .machine
        .entries()
        .map(|(field, value)| format!("{field} = {value:#x}\n"))
        .collect();
    for round in 0..1500 {
        let source = if round % 6 == 5 { list.as_str() } else { ALL[round % 5].1 };
        let mut text = source.to_owned();
        for _ in 0..=numbers.below(30) {
            let mut at = numbers.below(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            match numbers.below(4) {
                0 => text.insert_str(at, MARKS[numbers.below(MARKS.len())]),
                1 => text.truncate(at.max(40)),
                2 => {
                    let end = (at + numbers.below(40)).min(text.len());
                    if text.is_char_boundary(end) {
                        text.replace_range(at..end, "");
                    }
                }
                _ => {
                    let tail = text[at..].to_owned();
                    text.push_str(&tail[..tail.char_indices().nth(50).map_or(tail.len(), |(end, _)| end)]);
                }
            }
        }
        if let Ok((reading, _)) = cli::audit::read(text.as_bytes()) {
            for dump in &reading.dumps {
                judge(dump, &Profile::SKYLAKE.capabilities);
                judge(dump, &Capabilities::none());
            }
        }
        let bytes: Vec<u8> = (0..numbers.below(300)).map(|_| numbers.below(256) as u8).collect();
        let _ = cli::audit::read(&bytes);
        let _ = cli::caps::read::read(&bytes);
    }
}
