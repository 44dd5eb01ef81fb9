//! What the terminal shows: a part of the guest's screen and, on the last line, a line of our own where one is wanted.
//!
//! Each draw composes the whole picture and writes the cells that differ from the picture before. A terminal that is
//! smaller than the guest's screen shows the part around the cursor, and moves it no more than the cursor demands.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveTo, SetCursorStyle, Show};
use crossterm::queue;
use crossterm::style::{Color, Print, ResetColor, SetBackgroundColor, SetForegroundColor};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use pc::codepage437;
use wire::Cursor;

use super::abilities::Abilities;
use super::bar::Bar;
use crate::screen::Screen;

/// The colours of a text attribute, by number. A terminal's palette may differ from the CGA's; its names do not.
const COLOURS: [Color; 16] = [
    Color::Black,
    Color::DarkBlue,
    Color::DarkGreen,
    Color::DarkCyan,
    Color::DarkRed,
    Color::DarkMagenta,
    Color::DarkYellow,
    Color::Grey,
    Color::DarkGrey,
    Color::Blue,
    Color::Green,
    Color::Cyan,
    Color::Red,
    Color::Magenta,
    Color::Yellow,
    Color::White,
];

/// Where there is no guest screen.
const NOTHING: Glyph = Glyph { character: ' ', colours: None, trusted: true };

/// A cursor of so many scan lines or more is a block; the usual one is a line of two.
const BLOCK_LINES: u8 = 4;

/// A cell of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Glyph {
    character: char,
    /// Foreground and background; `None` for the terminal's own.
    colours: Option<(Color, Color)>,
    /// Whether every terminal makes it one column wide.
    trusted: bool,
}

impl Glyph {
    /// A cell of the guest. Bit 7 of the attribute means a bright background, never blinking: that is what programs
    /// mean that switch blinking off, and of those that want blinking it keeps the text as visible.
    fn of_cell((character, attribute): (u8, u8)) -> Self {
        let colour = |number: u8| COLOURS[usize::from(number & 15)];
        Self {
            character: codepage437::to_char(character),
            colours: Some((colour(attribute), colour(attribute >> 4))),
            // Some fonts draw ☺ or ♥ as a picture, two columns wide.
            trusted: character == 0 || (0x20..0x7F).contains(&character),
        }
    }

    fn of_note(character: char) -> Self {
        Self { character, colours: Some((Color::Black, Color::Grey)), trusted: character.is_ascii() }
    }
}

/// A terminal of a fixed size.
pub(super) struct Canvas {
    width: u16,
    height: u16,
    /// Column and row of the guest's screen in the terminal's upper left corner.
    origin: (u16, u16),
    /// What the terminal shows, row by row; `None` before the first picture.
    shown: Option<Vec<Glyph>>,
    abilities: Abilities,
    /// Where the cursor is shown, if it is.
    cursor: Option<(u16, u16)>,
    /// The cursor's shape, as last asked for.
    shape: Option<SetCursorStyle>,
}

impl Canvas {
    /// Of `(columns, rows)` cells, whose contents are unknown.
    pub(super) fn new((width, height): (u16, u16), abilities: Abilities) -> Self {
        Self { width, height, origin: (0, 0), shown: None, abilities, cursor: None, shape: None }
    }

    /// Its columns and rows.
    pub(super) fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// Shows the screen and, where there is one, the bar.
    pub(super) fn draw(
        &mut self,
        out: &mut impl Write,
        screen: &Screen,
        bar: Option<&Bar>,
    ) -> io::Result<()> {
        let guest_height = self.guest_height(bar);
        self.follow(screen, guest_height);
        let picture = self.compose(screen, guest_height, bar);
        let guests = self.visible_cursor(screen);
        let cursor = match (bar.and_then(|bar| bar.cursor), guests) {
            (Some(column), _) => Some((column, self.height - 1)),
            (None, Some(Cursor { column, row, .. })) => {
                Some((u16::from(column) - self.origin.0, u16::from(row) - self.origin.1))
            }
            (None, None) => None,
        };
        let shape = guests.map(shape).filter(|_| self.abilities.cursor_shapes).or(self.shape);
        // Most calls find nothing new, and a line over ssh may be slow.
        if self.shown.as_ref() == Some(&picture) && (cursor, shape) == (self.cursor, self.shape) {
            return Ok(());
        }
        queue!(out, BeginSynchronizedUpdate, Hide)?;
        if self.shown.is_none() {
            // Some terminals clear with the colour of the last text.
            queue!(out, ResetColor, Clear(ClearType::All))?;
        }
        self.write_changes(out, &picture)?;
        if let Some(shape) = shape.filter(|_| shape != self.shape) {
            queue!(out, shape)?;
        }
        if let Some((column, row)) = cursor {
            queue!(out, MoveTo(column, row), Show)?;
        }
        queue!(out, EndSynchronizedUpdate)?;
        (self.shown, self.cursor, self.shape) = (Some(picture), cursor, shape);
        Ok(())
    }

