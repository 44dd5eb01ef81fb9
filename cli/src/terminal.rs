//! The person's terminal: shows the guest's screen, reads keys, is restored on every way out.
//!
//! Between [`Terminal::open`] and the drop of what it returns, the terminal is in raw mode and on its alternate
//! screen, so every key but Ctrl-] is the guest's, Ctrl-C too; Ctrl-] opens the menu. It is given back when the value is dropped, when a
//! thread panics, and when somebody calls [`restore`], which costs nothing if there is nothing to do. Signals are the
//! session's: it notes them and ends in the ordinary way, through the drop.

mod abilities;
mod bar;
mod canvas;
mod menu;

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{
    self, DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, terminal};
use rustix::event::{PollFd, PollFlags, Timespec};
use wire::KeyItem;

use crate::keys;
use crate::screen::Screen;
use abilities::Abilities;
use bar::Bar;
use canvas::Canvas;
pub use menu::Command;
use menu::Menu;

/// The size of a terminal that does not tell it.
const USUAL_SIZE: (u16, u16) = (80, 24);

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How long a note stands where the status line is.
const NOTE_TIME: Duration = Duration::from_secs(5);

/// What the person did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserInput {
    /// Typed a key that the guest's keyboard has.
    Key(KeyItem),
    /// Pasted a text: its keys.
    Paste(Vec<KeyItem>),
    /// Chose something from the menu.
    Command(Command),
}

/// Whether the status line is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatusLine {
    /// Where the guest leaves a line to it.
    WhereItFits,
    /// As the person wants it.
    Shown,
    /// As the person wants it.
    Hidden,
}

/// The terminal while it shows a guest. Dropping it restores the terminal.
pub struct Terminal {
    out: BufWriter<Stdout>,
    canvas: Canvas,
    screen: Screen,
    status: String,
    status_line: StatusLine,
    /// What was last to be told, and when.
    note: Option<(String, Instant)>,
    menu: Menu,
    /// Floppy drives of the guest.
    floppies: usize,
    /// What the person does, from the thread that reads.
    events: Receiver<io::Result<Event>>,
}

impl Terminal {
    /// Whether standard input and output are both a terminal, of a kind that can place text.
    pub fn is_available() -> bool {
        is_at_terminal() && is_kind_known()
    }

    /// Whether they are a terminal of which nobody says what it can.
    pub fn is_unknown() -> bool {
        is_at_terminal() && !is_kind_known()
    }

    /// Takes the terminal over. Once in a process: the thread that reads it stays until the process ends.
    ///
    /// # Errors
    /// There is none, or it refuses.
    pub fn open(floppies: usize) -> io::Result<Self> {
        if !Self::is_available() {
            return Err(io::Error::other("standard input and output are not both a terminal"));
        }
        restore_on_panic();
        let mut opened = Self {
            out: BufWriter::new(io::stdout()),
            canvas: Canvas::new(size(), Abilities::of_environment()),
            screen: Screen::default(),
            status: String::new(),
            status_line: StatusLine::WhereItFits,
            note: None,
            menu: Menu::Closed,
            floppies,
            events: read_events(),
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

    /// Shows a line of the tool's own for a while, where the status line is.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn note(&mut self, line: &str) -> io::Result<()> {
        self.note = Some((format!(" {line} "), Instant::now()));
        self.redraw()
    }

    /// Shows what the status line says from now on.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn status(&mut self, line: &str) -> io::Result<()> {
        line.clone_into(&mut self.status);
        self.redraw()
    }

    /// Waits for the person, at most `patience`. A change of the terminal's size is answered here, and so is what
    /// happens in the menu.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn input(&mut self, patience: Duration) -> io::Result<Option<UserInput>> {
        loop {
            let event = match self.events.recv_timeout(patience) {
                Ok(event) => event?,
                Err(_) if is_gone() => return Err(io::Error::other("the terminal is gone")),
                Err(_) => return Ok(None),
            };
            if let Some(input) = self.take(event)? {
                return Ok(Some(input));
            }
        }
    }

    /// What an event means for the guest or the tool, if anything.
    fn take(&mut self, event: Event) -> io::Result<Option<UserInput>> {
        match event {
            Event::Key(key) if key.kind == KeyEventKind::Release => Ok(None),
            Event::Key(key) if !self.menu.is_closed() => {
                let command = self.menu.key(&key, self.floppies);
                if command == Some(Command::ToggleStatus) {
                    let shown = self.has_status_line();
                    self.status_line = if shown { StatusLine::Hidden } else { StatusLine::Shown };
                }
                self.redraw()?;
                Ok(command.map(UserInput::Command))
            }
            Event::Key(key) if opens_menu(&key) => {
                self.menu = Menu::Open;
                self.redraw()?;
                Ok(None)
            }
            Event::Key(key) => Ok(keys::from_event(&key).map(UserInput::Key)),
            Event::Paste(text) if self.menu.is_closed() => {
                Ok(Some(UserInput::Paste(keys::from_pasted(&text).collect())))
            }
            Event::Paste(text) => {
                self.menu.paste(&text);
                self.redraw()?;
                Ok(None)
            }
            Event::Resize(..) => {
                self.canvas = Canvas::new(size(), Abilities::of_environment());
                self.redraw()?;
                Ok(None)
            }
            Event::FocusGained | Event::FocusLost | Event::Mouse(_) => Ok(None),
        }
    }

    /// Whether the last line is the tool's.
    fn has_status_line(&self) -> bool {
        let (_, height) = self.canvas.size();
        match self.status_line {
            StatusLine::WhereItFits => height > u16::from(self.screen.rows),
            StatusLine::Shown => height > 1,
            StatusLine::Hidden => false,
        }
    }

    fn redraw(&mut self) -> io::Result<()> {
        let (width, _) = self.canvas.size();
        let fresh = self.note.as_ref().filter(|(_, since)| since.elapsed() < NOTE_TIME);
        let line = fresh.map_or(&self.status, |(note, _)| note);
        let bar = match self.menu.bar(self.floppies, width.into()) {
            Some(bar) => Some(bar),
            None => self.has_status_line().then(|| Bar::text(line.clone())),
        };
        self.canvas.draw(&mut self.out, &self.screen, bar.as_ref())?;
        self.out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn is_at_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

fn is_kind_known() -> bool {
    let kind = std::env::var_os("TERM").unwrap_or_default();
    !kind.is_empty() && kind != "dumb"
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
        let mut out = io::stdout();
        if Abilities::of_environment().cursor_shapes {
            let _ = execute!(out, SetCursorStyle::DefaultUserShape);
        }
        let _ = execute!(out, ResetColor, DisableBracketedPaste, LeaveAlternateScreen, Show);
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
fn opens_menu(key: &KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char(']' | '5'))
}

fn size() -> (u16, u16) {
    terminal::size().ok().filter(|&(width, height)| width > 0 && height > 0).unwrap_or(USUAL_SIZE)
}
