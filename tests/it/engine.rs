//! The engine under paused time: what is sent when, by whom, and what is made of the answers.

use std::sync::Arc;
use std::time::Duration;

use runner::analysis::Analysis;
use runner::analysis::steady::{is_steady, windows};
use runner::engine::{Control, Hold, Observer, Stop, run_here};
use runner::measure::interval::{Cell, Interval};
use runner::measure::recording::{Recording, Timeline};
use runner::measure::run::{Ending, RunInfo};
use runner::measure::sample::Example;
use runner::measure::snapshot::Snapshot;
use runner::measure::summary::Phase;
use runner::report::markdown;

use crate::support::plan_of;
use crate::support::script::{Answer, Asked, ScriptTransport};

/// Keeps the examples and the phases that a live view would show, ignores the rest.
#[derive(Default)]
pub(crate) struct Quiet {
    examples: Vec<Example>,
    phases: Vec<Phase>,
}

impl Observer for Quiet {
    fn interval(&mut self, _: &Arc<Interval>) {}
    fn example(&mut self, example: Example) {
        self.examples.push(example);
    }
    fn warning(&mut self, words: String) {
        panic!("{words}");
    }
    fn snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.phases.push(snapshot.phase);
    }
    fn begin(&mut self, _: &Arc<RunInfo>) {}
    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        is_steady(timeline, (hold.from, hold.to), hold.within)
    }
}

pub(crate) async fn run(yaml: &str, transport: &ScriptTransport) -> Recording {
    run_here(
        plan_of(yaml),
        Control::default(),
        &mut Quiet::default(),
        transport.clone(),
    )
    .await
    .expect("a run")
}

fn seconds(asked: &[Asked]) -> Vec<f64> {
    asked
        .iter()
        .map(|asked| (asked.at.as_secs_f64() * 1000.0).round() / 1000.0)
        .collect()
}

pub(crate) const HEAD: &str = "name: test\ntarget: { url: 'http://api.test/v1' }\n";

#[tokio::test(start_paused = true)]
async fn users_start_along_the_ramp_and_send_again_after_their_think_time() {
    let transport = ScriptTransport::new(|_| Answer::ok(100, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 900ms }}\nendpoints: [{{ name: a, get: /a }}]\nstages: [{{ users: 2, ramp: 2s, hold: 3s }}]"
    );
    run(&yaml, &transport).await;
    let asked = transport.asked();
    let of = |client| {
        asked
            .iter()
            .filter(|asked| asked.client == client)
            .cloned()
            .collect::<Vec<_>>()
    };
    let first = seconds(&of(0));
    assert_eq!(first.len(), 5, "{first:?}");
    assert!(
        first
            .windows(2)
            .all(|pair| (pair[1] - pair[0] - 1.0).abs() < 0.002),
        "{first:?}"
    );
    assert!(asked.iter().all(|asked| asked.line == "GET http://api.test/v1/a"));
}

