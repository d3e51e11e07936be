//! The reader against the tree.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use rand_core::Rng;

use super::*;
use crate::plan::draw::{Draw, Purpose, below};

fn received<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Received<'a> {
    Received::new(StatusCode::OK, headers, body, Duration::ZERO)
}

/// What a path finds in the tree of a body, as JSON: with the order of members, which `==` does not see.
fn in_tree(path: &str, body: &[u8]) -> Option<Vec<String>> {
    let tree: Json = serde_json::from_slice(body).ok()?;
    let nodes = serde_json_path::JsonPath::parse(path).unwrap().query(&tree);
    Some(nodes.into_iter().map(ToString::to_string).collect())
}

fn as_json(found: Vec<Found<'_>>) -> Vec<String> {
    found
        .into_iter()
        .map(|found| found.into_json().to_string())
        .collect()
}

/// What the reader finds without the tree's help, if it can.
fn in_passing(path: &str, body: &[u8]) -> Option<Vec<String>> {
    let path = JsonPath::parse(path).unwrap();
    read::finds(path.steps.as_deref().unwrap(), body).map(as_json)
}

#[track_caller]
fn agree(path: &str, body: &[u8]) {
    let told = || format!("{path} in {}", String::from_utf8_lossy(body));
    let headers = HeaderMap::new();
    let received = received(&headers, body);
    let parsed = JsonPath::parse(path).unwrap();
    let wanted = in_tree(path, body);
    assert_eq!(parsed.find(&received).map(as_json), wanted, "{}", told());
    let Some(steps) = &parsed.steps else { return };
    if let Some(read) = read::finds(steps, body) {
        assert_eq!(Some(as_json(read.clone())), wanted, "{}", told());
        let tree = serde_json::from_slice(body).unwrap();
        let nodes = parsed.parsed.query(&tree);
        let values: Vec<_> = nodes.into_iter().map(Value::from).collect();
        let found = || read.clone().into_iter();
        assert_eq!(found().map(Found::into_value).collect::<Vec<_>>(), values);
        let texts: Vec<_> = values.iter().map(ToString::to_string).collect();
        assert_eq!(found().map(Found::into_text).collect::<Vec<_>>(), texts);
        let nulls = values.iter().map(|value| *value == Value::Null);
        assert!(found().map(|found| found.is_null()).eq(nulls));
    }
}

#[test]
fn a_path_of_names_places_and_stars_is_plain() {
    let name = |name: &str| Step::Name(name.to_owned());
    for (path, wanted) in [
        ("$", vec![]),
        ("$.data[*].id", vec![name("data"), Step::Every, name("id")]),
        (
            "$.a[0]['b c'][\"]'\"].*",
            vec![name("a"), Step::Index(0), name("b c"), name("]'"), Step::Every],
        ),
        ("$._ä1['']", vec![name("_ä1"), name("")]),
    ] {
        assert_eq!(JsonPath::parse(path).unwrap().steps, Some(wanted), "{path}");
    }
    for path in [
        "$..id",
        "$..*",
        "$..['a']",
        "$[-1]",
        "$[0:2]",
        "$[:]",
        "$[0,1]",
        "$['a','b']",
        "$['a\\'b']",
        "$[*,0]",
        "$[?@.a == ']']",
        "$[?@['a']].b",
        "$.a .b",
        "$ .a",
        "$[ 0 ]",
        "$[ 'a' ]",
        "$[ ']' ]",
        "$['a' ]",
    ] {
        assert_eq!(JsonPath::parse(path).unwrap().steps, None, "{path}");
    }
}

#[test]
fn one_path_that_needs_the_tree_gives_it_to_all_and_so_do_many() {
    let shared = |paths: &[&str]| {
        let mut paths: Vec<_> = paths.iter().map(|path| JsonPath::parse(path).unwrap()).collect();
        JsonPath::share(paths.iter_mut().collect());
        paths.iter().all(|path| path.steps.is_none())
    };
    assert!(!shared(&["$.a", "$.b[*]", "$.c[0]"]));
    assert!(shared(&["$.a", "$..b"]));
    assert!(shared(&["$.a", "$.b", "$.c", "$.d"]));
}

