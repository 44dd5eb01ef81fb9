//! What somebody may have meant by a name that is not known.

use vmx::Field;

/// Names of fields that resemble `name`, the nearest first, at most four.
pub fn near(name: &str) -> Vec<&'static str> {
    let wanted = name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let mut near: Vec<(f64, &str)> = Field::ALL
        .iter()
        .map(|field| {
            let own = field.name();
            let bare = own.strip_prefix("guest_").unwrap_or(own);
            (strsim::jaro_winkler(&wanted, own).max(strsim::jaro_winkler(&wanted, bare)), own)
        })
        .filter(|(likeness, _)| *likeness > 0.82)
        .collect();
    near.sort_by(|one, other| other.0.total_cmp(&one.0));
    let best = near.first().map_or(0.0, |(likeness, _)| *likeness);
    near.into_iter().filter(|(likeness, _)| best - likeness < 0.08).map(|(_, name)| name).take(4).collect()
}

/// A name that is not known, with what resembles it.
pub fn with_likes(name: &str) -> String {
    let name = name.trim();
    match near(name)[..] {
        [] => name.to_owned(),
        ref near => format!("{name}; did you mean {}?", near.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_has_near_ones() {
        assert_eq!(near("guest_rflag")[0], "guest_rflags");
        assert_eq!(near("cs_acess_rights")[0], "guest_cs_access_rights");
        assert!(near("zzzz").is_empty());
    }
}
