//! Tests of templates.

use std::sync::Arc;

use super::*;
use crate::plan::value::{Row, Table};

/// A scope with a scalar, a row, a capture, and a configuration with a secret.
pub(in crate::plan) fn scene() -> (Scope, Values) {
    let table = Arc::new(Table::new(
        vec!["id".into(), "name".into()],
        [vec![Value::text("931"), Value::text("Ann/Bo")]],
    ));
    let mut slots = Slots::default();
    let mut scope = Scope::default();
    for (name, kind, shape) in [
        ("term", SlotKind::Source(0), Shape::Scalar),
        ("student", SlotKind::Source(1), Shape::Row(Arc::clone(&table))),
        ("found", SlotKind::Local, Shape::Any),
        ("nothing", SlotKind::Local, Shape::Any),
    ] {
        let slot = slots.add(name, kind);
        scope.names.insert(name.to_owned(), Name { slot, shape });
    }
    let mut config = serde_json::json!({
        "host": "https://a.example", "base": "/api/v1", "password": "pa ss/wörd",
        "limits": {"low": 1}, "db": {"name": "x", "token": "pa ss/token"},
    });
    let sent = config.clone();
    config["password"] = MASK.into();
    config["db"]["token"] = MASK.into();
    let config = Constants::new(sent, config);
    scope.config = Arc::new(config);
    let mut values = Values::new(&slots);
    values.set(SlotId(0), Value::Int(201_701));
    values.set(SlotId(1), Value::Row(Row::new(&table, 0).unwrap()));
    values.set(
        SlotId(2),
        Value::from(&serde_json::json!({"links": {"next": "/p?2"}, "n": 3})),
    );
    (scope, values)
}

fn rendered(text: &str, escape: Escape) -> String {
    let (scope, values) = scene();
    let mut out = String::new();
    Template::compile(text, &scope, escape)
        .unwrap()
        .render(&values, &mut out)
        .unwrap();
    out
}

#[test]
fn plain_names_and_expressions_come_to_the_same() {
    for (text, expected) in [
        ("a {{ term }} b", "a 201701 b"),
        ("{{ student.name }}", "Ann/Bo"),
        ("{{ found.links.next }}!", "/p?2!"),
        ("{{ term + 1 }}", "201702"),
        ("{{ student.name | upper }}", "ANN/BO"),
        ("{{ found.links['next'] }}", "/p?2"),
        ("{{ nothing | default('none yet') }}", "none yet"),
        ("{% if found.n > 2 %}many{% else %}few{% endif %}\n", "many\n"),
        ("{{ true }} {{ none }} {{ 1.5 }}", "true null 1.5"),
        ("{{ found.links }}{{ [1, 'x'] }}", "{\"next\":\"/p?2\"}[1,\"x\"]"),
        ("{{ config.region | default('eu') }}-{{ term }}", "eu-201701"),
        (
            "{% if config.region is defined %}x{% endif %}{{ config.host | default('none') }}",
            "https://a.example",
        ),
        ("{{ config.host }}/{{ config.limits.low }}", "https://a.example/1"),
        ("{\"a\": {\"b\": 1}}", "{\"a\": {\"b\": 1}}"),
        ("", ""),
    ] {
        assert_eq!(rendered(text, Escape::None), expected, "{text}");
    }
}

#[test]
fn values_are_encoded_where_they_go_and_configured_paths_stay_paths() {
    for (text, escape, expected) in [
        (
            "{{ config.base }}/x y/{{ student.name }}?q={{ student.name }}",
            Escape::Path,
            "/api/v1/x%20y/Ann%2FBo?q=Ann%2FBo",
        ),
        (
            "/x{{ config.base }}?p={{ config.password }}",
            Escape::Path,
            "/x%2Fapi%2Fv1?p=pa%20ss%2Fw%C3%B6rd",
        ),
        ("/{{ student.name | upper }}/ä", Escape::Path, "/ANN%2FBO/%C3%A4"),
        ("/{{ found.links.next | safe }}", Escape::Path, "//p?2"),
        ("a b&{{ config.base }}", Escape::Query, "a%20b%26%2Fapi%2Fv1"),
        ("{{ 'a b' ~ student.name }} c", Escape::Query, "a%20bAnn%2FBo%20c"),
        ("{{ config.password }}", Escape::Form, "pa+ss%2Fw%C3%B6rd"),
    ] {
        assert_eq!(rendered(text, escape), expected, "{text}");
    }
}

