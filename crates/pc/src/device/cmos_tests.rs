use super::*;

/// 2000-02-29 23:59:58, a Tuesday.
const LEAP_EVENING: u64 = 951_868_798;

fn fields(cmos: &mut Cmos, now: Ticks) -> [u8; 8] {
    [SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR, CENTURY].map(|address| cmos.get(address, now))
}

#[test]
fn the_clock_shows_its_time_in_each_format() {
    for (status_b, expected) in [
        (0x02, [0x58, 0x59, 0x23, 0x03, 0x29, 0x02, 0x00, 0x20]),
        (0x06, [58, 59, 23, 3, 29, 2, 0, 0x20]),
        (0x00, [0x58, 0x59, 0x91, 0x03, 0x29, 0x02, 0x00, 0x20]),
    ] {
        let mut cmos = Cmos::new(LEAP_EVENING);
        cmos.set(STATUS_B, status_b, Ticks(0));
        assert_eq!(fields(&mut cmos, Ticks(0)), expected, "status B {status_b:02X}");
    }
    let mut cmos = Cmos::new(LEAP_EVENING);
    assert_eq!(fields(&mut cmos, Ticks(2 * TICKS_PER_SECOND)), [0, 0, 0, 4, 1, 3, 0, 0x20]);
}

#[test]
fn a_time_that_is_set_goes_on_from_there() {
    let mut cmos = Cmos::new(LEAP_EVENING);
    let now = Ticks(5 * TICKS_PER_SECOND);
    for (address, value) in [
        (YEAR, 0x99),
        (CENTURY, 0x19),
        (MONTH, 0x12),
        (DAY, 0x31),
        (HOURS, 0x12),
        (MINUTES, 0x30),
        (SECONDS, 0x00),
    ] {
        cmos.set(address, value, now);
    }
    let later = now.plus(TICKS_PER_SECOND);
    assert_eq!(fields(&mut cmos, later), [0x01, 0x30, 0x12, 0x06, 0x31, 0x12, 0x99, 0x19]);
}

#[test]
fn a_date_may_be_set_in_any_order() {
    // From 2001-02-28 to 2000-01-31: the 31st of February in between is nobody's business, with the clock halted or not.
    const FEBRUARY: u64 = 983_318_400;
    for status_b in [HOURS_24, HOURS_24 | SET] {
        let mut cmos = Cmos::new(FEBRUARY);
        cmos.set(STATUS_B, status_b, Ticks(0));
        for (address, value) in [(DAY, 0x31), (MONTH, 0x01), (YEAR, 0x00)] {
            cmos.set(address, value, Ticks(10));
            assert_eq!(cmos.get(address, Ticks(20)), value, "{status_b:02X}");
        }
        cmos.set(STATUS_B, HOURS_24, Ticks(30));
        let later = Ticks(TICKS_PER_SECOND);
        assert_eq!(
            fields(&mut cmos, later),
            [0x01, 0x00, 0x00, 0x02, 0x31, 0x01, 0x00, 0x20],
            "{status_b:02X}"
        );
    }
}

#[test]
fn a_time_that_was_set_is_told_in_each_format_later() {
    let mut cmos = Cmos::new(0);
    for (address, value) in [(CENTURY, 0x20), (YEAR, 0x24), (HOURS, 0x23)] {
        cmos.set(address, value, Ticks(0));
    }
    let later = Ticks(TICKS_PER_SECOND);
    for (status_b, year, hour) in
        [(HOURS_24, 0x24, 0x23), (HOURS_24 | DATA_BINARY, 24, 23), (0x00, 0x24, 0x91)]
    {
        cmos.set(STATUS_B, status_b, later);
        assert_eq!([cmos.get(YEAR, later), cmos.get(HOURS, later)], [year, hour], "{status_b:02X}");
    }
}

