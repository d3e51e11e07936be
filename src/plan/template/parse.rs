//! Cutting a template into literal text and plain names.

use std::ops::Range;

/// A part of a template that needs no minijinja.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// `{{ name }}` or `{{ name.part }}`.
    Name {
        /// The name, cut at its dots.
        path: Vec<&'a str>,
        /// Where the name stands in the template.
        range: Range<usize>,
    },
}

/// The pieces; `None` when there is anything but literals and plain names.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    if text.contains("{%") || text.contains("{#") {
        return None;
    }
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{") {
        let (open, inside) = (at + open, at + open + 2);
        let close = inside + text[inside..].find("}}")?;
        let (path, range) = name(text, inside..close)?;
        if open > at {
            pieces.push(Piece::Literal(&text[at..open]));
        }
        pieces.push(Piece::Name { path, range });
        at = close + 2;
    }
    if at < text.len() {
        pieces.push(Piece::Literal(&text[at..]));
    }
    Some(pieces)
}

/// The expression of a text that is exactly one placeholder, and where it begins.
pub(super) fn only_placeholder(text: &str) -> Option<(&str, usize)> {
    let inside = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let start = text.find("{{")? + 2;
    (!inside.contains("{{") && !inside.contains("}}")).then_some((inside, start))
}

/// A dotted name between the braces.
pub(super) fn name(text: &str, inside: Range<usize>) -> Option<(Vec<&str>, Range<usize>)> {
    let inner = &text[inside.clone()];
    let plain = inner.trim();
    let path: Vec<_> = plain.split('.').collect();
    let identifier = |part: &&str| {
        part.chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let word = matches!(plain, "true" | "false" | "none" | "True" | "False" | "None");
    if word || !path.iter().all(identifier) {
        return None;
    }
    let start = inside.start + (inner.len() - inner.trim_start().len());
    Some((path, start..start + plain.len()))
}

/// Where a name stands as a word of its own in `text`; the whole text when it is not found.
pub(super) fn place_of(name: &str, text: &str) -> Range<usize> {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    let whole_word = |&at: &usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(|c| part_of_name(c) || c == '.') && !after.is_some_and(part_of_name)
    };
    let found = text.match_indices(name).map(|(at, _)| at).find(whole_word);
    found.map_or(0..text.len(), |at| at..at + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_plain_names_are_told_apart() {
        assert_eq!(
            pieces("20{{ year }}0{{student.id}}x"),
            Some(vec![
                Piece::Literal("20"),
                Piece::Name {
                    path: vec!["year"],
                    range: 5..9
                },
                Piece::Literal("0"),
                Piece::Name {
                    path: vec!["student", "id"],
                    range: 15..25
                },
                Piece::Literal("x"),
            ])
        );
        assert_eq!(pieces("{\"a\": {}}"), Some(vec![Piece::Literal("{\"a\": {}}")]));
        for complex in [
            "{{ a | upper }}",
            "{% if a %}b{% endif %}",
            "{{ a + 1 }}",
            "{{ true }}",
            "{{ a",
            "{{}}",
            "{{- a }}",
        ] {
            assert_eq!(pieces(complex), None, "{complex}");
        }
    }

    #[test]
    fn a_name_is_found_as_a_whole_word() {
        assert_eq!(place_of("id", "{{ osu_id ~ idx ~ id }}"), 18..20);
        assert_eq!(place_of("gone", "{{ x }}"), 0..7);
    }
}
