//! The `data` block: named sources of values.

use super::super::diagnostics::{Diagnostic, Diagnostics};
use super::super::model::{Data, DataKind, OnEnd, Order};
use super::super::span::{Span, Spanned};
use super::super::yaml::{Kind, Node};
use super::fields::Fields;
use super::leaf;
use super::{empty, shapes};

/// Names that mean something else in a template.
const RESERVED: [&str; 16] = [
    "config", "loop", "true", "false", "none", "not", "and", "or", "in", "is", "if", "else", "for", "set",
    "self", "super",
];

pub(super) fn all(out: &mut Diagnostics, node: &Node) -> Vec<Data> {
    let example = "data: { term: { values: [201701, 201702] } }";
    let Some(entries) = leaf::mapping(out, node, "a mapping of names to data sources", example) else {
        return vec![unread(node.span)];
    };
    let mut all = Vec::new();
    for (name, node) in entries {
        let known = check_name(out, name);
        let data = one(out, name, node);
        all.extend(known.into_iter().map(|name| Data {
            name,
            ..data.clone().unwrap_or_else(|| unread(node.span))
        }));
    }
    all
}

/// A source whose name, or definition, could not be read.
pub(super) fn unread(span: Span) -> Data {
    Data {
        name: Spanned::unread(span),
        kind: Spanned::new(DataKind::Unread, span),
        order: None,
        on_end: None,
    }
}

/// `None`: with an error told.
fn one(out: &mut Diagnostics, name: &Spanned<String>, node: &Node) -> Option<Data> {
    if let Kind::List(_) = node.kind {
        return out.fail(
            Diagnostic::error(
                node.span,
                "a data source says where its values come from, found a list",
            )
            .help(format!("write `{}: {{ values: [ … ] }}`", name.value)),
        );
    }
    if matches!(&node.kind, Kind::Scalar(text) if text.text == "captured") {
        let message = "a data source is a mapping, found the text `captured`";
        return out.fail(
            Diagnostic::error(node.span, message)
                .help("write")
                .replace(node.span, "{ captured: {} }"),
        );
    }
    let fields = Fields::new(out, node, &shapes::DATA)?;
    let (chosen, _, value) = fields.one_of(out, shapes::DATA_KINDS)?;
    fields.only_with(
        out,
        "with",
        chosen == "combine",
        "only `combine` takes data of its own",
    );
    fields.only_with(out, "delimiter", chosen == "csv", "only `csv` files have one");
    let drawn = chosen != "captured";
    let order: Option<Spanned<Order>> = fields.read(out, "order", leaf::choice);
    let random = match fields.optional("order") {
        Some(_) => order.is_some_and(|order| order.value == Order::Random),
        None => true,
    };
    fields.only_with(
        out,
        "order",
        drawn || random,
        "captured values are drawn at random",
    );
    fields.only_with(out, "on_end", drawn, "captured values have no end");
    let on_end: Option<Spanned<OnEnd>> = fields.read(out, "on_end", leaf::choice);
    if let Some(end) = on_end.filter(|_| random && drawn) {
        out.push(
            Diagnostic::error(
                end.span,
                "`on_end` means nothing here: values drawn at random have no end",
            )
            .help("add `order: sequential`, `shuffle` or `unique`, or take `on_end` out"),
        );
    }
    let kind = match chosen {
        "values" => values(out, value),
        "range" => range(out, value),
        "combine" => combine(out, &fields, value),
        "csv" => csv(out, &fields, value),
        "json" => leaf::file_name(out, value).map(DataKind::Json),
        _ => Some(captured(out, value)),
    };
    Some(Data {
        name: name.clone(),
        kind: Spanned::new(kind.unwrap_or(DataKind::Unread), value.span),
        order,
        on_end,
    })
}

