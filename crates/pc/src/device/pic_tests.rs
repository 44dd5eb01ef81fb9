use super::*;

/// Both controllers as a BIOS initialises them, everything unmasked.
fn pair() -> PicPair {
    let mut pics = PicPair::new();
    for (which, words) in
        [(Which::Master, [0x08, 0x04, 0x01, 0x00]), (Which::Slave, [0x70, 0x02, 0x01, 0x00])]
    {
        pics.write_command(which, 0x11);
        for word in words {
            pics.write_data(which, word);
        }
    }
    pics
}

fn raise(pics: &mut PicPair, irqs: &[u8]) {
    for &irq in irqs {
        pics.set_line(Irq(irq), true);
    }
}

fn end(pics: &mut PicPair) {
    pics.write_command(Which::Slave, 0x20);
    pics.write_command(Which::Master, 0x20);
}

#[test]
fn requests_are_delivered_by_priority_once_the_one_before_has_ended() {
    for (irqs, vectors) in [
        (&[4, 1, 0][..], &[0x08, 0x09, 0x0C][..]),
        (&[7, 12, 8, 3], &[0x70, 0x74, 0x0B, 0x0F]),
        (&[15, 1], &[0x09, 0x77]),
    ] {
        let mut pics = pair();
        raise(&mut pics, irqs);
        for &vector in vectors {
            assert!(pics.interrupt_pending());
            assert_eq!(pics.acknowledge(), vector, "of {irqs:?}");
            end(&mut pics);
        }
        assert!(!pics.interrupt_pending(), "{irqs:?}");
    }
}

#[test]
fn a_service_blocks_its_own_and_lower_priorities_but_not_higher_ones() {
    let mut pics = pair();
    raise(&mut pics, &[4]);
    assert_eq!(pics.acknowledge(), 0x0C);
    raise(&mut pics, &[5, 6]);
    assert!(!pics.interrupt_pending());
    raise(&mut pics, &[1]);
    assert_eq!(pics.acknowledge(), 0x09);
}

#[test]
fn a_masked_request_waits_for_its_mask() {
    let mut pics = pair();
    pics.write_data(Which::Master, 0x02);
    raise(&mut pics, &[1]);
    assert!(!pics.interrupt_pending());
    assert_eq!(pics.read_command(Which::Master), 0x02);
    pics.write_data(Which::Master, 0x00);
    assert_eq!(pics.acknowledge(), 0x09);
}

#[test]
fn a_request_that_drops_ends_as_a_spurious_interrupt_without_service() {
    let mut pics = pair();
    raise(&mut pics, &[4]);
    pics.set_line(Irq(4), false);
    assert!(pics.interrupt_pending());
    assert_eq!(pics.acknowledge(), 0x0F);
    assert!(!pics.in_service(Irq(7)));
    assert!(!pics.interrupt_pending());
    // Nobody was asked while it was masked, and nobody is any more once it is.
    for masked_first in [true, false] {
        let mut pics = pair();
        for step in 0..2 {
            if (step == 0) == masked_first {
                pics.write_data(Which::Master, 0x10);
            } else {
                raise(&mut pics, &[4]);
            }
        }
        pics.set_line(Irq(4), false);
        pics.write_data(Which::Master, 0x00);
        assert!(!pics.interrupt_pending());
    }
}

#[test]
fn a_latched_request_stays_whatever_its_line_does() {
    let mut pics = pair();
    pics.latch(Irq::TIMER);
    assert_eq!(pics.acknowledge(), 0x08);
    end(&mut pics);
    assert!(!pics.interrupt_pending());
}

#[test]
fn a_line_that_stays_high_requests_once_unless_level_triggered() {
    let mut pics = pair();
    raise(&mut pics, &[3]);
    assert_eq!(pics.acknowledge(), 0x0B);
    end(&mut pics);
    raise(&mut pics, &[3]);
    assert!(!pics.interrupt_pending());

    pics.write_command(Which::Master, 0x19);
    for word in [0x08, 0x04, 0x01] {
        pics.write_data(Which::Master, word);
    }
    assert_eq!(pics.acknowledge(), 0x0B);
    end(&mut pics);
    assert!(pics.interrupt_pending());
}

