use super::FirstMib;
use crate::GUEST_TICK;
use crate::bios::service_vector;
use crate::device::pic::Irq;
use crate::fakes::{FakeCpu, FakeDisks, FakeHost, FakeMemory, Machine};
use v8086::{Cpu, General, GuestMemory};

impl FirstMib for FakeMemory {
    fn load<const N: usize>(&self, address: u32) -> [u8; N] {
        core::array::from_fn(|index| self.read_u8(address + index as u32))
    }
    fn store<const N: usize>(&mut self, address: u32, bytes: [u8; N]) {
        self.write(address, &bytes);
    }
    fn fill(&mut self, address: u32, word: u16, count: u32) {
        self.fill_u16(address, word, count);
    }
}

/// What a program did before: a service and its AX, BX, CX, DX.
type Call = (u8, [u16; 4]);

fn set(general: &mut General, [ax, bx, cx, dx]: [u16; 4]) {
    general.set_ax(ax);
    general.set_bx(bx);
    general.set_cx(cx);
    general.set_dx(dx);
}

/// A machine that was brought to a state by services and by bytes in memory.
fn brought_to(before: &[Call], bytes: &[(u32, u8)]) -> Machine {
    let mut machine = Machine::on();
    for &(vector, registers) in before {
        set(&mut machine.cpu.general, registers);
        machine.interrupt(vector);
    }
    for &(address, byte) in bytes {
        machine.memory.0[address as usize] = byte;
    }
    machine
}

/// Both ways of a call; whether the quick one took it.
fn both(machine: &Machine, call: Call) -> bool {
    let [mut quick, mut common] = [(); 2].map(|()| {
        let mut machine = Machine {
            pc: machine.pc.clone(),
            cpu: FakeCpu::default(),
            memory: FakeMemory(machine.memory.0.clone()),
            disks: FakeDisks::default(),
            host: FakeHost::default(),
            now: machine.now,
        };
        set(&mut machine.cpu.general, call.1);
        machine.enter(call.0);
        machine
    });
    let place = quick.cpu.address();
    let vector = service_vector(place.segment, place.offset).unwrap();
    let flags = u32::from(quick.cpu.segment(v8086::SegmentRegister::Ss)) * 16 + quick.cpu.esp() + 4;
    if !quick.pc.quick_service(vector, &mut quick.cpu.general, &mut quick.memory, || flags) {
        let untouched = quick.memory.0 == common.memory.0 && quick.cpu.general == common.cpu.general;
        assert!(untouched, "{call:04X?} left traces");
        return false;
    }
    common.serve();
    assert_eq!(quick.cpu.general, common.cpu.general, "{call:04X?}");
    if quick.memory.0 != common.memory.0 {
        let at = (0..quick.memory.0.len()).find(|&at| quick.memory.0[at] != common.memory.0[at]);
        panic!("memory differs at {at:X?} after {call:04X?}");
    }
    let interrupts = |machine: &Machine| {
        let pics = &machine.pc.devices.pics;
        ([Irq::TIMER, Irq::KEYBOARD].map(|irq| pics.in_service(irq)), pics.interrupt_pending())
    };
    assert_eq!(interrupts(&quick), interrupts(&common), "{call:04X?}");
    let cursor = |machine: &Machine| machine.pc.screen(&machine.memory).cursor();
    assert_eq!(cursor(&quick), cursor(&common), "{call:04X?}");
    true
}

const MODE_1: Call = (0x10, [0x0001, 0, 0, 0]);
const MODE_7: Call = (0x10, [0x0007, 0, 0, 0]);
const PAGE_1: Call = (0x10, [0x0501, 0, 0, 0]);
const NEAR_THE_END: Call = (0x10, [0x0200, 0, 0, 0x184F]);
const LAST_ROW: Call = (0x10, [0x0200, 0, 0, 0x1805]);
const FAR_OUT: Call = (0x10, [0x0200, 0, 0, 0xFEFD]);
const KEY: Call = (0x16, [0x0500, 0, 0x1E61, 0]);
const GREY_KEY: Call = (0x16, [0x0500, 0, 0xE00D, 0]);
const NEW_KEY: Call = (0x16, [0x0500, 0, 0x8500, 0]);

