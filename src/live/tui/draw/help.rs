//! The help, over the middle of the view.

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::text::Canvas;
use crate::measure::snapshot::Snapshot;
use crate::report::number;

const WIDTH: u16 = 58;

/// Draws it.
pub(super) fn draw(canvas: &mut Canvas<'_>, snapshot: &Snapshot) {
    let lines = lines(snapshot);
    let area = canvas.area;
    let width = WIDTH.min(area.width);
    let height = (lines.len() as u16 + 2).min(area.height);
    let place = Rect::new(
        area.x + (area.width - width) / 2,
        area.y + (area.height - height) / 2,
        width,
        height,
    );
    Clear.render(place, canvas.buffer());
    Block::bordered()
        .title(" help ")
        .title_bottom(Line::from(" any key goes back ").right_aligned())
        .render(place, canvas.buffer());
    let mut inner = Canvas::new(canvas.buffer(), place);
    for (y, (key, words)) in lines.iter().enumerate() {
        let y = y as u16 + 1;
        if y + 1 < height {
            inner.words(2, y, key, Style::new().bold());
            inner
                .part(13, y, width.saturating_sub(14), 1)
                .words(0, 0, words, Style::new());
        }
    }
}

fn lines(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let outline = &snapshot.outline;
    let what = if outline.open { "arrivals/s" } else { "users" };
    let wait = number::span(outline.graceful_stop);
    let mut lines = vec![
        ("q, Ctrl-C", "stop: users finish what they are at".to_owned()),
        ("", format!("(at most {wait}); again: at once")),
    ];
    if outline.search.is_some() {
        lines.push(("", "a search chooses its levels itself".to_owned()));
    } else {
        lines.extend([
            ("+  -", format!("a tenth more or fewer {what}, from now on")),
            ("p", "pause: no iteration begins; again: go on".to_owned()),
            ("r", "the figures here begin anew".to_owned()),
        ]);
    }
    lines.extend([
        ("Ctrl-Z", "to the shell: the load stands still, too".to_owned()),
        ("Ctrl-L", "draw everything again".to_owned()),
        ("", String::new()),
        ("p95 1.2 s", "95% of the requests took at most 1.2 s".to_owned()),
        ("sparklines", "a column a second, the newest right".to_owned()),
        ("thresholds", "judged here by the last few seconds".to_owned()),
    ]);
    lines
}
