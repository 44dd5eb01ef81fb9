//! The book's table of rules is the one that the code generates.

use std::path::Path;

use cli::prove::rule_table::{markdown, proved, why_not};
use cli::prove::unproved;

/// Where the table is.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../book/rules.md");

/// Set this variable to write the table anew.
const RENEW: &str = "HYPER86_RENEW_RULE_TABLE";

#[test]
fn the_books_table_is_up_to_date() {
    let generated = markdown();
    if std::env::var_os(RENEW).is_some() {
        std::fs::write(Path::new(TABLE), &generated).unwrap();
    }
    let written = std::fs::read_to_string(TABLE).unwrap_or_default();
    assert!(written == generated, "book/rules.md is old: run this test with {RENEW}=1");
}

#[test]
fn what_is_said_to_be_proved_is_a_rule() {
    let rules = vmx::audit::rules();
    for rule in proved().keys() {
        assert!(rules.iter().any(|known| known.id == *rule), "there is no rule {rule}");
    }
}

#[test]
fn each_rule_is_proved_or_has_a_reason_why_not() {
    let proved = proved();
    for rule in vmx::audit::rules() {
        assert!(proved.contains_key(rule.id) || !why_not(rule.id).is_empty(), "no reason for {}", rule.id);
        assert!(
            !proved.contains_key(rule.id) || unproved::reason(rule.id).is_none(),
            "{} is proved, and has a reason why not",
            rule.id
        );
    }
    for start in unproved::starts() {
        assert!(
            vmx::audit::rules().iter().any(|rule| rule.id.starts_with(start)),
            "no rule starts with {start}"
        );
    }
}
