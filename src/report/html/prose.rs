//! The Markdown of the reports as HTML. Only what they write is known: paragraphs, lists, tables, quotes, emphasis and code.
//! Whatever else a name or a server's words may come to (a tag, a link) is text.

use std::fmt::Write;

use pulldown_cmark::{Alignment, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Markdown as HTML.
pub(super) fn html(markdown: &str) -> String {
    let mut writer = Writer::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        writer.event(event);
    }
    writer.html
}

/// The title of a report and what follows it.
pub(super) fn title_and_rest(markdown: &str) -> (String, String) {
    let (title, rest) = markdown.split_once('\n').unwrap_or((markdown, ""));
    let title = html(title.trim_start_matches("# "));
    let title = title
        .trim_end()
        .trim_start_matches("<p>")
        .trim_end_matches("</p>");
    (title.to_owned(), html(rest))
}

/// Text as HTML, in an element or in an attribute in double quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[derive(Default)]
struct Writer {
    html: String,
    /// Of the table that is being written.
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Code(code) => self.push(&format!("<code>{}</code>", escaped(&code))),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.push(&escaped(&text)),
            Event::SoftBreak => self.push("\n"),
            Event::HardBreak => self.push("<br>\n"),
            Event::Rule => self.push("<hr>\n"),
            Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.push("<p>"),
            Tag::Heading { level, .. } => self.push(&format!("<{}>", heading(level))),
            Tag::BlockQuote(_) => self.push("<blockquote>\n"),
            Tag::CodeBlock(_) => self.push("<pre><code>"),
            Tag::List(None) => self.push("<ul>\n"),
            Tag::List(Some(_)) => self.push("<ol>\n"),
            Tag::Item => self.push("<li>"),
            Tag::Emphasis => self.push("<em>"),
            Tag::Strong => self.push("<strong>"),
            Tag::Table(alignments) => {
                self.alignments = alignments;
                self.push(
                    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>\n",
                );
            }
            Tag::TableHead => {
                (self.in_head, self.column) = (true, 0);
                self.push("<thead><tr>");
            }
            Tag::TableRow => {
                self.column = 0;
                self.push("<tr>");
            }
            Tag::TableCell => {
                let right = self.alignments.get(self.column) == Some(&Alignment::Right);
                let class = if right { " class=\"figure\"" } else { "" };
                let scope = if self.in_head { " scope=\"col\"" } else { "" };
                let name = self.cell();
                let _ = write!(self.html, "<{name}{scope}{class}>");
            }
            // Links, pictures and what else there may be are shown as their text.
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph => self.push("</p>\n"),
            TagEnd::Heading(level) => self.push(&format!("</{}>\n", heading(level))),
            TagEnd::BlockQuote(_) => self.push("</blockquote>\n"),
            TagEnd::CodeBlock => self.push("</code></pre>\n"),
            TagEnd::List(false) => self.push("</ul>\n"),
            TagEnd::List(true) => self.push("</ol>\n"),
            TagEnd::Item => self.push("</li>\n"),
            TagEnd::Emphasis => self.push("</em>"),
            TagEnd::Strong => self.push("</strong>"),
            TagEnd::Table => self.push("</tbody></table></div>\n"),
            TagEnd::TableHead => {
                self.in_head = false;
                self.push("</tr></thead>\n<tbody>");
            }
            TagEnd::TableRow => self.push("</tr>\n"),
            TagEnd::TableCell => {
                let name = self.cell();
                self.column += 1;
                let _ = write!(self.html, "</{name}>");
            }
            _ => {}
        }
    }

    fn cell(&self) -> &'static str {
        if self.in_head { "th" } else { "td" }
    }

    fn push(&mut self, html: &str) {
        self.html.push_str(html);
    }
}

fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 | HeadingLevel::H2 => "h2",
        _ => "h3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_their_alignment_and_scroll() {
        assert_eq!(
            html("| a | b |\n| - | -: |\n| *x* | **1** |\n"),
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>\n<thead><tr><th scope=\"col\">a</th>\
             <th scope=\"col\" class=\"figure\">b</th></tr></thead>\n<tbody><tr><td><em>x</em></td><td class=\"figure\">\
             <strong>1</strong></td></tr>\n</tbody></table></div>\n"
        );
    }

    #[test]
    fn tags_links_and_pictures_are_text() {
        for markdown in [
            "a <img src=x onerror=alert(1)> b",
            "<script>alert(1)</script>",
            "[a](javascript:alert(1)) ![b](http://example.com/c.png) <http://example.com>",
            "`</script>` &lt;b&gt; \"x\"",
            "[a]: http://example.com\n\n[a]",
        ] {
            let html = html(markdown);
            let markup = html
                .replace("<p>", "")
                .replace("</p>", "")
                .replace("<code>", "")
                .replace("</code>", "");
            assert!(!markup.contains(['<', '>', '"']), "{html}");
        }
    }
}