#[test]
fn a_quick_service_does_what_the_common_one_does() {
    let calls = [
        (0x10, [0x0E41, 0x0007, 0, 0]),
        (0x10, [0x0E07, 0x0007, 0, 0]),
        (0x10, [0x0E08, 0x0007, 0, 0]),
        (0x10, [0x0E0A, 0x0107, 0, 0]),
        (0x10, [0x0E0D, 0x0007, 0, 0]),
        (0x10, [0x0200, 0x0000, 0, 0x0C22]),
        (0x10, [0x0200, 0x0000, 0, 0xFFFF]),
        (0x10, [0x0200, 0x0100, 0, 0x0102]),
        (0x10, [0x0300, 0x0000, 0, 0]),
        (0x10, [0x0300, 0x0100, 0, 0]),
        (0x10, [0x0800, 0x0000, 0, 0]),
        (0x10, [0x0958, 0x004E, 0, 0]),
        (0x10, [0x0958, 0x004E, 1, 0]),
        (0x10, [0x0958, 0x004E, 2000, 0]),
        (0x10, [0x0958, 0x004E, 0xFFFF, 0]),
        (0x10, [0x0A58, 0x004E, 1, 0]),
        (0x10, [0x0A58, 0x004E, 2, 0]),
        (0x16, [0x0100, 0, 0, 0]),
        (0x16, [0x1100, 0, 0, 0]),
        (0x16, [0x0255, 0, 0, 0]),
        (0x16, [0x1255, 0, 0, 0]),
        (0x1A, [0x0055, 0, 0, 0]),
    ];
    let states: [&[Call]; 12] = [
        &[],
        &[MODE_1],
        &[MODE_7, (0x10, [0x0200, 0, 0, 0x0A0B])],
        &[PAGE_1],
        &[PAGE_1, MODE_1],
        &[NEAR_THE_END],
        &[LAST_ROW],
        &[FAR_OUT],
        &[MODE_7, FAR_OUT],
        &[KEY, GREY_KEY],
        &[GREY_KEY],
        &[NEW_KEY, KEY],
    ];
    let odd: [&[(u32, u8)]; 5] = [
        &[],
        // Ticks, midnights and shift keys.
        &[(0x46C, 0x12), (0x46E, 0x34), (0x470, 0x02), (0x417, 0x5A), (0x418, 0xFF), (0x496, 0x1C)],
        // Columns and rows that no mode has.
        &[(0x44A, 0x00)],
        &[(0x44A, 0xFF), (0x44B, 0xFF), (0x484, 0xFF)],
        &[(0x44A, 0x84), (0x484, 0x2A)],
    ];
    let mut done = [false; 22];
    for state in states {
        for bytes in odd {
            let machine = brought_to(state, bytes);
            for (call, done) in calls.iter().zip(&mut done) {
                *done |= both(&machine, *call);
            }
        }
    }
    // On other pages, and cells that wrap, are for the common way.
    let common: std::vec::Vec<_> =
        calls.iter().zip(done).filter(|(_, done)| !done).map(|(call, _)| call.1).collect();
    assert_eq!(
        common,
        [
            [0x0200, 0x0100, 0, 0x0102],
            [0x0300, 0x0100, 0, 0],
            [0x0958, 0x004E, 0xFFFF, 0],
            [0x0A58, 0x004E, 2, 0]
        ]
    );
}

#[test]
fn a_tick_is_quick_if_nothing_but_the_counter_moves() {
    let odd: [(&[(u32, u8)], bool); 5] = [
        (&[], true),
        (&[(0x46C, 0xAE), (0x46D, 0x00), (0x46E, 0x18)], true),
        // Midnight; a motor that runs; a hook.
        (&[(0x46C, 0xAF), (0x46D, 0x00), (0x46E, 0x18)], false),
        (&[(0x440, 0x01)], false),
        (&[(0x70, 0x34)], false),
    ];
    for (bytes, quick) in odd {
        // Within the keyboard's interrupt an end is not for the timer alone.
        for within in [false, true] {
            let mut machine = brought_to(&[], bytes);
            if within {
                machine.pc.devices.pics.latch(Irq::KEYBOARD);
                machine.pc.acknowledge();
            }
            machine.now = machine.now.plus(2 * GUEST_TICK);
            machine.pc.advance(machine.now);
            machine.pc.acknowledge();
            let served = [Irq::TIMER, Irq::KEYBOARD].map(|irq| machine.pc.devices.pics.in_service(irq));
            assert_eq!(served, [true, within]);
            assert_eq!(both(&machine, (0x08, [0; 4])), quick && !within, "{bytes:X?}");
        }
    }
}

#[test]
fn a_stack_in_the_rom_is_for_the_common_service() {
    let mut machine = Machine::on();
    for (vector, ax) in [(0x16, 0x0100), (0x1A, 0x0000)] {
        machine.cpu.general.set_ax(ax);
        let Machine { pc, cpu, memory, .. } = &mut machine;
        assert!(!pc.quick_service(vector, &mut cpu.general, memory, || 0xF_0004));
    }
}
