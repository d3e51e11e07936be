//! What the page gets of a run: while it goes on, when it is over, from disk.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use runner::engine::Stop;
use runner::measure::journal;
use runner::measure::run::RunInfo;
use runner::plan::search::Search;
use runner::web::Start;
use serde_json::Value;

use super::{Page, over, tell, tell_begin, written};
use crate::measure::script::{Run, info, outline, secs, usual};

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Points of the first series of the first chart.
fn points(charts: &Value) -> usize {
    charts["charts"][0]["series"][0]["x"].as_array().unwrap().len()
}

#[test]
fn every_browser_hears_of_the_run_and_one_that_comes_late_gets_its_history() {
    let page = Page::open();
    let mut first = page.asker().watch();
    assert_eq!(first.next().unwrap()["course"], "idle");
    let run = usual();
    let (teller, _) = page.begin(&run, "run");
    assert_eq!(first.until(|now| now["run"] == 1)["course"], "going");
    let recording = tell(&run, &teller);
    let seen = first.until(|now| now["figures"]["at"].as_f64() > Some(125.0));
    // Only the newest counts: a browser may miss the hold, as the whole run is told at once.
    let state = seen["state"].as_str().unwrap();
    assert!(
        state.starts_with("holding 20 users") || state == "waiting for the last responses",
        "{state}"
    );

    let mut late = page.asker().watch();
    let now = late.next().unwrap();
    assert!(now["figures"]["at"].as_f64() > Some(125.0), "{now}");
    assert_eq!(now["figures"]["rows"].as_array().unwrap().len(), 2);
    let history = page.asker().json("/api/runs/live/over-time");
    assert!(points(&history) >= 125, "{}", points(&history));
    assert_eq!(history["run"], 1);
    // The last points of the second are those of the history, in the same order of series.
    let (last, whole) = (&now["figures"]["points"][0], &history["charts"][0]);
    assert_eq!(last["id"], whole["id"]);
    assert_eq!(
        last["series"].as_array().unwrap().len(),
        whole["series"].as_array().unwrap().len()
    );
    assert_eq!(page.server.browsers(), 2);

    teller.writes();
    late.until(|now| now["course"] == "writing");
    teller.ends(over(recording, true));
    for watch in [&mut first, &mut late] {
        let end = watch.until(|now| now["course"] == "over");
        assert_eq!(
            (&end["state"], &end["passed"]),
            (&"over: passed".into(), &true.into())
        );
    }
    let told = page.asker().json("/api/runs/live");
    assert_eq!(told["closing"], "all is told");
    assert_eq!(told["over"], true);
    drop((first, late));
    let begun = Instant::now();
    while page.server.browsers() > 0 {
        assert!(begun.elapsed() < secs(30), "browsers that have gone are counted");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_run_has_one_shape_under_way_over_and_on_disk() {
    let page = Page::open();
    let run = usual();
    let (teller, _) = page.begin(&run, "run");
    let mut watch = page.asker().watch();
    tell(&run, &teller);
    watch.until(|now| now["figures"]["at"].as_f64() > Some(125.0));
    let under_way = page.asker().json("/api/runs/live");
    assert_eq!(
        (&under_way["over"], &under_way["number"]),
        (&false.into(), &1.into())
    );
    assert!(
        under_way["failures"][0]["rows"][0][1].as_u64() > Some(10),
        "{under_way}"
    );
    assert!(
        page.asker()
            .get("/api/runs/live/findings")
            .body
            .contains("<h2 id=\"findings\">")
    );
    let places = ["throughput", "times", "capacity"];
    let ids = |charts: &Value| -> Vec<String> {
        let all = charts.as_array().unwrap().iter();
        all.map(|chart| chart["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let so_far = [
        ids(&page.asker().json("/api/runs/live/over-time")["charts"]),
        ids(&page.asker().json("/api/runs/live/over-load")),
    ];
    assert!(
        places
            .iter()
            .all(|id| so_far.concat().contains(&(*id).to_owned())),
        "{so_far:?}"
    );

    written(&run, &page.place("run"));
    // Told faster than a disk writes, seconds are merged on their way to it: what is there is the run.
    let recording = journal::read(&page.place("run")).unwrap();
    teller.ends(over(recording, false));
    watch.until(|now| now["course"] == "over");
    let own = page.asker().json("/api/runs/live");
    let on_disk = page.asker().json("/api/runs/run");
    assert_eq!(keys(&own), keys(&under_way));
    let mut known = keys(&own);
    known.remove("number");
    assert_eq!(keys(&on_disk), known);
    for part in ["rows", "total", "failures", "mix", "stages", "files"] {
        assert_eq!(own[part], on_disk[part], "{part}");
    }
    // Of a request that never finished only a lower bound is known.
    let mut figures = keys(&own["total"]);
    assert!(figures.remove("at_least"));
    assert_eq!(figures, keys(&under_way["rows"][0]));
    assert_eq!(
        page.asker().json("/api/runs/live/over-load"),
        page.asker().json("/api/runs/run/over-load")
    );
    let known = page.asker().json("/api/state");
    assert_eq!(
        (&known["own"], &known["runs"][0]["id"]),
        (&"run".into(), &"run".into())
    );
    assert_eq!(known["runs"][0]["levels"], "10, 20 users");
}

#[test]
fn a_run_is_steered_where_its_course_allows() {
    let page = Page::open();
    let run = Run { users: 4, ..usual() };
    let (teller, control) = page.begin(&run, "run");
    let mut watch = page.asker().watch();
    watch.until(|now| now["run"] == 1);
    let early = page.asker().post("/api/pause", "{}");
    assert_eq!(early.status, 409, "{}", early.body);
    tell_begin(&run, &teller);
    watch.until(|now| now["figures"]["at"].as_f64() > Some(40.0));
    let post = |path: &str, body: &str| {
        let answer = page.asker().post(path, body);
        (answer.status, answer.body)
    };
    let refused = |why: &str| (409, format!("{{\"error\":\"{why}\"}}"));
    assert_eq!(post("/api/level", r#"{"level": 30, "ramp": 2.5}"#).0, 200);
    assert_eq!(post("/api/pause", "{}").0, 200);
    assert_eq!(post("/api/reset", "{}").0, 200);
    assert_eq!(post("/api/resume", "{}"), refused("the run is not paused"));
    assert_eq!(
        post("/api/level", r#"{"level": -1}"#),
        refused("a level is a number from 0 to 1000000")
    );
    for (body, status) in [
        (r#"{"level": 1, "ramp": -1}"#, 422),
        (r#"{"level": 1, "ramp": 1e300}"#, 422),
        (r#"{"level": "many"}"#, 422),
        (r#"{"level": 1, "more": 1}"#, 422),
        ("not json", 400),
    ] {
        assert_eq!(post("/api/level", body).0, status, "{body}");
    }
    assert_eq!(control.asked(), Stop::Run);
    assert_eq!(post("/api/stop", "{}").0, 200);
    assert_eq!(control.asked(), Stop::Gently);
    assert_eq!(watch.until(|now| now["asked"] != "no")["asked"], "gently");
    assert_eq!(post("/api/pause", "{}"), refused("the run is stopping"));
    assert_eq!(post("/api/stop", r#"{"now": true}"#).0, 200);
    assert_eq!(control.asked(), Stop::Now);
    teller.fails("the disk is full".to_owned());
    let end = watch.until(|now| now["course"] == "over");
    assert_eq!(end["state"], "not carried out");
    assert_eq!(post("/api/stop", "{}"), refused("the load is over"));
    let told = page.asker().json("/api/runs/live");
    assert!(
        told["ending"].as_str().unwrap().contains("the disk is full"),
        "{}",
        told["ending"]
    );
}

#[test]
fn a_search_is_only_stopped() {
    let page = Page::open();
    let run = usual();
    let mut outline = (*run.info.outline).clone();
    outline.search = Some(Search {
        start: 10.0,
        at_most: 40.0,
        ramp: secs(5),
        hold: secs(60),
        until_steady: None,
        pause: secs(0),
    });
    let run = Run {
        info: Arc::new(RunInfo {
            outline: Arc::new(outline),
            ..(*run.info).clone()
        }),
        ..run
    };
    let (teller, control) = page.begin(&run, "run");
    let mut watch = page.asker().watch();
    tell_begin(&run, &teller);
    let now = watch.until(|now| now["figures"]["at"].as_f64() > Some(40.0));
    assert!(now["figures"]["planned"].is_null());
    assert_eq!(page.asker().json("/api/runs/live")["search"], true);
    let answer = page.asker().post("/api/level", r#"{"level": 30}"#);
    assert!(
        answer.body.contains("a search chooses its levels itself"),
        "{}",
        answer.body
    );
    assert_eq!(page.asker().post("/api/stop", "{}").status, 200);
    assert_eq!(control.asked(), Stop::Gently);
}

#[test]
fn a_form_reaches_the_program_and_its_answer_the_page() {
    let mut page = Page::open();
    let asker = page.asker();
    let form = r#"{"file": "a.yaml", "users": "10,20", "hold": "5s"}"#;
    // Nobody waits for one.
    assert_eq!(asker.post("/api/start", form).status, 409);
    assert_eq!(asker.json("/api/state")["scenarios"][0], "scenarios/mixed.yaml");
    let sent = std::thread::spawn(move || {
        let answers = ["{}", form, form].map(|form| asker.post("/api/start", form));
        answers.map(|answer| (answer.status, answer.body))
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut next = || runtime.block_on(page.server.next_start());
    let Start { form, reply } = next();
    assert_eq!(
        (form.file.as_str(), form.users.as_str(), form.host.as_str()),
        ("a.yaml", "10,20", "")
    );
    reply
        .send(Err("error: line 3\n  ^^^ no such endpoint".to_owned()))
        .unwrap();
    let Start { reply, .. } = next();
    reply.send(Ok(())).unwrap();
    let answers = sent.join().unwrap();
    assert_eq!(answers[0].0, 422);
    assert_eq!(
        answers[1],
        (
            422,
            "{\"error\":\"error: line 3\\n  ^^^ no such endpoint\"}".to_owned()
        )
    );
    assert_eq!(answers[2].0, 200);
}

#[test]
fn where_nothing_can_be_started_runs_are_shown() {
    let mut page = Page::with(|options| runner::web::Options {
        scenarios: None,
        ..options
    });
    page.leave("one");
    page.leave("two");
    std::fs::create_dir(page.place("no run")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("two", page.place("latest")).unwrap();
    let known = page.asker().json("/api/state");
    let ids: BTreeSet<_> = known["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, BTreeSet::from(["one", "two"]));
    assert_eq!((&known["starts"], &known["live"]), (&false.into(), &false.into()));
    assert_eq!(known["runs"][0]["ending"], "as planned");
    let asker = page.asker();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = std::thread::spawn(move || asker.post("/api/start", r#"{"file": "a.yaml"}"#).status);
    let waits = async { tokio::time::timeout(secs(1), page.server.next_start()).await };
    assert!(runtime.block_on(waits).is_err());
    assert_eq!(answer.join().unwrap(), 403);
    assert_eq!(page.asker().get("/api/runs/live").status, 404);
    assert!(page.asker().json("/api/runs/two")["rows"][0]["requests"].as_u64() > Some(100));
}

#[test]
fn files_are_downloads_and_a_report_is_looked_at_behind_bars() {
    let page = Page::open();
    let folder = page.leave("one");
    let html = "<script>fetch('/api/stop', { method: 'POST' })</script>";
    std::fs::write(folder.join("report.html"), html).unwrap();
    std::fs::write(folder.join("other.html"), html).unwrap();
    std::fs::create_dir_all(folder.join("failures")).unwrap();
    std::fs::write(folder.join("failures/1-it broke.txt"), "why").unwrap();
    let run = page.asker().json("/api/runs/one");
    let names: Vec<_> = run["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["other.html", "plan.json", "report.html", "run.hlog", "run.jsonl"]
    );
    for name in &names {
        let answer = page.asker().get(&format!("/api/runs/one/files/{name}"));
        assert_eq!(answer.status, 200, "{name}");
        assert!(
            answer
                .header("content-disposition")
                .unwrap()
                .starts_with("attachment;"),
            "{name}"
        );
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    }
    let journal = page.asker().get("/api/runs/one/files/run.jsonl");
    assert_eq!(
        journal.body,
        std::fs::read_to_string(folder.join("run.jsonl")).unwrap()
    );
    let example = page.asker().get("/api/runs/one/examples/1-it%20broke.txt");
    assert_eq!((example.status, example.body.as_str()), (200, "why"));

    let look = page.asker().get("/api/runs/one/files/report.html?look=1");
    assert_eq!(
        (look.body.as_str(), look.header("content-type")),
        (html, Some("text/html; charset=utf-8"))
    );
    let policy = look.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("sandbox allow-scripts; default-src 'none';"),
        "{policy}"
    );
    let other = page.asker().get("/api/runs/one/files/other.html?look=1");
    assert!(
        other
            .header("content-disposition")
            .unwrap()
            .starts_with("attachment;")
    );
}

#[test]
fn the_end_comes_although_browsers_watch() {
    let page = Page::open();
    let mut watch = page.asker().watch();
    watch.next().unwrap();
    let idle = page.asker().connect();
    let begun = Instant::now();
    page.server.stop();
    assert!(begun.elapsed() < secs(20), "{:?}", begun.elapsed());
    assert!(watch.next().is_none());
    drop(idle);
}

#[test]
fn the_page_asks_nobody_else() {
    let page = Page::open();
    for path in [
        "/",
        "/style.css",
        "/page.css",
        "/scale.js",
        "/chart.js",
        "/tools.js",
        "/controls.js",
        "/charts.js",
        "/panels.js",
        "/page.js",
    ] {
        let answer = page.asker().get(path);
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.body.replace("http://www.w3.org/2000/svg", "");
        for elsewhere in [
            "http:", "https:", "url(", "@import", "eval(", "style=\"", "onclick=",
        ] {
            assert!(!text.contains(elsewhere), "{path} holds {elsewhere}");
        }
    }
}

#[test]
fn a_run_of_an_hour_is_told_in_few_points() {
    let page = Page::open();
    let run = Run {
        info: info(outline(&[(20, 340); 10], Vec::new()), 2),
        grace: secs(10),
        users: 2,
    };
    let (teller, _) = page.begin(&run, "run");
    let mut watch = page.asker().watch();
    tell(&run, &teller);
    let now = watch.until(|now| now["figures"]["at"].as_f64() > Some(3590.0));
    assert_eq!(now["figures"]["step"], 10);
    let last = now["figures"]["points"][0]["series"][0]["x"].as_array().unwrap();
    assert!(last.len() <= 4, "{last:?}");
    let answer = page.asker().get("/api/runs/live/over-time");
    assert!(points(&answer.json()) <= 600);
    assert!(answer.body.len() < 100_000, "{} bytes", answer.body.len());
}
