//! Lines of a kernel log that tell which thread or processor wrote them.
//!
//! Two virtual processors may fail at once, and their dumps then stand line by line between each other. Where the kernel
//! marks its lines (`[  123.456789][ T1234] …`, with CONFIG_PRINTK_CALLER), they can be told apart again.

use super::text::Line;

/// Who wrote the line: `T1234` or `C2`, behind the time stamp.
pub fn caller(line: &str) -> Option<String> {
    let (_, behind) = line.split_once("][")?;
    let mark = behind.split_once(']')?.0.trim();
    let number = mark.strip_prefix(['T', 'C'])?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then(|| mark.to_owned())
}

/// Brings the lines of each caller together, in the order in which callers first spoke. A line without a mark stays with
/// the one before.
pub fn separate(lines: Vec<Line>, callers: &[Option<String>]) -> Vec<Line> {
    let mut known: Vec<&str> = Vec::new();
    let mut current = 0;
    let mut marked: Vec<(usize, Line)> = Vec::with_capacity(lines.len());
    for (line, caller) in lines.into_iter().zip(callers) {
        if let Some(caller) = caller {
            current = known.iter().position(|seen| seen == caller).unwrap_or_else(|| {
                known.push(caller);
                known.len() - 1
            });
        }
        marked.push((current, line));
    }
    marked.sort_by_key(|(caller, _)| *caller);
    marked.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_stand_behind_the_time() {
        let rows = [
            ("[   12.5][ T812] kvm_intel: CR3 = 0x1", Some("T812")),
            ("Nov 22 host kernel: [   12.5][    C2] CR3 = 0x1", Some("C2")),
            ("[   12.5] CR3 = 0x1", None),
            ("[0x6820][ab] = 1", None),
            ("x][T] y", None),
        ];
        for (line, wanted) in rows {
            assert_eq!(caller(line).as_deref(), wanted, "{line}");
        }
    }

    #[test]
    fn lines_of_one_caller_come_together_in_their_order() {
        let line = |number: usize| Line { number, text: number.to_string() };
        let mark = |name: &str| Some(name.to_owned());
        let sorted =
            separate((1..=5).map(line).collect(), &[mark("T1"), mark("T2"), mark("T1"), None, mark("T2")]);
        assert_eq!(sorted.iter().map(|line| line.number).collect::<Vec<_>>(), [1, 3, 4, 2, 5]);
    }
}