#[test]
fn a_clock_that_is_kept_still_goes_on_from_where_it_stood() {
    let mut cmos = Cmos::new(LEAP_EVENING);
    let seconds = |count: u64| Ticks(count * TICKS_PER_SECOND);
    cmos.set(STATUS_B, HOURS_24 | SET, seconds(1));
    assert_eq!(cmos.get(SECONDS, seconds(100)), 0x59);
    let just_before = Ticks(seconds(101).0 - 1);
    assert_eq!(cmos.get(STATUS_A, just_before), 0x26, "nothing is about to change");
    // The format changes with what is shown.
    cmos.set(STATUS_B, HOURS_24 | DATA_BINARY | SET, seconds(101));
    assert_eq!(cmos.get(SECONDS, seconds(102)), 59);
    cmos.set(STATUS_B, HOURS_24, seconds(103));
    assert_eq!(cmos.get(SECONDS, seconds(103)), 0x59);
    assert_eq!(fields(&mut cmos, seconds(104)), [0x00, 0x00, 0x00, 0x04, 0x01, 0x03, 0x00, 0x20]);
    // The BIOS sets it all at once, still or not.
    cmos.set(STATUS_B, HOURS_24 | SET, seconds(105));
    let time = DateTime { year: 1994, month: 5, day: 31, hour: 8, minute: 15, second: 0 };
    cmos.set_time(time, seconds(105));
    assert_eq!(cmos.time(seconds(200)), time);
    assert_eq!(cmos.get(DAY, seconds(200)), 0x31);
}

#[test]
fn the_update_bit_shows_just_before_a_second_ends() {
    let mut cmos = Cmos::new(0);
    for (now, status) in [(0, 0x26), (TICKS_PER_SECOND - UPDATE_TIME, 0xA6), (TICKS_PER_SECOND, 0x26)] {
        assert_eq!(cmos.get(STATUS_A, Ticks(now)), status, "at {now}");
    }
}

#[test]
fn the_periodic_interrupt_comes_at_the_chosen_rate_until_it_is_read() {
    for (rate, period) in [(0x26, 1165), (0x2F, 596_591), (0x21, 4660), (0x23, 145)] {
        let mut cmos = Cmos::new(0);
        cmos.set(STATUS_A, rate, Ticks(0));
        assert_eq!(cmos.next_event(Ticks(0)), None);
        cmos.set(STATUS_B, HOURS_24 | PERIODIC, Ticks(0));
        assert_eq!(cmos.next_event(Ticks(0)), Some(Ticks(period)), "rate {rate:02X}");
        cmos.advance(Ticks(period - 1));
        assert!(!cmos.interrupt());
        cmos.advance(Ticks(period));
        assert!(cmos.interrupt());
        assert_eq!(cmos.get(STATUS_C, Ticks(period)), 0xC0);
        assert!(!cmos.interrupt());
    }
}

#[test]
fn alarm_and_update_interrupts_come_at_the_second() {
    let mut cmos = Cmos::new(0);
    for (address, value) in [(SECONDS_ALARM, 0x02), (MINUTES_ALARM, 0xFF), (HOURS_ALARM, 0xC0)] {
        cmos.set(address, value, Ticks(0));
    }
    cmos.set(STATUS_B, HOURS_24 | ALARM, Ticks(0));
    cmos.advance(Ticks(TICKS_PER_SECOND));
    assert!(!cmos.interrupt());
    cmos.advance(Ticks(2 * TICKS_PER_SECOND));
    assert_eq!(cmos.get(STATUS_C, Ticks(2 * TICKS_PER_SECOND)) & (INTERRUPT | ALARM | UPDATE_ENDED), 0xB0);
}

#[test]
fn flags_are_right_for_who_polls_them_with_interrupts_off() {
    let mut cmos = Cmos::new(0);
    assert_eq!(cmos.get(STATUS_C, Ticks(2000)), PERIODIC);
    assert_eq!(cmos.get(STATUS_C, Ticks(2001)), 0);
}

#[test]
fn bytes_keep_what_is_written_and_the_checksum_covers_them() {
    let mut cmos = Cmos::new(0);
    cmos.select(0x90);
    cmos.write(0x40, Ticks(0));
    assert_eq!(cmos.read(Ticks(0)), 0x40, "bit 7 of the index is the NMI mask");
    cmos.set_word(BASE_MEMORY, 640);
    cmos.seal();
    // 40h + 80h + 02h
    assert_eq!([cmos.get(0x2E, Ticks(0)), cmos.get(0x2F, Ticks(0))], [0x00, 0xC2]);
    assert_eq!(cmos.get(STATUS_D, Ticks(0)), VALID);
}
