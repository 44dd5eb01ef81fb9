//! What a guest's PC has: memory and a clock.

use clap::Args;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// MiB above the first, where `--memory` says nothing.
const DEFAULT_MEMORY: u32 = 16;

/// The years that the PC's clock counts.
const YEARS: core::ops::RangeInclusive<i16> = 1970..=2099;

/// The guest's memory and clock.
#[derive(Clone, Copy, Debug, Args)]
pub struct GuestArgs {
    /// Extended memory, above the first MiB, in MiB.
    #[arg(long, value_name = "MB", default_value_t = DEFAULT_MEMORY, value_parser = clap::value_parser!(u32).range(0..=512))]
    memory: u32,
    /// What the guest's clock shows at power-on, such as 1994-05-31T08:15:00. Else, where a person watches, the time;
    /// in scripts always the same.
    #[arg(long, value_name = "ISO-TIME", value_parser = seconds)]
    pub rtc: Option<u64>,
}

impl GuestArgs {
    /// What `run` gives a guest where nothing is said.
    pub const DEFAULT: Self = Self { memory: DEFAULT_MEMORY, rtc: None };

    /// Memory above 1 MiB, in KiB.
    pub const fn extended_kib(self) -> u32 {
        self.memory * 1024
    }
}

/// Seconds since 1970 to `text`. A clock knows no time zone: one that is named is taken at its word, in UTC.
fn seconds(text: &str) -> Result<u64, String> {
    let zoned = text.parse::<Timestamp>().map(|moment| TimeZone::UTC.to_datetime(moment));
    let time: DateTime =
        zoned.or_else(|_| text.parse()).map_err(|_| "not a time like 1994-05-31T08:15:00".to_owned())?;
    if !YEARS.contains(&time.year()) {
        return Err(format!("a PC's clock goes from {} to {}", YEARS.start(), YEARS.end()));
    }
    let moment = TimeZone::UTC.to_timestamp(time).map_err(|error| error.to_string())?;
    u64::try_from(moment.as_second()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_a_clock_shows_them() {
        // From `date -u -d TEXT +%s`.
        for (text, expected) in [
            ("1970-01-01T00:00:00", Some(0)),
            ("1994-05-31T08:15:00", Some(770_372_100)),
            ("1994-05-31 08:15:00", Some(770_372_100)),
            ("1994-05-31T08:15:00Z", Some(770_372_100)),
            ("1994-05-31T10:15:00+02:00", Some(770_372_100)),
            ("1994-05-31T08:15", Some(770_372_100)),
            ("1994-05-31", Some(770_342_400)),
            ("2099-12-31T23:59:59", Some(4_102_444_799)),
            ("2100-01-01T00:00:00", None),
            ("1969-12-31T23:59:59", None),
            ("1994-02-29T00:00:00", None),
            ("noon", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }
}
