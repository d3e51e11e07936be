//! From a scenario on disk to its plan.

use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use runner::plan::check::{CaptureTarget, Pick};
use runner::plan::data::WhenFull;
use runner::plan::draw::{Draw, Purpose};
use runner::plan::preview::{Expected, Preview};
use runner::plan::profile::Model;
use runner::plan::resolve::{Overrides, resolve};
use runner::plan::target::{Connections, TransportKind};
use runner::plan::template::{SlotKind, Values};
use runner::plan::think::Think;
use runner::plan::value::Value;
use runner::plan::{Auth, BodyPlan, EndpointId, Plan, RequestPlan, RowId, UrlPlan};
use runner::scenario::diagnostics::Diagnostic;
use runner::scenario::{ConfigSources, Style, load};

/// The seed's scenario, as the README of the project will show it.
const TERM_HEAVY: &str = r#"
name: term-heavy
target:
  url: "{{ config.host }}{{ config.api_base_url }}"
  auth: { basic: { user: "{{ config.user }}", password: "{{ config.password }}" } }
  tls: { verify: false }
  timeout: 150s
  pool_size: 30
data:
  term_id:
    combine: "20{{ year }}0{{ quarter }}"
    with: { year: { range: [15, 19] }, quarter: { range: [0, 3] } }
  osu_id:
    captured: { keep: 10 }
think: { between: [100ms, 5s] }
on_start: [get_by_term_id]
endpoints:
  - name: get_by_osu_id
    weight: 2
    get: ""
    query: { osuId: "{{ osu_id }}" }
  - name: get_by_term_id
    weight: 2
    get: ""
    query: { term: "{{ term_id }}" }
    capture:
      - { json: "$.data[*].id", pick: random, regex: "^[0-9]{9}", as: osu_id }
  - name: get_without_query
    weight: 1
    get: ""
    expect: { status: ["<400", 400] }
  - name: get_by_id
    weight: 1
    get: "/{{ osu_id }}-{{ term_id }}"
    expect: { status: ["<400", 404] }
stages:
  - { users: 10, ramp: 5s, hold: 60s }
  - { users: 100, ramp: 30s, hold: 60s }
thresholds:
  - failures < 1%
  - p95 of get_by_term_id < 3s
"#;

const SET: [&str; 4] = [
    "host=https://localhost:8443",
    "api_base_url=/api/v1/staff-fee-privilege",
    "user=reader",
    "password=canary pass/wörd",
];

/// The plan of a scenario, or its problems as a user sees them.
fn plan_with(text: &str, overrides: &Overrides) -> Result<Plan, String> {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().join("scenario.yaml");
    std::fs::write(&path, text).expect("the scenario can be written");
    std::fs::write(
        folder.path().join("students.csv"),
        "id,name\n931,Ann\n932,Bo/Bo\n",
    )
    .expect("the table can be written");
    let config = ConfigSources {
        set: SET.map(str::to_owned).to_vec(),
        ..ConfigSources::default()
    };
    let loaded = load(Path::new(&path), &config).map_err(|error| error.render(Style::Plain))?;
    // Most plans of these tests hold for seconds, which is another test's matter.
    let short = |warning: &Diagnostic| warning.message.contains("too short to judge");
    match resolve(&loaded, overrides) {
        Ok((plan, warnings)) if warnings.iter().all(short) => Ok(plan),
        Ok((_, problems)) | Err(problems) => Err(problems.render(&loaded.sources, Style::Plain)),
    }
}

