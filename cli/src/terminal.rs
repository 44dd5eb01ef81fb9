//! The person's terminal: shows the guest's screen, reads keys, is restored on every way out.
//!
//! Between [`Terminal::open`] and the drop of what it returns, the terminal is in raw mode and on its alternate
//! screen, so every key but Ctrl-] is the guest's, Ctrl-C too. It is given back when the value is dropped, when a
//! thread panics, and when somebody calls [`restore`], which costs nothing if there is nothing to do. Signals are the
//! session's: it notes them and ends in the ordinary way, through the drop.

mod canvas;

use std::collections::VecDeque;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyModifiers,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, terminal};
use rustix::event::{PollFd, PollFlags, Timespec};
use wire::KeyItem;

use crate::keys;
use crate::screen::Screen;
use canvas::Canvas;

/// The size of a terminal that does not tell it.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInput {
    /// Typed a key that the guest's keyboard has.
    Key(KeyItem),
    /// Ctrl-]: end the run.
    Quit,
}

/// The terminal while it shows a guest. Dropping it restores the terminal.
pub struct Terminal {
    out: BufWriter<Stdout>,
    canvas: Canvas,
    screen: Screen,
    note: String,
    /// What the person does, from the thread that reads.
    events: Receiver<io::Result<Event>>,
    /// Keys of a paste that were not handed out yet.
    pasted: VecDeque<KeyItem>,
}

impl Terminal {
    /// Whether standard input and output are both a terminal.
    pub fn is_available() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal over. Once in a process: the thread that reads it stays until the process ends.
    ///
    /// # Errors
    /// There is none, or it refuses.
    pub fn open() -> io::Result<Self> {
        if !Self::is_available() {
            return Err(io::Error::other("standard input and output are not both a terminal"));
        }
        restore_on_panic();
        let mut opened = Self {
            out: BufWriter::new(io::stdout()),
            canvas: Canvas::new(size()),
            screen: Screen::default(),
            note: String::new(),
            events: read_events(),
            pasted: VecDeque::new(),
        };
        // From here on a drop must restore, however little has been done.
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(opened.out, EnterAlternateScreen, EnableBracketedPaste)?;
        opened.redraw()?;
        Ok(opened)
    }

    /// Shows the guest's screen; draws what changed since the last call.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, screen: &Screen) -> io::Result<()> {
        if self.screen != *screen {
            self.screen.clone_from(screen);
        }
        self.redraw()
    }

    /// Shows one line of the tool's own below the guest's screen, where there is room.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn note(&mut self, line: &str) -> io::Result<()> {
        line.clone_into(&mut self.note);
        self.redraw()
    }

    /// Waits for the person, at most `patience`. A change of the terminal's size is answered here.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn input(&mut self, patience: Duration) -> io::Result<Option<UserInput>> {
        if let Some(key) = self.pasted.pop_front() {
            return Ok(Some(UserInput::Key(key)));
        }
        let event = match self.events.recv_timeout(patience) {
            Ok(event) => event?,
            Err(_) if is_gone() => return Err(io::Error::other("the terminal is gone")),
            Err(_) => return Ok(None),
        };
        match event {
            Event::Key(key) if quits(&key) => Ok(Some(UserInput::Quit)),
            Event::Key(key) => Ok(keys::from_event(&key).map(UserInput::Key)),
            Event::Paste(text) => {
                self.pasted.extend(keys::from_pasted(&text));
                Ok(self.pasted.pop_front().map(UserInput::Key))
            }
            Event::Resize(..) => {
                self.canvas = Canvas::new(size());
                self.redraw()?;
                Ok(None)
            }
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => Ok(None),
        }
    }

    fn redraw(&mut self) -> io::Result<()> {
        self.canvas.draw(&mut self.out, &self.screen, &self.note)?;
        self.out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Starts the thread that reads. It is one of its own since a read may not return: crossterm waits for the rest of what
/// looks like an escape sequence, and asks a terminal that is gone again and again.
fn read_events() -> Receiver<io::Result<Event>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        loop {
            let event = event::read();
            let is_last = event.is_err();
            if sender.send(event).is_err() || is_last {
                break;
            }
        }
    });
    receiver
}

/// Whether the other end of the terminal was closed.
fn is_gone() -> bool {
    let stdin = io::stdin();
    let mut ends = [PollFd::new(&stdin, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let asked = rustix::event::poll(&mut ends, Some(&at_once));
    asked.is_ok() && ends[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

/// Gives the terminal back if it is ours; for a way out that drops nothing, such as `process::exit`.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Each on its own: a terminal that refuses one may still do the other, and there is nobody left to tell.
        let _ = execute!(io::stdout(), ResetColor, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Lets a panic's message appear on the person's own screen.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
        }));
    });
}

/// Ctrl-], which comes as the control code 1Dh; crossterm calls that Ctrl-5, as some keyboards have it.
fn quits(key: &KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char(']' | '5'))
}

fn size() -> (u16, u16) {
    terminal::size().ok().filter(|&(width, height)| width > 0 && height > 0).unwrap_or(USUAL_SIZE)
}