    /// Rows for the guest: all but the bar's. Of a single row the bar has all, since somebody asked for it.
    fn guest_height(&self, bar: Option<&Bar>) -> u16 {
        if bar.is_some() { self.height - 1 } else { self.height }
    }

    /// Moves the origin so that the cursor is in sight.
    fn follow(&mut self, screen: &Screen, guest_height: u16) {
        let (column, row) = screen.cursor.map(|cursor| (cursor.column.into(), cursor.row.into())).unzip();
        let (x, y) = self.origin;
        self.origin = (
            followed(x, self.width, screen.columns.into(), column),
            followed(y, guest_height.max(1), screen.rows.into(), row),
        );
    }

    /// The guest's cursor, if it is shown.
    fn visible_cursor(&self, screen: &Screen) -> Option<Cursor> {
        screen.cursor.filter(|cursor| cursor.column < screen.columns && cursor.row < screen.rows)
    }

    fn compose(&self, screen: &Screen, guest_height: u16, bar: Option<&Bar>) -> Vec<Glyph> {
        let width = usize::from(self.width);
        let mut picture = vec![NOTHING; width * usize::from(self.height)];
        let mut lines = picture.chunks_exact_mut(width);
        for (line, row) in lines.by_ref().take(guest_height.into()).zip(self.origin.1..screen.rows.into()) {
            let cells = screen.row(row as u8).iter().skip(self.origin.0.into());
            for (glyph, &cell) in line.iter_mut().zip(cells) {
                *glyph = Glyph::of_cell(cell);
            }
        }
        if let Some(bar) = bar {
            let characters = bar.text.chars().map(printable).chain(std::iter::repeat(' '));
            let last = (usize::from(self.height) - 1) * width;
            for (glyph, character) in picture[last..].iter_mut().zip(characters) {
                *glyph = Glyph::of_note(character);
            }
        }
        picture
    }

    fn write_changes(&self, out: &mut impl Write, picture: &[Glyph]) -> io::Result<()> {
        let mut at = None;
        let mut colours = None;
        for (index, glyph) in picture.iter().enumerate() {
            let shown = self.shown.as_ref().map_or(&NOTHING, |shown| &shown[index]);
            if shown == glyph {
                continue;
            }
            if at != Some(index) {
                let width = usize::from(self.width);
                queue!(out, MoveTo((index % width) as u16, (index / width) as u16))?;
            }
            if colours != Some(glyph.colours) {
                let (foreground, background) = glyph.colours.unwrap_or((Color::Reset, Color::Reset));
                queue!(out, SetForegroundColor(foreground), SetBackgroundColor(background))?;
                colours = Some(glyph.colours);
            }
            queue!(out, Print(self.abilities.charset.nearest(glyph.character)))?;
            // Say anew where we are after a glyph of doubtful width, and at the right edge, where terminals differ.
            let at_edge = (index + 1).is_multiple_of(self.width.into());
            at = (glyph.trusted && !at_edge).then_some(index + 1);
        }
        Ok(())
    }
}

/// How the guest's cursor looks.
fn shape(cursor: Cursor) -> SetCursorStyle {
    if cursor.lines < BLOCK_LINES {
        SetCursorStyle::BlinkingUnderScore
    } else {
        SetCursorStyle::BlinkingBlock
    }
}

/// The first visible column (or row) of `extent`, when `room` of them can be seen: as before, but with the cursor in
/// sight and nothing beyond the end.
fn followed(origin: u16, room: u16, extent: u16, cursor: Option<u16>) -> u16 {
    let last_origin = extent.saturating_sub(room);
    let origin = match cursor {
        Some(cursor) => origin.clamp((cursor + 1).saturating_sub(room), cursor),
        None => origin,
    };
    origin.min(last_origin)
}