#[test]
fn secrets_are_sent_and_never_shown() {
    let (scope, values) = scene();
    for text in [
        "x{{ config.password }}y",
        "{{ config.password | upper }}",
        "{{ term }}{{ config.password ~ term }}",
        "{{ config | tojson }}",
        "{{ config.db }}",
        "{{ config.db.token }}",
    ] {
        for escape in [Escape::None, Escape::Path, Escape::Query, Escape::Form] {
            let template = Template::compile(text, &scope, escape).unwrap();
            let (mut sent, mut shown) = (String::new(), String::new());
            template.render(&values, &mut sent).unwrap();
            template.show(&values, &mut shown).unwrap();
            let debug = format!("{template:?}");
            assert!(sent.to_lowercase().contains("pa"), "{sent}");
            for text in [shown, debug] {
                let lower = text.to_lowercase();
                assert!(
                    !lower.contains("ss/w") && !lower.contains("ss%2fw") && !lower.contains("pa ss"),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn a_constant_template_is_known_before_the_run() {
    let (scope, _) = scene();
    let constant = |text| {
        Template::compile(text, &scope, Escape::None)
            .unwrap()
            .constant()
            .map(str::to_owned)
    };
    assert_eq!(
        constant("{{ config.host }}{{ config.base }}").as_deref(),
        Some("https://a.example/api/v1")
    );
    assert_eq!(
        constant("a{{ config.host | upper }}").as_deref(),
        Some("aHTTPS://A.EXAMPLE")
    );
    assert_eq!(constant("{{ config.db.name }}").as_deref(), Some("x"));
    assert_eq!(constant("{{ term }}"), None);
}

#[test]
fn the_slots_of_a_template_are_known() {
    let (scope, _) = scene();
    let slots = |text| {
        Template::compile(text, &scope, Escape::None)
            .unwrap()
            .slots()
            .map(|s| s.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(slots("{{ student.id }}-{{ term }}"), [1, 0]);
    assert_eq!(
        slots("{{ student.id ~ term }}{% for x in range(3) %}{{ x }}{% endfor %}"),
        [1, 0]
    );
}

#[test]
fn every_mistake_is_found_where_it_stands() {
    let (mut scope, _) = scene();
    scope
        .elsewhere
        .insert("token".to_owned(), "captured only later".to_owned());
    for (text, place, message, help) in [
        (
            "a {{ terms }}",
            "terms",
            "`terms` is not defined",
            "did you mean `term`?",
        ),
        (
            "{{ terms | upper }}",
            "terms",
            "`terms` is not defined",
            "did you mean `term`?",
        ),
        (
            "{{ token }}",
            "token",
            "`token` is not known here",
            "captured only later",
        ),
        (
            "{{ host }}",
            "host",
            "`host` is not defined",
            "did you mean `config.host`?",
        ),
        (
            "{{ config.hots }}",
            "config.hots",
            "`config.hots` is set nowhere",
            "did you mean `config.host`?",
        ),
        (
            "{{ config.region ~ 'x' }}",
            "config.region",
            "`config.region` is set nowhere",
            "set `region` in config.yaml, `RUNNER_REGION` in the environment, or give `--set region=...`",
        ),
        (
            "{{ student.nmae }}",
            "student.nmae",
            "`student` has no column `nmae`",
            "did you mean `student.name`?",
        ),
        (
            "{{ student }}",
            "student",
            "`student` is a whole row",
            "name a column: `student.id`, `student.name`",
        ),
        (
            "{{ term.id }}",
            "term.id",
            "`term` is a single value without `id`",
            "write `term`",
        ),
        (
            "{{ term | uper }}",
            "uper",
            "filter uper is unknown",
            "did you mean `upper`?",
        ),
    ] {
        let problem = Template::compile(text, &scope, Escape::None).unwrap_err();
        assert_eq!(problem.message, message, "{text}");
        assert_eq!(problem.help.as_deref(), Some(help), "{text}");
        assert!(
            text[problem.range.clone()].contains(place),
            "{text}: {:?}",
            &text[problem.range]
        );
    }
}

#[test]
fn broken_templates_are_refused_without_a_panic() {
    let (scope, _) = scene();
    for text in [
        "{{ term",
        "{{ }}",
        "{% if %}",
        "{{ term | }}",
        "{{ 1 / 0 }}",
        "{% for x in range(1000000) %}{{ x }}{% endfor %}",
        "ä{{ ö }}",
        "{{ term.. }}",
    ] {
        let problem = Template::compile(text, &scope, Escape::None).unwrap_err();
        assert!(text.get(problem.range).is_some(), "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_no_harm() {
    let (scope, _) = scene();
    for part in [
        "(",
        "[",
        "not ",
        "-",
        "{",
        "term|upper(",
        "term[",
        "1 if ",
        "term.",
    ] {
        for length in [900, 100_000] {
            let code = part.repeat(length / part.len());
            let template = Template::compile(&format!("{{{{ {code} }}}}"), &scope, Escape::None);
            assert!(template.is_err(), "{part}");
            assert!(Expression::compile(&code, &scope).is_err(), "{part}");
        }
    }
    for part in ["{% if true %}", "{% for x in [1] %}", "{% macro m() %}", "{{"] {
        for length in [7900, 100_000] {
            let text = part.repeat(length / part.len());
            assert!(Template::compile(&text, &scope, Escape::None).is_err(), "{part}");
        }
    }
}

#[test]
fn long_chains_do_no_harm() {
    let (scope, values) = scene();
    for part in [" + 1", " ~ 1", "|string", " and 1", " or 0", ".x", "[0]"] {
        let text = format!("{{{{ term{} }}}}", part.repeat(980 / part.len()));
        if let Ok(template) = Template::compile(&text, &scope, Escape::None) {
            let _ = template.render(&values, &mut String::new());
        }
    }
}

#[test]
fn a_value_that_is_missing_is_a_failure_with_few_words() {
    let (scope, values) = scene();
    for (text, words) in [
        ("{{ nothing }}", "`nothing` has no value"),
        ("{{ found.links.last }}", "`found.links.last` has no value"),
        (
            "Bearer s3cret {{ nothing | upper }}!",
            "cannot render `{{ nothing | upper }}`: undefined value (`nothing` has no value)",
        ),
        (
            "{{ found.n + 'x' }}",
            "cannot render `{{ found.n + 'x' }}`: invalid operation (`found.n` is a number)",
        ),
        (
            "/{{ term | string }}/{{ student.name + 1 }}?x={{ found.n | string }}",
            "cannot render `{{ student.name + 1 }}`: invalid operation (`student.name` is text)",
        ),
    ] {
        let template = Template::compile(text, &scope, Escape::None).unwrap();
        assert_eq!(
            template
                .render(&values, &mut String::new())
                .unwrap_err()
                .to_string(),
            words
        );
    }
}

/// A template of a whole document, as the plan builds it of the one in the scenario.
fn json_template(document: &serde_json::Value, scope: &Scope) -> Result<JsonTemplate, Problem> {
    let mut template = JsonTemplate::default();
    append(&mut template, document, scope)?;
    Ok(template)
}

fn append(template: &mut JsonTemplate, document: &serde_json::Value, scope: &Scope) -> Result<(), Problem> {
    use serde_json::Value as Json;
    match document {
        Json::String(text) => return template.string(text, scope),
        Json::Array(items) => {
            template.raw("[");
            for (place, item) in items.iter().enumerate() {
                template.raw(if place == 0 { "" } else { "," });
                append(template, item, scope)?;
            }
            template.raw("]");
        }
        Json::Object(members) => {
            template.raw("{");
            for (place, (key, item)) in members.iter().enumerate() {
                template.raw(if place == 0 { "" } else { "," });
                template.key(key, scope)?;
                template.raw(":");
                append(template, item, scope)?;
            }
            template.raw("}");
        }
        plain => template.raw(&plain.to_string()),
    }
    Ok(())
}

#[test]
fn a_json_string_that_is_one_placeholder_takes_the_type_of_its_value() {
    let (scope, values) = scene();
    let document = serde_json::json!({
        "term": "{{ term }}", "text": "t{{ term }}", "next": "{{ term + 1 }}", "list": ["{{ found }}", null, true, 1.5, [], {}],
        "who": "{{ student }}", "quote \" {{ term }}": "say \"{{ student.name }}\"", "low": "{{ config.limits.low }}",
        "secret": "{{ config.password }}",
    });
    let template = json_template(&document, &scope).unwrap();
    let (mut sent, mut shown) = (String::new(), String::new());
    template.render(&values, &mut sent).unwrap();
    template.show(&values, &mut shown).unwrap();
    let mut expected = serde_json::json!({
        "term": 201_701, "text": "t201701", "next": 201_702,
        "list": [{"links": {"next": "/p?2"}, "n": 3}, null, true, 1.5, [], {}],
        "who": {"id": "931", "name": "Ann/Bo"}, "quote \" 201701": "say \"Ann/Bo\"", "low": 1,
        "secret": "pa ss/wörd",
    });
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&sent).unwrap(),
        expected
    );
    expected["secret"] = MASK.into();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
        expected
    );
}

#[test]
fn expressions_are_true_or_false() {
    let (scope, values) = scene();
    let compile = |text: &str| Expression::compile(text, &scope).unwrap();
    assert_eq!(
        compile("found.n == 3 and nothing is undefined").truth(&values),
        Ok(true)
    );
    assert_eq!(compile("{{ term > 300000 }}").truth(&values), Ok(false));
    assert!(compile("nothing").truth(&values).is_err());
    let problem = Expression::compile("{{ foundd.n > 1 }}", &scope).unwrap_err();
    assert_eq!(
        (problem.range, problem.help.as_deref()),
        (3..11, Some("did you mean `found`?"))
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_compiling_panic(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "{{", "}}", "{%", "%}", "{#", "#}", " ", "term", "student", ".", "id", "config", "|", "upper", "(", ")", "[", "]",
                "'", "\"", "if", "endif", "for", "in", "set", "~", "1", "+", "ä", "-", "%", "/", "?", "\n", "=", "raw", "macro",
            ]),
            0..12,
        ),
    ) {
        let text = words.concat();
        let (scope, values) = scene();
        for escape in [Escape::None, Escape::Path, Escape::Query, Escape::Form] {
            match Template::compile(&text, &scope, escape) {
                Ok(template) => { let _ = template.render(&values, &mut String::new()); }
                Err(problem) => assert!(text.get(problem.range).is_some()),
            }
        }
        if let Err(problem) = Expression::compile(&text, &scope) {
            assert!(text.get(problem.range).is_some());
        }
        if let Err(problem) = json_template(&text.as_str().into(), &scope) {
            assert!(text.get(problem.range).is_some());
        }
        let _ = crate::plan::threshold::Threshold::parse(&text, &[]);
        let _ = crate::plan::check::json_path(&text);
    }
}
