//! Tests of expectations and captures.

use http::HeaderValue;

use super::*;
use crate::plan::draw::{Draw, Purpose};
use crate::plan::template::{Escape, JsonTemplate, Scope};

const BODY: &str = r#"{"status": "open", "n": 3, "data": [{"id": "931234567-201701"}, {"id": "x"}, {"id": "932234567-201701"}], "next": null}"#;

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("set-cookie", "theme=dark; Path=/"),
        ("set-cookie", "session = abc123 ; HttpOnly"),
        ("location", "/orders/77"),
    ] {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers
}

fn received<'a>(headers: &'a HeaderMap, status: u16, body: &'a str) -> Received<'a> {
    let status = StatusCode::from_u16(status).unwrap();
    Received::new(status, headers, body.as_bytes(), Duration::from_millis(250))
}

fn scene() -> (Scope, Values) {
    crate::plan::template::tests::scene()
}

fn text(text: &str) -> Template {
    Template::compile(text, &scene().0, Escape::None).unwrap()
}

/// The failure of a check, with what was found; `None` when it holds.
fn failure(check: &Check, status: u16, body: &str) -> Option<(String, Option<String>)> {
    let headers = headers();
    let mismatch = check.judge(&received(&headers, status, body), &scene().1).err()?;
    Some((mismatch.words.to_string(), mismatch.detail))
}

#[expect(clippy::unnecessary_wraps, reason = "compared with an Option")]
fn words(words: &str, detail: &str) -> Option<(String, Option<String>)> {
    Some((words.to_owned(), (!detail.is_empty()).then(|| detail.to_owned())))
}

#[test]
fn an_unexpected_status_says_what_was_expected_and_what_came() {
    let mut set = StatusSet::default();
    set.add("404").unwrap();
    let check = Check::status(set);
    assert_eq!(failure(&check, 404, ""), None);
    assert_eq!(
        failure(&check, 500, ""),
        words("expected <400 or 404, got 500", "")
    );
}

#[test]
fn headers_are_judged_by_text() {
    let check = |name: &'static str, test| Check::header(HeaderName::from_static(name), test, "text/html");
    let contains = check("content-type", TextTest::Contains(text("text/html")));
    assert_eq!(
        failure(&contains, 200, ""),
        words(
            "header content-type does not contain \"text/html\"",
            "application/json; charset=utf-8"
        )
    );
    assert_eq!(
        failure(&check("etag", TextTest::Equals(text("x"))), 200, ""),
        words("header etag is missing", "")
    );
    assert_eq!(
        failure(
            &check("content-type", TextTest::Matches(regex("^application/").unwrap())),
            200,
            ""
        ),
        None
    );
}

#[test]
fn a_json_value_is_compared_by_value() {
    let check = |path: &str, value: serde_json::Value| {
        let written = value.to_string();
        Check::json(json_path(path).unwrap(), Expected::Fixed(value), &written)
    };
    assert_eq!(failure(&check("$.status", "open".into()), 200, BODY), None);
    assert_eq!(failure(&check("$.n", 3.0.into()), 200, BODY), None);
    assert_eq!(
        failure(&check("$.status", "shut".into()), 200, BODY),
        words("$.status is not \"shut\"", "\"open\"")
    );
    assert_eq!(
        failure(&check("$.gone", 1.into()), 200, BODY),
        words("$.gone found nothing", "")
    );
    assert_eq!(
        failure(&check("$.n", "3".into()), 200, BODY),
        words("$.n is not \"3\"", "3")
    );
    assert_eq!(
        failure(&check("$.n", 3.into()), 200, "<html>"),
        words("the body is not JSON", "<html>")
    );
    assert_eq!(
        failure(&check("$.data[*].id", "x".into()), 200, BODY),
        words("$.data[*].id is not \"x\"", "\"931234567-201701\"")
    );
}