/// The names that it defines: one; or, if it cannot be a name, what templates take for one in it.
fn check_name(out: &mut Diagnostics, name: &Spanned<String>) -> Vec<Spanned<String>> {
    let text = name.value.as_str();
    let word = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !word || text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        let better: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        let better = better.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
        let help = if better.is_empty() {
            "term_id".to_owned()
        } else {
            better
        };
        out.push(
            Diagnostic::error(name.span, format!("`{text}` cannot be a name in templates"))
                .help(format!("use letters, digits and `_` only: `{help}`")),
        );
        let part = |part: &str| Spanned::new(part.to_owned(), name.span);
        return text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
            .filter(|part| !RESERVED.contains(part))
            .chain([help.as_str()])
            .map(part)
            .collect();
    }
    if RESERVED.contains(&text) {
        out.push(
            Diagnostic::error(
                name.span,
                format!("`{text}` already means something in templates"),
            )
            .help(format!("choose another name, `my_{text}` say")),
        );
        return vec![Spanned::new(format!("my_{text}"), name.span)];
    }
    vec![name.clone()]
}

fn values(out: &mut Diagnostics, node: &Node) -> Option<DataKind> {
    let items = leaf::list(out, node, "a list of values", "values: [201701, 201702]")?;
    if items.is_empty() {
        empty(
            out,
            node,
            "a data source without values",
            "write at least one: `values: [201701]`",
        );
        return None;
    }
    Some(DataKind::Values(items.iter().map(leaf::json).collect()))
}

fn range(out: &mut Diagnostics, node: &Node) -> Option<DataKind> {
    let example = "range: [15, 19]";
    let items = leaf::list(out, node, "the first and the last number", example)?;
    let [first, last] = items else {
        return leaf::wrong_type(out, node, "two numbers, the first and the last", example);
    };
    let (first, last) = (leaf::integer(out, first), leaf::integer(out, last));
    let (first, last) = (first?, last?);
    if first.value > last.value {
        return out.fail(
            Diagnostic::error(
                node.span,
                format!("the range runs backwards, from {} to {}", first.value, last.value),
            )
            .help("write the smaller number first")
            .replace(node.span, format!("[{}, {}]", last.value, first.value)),
        );
    }
    if i128::from(last.value) - i128::from(first.value) >= i128::from(i64::MAX) {
        return out.fail(Diagnostic::error(node.span, "the range is too long"));
    }
    Some(DataKind::Range(first, last))
}

fn combine(out: &mut Diagnostics, fields: &Fields<'_>, node: &Node) -> Option<DataKind> {
    let template = leaf::text(out, node, "a template such as `\"20{{ year }}\"`");
    let with = fields.optional("with").map(|node| all(out, node));
    Some(DataKind::Combine {
        template: template?,
        with: with.unwrap_or_default(),
    })
}

fn csv(out: &mut Diagnostics, fields: &Fields<'_>, node: &Node) -> Option<DataKind> {
    let file = leaf::file_name(out, node);
    let delimiter = fields.read(out, "delimiter", delimiter);
    Some(DataKind::Csv {
        file: file?,
        delimiter,
    })
}

fn delimiter(out: &mut Diagnostics, node: &Node) -> Option<Spanned<u8>> {
    let text = leaf::text(out, node, "one character")?;
    let byte = match text.text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(*byte),
        b"\\t" => Some(b'\t'),
        _ => None,
    };
    if byte.is_none() {
        out.push(
            Diagnostic::error(
                node.span,
                format!("expected one character between fields, found `{}`", text.text),
            )
            .help("write `\";\"`, or `\"\\t\"` for a tab"),
        );
    }
    byte.map(|byte| Spanned::new(byte, node.span))
}

fn captured(out: &mut Diagnostics, node: &Node) -> DataKind {
    let nothing = DataKind::Captured {
        keep: None,
        when_full: None,
    };
    if node.is_null() {
        return nothing;
    }
    let Some(fields) = Fields::new(out, node, &shapes::CAPTURED) else {
        return nothing;
    };
    DataKind::Captured {
        keep: fields.read_as(out, "keep", leaf::positive_count, "`keep`"),
        when_full: fields.read(out, "when_full", leaf::choice),
    }
}
