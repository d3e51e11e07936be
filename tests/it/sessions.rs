//! How users begin and end: `on_start` that fails, sessions that last as long as a user or one iteration.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runner::analysis::shortfall::{Shortfall, shortfalls};
use runner::analysis::steady::windows;
use runner::engine::{Control, Stop, run_here};
use runner::measure::recording::Recording;

use crate::engine::{HEAD, Quiet, run};
use crate::support::plan_of;
use crate::support::script::{Answer, ScriptTransport};

/// A login that fails the first three times, then the endpoint `a` each second.
async fn with_failing_login(how: &str) -> (Recording, usize, usize) {
    let tries = Arc::new(AtomicUsize::new(0));
    let transport = ScriptTransport::new(move |asked| {
        let login = asked.line.ends_with("/login");
        if login && tries.fetch_add(1, Ordering::Relaxed) < 3 {
            Answer {
                status: 503,
                ..Answer::ok(0, "")
            }
        } else {
            Answer::ok(0, "")
        }
    });
    let yaml = format!(
        "{HEAD}{how}think: {{ constant: 1s }}\non_start: [login]\nendpoints:\n  - {{ name: a, get: /a }}\n  \
         - {{ name: login, weight: 0, post: /login }}\nstages: [{{ users: 1, ramp: 0s, hold: 20s }}]"
    );
    let recording = run(&yaml, &transport).await;
    let lines = transport.lines();
    let count = |end: &str| lines.iter().filter(|line| line.ends_with(end)).count();
    (recording, count("/login"), count("/a"))
}

#[tokio::test(start_paused = true)]
async fn a_user_whose_on_start_fails_tries_again_after_growing_pauses() {
    // At 0, 1, 3 and 7 s; then an iteration each second until 20 s.
    let (recording, logins, rest) = with_failing_login("").await;
    assert_eq!((logins, rest), (4, 13));
    let summary = recording.summary(&windows(&recording));
    assert_eq!((summary.starts.failed, summary.starts.stopped), (3, 0));
    // The user worked for 13 of the 20 seconds.
    assert!(
        (summary.stages[0].users - 0.65).abs() < 0.01,
        "{}",
        summary.stages[0].users
    );
    let short = shortfalls(&summary);
    assert!(
        matches!(&short[..], [Shortfall::UsersMissing { planned: 1.0, .. }]),
        "{short:?}"
    );
    assert!(!short[0].fails());
}

#[tokio::test(start_paused = true)]
async fn a_user_whose_on_start_fails_leaves_or_goes_on_where_the_scenario_says_so() {
    let (recording, logins, rest) = with_failing_login("on_start_failure: stop_user\n").await;
    assert_eq!((logins, rest), (1, 0));
    let summary = recording.summary(&windows(&recording));
    assert_eq!((summary.starts.failed, summary.starts.stopped), (1, 1));
    assert!(shortfalls(&summary).contains(&Shortfall::NothingBegun));
    let (recording, logins, rest) = with_failing_login("on_start_failure: continue\n").await;
    assert_eq!((logins, rest), (1, 20));
    assert_eq!(recording.summary(&windows(&recording)).starts.failed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_is_given_up_while_it_waits_to_try_again_is_counted_out_once() {
    let transport = ScriptTransport::new(|_| Answer {
        status: 503,
        ..Answer::ok(0, "")
    });
    let yaml = format!(
        "{HEAD}on_start: [login]\nendpoints:\n  - {{ name: a, get: /a }}\n  \
         - {{ name: login, weight: 0, post: /login }}\nstages: [{{ users: 3, ramp: 0s, hold: 20s }}]"
    );
    let control = Control::default();
    let mut quiet = Quiet::default();
    let run = run_here(plan_of(&yaml), control.clone(), &mut quiet, transport);
    // Between the tries at 1 s and at 3 s.
    let stop = async {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        control.stop(Stop::Now);
    };
    let (recording, ()) = tokio::join!(run, stop);
    let recording = recording.expect("a run");
    let users: Vec<i64> = recording
        .timeline
        .intervals()
        .iter()
        .map(|interval| interval.state.users)
        .collect();
    assert_eq!(users, [0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_arrival_is_a_visitor_of_its_own_unless_the_scenario_says_otherwise() {
    for (session, visits) in [
        ("", 40),
        ("session: per_iteration\n", 40),
        ("session: per_user\n", 1),
    ] {
        let transport = ScriptTransport::new(|_| Answer::ok(10, ""));
        let yaml = format!(
            "{HEAD}{session}on_start: [login]\non_stop: [logout]\narrivals: even\nendpoints:\n  - {{ name: a, get: /a }}\n  \
             - {{ name: login, weight: 0, post: '/login?{{{{ user }}}}' }}\n  \
             - {{ name: logout, weight: 0, post: '/logout?{{{{ user }}}}' }}\nstages: [{{ rate: 2/s, ramp: 0s, hold: 20s }}]"
        );
        run(&yaml, &transport).await;
        let who = |what: &str| {
            let asked = transport.lines();
            let mut who: Vec<String> = asked
                .iter()
                .filter_map(|line| Some(line.split_once(what)?.1.to_owned()))
                .collect();
            who.sort();
            who
        };
        assert_eq!(who("/login?").len(), visits, "{session}");
        if visits > 1 {
            assert_eq!(who("/login?"), who("/logout?"), "{session}");
        }
        assert_eq!(
            transport
                .lines()
                .iter()
                .filter(|line| line.ends_with("/a"))
                .count(),
            40
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_of_the_closed_model_may_be_a_new_visitor_each_time() {
    let transport = ScriptTransport::new(|_| Answer::ok(0, ""));
    let yaml = format!(
        "{HEAD}session: per_iteration\nthink: {{ constant: 1s }}\non_start: [login]\non_stop: [logout]\nendpoints:\n  \
         - {{ name: a, get: /a }}\n  - {{ name: login, weight: 0, post: /login }}\n  \
         - {{ name: logout, weight: 0, post: /logout }}\nstages: [{{ users: 1, ramp: 0s, hold: 3500ms }}]"
    );
    run(&yaml, &transport).await;
    let lines: Vec<_> = transport
        .lines()
        .iter()
        .map(|line| line.rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(lines.join(" "), ["login a logout"; 4].join(" "));
}