#[test]
fn a_rendered_value_is_the_same_as_its_text() {
    let mut template = JsonTemplate::default();
    template.string("{{ student.id }}", &scene().0).unwrap();
    let check = Check::json(
        json_path("$.id").unwrap(),
        Expected::Rendered(template),
        "\"{{ student.id }}\"",
    );
    assert_eq!(failure(&check, 200, r#"{"id": 931}"#), None);
    assert_eq!(failure(&check, 200, r#"{"id": "931"}"#), None);
    assert_eq!(
        failure(&check, 200, r#"{"id": 932}"#),
        words("$.id is not \"{{ student.id }}\"", "932")
    );
    assert_eq!(check.slots().len(), 1);
}

#[test]
fn the_body_and_the_time_are_judged() {
    let body = Check::body(TextTest::Contains(text("{{ student.id }}")), "{{ student.id }}");
    assert_eq!(failure(&body, 200, BODY), None);
    assert_eq!(
        failure(&body, 200, "no"),
        words("the body does not contain \"{{ student.id }}\"", "no")
    );
    assert_eq!(failure(&Check::within(Duration::from_millis(250)), 200, ""), None);
    assert_eq!(
        failure(&Check::within(Duration::from_millis(200)), 200, ""),
        words("took longer than 200 ms", "250 ms")
    );
    assert!(body.needs_body() && !Check::within(Duration::ZERO).needs_body());
}

fn capture(from: Extract, narrow: Option<&str>, pick: Pick) -> Capture {
    Capture {
        target: CaptureTarget::Pool(0),
        required: true,
        name: "id".into(),
        from,
        regex: narrow.map(|text| regex(text).unwrap()),
        pick,
    }
}

fn captured(from: Extract, narrow: Option<&str>, pick: Pick) -> Vec<String> {
    let headers = headers();
    let mut random = Draw::new(1, 2, 3).stream(Purpose::Capture(0));
    let values = capture(from, narrow, pick).values(&received(&headers, 200, BODY), &mut random);
    values.iter().map(ToString::to_string).collect()
}

#[test]
fn values_are_found_wherever_a_response_has_them() {
    let ids = || Extract::Json(json_path("$.data[*].id").unwrap());
    assert_eq!(captured(ids(), Some("^[0-9]{9}"), Pick::First), ["931234567"]);
    assert_eq!(captured(ids(), Some("^([0-9]{3})[0-9]{6}-"), Pick::Last), ["932"]);
    assert_eq!(
        captured(ids(), Some("^[0-9]{9}"), Pick::All),
        ["931234567", "932234567"]
    );
    assert_eq!(captured(ids(), None, Pick::Random).len(), 1);
    assert_eq!(
        captured(Extract::Json(json_path("$.n").unwrap()), None, Pick::First),
        ["3"]
    );
    assert_eq!(
        captured(
            Extract::Regex(regex("\"n\": ([0-9]+)").unwrap()),
            None,
            Pick::First
        ),
        ["3"]
    );
    assert_eq!(
        captured(
            Extract::Header(http::header::LOCATION),
            Some("[0-9]+$"),
            Pick::First
        ),
        ["77"]
    );
    assert_eq!(
        captured(Extract::Cookie("session".to_owned()), None, Pick::First),
        ["abc123"]
    );
}

#[test]
fn null_and_nothing_are_no_find() {
    for path in ["$.next", "$.gone", "$.data[9]"] {
        assert!(captured(Extract::Json(json_path(path).unwrap()), None, Pick::Random).is_empty());
    }
    assert!(captured(Extract::Cookie("sess".to_owned()), None, Pick::First).is_empty());
    let missing = capture(Extract::Cookie("sess".to_owned()), None, Pick::First).missing(&received(
        &headers(),
        200,
        BODY,
    ));
    assert_eq!(&*missing.words, "nothing captured for `id`");
    let of_json = capture(Extract::Json(json_path("$.id").unwrap()), None, Pick::First);
    let missing = |body| of_json.missing(&received(&headers(), 200, body)).words;
    assert_eq!(
        &*missing("<html>"),
        "nothing captured for `id`: the body is not JSON"
    );
    assert_eq!(&*missing("{}"), "nothing captured for `id`");
}

#[test]
fn a_random_pick_takes_each_find_equally_often() {
    // 3 finds, 9000 picks: chi-square with 2 degrees of freedom is above 18.4 with probability 1e-4.
    let headers = headers();
    let received = received(&headers, 200, BODY);
    let capture = capture(
        Extract::Json(json_path("$.data[*].id").unwrap()),
        None,
        Pick::Random,
    );
    let mut counts = std::collections::BTreeMap::new();
    for user in 0..9000 {
        let mut random = Draw::new(4, user, 0).stream(Purpose::Capture(0));
        let value = &capture.values(&received, &mut random)[0];
        *counts.entry(value.to_string()).or_insert(0_u32) += 1;
    }
    let chi: f64 = counts
        .values()
        .map(|&n| (f64::from(n) - 3000.0).powi(2) / 3000.0)
        .sum();
    assert_eq!(counts.len(), 3);
    assert!(chi < 18.4, "chi-square {chi}");
}