#[test]
fn of_two_members_with_one_name_the_last_counts() {
    let body = br#"{"a": [{"b": 1}, {"b": 2}], "c": 0, "a": {"b": 3, "b": null, "\u0062": "x"}}"#;
    for (path, wanted) in [
        ("$.a.b", &["\"x\""][..]),
        ("$.a[*].b", &[]),
        ("$.a", &[r#"{"b":"x"}"#]),
        ("$.c", &["0"]),
    ] {
        agree(path, body);
        let found = in_tree(path, body).unwrap();
        assert_eq!(found, wanted, "{path}");
    }
    assert_eq!(in_passing("$.a.b", body), in_tree("$.a.b", body));
    agree("$.*", body);
    agree("$.*[*]", body);
}

#[test]
fn what_is_passed_over_must_be_json_too() {
    let deep = |levels: usize| {
        format!(
            "{{\"b\": {}{}, \"a\": 1}}",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let (most, more) = (deep(126), deep(127));
    assert_eq!(in_passing("$.a", most.as_bytes()), Some(vec!["1".to_owned()]));
    let bodies = [
        most.as_bytes(),
        more.as_bytes(),
        b"",
        b" ",
        b"null",
        b"{\"a\": 1} x",
        b"{\"a\": 1}}",
        b"{\"a\": 1,}",
        b"{\"a\": 1, \"b\": \"\xff\"}",
        b"{\"a\": 1, \"\xc3\": 2}",
        b"\xef\xbb\xbf{\"a\": 1}",
        br#"{"a": 1, "b": "\ud800"}"#,
        br#"{"a": 1, "b": "\ud83d\ude00"}"#,
        br#"{"a": 1, "\udc00": 2}"#,
        br#"{"a": 1, "b": 1e400}"#,
        br#"{"a": 1, "b": -0, "c": 01}"#,
        b"{\"a\": 1, \"b\": \"\n\"}",
        br#"{"a": 1, "$serde_json::private::RawValue": 2}"#,
        br#"{"b": {"$serde_json::private::RawValue": 2}, "a": 1}"#,
        br#"{"$serde_json::private::RawValue": "{\"a\": 2}"}"#,
        br#"{"a": {"$serde_json::private::RawValue": "\"x\""}}"#,
        br#"{"$serde_json::private::Number": "1", "a": 2}"#,
    ];
    for body in bodies {
        for path in ["$", "$.a", "$.b", "$.*", "$[0]", "$.a.a"] {
            agree(path, body);
        }
    }
}

#[test]
fn text_without_escapes_is_not_copied() {
    let headers = HeaderMap::new();
    let received = received(&headers, br#"{"a": ["plain", "esc\u0061ped"]}"#);
    let found = JsonPath::parse("$.a[*]").unwrap().find(&received).unwrap();
    assert!(matches!(
        &found[..],
        [Found::Text(Cow::Borrowed("plain")), Found::Text(Cow::Owned(escaped))] if escaped == "escaped"
    ));
}

const NAMES: [&str; 4] = ["a", "b", "data", "ä"];

fn one_of<'a>(random: &mut impl Rng, choices: &[&'a str]) -> &'a str {
    choices[below(random, choices.len() as u64) as usize]
}

/// Writes some value: few names, so that some come twice and paths lead somewhere.
fn value(random: &mut impl Rng, depth: u64, out: &mut String) {
    const SCALARS: [&str; 20] = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-0.0",
        "7",
        "-12",
        "1.0",
        "2.50",
        "1e3",
        "1E-400",
        "0.1",
        "9007199254740993",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "123456789012345678901234567890.5",
        r#""plain""#,
        r#""\"\u00e4\ud83d\ude00\n/ä""#,
    ];
    let kind = if depth == 0 { 0 } else { below(random, 5) };
    let blank = |random: &mut _, out: &mut String| out.push_str(one_of(random, &["", "", " ", "\n\t"]));
    if kind == 0 {
        out.push_str(one_of(random, &SCALARS));
        return;
    }
    let list = kind < 3;
    out.push(if list { '[' } else { '{' });
    for number in 0..below(random, 5) {
        out.push_str(if number > 0 { "," } else { "" });
        blank(random, out);
        if !list {
            out.push_str(one_of(
                random,
                &[r#""a""#, r#""b""#, r#""data""#, r#""ä""#, r#""\u0061""#],
            ));
            blank(random, out);
            out.push(':');
        }
        value(random, depth - 1, out);
        blank(random, out);
    }
    out.push(if list { ']' } else { '}' });
}

/// Some path, mostly a plain one.
fn path(random: &mut impl Rng) -> String {
    let mut path = "$".to_owned();
    for _ in 0..below(random, 5) {
        let name = one_of(random, &NAMES);
        let step = match below(random, 16) {
            0..5 => format!(".{name}"),
            5..7 => format!("['{name}']"),
            7 => format!("[\"{name}\"]"),
            8..11 => "[*]".to_owned(),
            11 => ".*".to_owned(),
            12..15 => format!("[{}]", below(random, 3)),
            _ => one_of(random, &["..a", "[-1]", "[0:2]", "['a',0]", "[?@.a]", " .b"]).to_owned(),
        };
        path.push_str(&step);
    }
    path
}

#[test]
fn reading_once_finds_what_the_tree_has() {
    let (mut read, mut finds, mut broken) = (0, 0, 0);
    for number in 0..4000 {
        let random = &mut Draw::new(17, number, 0).stream(Purpose::Data(0));
        let mut text = String::new();
        value(random, 5, &mut text);
        let mut body = text.into_bytes();
        // A third is cut, a third has one byte changed or something after its end.
        let place = below(random, body.len() as u64) as usize;
        match below(random, 6) {
            0 | 1 => body.truncate(place),
            2 => body[place] = random.next_u64().to_le_bytes()[0],
            3 => body.extend_from_slice(one_of(random, &[" ", "\n", "x", "{}", ","]).as_bytes()),
            _ => {}
        }
        for _ in 0..8 {
            let path = path(random);
            agree(&path, &body);
            let parsed = JsonPath::parse(&path).unwrap();
            let found = parsed.steps.and_then(|steps| read::finds(&steps, &body));
            read += usize::from(found.is_some());
            finds += found.map_or(0, |found| found.len());
        }
        broken += usize::from(in_tree("$", &body).is_none());
    }
    // It would prove nothing, were most of them broken, or empty, or left to the tree.
    assert!(read > 10_000 && finds > 3_000, "{read} read, {finds} finds");
    assert!((500..3000).contains(&broken), "{broken} broken");
}