fn plan(text: &str) -> Plan {
    plan_with(text, &Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Path and query of a request, with these values in the slots of these names.
fn path(plan: &Plan, request: &RequestPlan, values: &[(&str, Value)]) -> String {
    let mut filled = Values::new(&plan.slots);
    for (name, value) in values {
        let slot = (0..plan.slots.len()).map(|n| runner::plan::template::SlotId(n as u16));
        for slot in slot.filter(|slot| &**plan.slots.name(*slot) == *name) {
            filled.set(slot, value.clone());
        }
    }
    let UrlPlan::Path { path, .. } = &request.url else {
        panic!("a captured link")
    };
    let mut out = String::new();
    path.render(&filled, &mut out).expect("every value is there");
    out
}

#[test]
fn the_seeds_scenario_becomes_the_plan_it_describes() {
    let plan = plan(TERM_HEAVY);
    let [by_osu_id, by_term, without, by_id] = &plan.endpoints[..] else {
        panic!("four endpoints")
    };
    assert_eq!(plan.on_start, [EndpointId(1)]);
    assert_eq!(
        plan.think,
        Think::Between(Duration::from_millis(100), Duration::from_secs(5))
    );
    assert_eq!(plan.session.home.to_string(), "https://localhost:8443");
    assert_eq!(plan.transport.kind, TransportKind::Direct);
    assert_eq!(plan.transport.connections, Connections::PerUser);
    assert!(!plan.transport.tls.verify);
    let values = [
        ("osu_id", Value::text("931234567")),
        ("term_id", Value::text("201701")),
    ];
    let base = "/api/v1/staff-fee-privilege";
    for (endpoint, expected) in [
        (by_osu_id, "?osuId=931234567"),
        (by_term, "?term=201701"),
        (without, ""),
        (by_id, "/931234567-201701"),
    ] {
        let request = &endpoint.steps[0].request;
        assert_eq!(path(&plan, request, &values), format!("{base}{expected}"));
        assert_eq!(request.timeout, Duration::from_secs(150));
    }
    assert_eq!(by_id.needs_pools, [0]);
    assert_eq!(by_id.needs.len(), 2);
    assert!(by_term.needs_pools.is_empty());
    let capture = &by_term.steps[0].request.captures[0];
    assert_eq!(
        (capture.target, capture.pick),
        (CaptureTarget::Pool(0), Pick::Random)
    );
    assert_eq!(
        (plan.pools[0].keep, plan.pools[0].when_full),
        (10, WhenFull::Ignore)
    );
    assert_eq!(plan.sources[0].len(), 20);
    assert!(by_term.steps[0].request.needs_body() && !by_id.steps[0].request.needs_body());
}

#[test]
fn the_outline_says_what_the_reports_need_and_survives_json() {
    let outline = plan(TERM_HEAVY).outline;
    let rows: Vec<_> = outline.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(
        rows,
        [
            "get_by_osu_id",
            "get_by_term_id",
            "get_without_query",
            "get_by_id"
        ]
    );
    assert_eq!(outline.url, "https://localhost:8443/api/v1/staff-fee-privilege");
    assert_eq!(outline.pool_size, Some(30));
    assert_eq!(outline.stages[1].hold_start, Duration::from_secs(95));
    assert_eq!(outline.think.words, "between 100 ms and 5 s");
    assert_eq!(
        outline.thresholds[1].of.as_ref().map(|of| of.rows.clone()),
        Some(vec![RowId(1)])
    );
    let json = serde_json::to_string(&*outline).expect("plain data");
    let back: runner::plan::outline::Outline = serde_json::from_str(&json).expect("what was written");
    assert_eq!(back, *outline);
}

#[test]
fn credentials_are_sent_and_shown_nowhere() {
    let plan = plan(TERM_HEAVY);
    let Auth::Header(header) = &plan.session.auth else {
        panic!("Basic")
    };
    // base64 of `reader:canary pass/wörd` in UTF-8.
    assert_eq!(
        header.to_str().ok(),
        Some("Basic cmVhZGVyOmNhbmFyeSBwYXNzL3fDtnJk")
    );
    let debug = format!(
        "{plan:?}{}",
        serde_json::to_string(&*plan.outline).expect("plain data")
    );
    for secret in ["canary", "cmVhZGVy", "reader"] {
        assert!(!debug.contains(secret), "{secret}");
    }
}

#[test]
fn a_secret_in_the_urls_path_is_masked_in_the_outline() {
    let text = TERM_HEAVY.replace("{{ config.api_base_url }}", "/{{ config.password }}/api");
    let plan = plan(&text);
    assert_eq!(plan.outline.url, "https://localhost:8443/***/api");
    let request = &plan.endpoints[2].steps[0].request;
    assert_eq!(path(&plan, request, &[]), "/canary%20pass/w%C3%B6rd/api");
    assert!(!format!("{plan:?}").contains("canary"));
}

#[test]
fn credentials_in_the_url_become_a_header() {
    let text = TERM_HEAVY
        .replace(
            "{{ config.host }}{{ config.api_base_url }}",
            "https://me:pa%20ss@api.example/x/",
        )
        .replace(
            "  auth: { basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" } }\n",
            "",
        );
    let plan = plan(&text);
    assert_eq!(plan.outline.url, "https://api.example/x/");
    let Auth::Header(header) = &plan.session.auth else {
        panic!("Basic")
    };
    assert_eq!(header.to_str().ok(), Some("Basic bWU6cGEgc3M="));
    // A slash that both have is written once.
    let values = [("osu_id", Value::text("1")), ("term_id", Value::text("2"))];
    assert_eq!(
        path(&plan, &plan.endpoints[3].steps[0].request, &values),
        "/x/1-2"
    );
}