/// A note is for people: what could move the cursor becomes a space.
fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::abilities::Charset;
    use wire::Record;

    const FULL: Abilities = Abilities { cursor_shapes: true, charset: Charset::Unicode };

    fn screen(columns: u8, rows: &[&str], cursor: Option<(u8, u8)>) -> Screen {
        let mut screen = Screen::default();
        let cursor = cursor.map(|(column, row)| Cursor { column, row, lines: 2 });
        screen.apply(&Record::Screen { columns, rows: rows.len() as u8, cursor });
        for (row, text) in rows.iter().enumerate() {
            let cells: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0x07]).collect();
            screen.apply(&Record::ScreenRow { row: row as u8, cells: &cells });
        }
        screen
    }

    fn lines(canvas: &Canvas) -> Vec<String> {
        let width = usize::from(canvas.width);
        let shown = canvas.shown.as_ref().unwrap();
        shown.chunks(width).map(|line| line.iter().map(|glyph| glyph.character).collect()).collect()
    }

    fn draw(canvas: &mut Canvas, screen: &Screen, bar: Option<&str>) -> String {
        let mut out = Vec::new();
        let bar = bar.map(|text| Bar::text(text.to_owned()));
        canvas.draw(&mut out, screen, bar.as_ref()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_large_terminal_shows_all_and_the_bar() {
        let mut canvas = Canvas::new((24, 4), FULL);
        draw(&mut canvas, &screen(4, &["abcd", "efgh"], Some((1, 1))), Some(" booting\n"));
        let expected = [
            "abcd                    ",
            "efgh                    ",
            "                        ",
            " booting                ",
        ];
        assert_eq!(lines(&canvas), expected);
    }

    #[test]
    fn a_small_terminal_shows_the_part_around_the_cursor() {
        let guest = ["abcdef", "ghijkl", "mnopqr", "stuvwx"];
        let mut canvas = Canvas::new((3, 3), FULL);
        let rows = [
            (Some((0, 0)), ["abc", "ghi"]),
            (Some((5, 3)), ["pqr", "vwx"]),
            // The cursor is still in sight, so nothing moves.
            (Some((3, 2)), ["pqr", "vwx"]),
            (Some((2, 2)), ["opq", "uvw"]),
            (Some((2, 1)), ["ijk", "opq"]),
            (None, ["ijk", "opq"]),
        ];
        for (cursor, expected) in rows {
            draw(&mut canvas, &screen(6, &guest, cursor), Some("menu"));
            assert_eq!(lines(&canvas)[..2], expected, "{cursor:?}");
            assert_eq!(lines(&canvas)[2], "men");
        }
        draw(&mut canvas, &screen(6, &guest, Some((2, 1))), None);
        assert_eq!(lines(&canvas), ["ijk", "opq", "uvw"]);
    }

    #[test]
    fn of_a_single_line_the_guest_has_all_until_the_menu_opens() {
        let mut canvas = Canvas::new((2, 1), FULL);
        draw(&mut canvas, &screen(3, &["abc", "def"], Some((2, 1))), None);
        assert_eq!(lines(&canvas), ["ef"]);
        draw(&mut canvas, &screen(3, &["abc", "def"], Some((2, 1))), Some("menu"));
        assert_eq!(lines(&canvas), ["me"]);
    }

    #[test]
    fn a_second_picture_writes_only_what_changed() {
        let mut canvas = Canvas::new((20, 3), FULL);
        draw(&mut canvas, &screen(4, &["abcd", "efgh"], None), None);
        assert_eq!(draw(&mut canvas, &screen(4, &["abcd", "efgh"], None), None), "");
        let out = draw(&mut canvas, &screen(4, &["abcd", "eXXh"], Some((2, 0))), None);
        assert!(out.contains("\u{1b}[2;2H"), "{out:?}");
        assert!(out.contains("XX\u{1b}"), "{out:?}");
        assert!(out.contains("\u{1b}[1;3H\u{1b}[?25h"), "{out:?}");
    }

    #[test]
    fn the_cursor_has_the_guests_shape_where_the_terminal_can_show_it() {
        let with_lines = |lines| {
            let mut screen = screen(4, &["abcd"], None);
            screen.cursor = Some(Cursor { column: 1, row: 0, lines });
            screen
        };
        let mut canvas = Canvas::new((20, 3), FULL);
        assert!(draw(&mut canvas, &with_lines(2), None).contains("\u{1b}[3 q"));
        assert!(!draw(&mut canvas, &with_lines(2), None).contains(" q"));
        assert!(draw(&mut canvas, &with_lines(8), None).contains("\u{1b}[1 q"));
        assert!(
            !draw(
                &mut Canvas::new((20, 3), Abilities { cursor_shapes: false, ..FULL }),
                &with_lines(8),
                None
            )
            .contains(" q")
        );
    }

    #[test]
    fn attributes_become_colours_and_bit_7_a_bright_background() {
        let rows = [
            (0x07, Color::Grey, Color::Black),
            (0x1E, Color::Yellow, Color::DarkBlue),
            (0x46, Color::DarkYellow, Color::DarkRed),
            (0x8F, Color::White, Color::DarkGrey),
            (0xF0, Color::Black, Color::White),
        ];
        for (attribute, foreground, background) in rows {
            assert_eq!(
                Glyph::of_cell((b'x', attribute)).colours,
                Some((foreground, background)),
                "{attribute:02X}"
            );
        }
    }

    #[test]
    fn a_cursor_outside_the_screen_is_not_shown() {
        let mut canvas = Canvas::new((20, 3), FULL);
        for cursor in [(4, 0), (0, 2), (255, 255)] {
            let out = draw(&mut canvas, &screen(4, &["abcd", "efgh"], Some(cursor)), None);
            assert!(!out.contains("\u{1b}[?25h"), "{cursor:?}");
        }
        assert_eq!(lines(&canvas)[0].trim_end(), "abcd");
    }

    #[test]
    fn a_terminal_of_ascii_gets_no_other_byte() {
        let mut canvas = Canvas::new((20, 3), Abilities { charset: Charset::Ascii, ..FULL });
        let mut guest = screen(4, &["abcd"], None);
        guest.cells[1].0 = 0xC9;
        let out = draw(&mut canvas, &guest, Some("é"));
        assert!(out.is_ascii() && out.contains("a+"), "{out:?}");
    }
}
