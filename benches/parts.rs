//! What the parts of a request cost the generator beside the system's calls: `cargo bench`.
//!
//! Each case is something that happens once per request, or (merging) once a second. Absolute times are of the machine that
//! they were taken on; compare two builds in turn on one.

use std::hint::black_box;
use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use divan::{Bencher, counter::BytesCount};
use http::{HeaderMap, Method, StatusCode};
use runner::engine::transport::codec::{Decoder, Event};
use runner::measure::interval::Interval;
use runner::measure::recorder::Recorder;
use runner::measure::sample::{ConnectionUse, Outcome, Sample};
use runner::plan::check::Received;
use runner::plan::draw::{Draw, Purpose};
use runner::plan::resolve::{Overrides, resolve};
use runner::plan::template::{SlotKind, Values};
use runner::plan::{Plan, StageId, UrlPlan};
use runner::scenario::{ConfigSources, load};

fn main() {
    divan::main();
}

const SCENARIO: &str = r#"
name: parts
target: { url: "http://127.0.0.1:9" }
data:
  term: { combine: "20{{ year }}0{{ quarter }}", with: { year: { range: [15, 19] }, quarter: { range: [0, 3] } } }
  id: { range: [900000000, 999999999] }
endpoints:
  - { name: names, get: "/students/{{ id }}", query: { term: "{{ term }}" } }
  - { name: filter, get: "/students/{{ id | string | reverse }}", query: { term: "{{ term }}" } }
  - { name: capture, get: /, capture: [{ json: "$.data[*].id", pick: random, as: found }] }
stages: [{ users: 1, ramp: 0s, hold: 1m }]
"#;

/// The scenario's plan, and one set of drawn values.
fn plan() -> (Plan, Values) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(SCENARIO.as_bytes()).expect("room on the disk");
    let loaded = load(file.path(), &ConfigSources::default()).expect("a scenario");
    let (plan, _) = resolve(&loaded, &Overrides::default()).expect("a plan");
    let mut values = Values::new(&plan.slots);
    draw_all(&plan, &mut values, 1);
    (plan, values)
}

fn draw_all(plan: &Plan, values: &mut Values, iteration: u64) {
    let draw = Draw::new(7, 1, iteration);
    let cursor = AtomicU64::new(0);
    for (slot, _) in plan.slots.iter() {
        let SlotKind::Source(at) = plan.slots.kind(slot) else {
            continue;
        };
        let random = &mut draw.stream(Purpose::Data(slot.0.into()));
        if let Ok(Some(value)) = plan.sources[at].draw(&cursor, random, values) {
            values.set(slot, value);
        }
    }
}

#[divan::bench]
fn draw_two_values(bencher: Bencher<'_, '_>) {
    let (plan, mut values) = plan();
    let mut iteration = 0;
    bencher.bench_local(|| {
        iteration += 1;
        draw_all(&plan, &mut values, iteration);
    });
}

/// A path of literals and plain names; and one with a filter, which minijinja renders.
#[divan::bench(args = [0, 1])]
fn render_path(bencher: Bencher<'_, '_>, endpoint: usize) {
    let (plan, values) = plan();
    let UrlPlan::Path { path, .. } = &plan.endpoints[endpoint].steps[0].request.url else {
        unreachable!("the scenario has paths only");
    };
    let mut out = String::new();
    bencher.bench_local(|| {
        out.clear();
        path.render(black_box(&values), &mut out)
            .expect("every value is there");
        out.len()
    });
}

/// Responses of so many seconds in turn: of 1 its head is known, of 10 each is read.
#[divan::bench(args = [1, 10])]
fn decode_response(bencher: Bencher<'_, '_>, seconds: usize) {
    let response = |second| {
        format!(
            "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 28 Nov 2026 15:00:{second:02} GMT\r\n\
             Content-Type: application/json\r\nContent-Length: 11\r\nConnection: keep-alive\r\n\r\n{{\"data\":[]}}"
        )
    };
    let responses: Vec<String> = (0..seconds).map(response).collect();
    let mut turn = responses.iter().cycle();
    let known = Rc::default();
    bencher.bench_local(|| {
        let mut decoder = Decoder::new(&Method::GET, &known);
        let mut bytes = black_box(turn.next().map_or(&b""[..], |response| response.as_bytes()));
        loop {
            match decoder.next(&mut bytes).expect("a valid response") {
                Event::End => return decoder.keeps_alive(),
                event => drop(black_box(event)),
            }
        }
    });
}

/// A list of so many entries, the id of each captured and one picked.
#[divan::bench(args = [1, 600])]
fn capture_of_json(bencher: Bencher<'_, '_>, entries: usize) {
    let entry = r#"{"id":"931234567-201701","type":"staffFeePrivileges","attributes":{"term":"201701","studentOsuId":"931234567"}}"#;
    let body = format!("{{\"data\":[{}]}}", vec![entry; entries].join(","));
    let (plan, _) = plan();
    let capture = &plan.endpoints[2].steps[0].request.captures[0];
    let mut random = Draw::new(7, 1, 1).stream(Purpose::Capture(0));
    bencher.counter(BytesCount::of_str(&body)).bench_local(|| {
        let headers = HeaderMap::new();
        let received = Received::new(
            StatusCode::OK,
            &headers,
            black_box(body.as_bytes()),
            Duration::ZERO,
        );
        capture.values(&received, &mut random)
    });
}

fn sample(plan: &Plan, at: Duration, took: Duration) -> Sample {
    Sample {
        row: plan.endpoints[0].steps[0].row,
        stage: StageId(0),
        due: at,
        sent: at,
        first_byte: Some(at + took),
        done: at + took,
        dns: None,
        connect: None,
        tls: None,
        resent: 0,
        connection: ConnectionUse::Reused,
        bytes_sent: 80,
        bytes_received: 350,
        body_bytes: 200,
        redirects: 0,
        status: Some(200),
        outcome: Outcome::Success,
    }
}

#[divan::bench]
fn record_request(bencher: Bencher<'_, '_>) {
    let (plan, _) = plan();
    let mut recorder = Recorder::new(&plan.outline, 0);
    let mut number = 0;
    bencher.bench_local(|| {
        number += 1;
        let took = Duration::from_micros(50 + number % 977);
        let sample = sample(&plan, Duration::from_millis(1), took);
        let flight = recorder.begin(sample.row, sample.stage, sample.due, sample.sent);
        recorder.finish(flight, &sample);
    });
}

/// What happens to each second of each worker.
#[divan::bench]
fn merge_seconds_of_two_workers(bencher: Bencher<'_, '_>) {
    let (plan, _) = plan();
    let outline = Arc::clone(&plan.outline);
    let second = |worker| -> Interval {
        let mut recorder = Recorder::new(&outline, worker);
        for number in 0..10_000_u64 {
            let took = Duration::from_micros(50 + number * (7 + u64::from(worker)) % 9_777);
            let sample = sample(&plan, Duration::from_millis(1), took);
            let flight = recorder.begin(sample.row, sample.stage, sample.due, sample.sent);
            recorder.finish(flight, &sample);
        }
        let mut cuts = recorder.cut(Duration::from_secs(1));
        cuts.remove(0).interval
    };
    let (first, other) = (second(0), second(1));
    bencher
        .with_inputs(|| first.clone())
        .bench_local_values(|mut first| {
            first.merge(&other);
            first
        });
}