#[test]
fn each_kind_of_end_of_interrupt_does_what_the_data_sheet_says() {
    // OCW2, what is still in service of IRQ 1 and 4, and who comes first among new requests 2 to 7 afterwards.
    for (ocw2, left, next) in [
        (0x20, 0x10, 0x0B), // non-specific: the highest, 1
        (0x61, 0x10, 0x0B), // specific 1
        (0x64, 0x02, 0),    // specific 4: 1 still blocks
        (0xA0, 0x10, 0x0B), // rotate on non-specific: 2 has the highest priority now
        (0xE4, 0x02, 0x0D), // rotate on specific 4: 5 has the highest priority
        (0x40, 0x12, 0),    // no operation
    ] {
        let mut pics = pair();
        raise(&mut pics, &[4]);
        pics.acknowledge();
        raise(&mut pics, &[1]);
        pics.acknowledge();
        pics.write_command(Which::Master, ocw2);
        pics.write_command(Which::Master, 0x0B);
        assert_eq!(pics.read_command(Which::Master), left, "OCW2 {ocw2:02X}");
        raise(&mut pics, &[3, 5]);
        let vector = if pics.interrupt_pending() { pics.acknowledge() } else { 0 };
        assert_eq!(vector, next, "OCW2 {ocw2:02X}");
    }
}

#[test]
fn automatic_end_of_interrupt_leaves_nothing_in_service_and_may_rotate() {
    let mut pics = pair();
    pics.write_command(Which::Master, 0x11);
    for word in [0x08, 0x04, 0x03] {
        pics.write_data(Which::Master, word);
    }
    pics.write_command(Which::Master, 0x80);
    raise(&mut pics, &[0, 5]);
    assert_eq!(pics.acknowledge(), 0x08);
    assert!(!pics.in_service(Irq(0)));
    pics.set_line(Irq(0), false);
    raise(&mut pics, &[0]);
    // 0 was served last, so it has the lowest priority now.
    assert_eq!([pics.acknowledge(), pics.acknowledge()], [0x0D, 0x08]);
}

#[test]
fn special_mask_mode_lets_lower_priorities_through_a_masked_service() {
    let mut pics = pair();
    raise(&mut pics, &[1]);
    pics.acknowledge();
    raise(&mut pics, &[6]);
    pics.write_data(Which::Master, 0x02);
    assert!(!pics.interrupt_pending());
    pics.write_command(Which::Master, 0x68);
    assert_eq!(pics.acknowledge(), 0x0E);
    pics.write_command(Which::Master, 0x48);
    assert!(!pics.interrupt_pending());
}

#[test]
fn a_poll_acknowledges_and_names_the_highest_request() {
    let mut pics = pair();
    raise(&mut pics, &[3, 6]);
    pics.write_command(Which::Master, 0x0C);
    assert_eq!(pics.read_command(Which::Master), 0x83);
    assert!(pics.in_service(Irq(3)));
    pics.write_command(Which::Slave, 0x0C);
    assert_eq!(pics.read_command(Which::Slave) & 0x80, 0);
}

#[test]
fn the_slave_in_special_fully_nested_mode_interrupts_itself() {
    let mut pics = pair();
    pics.write_command(Which::Master, 0x11);
    for word in [0x08, 0x04, 0x11] {
        pics.write_data(Which::Master, word);
    }
    raise(&mut pics, &[12]);
    assert_eq!(pics.acknowledge(), 0x74);
    raise(&mut pics, &[8]);
    assert_eq!(pics.acknowledge(), 0x70);
}

#[test]
fn a_request_of_the_slave_that_drops_is_its_own_spurious_interrupt() {
    let mut pics = pair();
    raise(&mut pics, &[12]);
    pics.set_line(Irq(12), false);
    assert_eq!(pics.acknowledge(), 0x77);
    assert!(pics.in_service(Irq(2)));
    assert!(!pics.in_service(Irq(15)));
    pics.write_command(Which::Master, 0x20);
    assert!(!pics.interrupt_pending());
}

#[test]
fn initialisation_words_set_vectors_and_clear_the_mask() {
    let mut pics = pair();
    pics.write_data(Which::Master, 0xFF);
    pics.write_command(Which::Master, 0x11);
    for word in [0x27, 0x04, 0x01] {
        pics.write_data(Which::Master, word);
    }
    assert_eq!(pics.read_data(Which::Master), 0x00);
    raise(&mut pics, &[1]);
    assert_eq!(pics.acknowledge(), 0x21);
}
