//! BIOS calls in words: `--trace-bios`.

mod block;
mod table;

use serde::Serialize;
use wire::{BiosCall, CALL_BYTES, CallRegisters};

use table::{FUNCTIONS, PLAIN, SUBFUNCTIONS, Service, UNKNOWN};

/// The carry and the zero flag.
const CARRY: u16 = 1 << 0;
const ZERO: u16 = 1 << 6;

/// A call, for programs: registers by name, as hexadecimal strings.
#[derive(Debug, Serialize)]
pub struct CallObject {
    /// The interrupt's vector.
    pub vector: String,
    /// AH, where it tells the function.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// What the service is called.
    pub name: &'static str,
    /// Segment and offset behind the call.
    pub from: String,
    /// What the service was given.
    pub inputs: Values,
    /// What it gave back.
    pub results: Values,
}

/// Registers, flags and parts of memory, in the order of the service's table.
#[derive(Debug, PartialEq, Eq)]
pub struct Values(Vec<(&'static str, String)>);

impl Serialize for Values {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// As in `AL=41h BX=0007h`.
impl std::fmt::Display for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.write_str(if words.is_empty() { "nothing" } else { "" })?;
        f.write_str(&words.join(" "))
    }
}

/// One call on one line.
pub fn line(call: &BiosCall) -> String {
    let service = service(call.vector, call.before.eax);
    let (segment, offset) = call.from;
    format!(
        "{} from {segment:04X}:{offset:04X}: {} -> {}",
        title(call.vector, call.before.eax),
        inputs(call, service),
        results(call, service)
    )
}

/// A call for programs.
pub fn object(call: &BiosCall) -> CallObject {
    let service = service(call.vector, call.before.eax);
    let (segment, offset) = call.from;
    CallObject {
        vector: format!("{:#04x}", call.vector),
        function: has_functions(call.vector).then(|| format!("{:#04x}", ah(call.before.eax))),
        name: service.name,
        from: format!("{segment:04x}:{offset:04x}"),
        inputs: inputs(call, service),
        results: results(call, service),
    }
}

/// The interrupt, the function, and what that is called.
pub fn title(vector: u8, eax: u32) -> String {
    let name = service(vector, eax).name;
    match has_functions(vector) {
        false => format!("INT {vector:02X}h {name}"),
        true if subfunction(vector, eax).is_some() => {
            format!("INT {vector:02X}h AX={:04X}h {name}", eax as u16)
        }
        true => format!("INT {vector:02X}h AH={:02X}h {name}", ah(eax)),
    }
}

fn inputs(call: &BiosCall, service: Service) -> Values {
    values(service.takes, &call.before, call.flags.0, &call.block.0)
}

fn results(call: &BiosCall, service: Service) -> Values {
    let Values(mut all) = values(service.gives, &call.after, call.flags.1, &call.block.1);
    if call.flags.1 & CARRY != 0 {
        // A service that failed has filled in no block; but a transfer says how far it came.
        all.retain(|&(name, _)| name == "COUNT" || block::part(name, &call.block.1).is_none());
    }
    Values(all)
}

const fn ah(eax: u32) -> u8 {
    (eax >> 8) as u8
}

fn plain(vector: u8) -> Option<Service> {
    let row = PLAIN.iter().find(|row| row.0 == vector);
    row.map(|&(_, name, takes, gives)| Service { name, takes, gives })
}

fn subfunction(vector: u8, eax: u32) -> Option<Service> {
    let row = SUBFUNCTIONS.iter().find(|row| (row.0, row.1) == (vector, eax as u16));
    row.map(|&(_, _, name, takes, gives)| Service { name, takes, gives })
}

/// Whether AH tells what is wanted.
fn has_functions(vector: u8) -> bool {
    plain(vector).is_none()
}

fn service(vector: u8, eax: u32) -> Service {
    let function = || {
        let row = FUNCTIONS.iter().find(|row| (row.0, row.1) == (vector, ah(eax)));
        row.map(|&(_, _, name, takes, gives)| Service { name, takes, gives })
    };
    plain(vector).or_else(|| subfunction(vector, eax)).or_else(function).unwrap_or(UNKNOWN)
}

fn values(names: &'static str, registers: &CallRegisters, flags: u16, block: &[u8; CALL_BYTES]) -> Values {
    let value = |name| block::part(name, block).unwrap_or_else(|| register_or_flag(name, registers, flags));
    Values(names.split_whitespace().map(|name| (name, value(name))).collect())
}

/// A register, a pair of them, or a flag.
fn register_or_flag(name: &str, registers: &CallRegisters, flags: u16) -> String {
    if let Some((segment, offset)) = name.split_once(':') {
        return format!("{:04X}:{:04X}", word(segment, registers), word(offset, registers));
    }
    let bytes = |index: usize| word_of_half(name, registers).to_le_bytes()[index];
    match name.as_bytes() {
        b"CF" => u8::from(flags & CARRY != 0).to_string(),
        b"ZF" => u8::from(flags & ZERO != 0).to_string(),
        [b'E', _, _] => format!("{:08X}h", wide(name, registers)),
        [_, b'L'] => format!("{:02X}h", bytes(0)),
        [_, b'H'] => format!("{:02X}h", bytes(1)),
        _ => format!("{:04X}h", word(name, registers)),
    }
}

/// The 16-bit register that AL, or AH, is half of.
fn word_of_half(name: &str, registers: &CallRegisters) -> u16 {
    word(&format!("{}X", &name[..1]), registers)
}

fn wide(name: &str, registers: &CallRegisters) -> u32 {
    match name {
        "EAX" => registers.eax,
        "EBX" => registers.ebx,
        "ECX" => registers.ecx,
        "EDX" => registers.edx,
        "ESI" => registers.esi,
        _ => registers.edi,
    }
}

fn word(name: &str, registers: &CallRegisters) -> u16 {
    match name {
        "BP" => registers.bp,
        "DS" => registers.ds,
        "ES" => registers.es,
        _ => wide(&format!("E{name}"), registers) as u16,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_call_is_one_line_of_what_it_takes_and_gives() {
        let before =
            CallRegisters { eax: 0x0212, ebx: 0x7C00, ecx: 1, edx: 0x80, es: 0x50, ..Default::default() };
        let after = CallRegisters { eax: 0x0012, ..before };
        let rows = [
            (
                BiosCall {
                    vector: 0x13,
                    from: (0, 0x7C20),
                    before,
                    after,
                    flags: (1, 0),
                    ..Default::default()
                },
                "INT 13h AH=02h read sectors from 0000:7C20: AL=12h CX=0001h DX=0080h ES:BX=0050:7C00 -> CF=0 AX=0012h",
            ),
            (
                BiosCall { vector: 0x12, from: (1, 2), before, after, ..Default::default() },
                "INT 12h memory below 640 KiB from 0001:0002: nothing -> AX=0012h",
            ),
            (
                BiosCall {
                    vector: 0x15,
                    before: CallRegisters { eax: 0xE820, edx: 0x534D_4150, ..before },
                    after: CallRegisters { eax: 0x534D_4150, ..before },
                    ..Default::default()
                },
                "INT 15h AX=E820h memory map from 0000:0000: EBX=00007C00h ECX=00000001h EDX=534D4150h ES:DI=0050:0000 \
                 -> CF=0 EAX=534D4150h EBX=00007C00h ECX=00000001h BASE=00000000h LENGTH=00000000h TYPE=00000000h",
            ),
            (
                BiosCall {
                    vector: 0x16,
                    flags: (0, 0x40),
                    before: CallRegisters { eax: 0x100, ..before },
                    after,
                    ..Default::default()
                },
                "INT 16h AH=01h is a key there from 0000:0000: nothing -> ZF=1 AX=0012h",
            ),
        ];
        for (call, expected) in rows {
            assert_eq!(line(&call), expected);
        }
    }

    /// A block that begins with these bytes.
    fn block(bytes: &[u8]) -> [u8; CALL_BYTES] {
        std::array::from_fn(|index| bytes.get(index).copied().unwrap_or(0))
    }

    #[test]
    fn what_a_service_finds_in_memory_is_told() {
        let packet = [16, 0, 3, 0, 0x00, 0x80, 0x40, 0x07, 0x78, 0x56, 0x34, 0x12, 1, 0, 0, 0];
        let fewer = [16, 0, 2];
        let parameters =
            [26, 0, 2, 0, 0x10, 0, 0, 0, 0x20, 0, 0, 0, 0x3F, 0, 0, 0, 0, 0x7E, 0, 0, 0, 0, 0, 0, 0, 2];
        let mut descriptors = [0; CALL_BYTES];
        descriptors[16..]
            .copy_from_slice(&[0xFF, 0xFF, 0x56, 0x34, 0x12, 0x93, 0, 0, 0xFF, 0xFF, 0, 0, 0x11, 0x93, 0, 1]);
        let rows = [
            (
                (0x13, 0x4200, 4, block(&packet), block(&fewer)),
                "INT 13h AH=42h extended read from 0000:0000: DL=80h DS:SI=0050:0600 LBA=112345678h COUNT=0003h \
                 BUFFER=0740:8000 -> CF=1 AH=04h COUNT=0002h",
            ),
            (
                (0x13, 0x4700, 0, block(&packet), block(&packet)),
                "INT 13h AH=47h extended seek from 0000:0000: DL=80h DS:SI=0050:0600 LBA=112345678h -> CF=0 AH=00h",
            ),
            (
                (0x13, 0x4800, 0, block(&[26]), block(&parameters)),
                "INT 13h AH=48h extended drive parameters from 0000:0000: DL=80h DS:SI=0050:0600 -> CF=0 AH=00h \
                 CYLINDERS=00000010h HEADS=00000020h SECTORS=0000003Fh TOTAL=00007E00h BYTES=0200h",
            ),
            (
                (0x13, 0x4800, 1, block(&[1]), block(&parameters)),
                "INT 13h AH=48h extended drive parameters from 0000:0000: DL=80h DS:SI=0050:0600 -> CF=1 AH=01h",
            ),
            (
                (0x15, 0x8700, 0, descriptors, descriptors),
                "INT 15h AH=87h move extended memory from 0000:0000: CX=0001h ES:SI=0060:0600 SOURCE=00123456h \
                 TARGET=01110000h -> CF=0 AH=00h",
            ),
        ];
        for ((vector, eax, error, before, after), expected) in rows {
            let registers =
                CallRegisters { ecx: 1, edx: 0x80, esi: 0x600, ds: 0x50, es: 0x60, ..Default::default() };
            let call = BiosCall {
                vector,
                before: CallRegisters { eax, ..registers },
                after: CallRegisters { eax: error << 8, ..registers },
                flags: (0, u16::from(error != 0)),
                block: (before, after),
                ..Default::default()
            };
            assert_eq!(line(&call), expected);
        }
    }

    #[test]
    fn an_unknown_function_shows_all_registers() {
        let call = BiosCall {
            vector: 0x13,
            before: CallRegisters { eax: 0xFE00, ..Default::default() },
            ..Default::default()
        };
        assert!(
            line(&call).starts_with("INT 13h AH=FEh unknown function from 0000:0000: AL=00h BX=0000h CX=")
        );
    }

    #[test]
    fn no_service_stands_twice_in_the_tables_and_every_register_is_known() {
        let numbers: BTreeSet<_> = FUNCTIONS.iter().map(|row| (row.0, row.1)).collect();
        assert_eq!(numbers.len(), FUNCTIONS.len());
        let numbers: BTreeSet<_> = SUBFUNCTIONS.iter().map(|row| (row.0, row.1)).collect();
        assert_eq!(numbers.len(), SUBFUNCTIONS.len());
        let known =
            ["CF", "ZF", "DS", "ES", "BP", "SI", "DI", "ES:BX", "ES:BP", "ES:DI", "ES:SI", "DS:SI", "ES:DX"];
        let halves =
            |name: &str| name.len() == 2 && "ABCD".contains(&name[..1]) && "XLH".contains(&name[1..]);
        let words = FUNCTIONS.iter().flat_map(|row| [row.3, row.4]);
        let words = words.chain(PLAIN.iter().flat_map(|row| [row.2, row.3]));
        let words = words.chain(SUBFUNCTIONS.iter().flat_map(|row| [row.3, row.4]));
        for name in words.flat_map(str::split_whitespace) {
            let wide = ["ESI", "EDI"].contains(&name) || name.strip_prefix('E').is_some_and(halves);
            assert!(known.contains(&name) || halves(name) || wide || block::is_known(name), "{name}");
        }
    }
}