#[test]
fn the_command_line_overrides_the_load_the_host_and_the_seed() {
    let overrides = Overrides {
        users: Some(vec![10, 20, 50]),
        hold: Some(Duration::from_secs(7)),
        host: Some("http://127.0.0.1:9/gate".to_owned()),
        random_seed: 3,
        ..Overrides::default()
    };
    let text = TERM_HEAVY.replace("{{ config.host }}", "https://api.example:8443");
    let plan = plan_with(&text, &overrides).unwrap_or_else(|problems| panic!("{problems}"));
    let stages: Vec<_> = plan
        .profile
        .stages
        .iter()
        .map(|s| (s.level as u32, s.ramp.as_secs(), s.hold.as_secs()))
        .collect();
    assert_eq!(stages, [(10, 5, 7), (20, 30, 7), (50, 30, 7)]);
    assert_eq!(
        plan.outline.url,
        "http://127.0.0.1:9/gate/api/v1/staff-fee-privilege"
    );
    assert_eq!(plan.seed, 3);
    let seeded = plan_with(&format!("{text}\nseed: 42"), &overrides).map(|plan| plan.seed);
    assert_eq!(seeded, Ok(42));
}

/// An API of another shape: a login whose token is kept, a journey with a body, a table, arrivals.
const SHOP: &str = r#"
target:
  url: https://shop.example
  headers: { X-Run: load }
data:
  student: { csv: students.csv, order: sequential }
  amount: { range: [1, 3] }
  label: { combine: "{{ student.id }}:{{ n }}", with: { n: { values: [a, b] } } }
setup:
  - post: /reset
    capture: [{ header: x-epoch, as: epoch }]
on_start: [login]
endpoints:
  - name: login
    weight: 0
    post: /login
    form: { user: "{{ student.name }}", epoch: "{{ epoch }}" }
    capture: [{ json: $.token, as: token, required: true }]
  - name: buy
    steps:
      - name: order
        post: /orders
        headers: { authorization: "Bearer {{ token }}" }
        json: { who: "{{ student.id }}", amount: "{{ amount }}", note: "for {{ label }}", fixed: [1, true, null] }
        capture:
          - { json: $.id, as: order_id }
          - { json: $.links.next, as: next }
      - name: pay
        if: "order_id is defined"
        put: "/orders/{{ order_id }}?by={{ student.name }}"
        query: { q: "a b" }
        body: '{"paid": true}'
        think: { constant: 1s }
        repeat: 2
      - name: follow
        get: "{{ next }}"
stages:
  - { rate: 50/s, hold: 10s }
arrivals: even
thresholds: [ "mean of buy / pay < 1s", "rps of buy > 1/s" ]
"#;