#[tokio::test(start_paused = true)]
async fn a_user_that_leaves_finishes_its_iteration_and_the_youngest_leaves_first() {
    let transport = ScriptTransport::new(|_| Answer::ok(700, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 0ms }}\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ users: 2, ramp: 0s, hold: 2s }}, {{ users: 1, ramp: 0s, hold: 2s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let asked = transport.asked();
    let count = |client| asked.iter().filter(|asked| asked.client == client).count();
    // 0, 0.7, 1.4 and at 2.1 the younger is gone; the older goes on at 2.1, 2.8, 3.5.
    assert_eq!((count(0), count(1)), (6, 3));
    assert_eq!(recording.end.how, Ending::Completed);
}

#[tokio::test(start_paused = true)]
async fn two_runs_with_the_same_seed_send_the_same_requests_per_user() {
    let yaml = format!(
        "{HEAD}seed: 7\nthink: {{ between: [100ms, 900ms] }}\n\
         data: {{ n: {{ range: [1, 1000] }}, w: {{ values: [a, b, c], order: shuffle }} }}\n\
         endpoints: [{{ name: a, weight: 2, get: '/a/{{{{ n }}}}' }}, {{ name: b, weight: 1, get: '/b/{{{{ n }}}}' }}]\n\
         stages: [{{ users: 5, ramp: 1s, hold: 20s }}]"
    );
    let mut runs = Vec::new();
    for _ in 0..2 {
        let transport = ScriptTransport::new(|_| Answer::ok(30, ""));
        run(&yaml, &transport).await;
        runs.push(transport.asked());
    }
    assert!(runs[0].len() > 100);
    assert_eq!(runs[0], runs[1]);
    let other = ScriptTransport::new(|_| Answer::ok(30, ""));
    run(&yaml.replace("seed: 7", "seed: 8"), &other).await;
    assert_ne!(
        runs[0].iter().map(|a| &a.line).collect::<Vec<_>>(),
        other.lines().iter().collect::<Vec<_>>()
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_user_sends_does_not_depend_on_the_speed_of_the_others() {
    let yaml = format!(
        "{HEAD}seed: 7\nthink: {{ constant: 1s }}\ndata: {{ n: {{ range: [1, 1000] }} }}\n\
         endpoints: [{{ name: a, get: '/a/{{{{ n }}}}' }}]\nstages: [{{ users: 3, ramp: 0s, hold: 10s }}]"
    );
    let mut first_user = Vec::new();
    for others in [10, 400] {
        let transport =
            ScriptTransport::new(move |asked| Answer::ok(if asked.client == 0 { 10 } else { others }, ""));
        run(&yaml, &transport).await;
        let lines: Vec<_> = transport
            .asked()
            .into_iter()
            .filter(|a| a.client == 0)
            .map(|a| a.line)
            .collect();
        assert_eq!(lines.len(), 10);
        first_user.push(lines);
    }
    assert_eq!(first_user[0], first_user[1]);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_drawn_only_when_its_pool_holds_something() {
    let transport = ScriptTransport::new(|asked| {
        let body = if asked.line.contains("/list") {
            r#"{"ids":["x1"]}"#
        } else {
            ""
        };
        Answer::ok(10, body)
    });
    let yaml = format!(
        "{HEAD}think: {{ constant: 100ms }}\ndata: {{ id: {{ captured: {{ keep: 3 }} }} }}\nendpoints:\n\
         \x20 - {{ name: one, weight: 5, get: '/one/{{{{ id }}}}' }}\n\
         \x20 - name: list\n    weight: 1\n    get: /list\n    capture: [{{ json: '$.ids[*]', pick: random, as: id }}]\n\
         stages: [{{ users: 1, ramp: 0s, hold: 20s }}]"
    );
    run(&yaml, &transport).await;
    let lines = transport.lines();
    assert!(lines[0].ends_with("/list"));
    assert!(lines.iter().any(|line| line.ends_with("/one/x1")));
    assert!(
        lines
            .iter()
            .all(|line| line.ends_with("/list") || line.ends_with("/one/x1"))
    );
}

#[tokio::test(start_paused = true)]
async fn on_start_comes_first_and_without_think_time() {
    let transport = ScriptTransport::new(|_| Answer::ok(50, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 1s }}\non_start: [login]\non_stop: [logout]\nendpoints:\n\
         \x20 - {{ name: login, weight: 0, post: /login }}\n  - {{ name: a, get: /a }}\n\
         \x20 - {{ name: logout, weight: 0, delete: /login }}\nstages: [{{ users: 1, ramp: 0s, hold: 2s }}]"
    );
    run(&yaml, &transport).await;
    let lines: Vec<_> = transport
        .lines()
        .iter()
        .map(|line| line.replace("http://api.test/v1", ""))
        .collect();
    assert_eq!(lines, ["POST /login", "GET /a", "GET /a", "DELETE /login"]);
    assert_eq!(seconds(&transport.asked())[..3], [0.0, 0.05, 1.1]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_ends_its_journey_and_captures_stay_in_it() {
    let transport = ScriptTransport::new(|asked| match asked.line.as_str() {
        line if line.ends_with("/cart") => Answer::ok(10, r#"{"cart":{"id":42}}"#),
        line if line.ends_with("/cart/42/pay") => Answer::ok(10, "").status(503),
        _ => Answer::ok(10, ""),
    });
    let yaml = format!(
        "{HEAD}think: {{ constant: 1s }}\nendpoints:\n  - name: buy\n    steps:\n\
         \x20     - {{ name: cart, post: /cart, capture: [{{ json: $.cart.id, as: cart, required: true }}] }}\n\
         \x20     - {{ name: add, put: '/cart/{{{{ cart }}}}', json: {{ item: 5, cart: '{{{{ cart }}}}' }}, repeat: 2, think: {{ constant: 100ms }} }}\n\
         \x20     - {{ name: never, get: /never, if: 'cart == 43' }}\n\
         \x20     - {{ name: pay, post: '/cart/{{{{ cart }}}}/pay' }}\n      - {{ name: thanks, get: /thanks }}\n\
         stages: [{{ users: 1, ramp: 0s, hold: 500ms }}]"
    );
    let mut quiet = Quiet::default();
    run_here(plan_of(&yaml), Control::default(), &mut quiet, transport.clone())
        .await
        .expect("a run");
    let lines: Vec<_> = transport
        .lines()
        .iter()
        .map(|line| line.replace("http://api.test/v1", ""))
        .collect();
    assert_eq!(
        lines,
        ["POST /cart", "PUT /cart/42", "PUT /cart/42", "POST /cart/42/pay"]
    );
    assert_eq!(transport.asked()[1].body, r#"{"item":5,"cart":42}"#);
    assert_eq!(transport.asked()[1].headers["content-type"], "application/json");
    let failures: Vec<_> = quiet
        .examples
        .iter()
        .map(|example| example.failure.to_string())
        .collect();
    assert_eq!(failures, ["expected <400, got 503"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_filled_in_is_a_failure_and_no_request_of_the_api() {
    let transport = ScriptTransport::new(|_| Answer::ok(100, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 900ms }}\ndata: {{ n: {{ values: [x, 3], order: sequential }}, u: {{ values: [ann] }} }}\n\
         endpoints: [{{ name: a, get: '/{{{{ u | upper }}}}/{{{{ n + 1 }}}}' }}]\nstages: [{{ users: 1, ramp: 0s, hold: 10s }}]"
    );
    let mut quiet = Quiet::default();
    let recording = run_here(plan_of(&yaml), Control::default(), &mut quiet, transport.clone())
        .await
        .expect("a run");
    let summary = recording.summary(&windows(&recording));
    let sent = transport.asked().len() as u64;
    assert_eq!((sent, summary.total.requests, summary.total.failures), (5, 5, 0));
    assert_eq!(summary.total.min, Some(Duration::from_millis(100)));
    let [left] = &summary.failures[..] else {
        panic!("one failure type: {:?}", summary.failures)
    };
    assert_eq!(
        &*left.failure.text,
        "never sent: cannot render `{{ n + 1 }}`: invalid operation (`n` is text)"
    );
    assert!(left.failure.count >= 5, "{left:?}");
    assert_eq!(summary.total.never_sent, left.failure.count);
    assert_eq!(summary.endpoints[0].failed, left.failure.count);
    let share = left.failure.count as f64 / (5 + left.failure.count) as f64;
    assert!((summary.total.failure_share() - share).abs() < 1e-12);
    assert!(quiet.examples.is_empty());
    let analysis = Analysis::of_run(&recording, &summary);
    let report = markdown::report(&summary, &analysis);
    let head = report.split("## Result").next().expect("a head");
    assert!(head.contains("of a: ``cannot render `{{ n + 1 }}`"), "{head}");
}

#[tokio::test(start_paused = true)]
async fn a_step_follows_pages_until_a_capture_finds_no_next() {
    let transport = ScriptTransport::new(|asked| {
        let next = match asked.line.rsplit_once("cursor=").map(|(_, cursor)| cursor) {
            None => "10",
            Some("10") => "20",
            Some(_) => "null",
        };
        Answer::ok(10, format!("{{\"next\":{next}}}"))
    });
    let yaml = format!(
        "{HEAD}think: {{ constant: 60s }}\nendpoints:\n  - name: pages\n    steps:\n\
         \x20     - {{ name: first, get: /list, capture: [{{ json: $.next, as: cursor }}] }}\n\
         \x20     - {{ name: next, get: /list, query: {{ cursor: '{{{{ cursor }}}}' }}, if: cursor, repeat: 6, capture: [{{ json: $.next, as: cursor }}] }}\n\
         \x20     - {{ name: never, get: /never, if: cursor }}\n\
         stages: [{{ users: 1, ramp: 0s, hold: 1s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let lines: Vec<_> = transport
        .lines()
        .iter()
        .map(|line| line.replace("GET http://api.test/v1", ""))
        .collect();
    assert_eq!(lines, ["/list", "/list?cursor=10", "/list?cursor=20"]);
    let summary = recording.summary(&windows(&recording));
    assert_eq!(
        (summary.endpoints[0].iterations, summary.endpoints[0].failed),
        (1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_example_of_a_failure_shows_what_was_sent_without_secrets() {
    let transport = ScriptTransport::new(|asked| match asked.line.as_str() {
        line if line.ends_with("/login") => Answer::ok(10, r#"{"token":"s3cr3t-session"}"#),
        _ => Answer::ok(10, "no s3cr3t-session here").status(500),
    });
    let yaml = format!(
        "{HEAD}think: {{ constant: 60s }}\nendpoints:\n  - name: buy\n    steps:\n\
         \x20     - {{ name: login, post: /login, capture: [{{ json: $.token, as: token }}] }}\n\
         \x20     - {{ name: pay, put: /pay, headers: {{ x-kind: card }}, json: {{ item: 5, with: '{{{{ token }}}}' }} }}\n\
         stages: [{{ users: 1, ramp: 0s, hold: 1s }}]"
    );
    let mut quiet = Quiet::default();
    run_here(plan_of(&yaml), Control::default(), &mut quiet, transport)
        .await
        .expect("a run");
    let example = &quiet.examples[0];
    assert!(example.request_headers.contains("x-kind: card\n"), "{example:?}");
    assert_eq!(example.request_body, r#"{"item":5,"with":"***"}"#);
    assert_eq!(String::from_utf8_lossy(&example.body), "no *** here");
}

#[tokio::test(start_paused = true)]
async fn redirects_are_followed_without_credentials_for_others() {
    let transport = ScriptTransport::new(|asked| match asked.line.as_str() {
        line if line.ends_with("/here") => Answer::ok(10, "").status(302).header("location", "there?x=1"),
        line if line.contains("/there") => Answer::ok(10, "")
            .status(307)
            .header("location", "http://other.test/end")
            .header("set-cookie", "a=b"),
        _ => Answer::ok(10, ""),
    });
    let yaml = "name: test\ntarget: { url: 'http://api.test/v1', auth: { basic: { user: u, password: p } } }\n\
         think: { constant: 5s }\nendpoints: [{ name: a, post: /here, form: { k: v } }]\n\
         stages: [{ users: 1, ramp: 0s, hold: 6s }]";
    run(yaml, &transport).await;
    let asked = transport.asked();
    assert_eq!(
        transport.lines()[..4],
        [
            "POST http://api.test/v1/here",
            "GET http://api.test/v1/there?x=1",
            "GET http://other.test/end",
            "POST http://api.test/v1/here"
        ]
    );
    assert_eq!(asked[0].headers["authorization"], "Basic dTpw");
    assert_eq!(asked[0].body, "k=v");
    assert!(asked[1].headers.contains_key("authorization") && asked[1].body.is_empty());
    assert!(!asked[2].headers.contains_key("authorization") && !asked[2].headers.contains_key("cookie"));
    assert_eq!(asked[3].headers["cookie"], "a=b");
}

#[tokio::test(start_paused = true)]
async fn headers_that_are_filled_in_are_sent_as_far_as_those_that_never_change() {
    let transport = ScriptTransport::new(|asked| match asked.line.as_str() {
        line if line.ends_with("/here") => Answer::ok(10, "").status(303).header("location", "there"),
        line if line.ends_with("/there") => {
            Answer::ok(10, "").status(303).header("location", "//other.test/")
        }
        _ => Answer::ok(10, ""),
    });
    let yaml = "name: test\ntarget: { url: 'http://api.test/', auth: { basic: { user: u, password: p } } }\n\
         think: { constant: 5s }\nendpoints:\n  - name: a\n    post: /here\n    body: text\n    headers:\n\
         \x20     x-user: 'u{{ user }}'\n      authorization: 'Own {{ user }}'\n      host: 'h{{ user }}.test'\n\
         \x20     content-type: 'text/{{ iteration }}'\n      x-kind: card\n\
         stages: [{ users: 2, ramp: 0s, hold: 6s }]";
    run(yaml, &transport).await;
    let sent = |client: usize, end: &str| -> Vec<String> {
        let asked = transport.asked();
        let of_user = asked.iter().filter(|asked| asked.client == client);
        let headers = |asked: &Asked| {
            ["x-user", "authorization", "host", "content-type", "x-kind"]
                .map(|name| {
                    asked
                        .headers
                        .get(name)
                        .map_or("", |value| value.to_str().unwrap())
                })
                .join(" ")
        };
        of_user
            .filter(|asked| asked.line.ends_with(end))
            .map(headers)
            .collect()
    };
    assert_eq!(
        sent(0, "/here"),
        ["u0 Own 0 h0.test text/0 card", "u0 Own 0 h0.test text/1 card"]
    );
    assert_eq!(sent(1, "/here")[1], "u1 Own 1 h1.test text/1 card");
    assert_eq!(sent(1, "/there")[1], "u1 Own 1 h1.test  card");
    assert_eq!(sent(1, "other.test/")[1], "u1    card");
}

#[tokio::test(start_paused = true)]
async fn what_the_program_does_with_a_response_is_none_of_the_users_time() {
    let transport = ScriptTransport::new(|_| Answer::ok(100, "").handled(50));
    let yaml = format!(
        "{HEAD}think: {{ constant: 1s }}\nendpoints:\n  - name: a\n    steps:\n\
         \x20     - {{ name: one, get: /1, think: {{ constant: 500ms }} }}\n\
         \x20     - {{ name: two, get: /2 }}\n\
         stages: [{{ users: 1, ramp: 0s, hold: 3s }}]"
    );
    let recording = run(&yaml, &transport).await;
    // 100 ms and a think time from one to the next, whatever lies between.
    assert_eq!(seconds(&transport.asked())[..4], [0.0, 0.6, 1.7, 2.3]);
    let iterations = &recording.summary(&windows(&recording)).endpoints[0];
    let longest = iterations.duration.as_ref().expect("iterations").percentiles.max;
    assert!(longest.value < Duration::from_millis(710), "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_pace_begins_where_on_start_ends() {
    let transport = ScriptTransport::new(|_| Answer::ok(100, "").handled(50));
    let yaml = format!(
        "{HEAD}think: {{ pace: 1s }}\non_start: [hello]\nendpoints:\n  - {{ name: hello, get: /hello }}\n\
         \x20 - {{ name: a, get: /a }}\nstages: [{{ users: 1, ramp: 0s, hold: 3s }}]"
    );
    run(&yaml, &transport).await;
    // The first is late by the 50 ms, the others are on time.
    assert_eq!(seconds(&transport.asked()), [0.0, 0.15, 1.1, 2.1]);
}

#[tokio::test(start_paused = true)]
async fn redirects_share_the_time_of_their_request() {
    // Three answers of 400 ms each: the last would come 200 ms after the second that they have together.
    let transport = ScriptTransport::new(|asked| match asked.line.rsplit('/').next() {
        Some("1") => Answer::ok(400, "").status(302).header("location", "2"),
        Some("2") => Answer::ok(400, "").status(302).header("location", "3"),
        _ => Answer::ok(400, ""),
    });
    let yaml = "name: test\ntarget: { url: 'http://api.test', timeout: 1s }\nthink: { constant: 9s }\n\
         endpoints: [{ name: a, get: /1 }]\nstages: [{ users: 1, ramp: 0s, hold: 5s }]";
    let recording = run(yaml, &transport).await;
    let total = recording.summary(&windows(&recording)).total;
    assert_eq!((total.requests, total.failures), (1, 1));
    assert_eq!(transport.asked().len(), 3);
    let took = total.percentiles.expect("requests").max.value.as_secs_f64();
    assert!((took - 1.0).abs() < 0.011, "{took}");
}

#[tokio::test(start_paused = true)]
async fn arrivals_are_dropped_when_all_users_are_busy() {
    let transport = ScriptTransport::new(|_| Answer::ok(1000, ""));
    let yaml = format!(
        "{HEAD}arrivals: even\nmax_users: 2\nwhen_busy: drop\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ rate: 10/s, ramp: 0s, hold: 10s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let served = transport.asked().len();
    let dropped = recording.summary(&windows(&recording)).dropped_arrivals;
    assert!((19..=21).contains(&served), "{served}");
    assert_eq!(served as u64 + dropped, 100);
}

#[tokio::test(start_paused = true)]
async fn arrivals_that_wait_show_the_stall_in_their_latency() {
    // Even arrivals, 10 a second, one user, 50 ms each, but the one sent at about 2 s takes 1 s: those behind wait.
    let transport = ScriptTransport::new(|asked| {
        let stalls = asked.at >= Duration::from_secs(2) && asked.at < Duration::from_millis(2100);
        Answer::ok(if stalls { 1000 } else { 50 }, "")
    });
    let yaml = format!(
        "{HEAD}arrivals: even\nmax_users: 1\nendpoints: [{{ name: a, get: /a }}]\nstages: [{{ rate: 10/s, ramp: 0s, hold: 6s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let summary = recording.summary(&windows(&recording));
    assert_eq!(transport.asked().len(), 60);
    let figures = &summary.total;
    let longest = figures.percentiles.as_ref().expect("requests").max.value;
    assert!(longest < Duration::from_millis(1010), "{longest:?}");
    // The arrivals of the stalled second wait up to 0.95 s; each next one waits 50 ms less.
    let latency = figures
        .latency
        .as_ref()
        .expect("an open model has a latency from due");
    let (from_due, from_sent) = (latency.mean, figures.mean.expect("requests"));
    assert!(
        from_due > from_sent + Duration::from_millis(80),
        "{from_due:?} {from_sent:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn arrivals_that_still_wait_when_the_load_ends_are_not_dropped() {
    // Twenty arrivals, one user, a second each: at 2 s it has begun the third, and seventeen wait.
    let transport = ScriptTransport::new(|_| Answer::ok(1000, ""));
    let yaml = format!(
        "{HEAD}arrivals: even\nmax_users: 1\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ rate: 10/s, ramp: 0s, hold: 2s }}]\nthresholds: [p95 < 1500ms]"
    );
    let recording = run(&yaml, &transport).await;
    let summary = recording.summary(&windows(&recording));
    let total = &summary.total;
    assert_eq!(summary.dropped_arrivals, 0);
    assert_eq!(total.requests + total.unsent, 20);
    assert_eq!(transport.asked().len() as u64, total.requests);
    let latency = &total.latency.as_ref().expect("requests").percentiles;
    assert!(
        latency.p95.at_least && latency.p95.value > Duration::from_millis(1500),
        "{latency:?}"
    );
    assert!(!summary.thresholds[0].holds);
}

#[tokio::test(start_paused = true)]
async fn in_the_open_model_a_limit_that_aborts_counts_from_due() {
    let transport = ScriptTransport::new(|_| Answer::ok(1000, ""));
    let yaml = format!(
        "{HEAD}arrivals: even\nmax_users: 10\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ rate: 30/s, ramp: 0s, hold: 60s }}]\nthresholds: [{{ 'p50 < 3s for 3s': abort }}]"
    );
    let recording = run(&yaml, &transport).await;
    assert!(
        matches!(recording.end.how, Ending::Aborted { threshold: 0, .. }),
        "{:?}",
        recording.end
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_at_the_end_is_waited_for_and_then_unfinished() {
    let transport = ScriptTransport::new(|asked| {
        Answer::ok(
            if asked.at < Duration::from_secs(5) {
                100
            } else {
                60_000
            },
            "",
        )
    });
    let yaml = format!(
        "{HEAD}graceful_stop: 3s\nthink: {{ constant: 900ms }}\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ users: 4, ramp: 0s, hold: 8s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let summary = recording.summary(&windows(&recording));
    assert_eq!(summary.unfinished.iter().map(|left| left.count).sum::<u64>(), 4);
    assert_eq!(transport.asked().len(), 24);
    assert_eq!(recording.end.how, Ending::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_run_stops_after_so_many_requests() {
    let transport = ScriptTransport::new(|_| Answer::ok(10, ""));
    let yaml = format!(
        "{HEAD}stop_after: {{ requests: 25 }}\nthink: {{ constant: 100ms }}\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ users: 4, ramp: 0s, hold: 60s }}]"
    );
    let recording = run(&yaml, &transport).await;
    assert_eq!(transport.asked().len(), 25);
    assert_eq!(recording.end.how, Ending::StopAfter);
    // All of it came before the first second was over: that second is shown.
    let stages = recording.summary(&windows(&recording)).stages;
    assert_eq!(stages[0].figures.requests, 25);
}

#[tokio::test(start_paused = true)]
async fn a_level_that_was_reached_is_not_called_never_reached() {
    let transport = ScriptTransport::new(|_| Answer::ok(100, ""));
    let yaml = format!(
        "{HEAD}stop_after: {{ requests: 25 }}\nthink: {{ constant: 900ms }}\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ users: 2, ramp: 0s, hold: 10s }}, {{ users: 4, ramp: 20s, hold: 10s }}, {{ users: 9, ramp: 0s, hold: 9s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let summary = recording.summary(&windows(&recording));
    let report = markdown::report(&summary, &Analysis::of_run(&recording, &summary));
    assert!(
        report.contains("The level of 4 users was still on its way when the load ended: what was completed until then (3 requests)"),
        "{report}"
    );
    assert!(report.contains("Never reached: 9 users."), "{report}");
}

#[tokio::test(start_paused = true)]
async fn on_stop_is_done_by_each_user_though_stop_after_ended_the_run() {
    let ends = [
        ("requests: 25", "stages: [{ users: 4, ramp: 0s, hold: 60s }]"),
        ("iterations: 25", "stages: [{ users: 4, ramp: 0s, hold: 60s }]"),
        (
            "requests: 25",
            "max_users: 4\nstages: [{ rate: 100/s, ramp: 0s, hold: 60s }]",
        ),
        (
            "iterations: 25",
            "max_users: 4\nstages: [{ rate: 100/s, ramp: 0s, hold: 60s }]",
        ),
    ];
    for (limit, load) in ends {
        let transport = ScriptTransport::new(|_| Answer::ok(70, ""));
        let think = if load.contains("rate") {
            ""
        } else {
            "think: { constant: 100ms }\n"
        };
        let yaml = format!(
            "{HEAD}session: per_user\nstop_after: {{ {limit} }}\n{think}on_stop: [logout, gone]\nendpoints:\n  - {{ name: a, get: /a }}\n\
             \x20 - {{ name: logout, weight: 0, delete: /login }}\n  - {{ name: gone, weight: 0, get: /gone }}\n{load}"
        );
        let recording = run(&yaml, &transport).await;
        let lines = transport.lines();
        let count = |end: &str| lines.iter().filter(|line| line.ends_with(end)).count();
        assert_eq!(
            (count("/a"), count("/login"), count("/gone")),
            (25, 4, 4),
            "{limit}, {load}"
        );
        assert_eq!(recording.end.how, Ending::StopAfter);
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_does_not_wait_until_hundreds_of_users_came_or_went() {
    let users = 400;
    for load in [
        format!("think: {{ constant: 1h }}\nstages: [{{ users: {users}, ramp: 0s, hold: 5s }}]"),
        format!("max_users: {users}\nstages: [{{ rate: {users}/s, ramp: 0s, hold: 1s }}]"),
    ] {
        let transport = ScriptTransport::new(|asked| {
            Answer::ok(if asked.line.ends_with("/main") { 2000 } else { 0 }, "")
        });
        let yaml = format!(
            "{HEAD}on_start: [hello, come]\non_stop: [bye, gone]\nendpoints:\n  - {{ name: main, get: /main }}\n\
             \x20 - {{ name: hello, weight: 0, get: /hello }}\n  - {{ name: come, weight: 0, get: /come }}\n\
             \x20 - {{ name: bye, weight: 0, get: /bye }}\n  - {{ name: gone, weight: 0, get: /gone }}\n{load}"
        );
        run(&yaml, &transport).await;
        let lines = transport.lines();
        for (first, second) in [("/hello", "/come"), ("/bye", "/gone")] {
            // The second request of a user follows its first response.
            let begun = |line: &&String| line.ends_with(first);
            let until = lines.iter().position(|line| line.ends_with(second)).expect("one");
            let before = lines[..until].iter().filter(begun).count();
            assert!(lines.iter().filter(begun).count() > users / 2, "{load}");
            assert!(
                before <= 16,
                "{before} of {first} before the first {second}: {load}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_to_leave_begins_nothing_while_hundreds_leave() {
    for after in ["", ", { users: 1, ramp: 0s, hold: 50ms }"] {
        let quick = std::cell::Cell::new(2000);
        let transport = ScriptTransport::new(move |asked| {
            // From the moment at which users leave, responses come so fast that each of them could send again meanwhile.
            let at_once = asked.at >= Duration::from_millis(100) && quick.get() > 0;
            quick.set(quick.get() - u32::from(at_once));
            Answer::ok(u64::from(!at_once), "")
        });
        let yaml = format!(
            "{HEAD}think: {{ constant: 0ms }}\non_stop: [bye]\nendpoints:\n  - {{ name: main, get: /main }}\n\
             \x20 - {{ name: bye, weight: 0, get: /bye }}\nstages: [{{ users: 400, ramp: 0s, hold: 100ms }}{after}]"
        );
        run(&yaml, &transport).await;
        let asked = transport.asked();
        let first = asked
            .iter()
            .position(|asked| asked.line.ends_with("/bye"))
            .expect("one");
        let begun = asked[first..]
            .iter()
            .filter(|asked| asked.line.ends_with("/main") && asked.client > 0);
        assert_eq!(begun.count(), 0, "{after}");
        assert_eq!(
            asked.iter().filter(|asked| asked.line.ends_with("/bye")).count(),
            400
        );
    }
}

#[tokio::test(start_paused = true)]
async fn unique_data_is_used_once_and_its_end_ends_the_run() {
    let transport = ScriptTransport::new(|_| Answer::ok(10, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 100ms }}\ndata: {{ n: {{ range: [1, 30], order: unique }} }}\n\
         endpoints: [{{ name: a, get: '/a/{{{{ n }}}}' }}]\nstages: [{{ users: 4, ramp: 0s, hold: 60s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let mut sent: Vec<u32> = transport
        .lines()
        .iter()
        .filter_map(|line| line.rsplit('/').next()?.parse().ok())
        .collect();
    sent.sort_unstable();
    assert_eq!(sent, (1..=30).collect::<Vec<_>>());
    assert_eq!(recording.end.how, Ending::DataEnded { name: "n".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn a_pace_starts_iterations_evenly_and_counts_what_came_late() {
    let transport =
        ScriptTransport::new(|asked| Answer::ok(if asked.at.as_secs() == 3 { 2500 } else { 300 }, ""));
    let yaml = format!(
        "{HEAD}think: {{ pace: 1s }}\nendpoints: [{{ name: a, get: /a }}]\nstages: [{{ users: 1, ramp: 0s, hold: 8s }}]"
    );
    run(&yaml, &transport).await;
    assert_eq!(seconds(&transport.asked()), [0.0, 1.0, 2.0, 3.0, 5.5, 6.0, 7.0]);
}

#[tokio::test(start_paused = true)]
async fn a_gentle_stop_lets_iterations_finish() {
    let transport = ScriptTransport::new(|_| Answer::ok(700, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 100ms }}\nendpoints: [{{ name: a, get: /a }}]\nstages: [{{ users: 3, ramp: 0s, hold: 60s }}]"
    );
    let control = Control::default();
    let asker = control.clone();
    let mut quiet = Quiet::default();
    let plan = plan_of(&yaml);
    let (recording, ()) = tokio::join!(run_here(plan, control, &mut quiet, transport.clone()), async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        asker.stop(Stop::Gently);
    });
    let recording = recording.expect("a run");
    assert_eq!(recording.end.how, Ending::Interrupted);
    let summary = recording.summary(&windows(&recording));
    assert_eq!((summary.total.requests, summary.unfinished.len()), (9, 0));
}

#[tokio::test(start_paused = true)]
async fn a_live_view_hears_that_the_load_ended_early() {
    let transport =
        ScriptTransport::new(|asked| Answer::ok(if asked.at.as_secs() < 3 { 100 } else { 4_500 }, ""));
    let yaml = format!(
        "{HEAD}stop_after: {{ requests: 31 }}\nthink: {{ constant: 100ms }}\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ users: 2, ramp: 0s, hold: 60s }}]"
    );
    let mut quiet = Quiet::default();
    let control = Control::default();
    run_here(plan_of(&yaml), control, &mut quiet, transport)
        .await
        .expect("a run");
    // Two users have begun 30 requests by 3.0 s; the last is asked for then and answered at 7.5 s.
    let shown = quiet.phases.get(..7).expect("a snapshot a second");
    let stopping: Vec<_> = shown.iter().map(|phase| *phase == Phase::Stopping).collect();
    assert_eq!(stopping, [false, false, false, true, true, true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_threshold_that_fails_for_long_enough_aborts_the_run() {
    let transport = ScriptTransport::new(|asked| {
        Answer::ok(50, "").status(if asked.at.as_secs() >= 10 { 500 } else { 200 })
    });
    let yaml = format!(
        "{HEAD}think: {{ constant: 450ms }}\nendpoints: [{{ name: a, get: /a }}]\nstages: [{{ users: 2, ramp: 0s, hold: 300s }}]\n\
         thresholds: [{{ 'failures < 10% for 5s': abort }}]"
    );
    let recording = run(&yaml, &transport).await;
    assert!(
        matches!(recording.end.how, Ending::Aborted { threshold: 0, .. }),
        "{:?}",
        recording.end
    );
    let last = transport.asked().last().expect("requests").at.as_secs();
    assert!((10..=18).contains(&last), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_hold_until_steady_ends_when_the_throughput_is_known_and_what_follows_comes_earlier() {
    let yaml = format!(
        "{HEAD}seed: 3\nthink: {{ between: [500ms, 1500ms] }}\nendpoints: [{{ name: a, get: /a }}]\nstages:\n\
         - {{ users: 20, ramp: 5s, hold: {{ until: steady, at_least: 60s, at_most: 15m, within: 5% }} }}\n\
         - {{ users: 10, ramp: 10s, hold: 60s }}"
    );
    let transport = ScriptTransport::new(|_| Answer::ok(100, ""));
    let recording = run(&yaml, &transport).await;
    let [first, second] = &recording.info.outline.stages[..] else {
        panic!("two stages");
    };
    // 18 requests/s of cycles of 1.1 s ± 0.29: known to 5 % within 60 s, and looked at every 5 s.
    let held = first.end.saturating_sub(first.hold_start).as_secs();
    assert!((60..=120).contains(&held), "{held}");
    assert_eq!(second.start, first.end);
    assert_eq!(second.end.saturating_sub(second.start).as_secs(), 70);
    assert_eq!(recording.end.how, Ending::Completed);
    assert_eq!(recording.end.load_until, second.end);
    // What the stages measure is what was sent in them.
    let summary = recording.summary(&windows(&recording));
    let users: Vec<f64> = summary.stages.iter().map(|stage| stage.users.round()).collect();
    assert_eq!(users, [20.0, 10.0]);
    let by_stage = |number: u16| {
        let cells = recording
            .timeline
            .intervals()
            .iter()
            .flat_map(|interval| &interval.cells);
        cells
            .filter(|cell| cell.stage.0 == number)
            .map(Cell::requests)
            .sum::<u64>() as f64
    };
    // 20 users for the first, 10 and the half of another ten on the way for the second; 1/1.1 requests/s each.
    assert!((by_stage(0) / (20.0 * (held as f64 + 2.5) / 1.1) - 1.0).abs() < 0.05);
    assert!((by_stage(1) / ((10.0 * 60.0 + 15.0 * 10.0) / 1.1) - 1.0).abs() < 0.05);
}

#[tokio::test(start_paused = true)]
async fn arrivals_of_the_part_of_a_hold_that_is_left_out_never_come() {
    let yaml = format!(
        "{HEAD}arrivals: even\nendpoints: [{{ name: a, get: /a }}]\nstages:\n\
         - {{ rate: 20/s, hold: {{ until: steady, at_least: 50s, at_most: 10m }} }}\n\
         - {{ rate: 5/s, ramp: 0s, hold: 20s }}"
    );
    let transport = ScriptTransport::new(|_| Answer::ok(100, ""));
    let recording = run(&yaml, &transport).await;
    let held = recording.info.outline.stages[0].end.as_secs();
    assert!((50..=60).contains(&held), "{held}");
    let asked = transport.asked();
    let later = asked
        .iter()
        .filter(|asked| asked.at > recording.info.outline.stages[1].start);
    assert!((98..=101).contains(&later.count()));
    assert!(
        (asked.len() as f64 - (20.0 * held as f64 + 100.0)).abs() <= 22.0,
        "{}",
        asked.len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_never_becomes_steady_ends_at_its_longest() {
    // Each response takes longer than the one before.
    let transport = ScriptTransport::new(|asked| Answer::ok(20 + asked.at.as_millis() as u64 / 50, ""));
    let yaml = format!(
        "{HEAD}think: {{ constant: 100ms }}\nendpoints: [{{ name: a, get: /a }}]\n\
         stages: [{{ users: 4, ramp: 0s, hold: {{ until: steady, at_most: 100s }} }}]"
    );
    let recording = run(&yaml, &transport).await;
    assert_eq!(recording.end.load_until, Duration::from_secs(100));
}
