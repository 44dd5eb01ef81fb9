//! Finds the names and values on a line of a list, in any of the forms in which programs print or set them.

use vmx::Field;

use super::dump::number;
use super::names::{self, Part};

/// The line with a blank for each run of dots that leads from a name to its value.
pub fn without_dots(line: &str) -> String {
    let mut clean = String::with_capacity(line.len());
    for part in line.split("..") {
        if !clean.is_empty() && !clean.ends_with(' ') {
            clean.push(' ');
        }
        clean.push_str(part.trim_start_matches('.'));
    }
    clean
}

/// The names and values on a line.
pub fn pairs(line: &str) -> Vec<(String, String)> {
    let line = with_equals_signs(line);
    let line = line.trim_matches([' ', '|', '{', '}', ',', ';']);
    if line.contains('=') {
        return named(pairs_at(line, '='));
    }
    if let Some(pair) = of_cells(line) {
        return vec![pair];
    }
    let at_colons = pairs_at(line, ':');
    let is_number = |(_, value): &&(&str, &str)| number(value).is_some();
    if at_colons.iter().filter(is_number).count() > 1
        && at_colons.iter().any(|(name, _)| field(name).is_some())
    {
        return owned(at_colons);
    }
    let at_colon = line.rsplit_once(": ").or_else(|| line.rsplit_once(':'));
    if let Some((name, rest)) = at_colon
        && let Some(value) = rest.split_whitespace().next()
        && number(value).is_some()
        && field(name).is_some()
    {
        return owned(vec![(name, value)]);
    }
    of_words(line.trim_end())
}

/// The line with `=` where a program has `:=`, `->` or words.
fn with_equals_signs(line: &str) -> String {
    let mut line = line.trim().to_owned();
    for sign in [":=", "=>", "->", "<-", "=="] {
        line = line.replace(sign, "=");
    }
    for word in ["let ", "vmwrite ", "vmread "] {
        if line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            return line[word.len()..].to_owned();
        }
    }
    match line.strip_prefix("set ").and_then(|rest| rest.split_once(" to ")) {
        Some((name, value)) => format!("{name} = {value}"),
        None => line,
    }
}

/// `.field = 0x6820, .value = 0x2` as one pair.
fn named(pairs: Vec<(&str, &str)>) -> Vec<(String, String)> {
    let is = |name: &str, known: [&str; 3]| {
        known.contains(&name.trim_start_matches(['.', '{', ' ']).trim().to_ascii_lowercase().as_str())
    };
    match pairs[..] {
        [(field, name), (value, number)]
            if is(field, ["field", "encoding", "name"]) && is(value, ["value", "val", "data"]) =>
        {
            owned(vec![(name, number)])
        }
        _ => owned(pairs),
    }
}

fn owned(pairs: Vec<(&str, &str)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A row of a table with more cells than a name and a value: the first that is a field, and the number behind.
fn of_cells(line: &str) -> Option<(String, String)> {
    let cells: Vec<&str> = line.split('|').map(|cell| cell.trim_matches([' ', '`'])).collect();
    let value = cells.iter().rposition(|cell| number(cell).is_some()).filter(|at| *at > 0)?;
    let name = cells[..value].iter().find(|cell| field(cell).is_some())?;
    Some(((*name).to_owned(), cells[value].to_owned()))
}

/// Names and values with nothing between: one, or several of one word each.
fn of_words(line: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_pair =
        |pair: &[&str]| number(pair[0]).is_none() && field(pair[0]).is_some() && number(pair[1]).is_some();
    if words.len() > 2 && words.len().is_multiple_of(2) && words.chunks(2).all(is_pair) {
        return words.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
    }
    let separators = [' ', ',', '|', ';'];
    let Some((name, value)) = line.rsplit_once(separators) else { return Vec::new() };
    if number(value).is_none() {
        return Vec::new();
    }
    // A second number may be the value as well as the last; only as an encoding it says something else.
    let name = name.trim_end_matches(separators).trim_end_matches(':');
    let before = name.rsplit_once(separators).map_or("", |(_, before)| before);
    let is_plain = number(before).is_none() || names::field_by_number(before).is_some();
    if is_plain { owned(vec![(name, value)]) } else { Vec::new() }
}

/// Each name before a `separator` with the word after it.
fn pairs_at(line: &str, separator: char) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while let Some((name, after)) = rest.split_once(separator) {
        let after = after.trim_start_matches([separator, '>', ' ']);
        let end = after.find([' ', ',', ';', '(']).unwrap_or(after.len());
        let (value, next) = after.split_at(end);
        pairs.push((name.trim_start_matches([',', ';', ' ']), value));
        rest = next;
    }
    pairs
}

/// The field that a name, an encoding, or both mean.
pub fn field(name: &str) -> Option<(Field, Part)> {
    let name = name.trim().trim_matches(['"', '\'', '`', ',', ';', '.', ':', '=']);
    let outside: String = outside_brackets(name);
    let candidates =
        [name, &outside].into_iter().chain(name.split(['[', ']', '(', ')', '{', '}', ':', ',', '|', '>']));
    // In a sentence "2" is a number and no encoding.
    let is_encoding =
        |candidate: &str| !name.contains(' ') || candidate.len() >= 4 || candidate.starts_with("0x");
    candidates.map(str::trim).filter(|candidate| !candidate.is_empty()).find_map(|candidate| {
        let by_encoding = || names::field_by_number(candidate);
        names::field(candidate)
            .or_else(|| is_encoding(candidate).then(by_encoding).flatten())
            .or_else(|| with_encoding(candidate))
    })
}

/// `0x6820 GUEST_RFLAGS`, or the other way round.
fn with_encoding(name: &str) -> Option<(Field, Part)> {
    let (first, rest) = name.split_once(' ')?;
    let (before, last) = name.rsplit_once(' ')?;
    let known = |encoding: &str, name: &str| {
        let by_encoding = names::field_by_number(encoding)?;
        (names::field(name)? == by_encoding).then_some(by_encoding)
    };
    known(first, rest).or_else(|| known(last, before))
}

fn outside_brackets(name: &str) -> String {
    let mut depth = 0_u32;
    name.chars()
        .filter(|letter| match letter {
            '[' | '(' => {
                depth += 1;
                false
            }
            ']' | ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}
