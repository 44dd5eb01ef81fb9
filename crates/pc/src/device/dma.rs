//! The two 8237 DMA controllers and their page registers: they read back what was written, and move nothing.

/// Where the second controller's registers start; they lie two ports apart, for word transfers.
const SECOND: u16 = 0xC0;
const STATUS: u16 = 0x08;
const CLEAR_FLIP_FLOP: u16 = 0x0C;
const MASTER_CLEAR: u16 = 0x0D;
const PAGES: u16 = 0x80;

#[derive(Clone, Debug)]
struct Controller {
    /// Address and count of each channel.
    words: [u16; 8],
    /// The next byte of a word is its high one.
    high_next: bool,
}

/// Both controllers.
#[derive(Clone, Debug)]
pub struct Dma {
    controllers: [Controller; 2],
    pages: [u8; 16],
}

/// What a port means.
enum Place {
    Page(usize),
    Register { controller: usize, register: u16 },
}

/// Ports 00h to 0Fh, 80h to 8Fh, C0h to DFh.
const fn place(port: u16) -> Place {
    match port {
        SECOND.. => Place::Register { controller: 1, register: (port - SECOND) / 2 },
        PAGES.. => Place::Page((port - PAGES) as usize),
        _ => Place::Register { controller: 0, register: port },
    }
}

impl Dma {
    /// Everything 0.
    pub const fn new() -> Self {
        const RESET: Controller = Controller { words: [0; 8], high_next: false };
        Self { controllers: [RESET; 2], pages: [0; 16] }
    }

    /// Reads a port of theirs.
    pub fn read(&mut self, port: u16) -> u8 {
        match place(port) {
            Place::Page(page) => self.pages[page],
            Place::Register { controller, register: register @ 0..STATUS } => {
                let controller = &mut self.controllers[controller];
                let byte =
                    controller.words[usize::from(register)].to_le_bytes()[usize::from(controller.high_next)];
                controller.high_next = !controller.high_next;
                byte
            }
            // No request, nothing ended.
            Place::Register { .. } => 0,
        }
    }

    /// Writes a port of theirs.
    pub fn write(&mut self, port: u16, value: u8) {
        match place(port) {
            Place::Page(page) => self.pages[page] = value,
            Place::Register { controller, register } => {
                let controller = &mut self.controllers[controller];
                if let Some(word) = controller.words.get_mut(usize::from(register)) {
                    let mut bytes = word.to_le_bytes();
                    bytes[usize::from(controller.high_next)] = value;
                    *word = u16::from_le_bytes(bytes);
                    controller.high_next = !controller.high_next;
                } else if matches!(register, CLEAR_FLIP_FLOP | MASTER_CLEAR) {
                    controller.high_next = false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_low_byte_first_on_both_controllers() {
        for (word, clear) in [(0x04, 0x0C), (0x05, 0x0D), (0xC4, 0xD8), (0xDE - 0x10, 0xDA)] {
            let mut dma = Dma::new();
            for (port, value) in [(word, 0x34), (clear, 0), (word, 0x78), (word, 0x56), (clear, 0)] {
                dma.write(port, value);
            }
            assert_eq!([dma.read(word), dma.read(word)], [0x78, 0x56], "{word:02X}");
        }
    }

    #[test]
    fn pages_read_back_and_the_status_is_idle() {
        let mut dma = Dma::new();
        for page in 0x80..0x90 {
            dma.write(page, page as u8);
        }
        assert_eq!((dma.read(0x80), dma.read(0x8F), dma.read(0x08), dma.read(0xD0)), (0x80, 0x8F, 0, 0));
    }
}