#[test]
fn a_journey_with_captures_a_table_and_a_body_becomes_a_plan() {
    let plan = plan(SHOP);
    let buy = &plan.endpoints[1];
    let rows: Vec<_> = plan.outline.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(rows, ["login", "buy / order", "buy / pay", "buy / follow"]);
    assert!(matches!(
        plan.profile.model,
        Model::Open {
            poisson: false,
            max_users: 1000,
            ..
        }
    ));
    assert_eq!(plan.profile.arrivals(1).count(), 500);
    let names: Vec<_> = buy.needs.iter().map(|slot| &**plan.slots.name(*slot)).collect();
    assert_eq!(names, ["student", "amount", "label"]);
    assert_eq!(plan.setup[0].row, RowId::UNMEASURED);
    let kind = |name: &str| {
        let slots = (0..plan.slots.len()).map(|n| runner::plan::template::SlotId(n as u16));
        slots
            .filter(|slot| &**plan.slots.name(*slot) == name)
            .map(|slot| plan.slots.kind(slot))
            .next()
    };
    assert_eq!(kind("token"), Some(SlotKind::Kept));
    assert_eq!(kind("order_id"), Some(SlotKind::Local));
    assert_eq!(kind("epoch"), Some(SlotKind::Run));
    assert!(matches!(&buy.steps[2].request.url, UrlPlan::Whole(_)));
    assert!(matches!(&buy.steps[1].request.body, BodyPlan::Fixed(bytes) if &**bytes == b"{\"paid\": true}"));
    assert!(buy.steps[1].condition.is_some() && buy.steps[1].think.is_some());
    let pay = &buy.steps[1].request;
    let Ok(row) = plan.sources[0].get(1, &Values::new(&plan.slots)) else {
        panic!("a row")
    };
    let values = [("order_id", Value::text("7/8")), ("student", row)];
    assert_eq!(path(&plan, pay, &values), "/orders/7%2F8?by=Bo%2FBo&q=a%20b");
    let header = |name: &str| {
        pay.headers
            .iter()
            .find(|(known, _)| known == name)
            .and_then(|(_, value)| value.constant())
    };
    assert_eq!(header("x-run"), Some("load"));
    assert_eq!(header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(
        plan.outline.thresholds[1].of.as_ref().map(|of| of.rows.len()),
        Some(3)
    );
}

/// Draws what an endpoint needs, as the engine does.
fn drawn(plan: &Plan, endpoint: usize, user: u64, cursors: &[AtomicU64]) -> Values {
    let mut values = Values::new(&plan.slots);
    let draw = Draw::new(plan.seed, user, 0);
    for &slot in &plan.endpoints[endpoint].needs {
        if let SlotKind::Source(number) = plan.slots.kind(slot) {
            let mut random = draw.stream(Purpose::Data(u32::from(slot.0)));
            let value = plan.sources[number].draw(&cursors[number], &mut random, &values);
            values.set(slot, value.ok().flatten().expect("a value"));
        }
    }
    values
}

#[test]
fn what_an_endpoint_needs_can_be_drawn_in_the_order_given() {
    let plan = plan(SHOP);
    let cursors: Vec<_> = plan.sources.iter().map(|_| AtomicU64::new(0)).collect();
    for (user, id) in [(0, "931"), (1, "932"), (2, "931")] {
        let mut values = drawn(&plan, 1, user, &cursors);
        let mut kept = plan
            .slots
            .iter()
            .map(|(slot, _)| slot)
            .filter(|slot| plan.slots.kind(*slot) == SlotKind::Kept);
        let token = kept.next().expect("a kept token");
        values.set(token, Value::text("t"));
        let order = &plan.endpoints[1].steps[0].request;
        let BodyPlan::Json(body) = &order.body else {
            panic!("a JSON body")
        };
        let mut text = String::new();
        body.render(&values, &mut text).expect("every value is there");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(json["who"], id);
        assert!(json["amount"].is_i64(), "{text}");
        let note = json["note"].as_str().unwrap_or_default();
        assert!(
            [format!("for {id}:a"), format!("for {id}:b")]
                .iter()
                .any(|expected| expected == note),
            "{note}"
        );
        assert_eq!(json["fixed"], serde_json::json!([1, true, null]));
    }
}

#[test]
fn the_preview_gives_the_mix_the_load_and_the_most_requests() {
    let preview = Preview::of(&plan(TERM_HEAVY));
    let shares: Vec<_> = preview
        .mix
        .iter()
        .map(|share| (share.requests * 600.0).round() as u32)
        .collect();
    assert_eq!(shares, [200, 200, 100, 100]);
    assert_eq!(preview.mix[0].pools, ["osu_id"]);
    let load: Vec<_> = preview
        .load
        .iter()
        .map(|point| (point.at.as_secs(), point.level as u32))
        .collect();
    assert_eq!(load, [(0, 0), (5, 10), (65, 10), (95, 100), (155, 100)]);
    // 25 + 600 + 1650 + 6000 user seconds at 2.55 s a pause, and for each of the 100 users one listing and one first request.
    let Expected::AtMost(most) = preview.requests else {
        panic!("bounded by think time")
    };
    assert_eq!(most, (8275.0_f64 / 2.55 + 200.0).round() as u64);
}

#[test]
fn the_preview_of_arrivals_counts_every_step() {
    let preview = Preview::of(&plan(SHOP));
    assert_eq!(preview.requests, Expected::About(500 * 4));
    assert_eq!(
        (preview.mix[0].iterations, preview.mix[1].requests_each),
        (0.0, 4)
    );
}

#[test]
fn what_the_command_line_asks_must_fit_the_scenario() {
    let users = |levels: &[u32]| Overrides {
        users: Some(levels.to_vec()),
        ..Overrides::default()
    };
    let problems = |text: &str, overrides: &Overrides| plan_with(text, overrides).expect_err("refused");
    assert!(problems(SHOP, &users(&[0])).contains("`--users` leaves no stage with an arrival"));
    assert!(problems(TERM_HEAVY, &users(&[0])).contains("`--users` leaves no stage with a user"));
}

#[test]
fn a_hold_that_cannot_be_judged_is_told_before_the_run() {
    let said = |hold: Option<u64>| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.yaml");
        let text = "target: { url: \"http://127.0.0.1:9\" }\nthink: { between: [1s, 4s] }\n\
                    endpoints: [ { name: a, get: / } ]\nstages: [ { users: 20, hold: 30s } ]\n";
        std::fs::write(&path, text).unwrap();
        let loaded = load(&path, &ConfigSources::default()).unwrap();
        let overrides = Overrides {
            hold: hold.map(Duration::from_secs),
            ..Overrides::default()
        };
        let (_, warnings) = resolve(&loaded, &overrides).unwrap();
        let said = |warning: &Diagnostic| (warning.message.clone(), warning.span.is_some());
        warnings.iter().map(said).collect::<Vec<_>>()
    };
    let words =
        |hold: &str| format!("{hold} is too short to judge 20 users who pause 2.5 s: use 50 s or more");
    assert_eq!(said(None), [(words("30 s"), true)]);
    assert_eq!(said(Some(12)), [(words("12 s"), false)]);
    assert_eq!(said(Some(50)), []);
}

