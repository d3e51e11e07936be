//! Words in so many columns. Widths are those of a terminal: a letter takes none, one or two columns.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use unicode_width::UnicodeWidthChar;

/// The columns that words take.
pub(super) fn columns(words: &str) -> usize {
    words.chars().map(columns_of).sum()
}

fn columns_of(letter: char) -> usize {
    letter.width().unwrap_or(0)
}

/// As many of the first letters as fit.
fn beginning(words: &str, room: usize) -> String {
    fitting(words.chars(), room).collect()
}

fn fitting(letters: impl Iterator<Item = char>, mut room: usize) -> impl Iterator<Item = char> {
    letters.take_while(move |letter| {
        let wide = columns_of(*letter);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    })
}

/// At most so many columns, with `…` at the end where something was cut.
pub(super) fn cut(words: &str, room: usize) -> String {
    if columns(words) <= room {
        return words.to_owned();
    }
    match room.checked_sub(1) {
        Some(rest) => beginning(words, rest) + "…",
        None => String::new(),
    }
}

/// The same for a name, whose end often tells it from others: cut in the middle.
pub(super) fn shortened(name: &str, room: usize) -> String {
    if columns(name) <= room || room < 8 {
        return cut(name, room);
    }
    let end: Vec<char> = fitting(name.chars().rev(), (room - 1) / 2).collect();
    let end: String = end.into_iter().rev().collect();
    format!("{}…{end}", beginning(name, room - 1 - columns(&end)))
}

/// Lines of at most so many columns, broken between words; of more than `most` lines the last is cut.
pub(super) fn wrapped(words: &str, room: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if full || columns(line) + 1 + columns(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| cut(line, room)).collect()
}

/// Where a part of the frame is drawn: everything outside of it is left alone.
pub(super) struct Canvas<'a> {
    pub(super) area: Rect,
    buffer: &'a mut Buffer,
}

impl<'a> Canvas<'a> {
    /// A part of the frame.
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { area, buffer }
    }

    /// The frame itself, for a widget.
    pub(super) fn buffer(&mut self) -> &mut Buffer {
        self.buffer
    }

    /// A part of this part, by its place in it.
    pub(super) fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let left = self.area.x.saturating_add(x).min(self.area.right());
        let top = self.area.y.saturating_add(y).min(self.area.bottom());
        let area = Rect::new(left, top, width, height).intersection(self.area);
        Canvas::new(self.buffer, area)
    }

    /// A line of it.
    pub(super) fn line(&mut self, y: u16, line: &Line<'_>) {
        let place = self.part(0, y, self.area.width, 1).area;
        if !place.is_empty() {
            self.buffer.set_line(place.x, place.y, line, place.width);
        }
    }

    /// Words that begin in a column.
    pub(super) fn words(&mut self, x: u16, y: u16, words: &str, style: Style) {
        let place = self.part(x, y, self.area.width, 1).area;
        if !place.is_empty() {
            self.buffer
                .set_stringn(place.x, place.y, words, usize::from(place.width), style);
        }
    }

    /// Words that end before a column.
    pub(super) fn words_up_to(&mut self, x: u16, y: u16, words: &str, style: Style) {
        self.words(x.saturating_sub(columns(words) as u16), y, words, style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle_and_words_at_the_end() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("名前名前", 4), "名…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(
            shortened("checkout / confirm_order", 24),
            "checkout / confirm_order"
        );
        assert_eq!(shortened("checkout / confirm_order", 15), "checkou…m_order");
        assert_eq!(shortened("名前名前名前名前", 9), "名前…名前");
        assert_eq!(shortened("checkout", 3), "ch…");
    }

    #[test]
    fn lines_are_broken_between_words_and_the_last_is_cut() {
        assert_eq!(wrapped("one two three four", 9, 5), ["one two", "three", "four"]);
        assert_eq!(wrapped("one two three four", 9, 2), ["one two", "three fo…"]);
        assert_eq!(wrapped("extraordinary", 5, 2), ["extr…"]);
        assert_eq!(wrapped("", 5, 2), [""; 0]);
    }
}