#[test]
fn levels_of_the_command_line_are_rates_in_an_open_model() {
    let overrides = Overrides {
        users: Some(vec![20, 50]),
        ..Overrides::default()
    };
    let plan = plan_with(SHOP, &overrides).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(plan.outline.open);
    let levels: Vec<f64> = plan.outline.stages.iter().map(|stage| stage.level).collect();
    assert_eq!(levels, [20.0, 50.0]);
}

#[test]
fn a_secret_is_no_data_value() {
    let text = TERM_HEAVY.replace(
        "20{{ year }}0{{ quarter }}",
        "{{ year }}{{ quarter }}{{ config.password }}",
    );
    let problems = plan_with(&text, &Overrides::default()).expect_err("refused");
    assert!(problems.contains("a secret cannot be a data value"), "{problems}");
    assert!(!problems.contains("canary"));
}

#[test]
fn every_shipped_scenario_becomes_a_plan_without_a_word() {
    for name in ["mixed", "term_heavy", "capacity", "shop"] {
        let path = format!("scenarios/{name}.yaml");
        let config = ConfigSources {
            file: Some("config-example.yaml".into()),
            ..ConfigSources::default()
        };
        let loaded =
            load(Path::new(&path), &config).unwrap_or_else(|error| panic!("{}", error.render(Style::Plain)));
        let (plan, problems) = match resolve(&loaded, &Overrides::default()) {
            Ok((plan, warnings)) => (Some(plan), warnings),
            Err(problems) => (None, problems),
        };
        assert!(
            problems.is_empty(),
            "{}",
            problems.render(&loaded.sources, Style::Plain)
        );
        let plan = plan.expect("no problem");
        assert!(Preview::of(&plan).requests != Expected::Unknown, "{name}");
    }
}
