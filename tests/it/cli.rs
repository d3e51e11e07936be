//! The program as a person or a script meets it: exit codes, streams, files, signals, secrets.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::support::server::Server;

/// No command of these tests takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A folder to work in: no `config.yaml`, reports of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RUNNER_"))
        {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        finished(spawned(&mut self.command(arguments)))
    }

    /// The folder of the only run.
    fn only_run(&self) -> PathBuf {
        std::fs::canonicalize(self.path("reports/latest")).unwrap()
    }
}

/// Starts a program whose words are kept.
fn spawned(command: &mut Command) -> Child {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// A response with a body.
fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn finished(child: Child) -> Output {
    let id = child.id();
    let watchdog = std::thread::spawn(move || {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && Path::new(&format!("/proc/{id}/fd")).exists() {
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(begun.elapsed() < PATIENCE, "the command does not end");
    });
    let output = child.wait_with_output().unwrap();
    watchdog.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn signal(child: &Child, signal: rustix::process::Signal) {
    let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(id, signal).unwrap();
}

/// Waits until a journal holds this many seconds.
fn wait_for_seconds(place: &Place, seconds: usize) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let journal = std::fs::read_to_string(place.path("reports/latest/run.jsonl")).unwrap_or_default();
        if journal.lines().count() > seconds {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("no journal");
}

fn scenario(port: u16, more: &str) -> String {
    format!(
        "target: {{ url: 'http://127.0.0.1:{port}' }}\nthink: {{ constant: 50ms }}\n\
         endpoints: [{{ name: home, get: / }}]\n{more}"
    )
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn a_run_ends_with_the_path_of_its_report() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 2, ramp: 0s, hold: 2s }]"),
    );
    let output = place.run(&["a.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let last = text(&output.stdout).lines().last().unwrap().to_owned();
    let report = last.strip_prefix("report: ").unwrap();
    assert!(place.path(report).is_file(), "{last}");
    for name in [
        "summary.csv",
        "endpoints.csv",
        "timeline.csv",
        "failures.csv",
        "run.json",
        "run.jsonl",
        "plan.json",
    ] {
        assert!(place.only_run().join(name).is_file(), "{name}");
    }
}

#[test]
fn a_mistake_in_the_scenario_is_told_and_nothing_is_sent() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 2, hold: 2 }]\non_start: [hom]"),
    );
    for command in [vec!["a.yaml"], vec!["check", "a.yaml"], vec!["try", "a.yaml"]] {
        let output = place.run(&command);
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(
            text(&output.stderr).contains("a.yaml:4"),
            "{}",
            text(&output.stderr)
        );
    }
    assert_eq!(server.connections(), 0);
    assert!(!place.path("reports").exists());
}

#[test]
fn wrong_arguments_exit_with_2_and_help_with_0() {
    let place = Place::new();
    assert_eq!(place.run(&["--no-such-option"]).status.code(), Some(2));
    assert_eq!(place.run(&[]).status.code(), Some(2));
    assert_eq!(place.run(&["report", "nowhere"]).status.code(), Some(2));
    assert_eq!(place.run(&["--help"]).status.code(), Some(0));
    assert_eq!(place.run(&["schema"]).status.code(), Some(0));
}

#[test]
fn a_failed_threshold_exits_with_4() {
    let server = Server::answering("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    let place = Place::new();
    let more = "stages: [{ users: 1, ramp: 0s, hold: 1s }]\nthresholds: ['failures < 1%']";
    place.file("a.yaml", &scenario(server.port, more));
    let output = place.run(&["a.yaml"]);
    assert_eq!(output.status.code(), Some(4));
    let report = std::fs::read_to_string(place.only_run().join("report.md")).unwrap();
    assert!(report.contains("expected <400, got 503"), "{report}");
}

#[test]
fn interrupted_once_it_ends_gently_and_writes_its_reports() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 2, ramp: 0s, hold: 60s }]"),
    );
    let child = spawned(&mut place.command(&["a.yaml"]));
    wait_for_seconds(&place, 2);
    signal(&child, rustix::process::Signal::INT);
    let output = finished(child);
    assert_eq!(output.status.code(), Some(130));
    assert!(place.only_run().join("report.md").is_file());
}

#[cfg(unix)]
#[test]
fn interrupted_while_a_report_cannot_be_written_it_says_so_and_then_gives_up() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 1, ramp: 0s, hold: 4s }]"),
    );
    let told = std::fs::File::create(place.path("told")).unwrap();
    let mut child = place
        .command(&["a.yaml"])
        .stdout(Stdio::null())
        .stderr(told)
        .spawn()
        .unwrap();
    wait_for_seconds(&place, 1);
    // Opening a pipe that nobody reads from hangs, as a disk may.
    let pipe = place.only_run().join("report.md.part");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let said = |words: &str| {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if std::fs::read_to_string(place.path("told"))
                .unwrap()
                .contains(words)
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("never said: {words}");
    };
    let begun = Instant::now();
    while !std::fs::read_to_string(place.only_run().join("run.jsonl"))
        .unwrap()
        .contains("\"end\":{")
    {
        assert!(begun.elapsed() < PATIENCE, "the journal has no end");
        std::thread::sleep(Duration::from_millis(50));
    }
    signal(&child, rustix::process::Signal::INT);
    said("its reports are being written; once more gives them up");
    assert!(child.try_wait().unwrap().is_none(), "once is not enough");
    signal(&child, rustix::process::Signal::INT);
    said("error: interrupted before all reports were written; `runner report ");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    std::fs::remove_file(&pipe).unwrap();
    assert!(!place.only_run().join("report.md").exists());
    let again = place.run(&["report", place.only_run().to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert!(place.only_run().join("report.md").is_file());
}

#[test]
fn interrupted_twice_it_ends_at_once_even_while_setup_hangs() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.hang();
    });
    let place = Place::new();
    let setup = "setup: [{ name: log_in, get: / }]\nstages: [{ users: 2, ramp: 0s, hold: 60s }]";
    place.file("a.yaml", &scenario(server.port, setup));
    let child = spawned(&mut place.command(&["a.yaml"]));
    let begun = Instant::now();
    while server.requests().is_empty() && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(50));
    }
    signal(&child, rustix::process::Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, rustix::process::Signal::INT);
    let output = finished(child);
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).contains("interrupted before the load began"));
}

#[test]
fn of_a_killed_run_the_report_is_that_of_its_journal() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 2, ramp: 0s, hold: 60s }]"),
    );
    let mut child = place
        .command(&["a.yaml"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_seconds(&place, 3);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!place.only_run().join("report.md").exists());
    let output = place.run(&["report", "reports/latest"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let report = std::fs::read_to_string(place.only_run().join("report.md")).unwrap();
    assert!(report.contains("killed"), "{report}");
}

#[test]
fn a_report_written_again_has_the_same_bytes() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 3, ramp: 1s, hold: 3s }]"),
    );
    assert_eq!(place.run(&["a.yaml"]).status.code(), Some(0));
    let all = || {
        [
            "report.md",
            "report.html",
            "timeline.svg",
            "run.json",
            "summary.csv",
            "endpoints.csv",
            "timeline.csv",
            "failures.csv",
        ]
        .map(|name| std::fs::read(place.only_run().join(name)).unwrap())
    };
    let before = all();
    assert_eq!(place.run(&["report", "reports/latest"]).status.code(), Some(0));
    assert!(before == all());
}

/// A password with characters that each encoding treats in its own way.
const CANARY: &str = "c4n/ry+b1rd %=ü";

/// Every form in which a password may show itself.
fn forms(secret: &str) -> Vec<String> {
    let percent = |set| percent_encoding::utf8_percent_encode(secret, set).to_string();
    let all = percent(percent_encoding::NON_ALPHANUMERIC);
    let json = serde_json::to_string(secret).unwrap();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let basic = STANDARD.encode(format!("canary-user:{secret}"));
    vec![
        secret.to_owned(),
        all.to_lowercase(),
        all,
        form,
        json.trim_matches('"').to_owned(),
        STANDARD.encode(secret),
        basic,
    ]
}

fn holds_secret(place: &str, bytes: &[u8], found: &mut String) {
    let shown = String::from_utf8_lossy(bytes);
    let mut forms = forms(CANARY);
    // What the Base64 of the pair holds of the password alone, whatever stands around it.
    let part = forms.last().unwrap()[20..32].to_owned();
    forms.push(part);
    for form in forms.iter().filter(|form| shown.contains(form.as_str())) {
        let at = shown.find(form.as_str()).unwrap();
        let around: String = shown[..at]
            .chars()
            .rev()
            .take(60)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let _ = writeln!(found, "{place} holds {form:?} after {around:?}");
    }
}

fn search(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, found);
        } else {
            holds_secret(&path.display().to_string(), &std::fs::read(&path).unwrap(), found);
        }
    }
}

#[test]
fn a_secret_shows_nowhere_even_when_the_server_echoes_it() {
    // Answers with everything it was sent, in several encodings, as a failure.
    let server = Server::plain(|peer| {
        while let Some(request) = peer.request() {
            let sent = format!("{}\n{}", request.head, String::from_utf8_lossy(&request.body));
            let mut body = format!("{sent}\n{}\n", STANDARD.encode(&sent));
            for form in forms(CANARY) {
                let _ = writeln!(body, "{form}");
            }
            let location = percent_encoding::utf8_percent_encode(CANARY, percent_encoding::NON_ALPHANUMERIC);
            let head = format!(
                "HTTP/1.1 500 Oops\r\ncontent-length: {}\r\nx-echo: {location}\r\n\r\n",
                body.len()
            );
            peer.say(head.as_bytes());
            peer.say(body.as_bytes());
        }
    });
    let place = Place::new();
    place.file(
        "config.yaml",
        &format!("user: canary-user\npassword: '{CANARY}'\n"),
    );
    place.file(
        "a.yaml",
        &format!(
            "target:\n  url: 'http://127.0.0.1:{}'\n  auth: {{ basic: {{ user: '{{{{ config.user }}}}', password: '{{{{ config.password }}}}' }} }}\n\
             endpoints:\n  - {{ name: query, get: /a, query: {{ p: '{{{{ config.password }}}}' }} }}\n\
             \x20 - {{ name: json, post: '/{{{{ config.password }}}}', json: {{ p: '{{{{ config.password }}}}' }} }}\n\
             \x20 - name: form\n    post: /f\n    form: {{ p: '{{{{ config.password }}}}' }}\n    headers: {{ X-Api-Key: 'abc' }}\n\
             \x20   expect: {{ json: {{ $.p: 'x' }}, status: [500] }}\n\
             think: {{ constant: 100ms }}\nstages: [{{ users: 3, ramp: 0s, hold: 2s }}]\n",
            server.port
        ),
    );
    let mut found = String::new();
    for command in [
        vec!["a.yaml", "--csv", "locust"],
        vec!["check", "a.yaml"],
        vec!["try", "a.yaml", "--full"],
    ] {
        let output = place.run(&command);
        assert!(
            output.status.code().is_some_and(|code| [0, 3, 4].contains(&code)),
            "{}",
            text(&output.stderr)
        );
        holds_secret(&format!("{command:?} stdout"), &output.stdout, &mut found);
        holds_secret(&format!("{command:?} stderr"), &output.stderr, &mut found);
    }
    assert!(server.requests().len() > 10);
    assert!(place.only_run().join("failures").read_dir().unwrap().count() > 0);
    std::fs::remove_file(place.path("config.yaml")).unwrap();
    search(place.folder.path(), &mut found);
    assert!(found.is_empty(), "{found}");
}

#[test]
fn a_mistake_beside_a_secret_does_not_show_it() {
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target:\n  url: 'http://127.0.0.1:1'\n  auth: {{ basic: {{ user: u, password: '{CANARY}', oops: 1 }} }}\n\
             endpoints: [{{ name: a, get: / }}]\nstages: [{{ users: 1, hold: 1s }}]\n"
        ),
    );
    let output = place.run(&["check", "a.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let mut found = String::new();
    holds_secret("stderr", &output.stderr, &mut found);
    assert!(
        found.is_empty() && text(&output.stderr).contains("oops"),
        "{found}{}",
        text(&output.stderr)
    );
}

#[test]
fn without_a_host_the_demo_api_is_run_against_and_said_so() {
    let place = Place::new();
    place.file(
        "a.yaml",
        "target:\n  url: '{{ config.host }}{{ config.api_base_url }}'\n  tls: { verify: true }\n\
         \x20 auth: { basic: { user: '{{ config.user }}', password: '{{ config.password }}' } }\n\
         think: { constant: 100ms }\nendpoints: [{ name: term, get: '', query: { term: '201701' } }]\n\
         stages: [{ users: 2, ramp: 0s, hold: 2s }]\nthresholds: ['failures < 1%']\n",
    );
    let output = place.run(&["a.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("demo API"),
        "{}",
        text(&output.stderr)
    );
    let report = std::fs::read_to_string(place.only_run().join("report.md")).unwrap();
    assert!(report.contains("demo API"), "{report}");
}

#[test]
fn an_oauth2_token_is_shared_and_refreshed_ahead_of_its_expiry() {
    let options = runner::demo::Options {
        token_lifetime: Duration::from_secs(2),
        ..Default::default()
    };
    let demo = runner::demo::start(&options).unwrap();
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target:\n  url: '{}{}'\n  tls: {{ verify: false }}\n  auth:\n    oauth2_client_credentials:\n\
             \x20     {{ token_url: /oauth2/token, client_id: demo, client_secret: demo }}\n\
             think: {{ constant: 100ms }}\nendpoints: [{{ name: term, get: '', query: {{ term: '201701' }} }}]\n\
             stages: [{{ users: 2, ramp: 0s, hold: 5s }}]\nthresholds: ['failures <= 0%']\n",
            demo.url(),
            runner::demo::RESOURCE_PATH
        ),
    );
    let output = place.run(&["a.yaml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}{}", text(&output.stderr));
    place.file(
        "b.yaml",
        &std::fs::read_to_string(place.path("a.yaml"))
            .unwrap()
            .replace("client_secret: demo", "client_secret: wrong"),
    );
    let output = place.run(&["b.yaml"]);
    assert_eq!(output.status.code(), Some(3));
    let told = text(&output.stderr);
    assert!(
        told.contains("cannot get an OAuth2 token: https://127.0.0.1:"),
        "{told}"
    );
    assert!(told.contains("/oauth2/token: "), "{told}");
}

#[test]
fn a_run_without_one_success_is_no_success() {
    let server = Server::answering("HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno");
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 1, ramp: 0s, hold: 1s }]"),
    );
    let output = place.run(&["a.yaml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("not one request succeeded"));
    let told = text(&output.stdout);
    assert!(
        told.contains("Not one request succeeded: ")
            && told.contains("most often with expected <400, got 401"),
        "{told}"
    );
    let report = std::fs::read_to_string(place.only_run().join("report.md")).unwrap();
    assert!(report.contains("**Not one request succeeded"), "{report}");
}

#[test]
fn a_run_whose_iterations_break_off_fails_without_any_threshold_too() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let place = Place::new();
    let journey = format!(
        "name: broken\ntarget: {{ url: \"http://127.0.0.1:{}\" }}\nthink: {{ constant: 50ms }}\n\
         stages: [{{ users: 1, ramp: 0s, hold: 1s }}]\nendpoints:\n  - name: j\n    steps:\n      \
         - {{ name: one, get: /a, capture: [{{ json: $.missing, as: t, required: false }}] }}\n      \
         - {{ name: two, get: \"/b/{{{{ t }}}}\" }}\n",
        server.port
    );
    place.file("a.yaml", &journey);
    let output = place.run(&["a.yaml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the scenario was not carried out as written"));
    assert!(
        told.contains("were never sent, because a template could not be filled in"),
        "{told}"
    );
    let junit = std::fs::read_to_string(place.only_run().join("thresholds.xml")).unwrap();
    assert!(junit.contains("tests=\"1\" failures=\"1\""), "{junit}");

    let limits = "thresholds: [failures < 1%, failures of j < 1%, iterations failed < 1%, iterations failed of j < 1%]\n";
    place.file("b.yaml", &(journey + limits));
    let output = place.run(&["b.yaml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}");
    for line in [
        "FAILED  failures < 1%  (50%)",
        "FAILED  failures of j < 1%  (50%)",
        "FAILED  iterations failed < 1%  (100%)",
        "FAILED  iterations failed of j < 1%  (100%)",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_user_whose_steps_are_all_left_out_does_not_spin() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "name: idle\ntarget: {{ url: \"http://127.0.0.1:{}\" }}\nthink: {{ constant: 0s }}\n\
             stages: [{{ users: 1, ramp: 0s, hold: 1s }}]\nendpoints:\n  - name: j\n    steps:\n      \
             - {{ name: one, get: /a, if: user > 5 }}\n",
            server.port
        ),
    );
    let output = place.run(&["a.yaml"]);
    assert_eq!(output.status.code(), Some(4), "{}", text(&output.stderr));
    let run = std::fs::read_to_string(place.only_run().join("run.json")).unwrap();
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    let iterations = run["endpoints"][0]["iterations"].as_u64().unwrap();
    // One each 100 ms.
    assert!((1..=11).contains(&iterations), "{iterations}");
}

#[test]
fn a_run_that_did_not_come_about_says_so_in_its_folder() {
    let server = Server::answering("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(
            server.port,
            "setup: [{ name: warm, get: /warm }]\nstages: [{ users: 1, ramp: 0s, hold: 1s }]",
        ),
    );
    assert_eq!(place.run(&["a.yaml"]).status.code(), Some(3));
    let report = std::fs::read_to_string(place.only_run().join("report.md")).unwrap();
    assert!(
        report.contains("could not be carried out: setup failed at \\`warm\\`: expected <400, got 503"),
        "{report}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_whose_terminal_is_gone_ends_gently_unless_it_was_told_to_outlive_it() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 1, ramp: 0s, hold: 60s }]"),
    );
    // These tests may themselves run under `nohup`, which their children inherit.
    let mut command = Command::new("env");
    command
        .arg("--default-signal=HUP")
        .arg(place.command(&[]).get_program())
        .arg("a.yaml")
        .current_dir(place.folder.path());
    let child = spawned(&mut command);
    wait_for_seconds(&place, 1);
    signal(&child, rustix::process::Signal::HUP);
    assert_eq!(finished(child).status.code(), Some(130));
    assert!(place.only_run().join("report.md").is_file());

    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 1, ramp: 0s, hold: 4s }]"),
    );
    let mut command = place.command(&[]);
    let program = command.get_program().to_owned();
    command = {
        let mut nohup = Command::new("nohup");
        nohup.arg(program).arg("a.yaml").current_dir(place.folder.path());
        nohup
    };
    let child = spawned(command.stdin(Stdio::null()));
    wait_for_seconds(&place, 1);
    signal(&child, rustix::process::Signal::HUP);
    assert_eq!(finished(child).status.code(), Some(0));
}

#[test]
fn try_shows_what_was_sent_ends_with_on_stop_and_names_what_it_left_out() {
    let server = Server::plain(|peer| {
        while let Some(request) = peer.request() {
            let (status, body) = match request.line() {
                line if line.starts_with("GET /list ") => {
                    ("200 OK", r#"{"next":20,"token":"t0ken-of-theirs"}"#)
                }
                line if line.starts_with("GET /fails") => ("500 Oh", ""),
                _ => ("200 OK", "{}"),
            };
            peer.say(answer(status, body));
        }
    });
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target: {{ url: 'http://127.0.0.1:{}' }}\nthink: {{ constant: 50ms }}\non_stop: [bye]\n\
             stages: [{{ users: 1, ramp: 0s, hold: 1s }}]\nendpoints:\n\
             \x20 - {{ name: bye, weight: 0, delete: /session }}\n\
             \x20 - name: pages\n    steps:\n\
             \x20     - {{ name: first, get: /list, capture: [{{ json: $.next, as: cursor }}, {{ json: $.token, as: token }}] }}\n\
             \x20     - {{ name: next, get: /list2, query: {{ c: '{{{{ cursor }}}}' }}, capture: [{{ json: $.next, as: cursor }}] }}\n\
             \x20     - {{ name: more, get: /more, if: cursor }}\n\
             \x20 - name: buy\n    steps:\n\
             \x20     - {{ name: fails, get: /fails }}\n      - {{ name: pay, get: /pay }}\n",
            server.port
        ),
    );
    let output = place.run(&["try", "a.yaml", "--seed", "1"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{told}");
    assert!(
        told.contains("/list2?c=20\n") && told.contains("captured cursor = (found nothing)"),
        "{told}"
    );
    assert!(
        told.contains("captured token = ***") && !told.contains("t0ken-of-theirs"),
        "{told}"
    );
    assert!(
        told.contains("pages / more: not tried, as its `if` did not hold"),
        "{told}"
    );
    assert!(
        told.contains("buy / pay: not tried, as a step before it failed"),
        "{told}"
    );
    assert!(told.contains("4 requests, 1 failed, 2 not tried"), "{told}");
    let last = server.requests().last().unwrap().line().to_owned();
    assert!(last.starts_with("DELETE /session"), "{last}");
}

#[test]
fn a_compressed_body_is_shown_as_a_person_reads_it() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"the pool is exhausted, said s3cr3t-pass").unwrap();
    let packed = packed.finish().unwrap();
    let mut response = format!(
        "HTTP/1.1 500 Oh\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    )
    .into_bytes();
    response.extend(packed);
    let server = Server::answering(response);
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target: {{ url: 'http://127.0.0.1:{}', compression: true, auth: {{ basic: {{ user: u, password: s3cr3t-pass }} }} }}\n\
             think: {{ constant: 100ms }}\nendpoints: [{{ name: home, get: / }}]\nstages: [{{ users: 1, ramp: 0s, hold: 1s }}]\n",
            server.port
        ),
    );
    let words = "the pool is exhausted, said ***";
    let told = text(&place.run(&["try", "a.yaml"]).stdout);
    assert!(told.contains(words), "{told}");
    place.run(&["a.yaml"]);
    let example = place
        .only_run()
        .join("failures")
        .read_dir()
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let example = std::fs::read_to_string(example.path()).unwrap();
    assert!(example.ends_with(words), "{example}");
}

#[test]
fn a_token_that_cannot_be_refreshed_is_told_once_and_tried_again() {
    let server = Server::plain(|peer| {
        let mut tokens = 0;
        while let Some(request) = peer.request() {
            let body = if request.line().starts_with("POST /token") {
                "{\"access_token\":\"t\",\"expires_in\":1}"
            } else {
                ""
            };
            tokens += usize::from(!body.is_empty());
            let status = if tokens > 1 && !body.is_empty() {
                "503 Busy"
            } else {
                "200 OK"
            };
            peer.say(answer(status, body));
        }
    });
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target:\n  url: 'http://127.0.0.1:{}'\n  auth:\n    oauth2_client_credentials:\n\
             \x20     {{ token_url: /token, client_id: a, client_secret: b }}\n\
             think: {{ constant: 100ms }}\nendpoints: [{{ name: home, get: / }}]\n\
             stages: [{{ users: 1, ramp: 0s, hold: 5s }}]\n",
            server.port
        ),
    );
    let output = place.run(&["a.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Refused at 1 s and 2 s, and then at 4 s.
    let asked = server
        .requests()
        .iter()
        .filter(|asked| asked.line().starts_with("POST"))
        .count();
    assert!((3..=4).contains(&asked), "{asked}");
    let told = text(&output.stderr);
    let words = "the OAuth2 token could not be refreshed";
    let reason = "and requests went on with the old one: the token endpoint answered 503 Service Unavailable";
    assert_eq!(
        told.matches(&format!("warning: {words}, {reason}")).count(),
        1,
        "{told}"
    );
    let report = std::fs::read_to_string(place.only_run().join("report.md")).unwrap();
    let again = place.run(&["report", place.only_run().to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(
        std::fs::read_to_string(place.only_run().join("report.md")).unwrap(),
        report
    );
    for told in [&report, &text(&output.stdout)] {
        let line = told
            .lines()
            .find(|line| line.to_lowercase().contains(&words.to_lowercase()));
        let line = line.unwrap_or_else(|| panic!("{told}"));
        assert!(
            line.contains(&format!("({} attempts), {reason}", asked - 1)),
            "{line}"
        );
    }
}

#[test]
fn try_shows_what_the_session_adds() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nset-cookie: sid=abc123; Path=/\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n",
    );
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target: {{ url: 'http://127.0.0.1:{}', compression: true, auth: {{ basic: {{ user: u, password: p }} }} }}\n\
             stop_after: {{ requests: 1 }}\nendpoints:\n  - {{ name: first, get: /1 }}\n\
             \x20 - {{ name: second, get: /2, headers: {{ authorization: own }} }}\nstages: [{{ users: 1, ramp: 0s, hold: 5s }}]\n",
            server.port
        ),
    );
    let output = place.run(&["try", "a.yaml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}{}", text(&output.stderr));
    let (first, second) = told.split_once("== second").unwrap();
    assert!(!first.contains("> cookie:"), "{told}");
    assert!(
        second.contains("\n> cookie: ") && second.contains("sid=abc123") && second.contains("b=2"),
        "{told}"
    );
    assert!(
        second.contains("\n> accept-encoding: gzip, br, deflate\n"),
        "{told}"
    );
    assert_eq!(second.matches("> authorization: ***").count(), 1, "{told}");
    let sent = server.requests()[1].header("cookie").unwrap().to_owned();
    assert!(second.contains(&format!("> cookie: {sent}\n")), "{told}");
}

#[test]
fn try_shows_each_request_once_with_its_captures() {
    let place = Place::new();
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/mixed.yaml");
    let output = place.run(&["try", scenario.to_str().unwrap(), "--seed", "1"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}{}", text(&output.stderr));
    for name in [
        "get_by_osu_id",
        "get_by_term_id",
        "get_without_query",
        "get_by_id",
    ] {
        assert_eq!(told.matches(&format!("== {name}\n")).count(), 1, "{told}");
    }
    assert!(told.contains("captured osu_id = 9"), "{told}");
    assert!(told.contains("authorization: ***"), "{told}");
    assert!(told.contains("4 requests, 0 failed, 0 not tried"), "{told}");
}

#[test]
fn check_prints_the_mix_and_the_load_and_sends_nothing() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 4, ramp: 1s, hold: 3s }]"),
    );
    let output = place.run(&["check", "a.yaml"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        told.contains("100.0 %") && told.contains("4 users, reached in 1 s, held for 3 s"),
        "{told}"
    );
    assert_eq!(server.connections(), 0);
}

#[test]
fn check_prints_the_whole_path_of_a_request_with_an_expression() {
    let place = Place::new();
    place.file(
        "a.yaml",
        "target: { url: 'http://127.0.0.1:9' }\ndata: { n: { range: [1, 3] } }\n\
         endpoints: [{ name: e, get: '/echo/{{ n + 1 }}/b?x={{ n }}' }]\nstages: [{ users: 1, hold: 1s }]\n",
    );
    let output = place.run(&["check", "a.yaml"]);
    let told = text(&output.stdout);
    assert!(
        told.contains("GET http://127.0.0.1:9/echo/{{ n + 1 }}/b?x={{ n }}\n"),
        "{told}"
    );
}

#[test]
fn words_in_the_place_of_a_command_are_told() {
    let place = Place::new();
    for (arguments, expected) in [
        (["chekc", "f.yaml"], "did you mean `check`?"),
        (["run", "f.yaml"], "a scenario is run by its name alone"),
        (["a.yaml", "b.yaml"], "one scenario at a time"),
    ] {
        let output = place.run(&arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2));
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_misspelt_host_is_told_before_the_demo_api_stands_in() {
    let place = Place::new();
    place.file("config.yaml", "hots: https://api.example\n").file(
        "a.yaml",
        "target: { url: '{{ config.host }}' }\nendpoints: [{ name: e, get: /x }]\nstages: [{ users: 1, hold: 1s }]\n",
    );
    let output = place.run(&["check", "a.yaml"]);
    let told = text(&output.stderr);
    assert!(
        told.contains("warning: config.yaml sets no `host`; is `hots` meant to be `host`?"),
        "{told}"
    );
}

#[test]
fn setup_comes_first_and_its_captures_are_everyones() {
    let server = Server::plain(|peer| {
        while let Some(request) = peer.request() {
            let body = if request.line().starts_with("POST /tenants") {
                r#"{"id":"t-7"}"#
            } else {
                "ok"
            };
            peer.say(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        }
    });
    let place = Place::new();
    place.file(
        "a.yaml",
        &format!(
            "target: {{ url: 'http://127.0.0.1:{}' }}\nthink: {{ constant: 100ms }}\n\
             setup: [{{ name: make, post: /tenants, capture: [{{ json: $.id, as: tenant, required: true }}] }}]\n\
             teardown: [{{ name: unmake, delete: '/tenants/{{{{ tenant }}}}' }}]\n\
             endpoints: [{{ name: home, get: '/{{{{ tenant }}}}/home' }}]\nstages: [{{ users: 2, ramp: 0s, hold: 1s }}]\n",
            server.port
        ),
    );
    assert_eq!(place.run(&["a.yaml"]).status.code(), Some(0));
    let lines: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.line().to_owned())
        .collect();
    assert_eq!(lines.first().unwrap(), "POST /tenants HTTP/1.1");
    assert_eq!(lines.last().unwrap(), "DELETE /tenants/t-7 HTTP/1.1");
    assert!(
        lines.len() > 5
            && lines[1..lines.len() - 1]
                .iter()
                .all(|line| line == "GET /t-7/home HTTP/1.1"),
        "{lines:?}"
    );
    let run = std::fs::read_to_string(place.only_run().join("run.json")).unwrap();
    assert!(!run.contains("unmake"), "setup and teardown are not measured");
}

#[test]
fn runs_of_one_second_have_folders_of_their_own() {
    let server = Server::answering(OK);
    let place = Place::new();
    place.file(
        "a.yaml",
        &scenario(server.port, "stages: [{ users: 1, ramp: 0s, hold: 1s }]"),
    );
    let start = || {
        place
            .command(&["a.yaml"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let both = [start(), start()];
    assert!(both.into_iter().all(|child| finished(child).status.success()));
    let folders = place
        .path("reports")
        .read_dir()
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name() != "latest");
    assert_eq!(folders.count(), 2);
    let output = place.run(&["a.yaml", "--out", "reports/latest"]);
    assert_eq!(
        output.status.code(),
        Some(3),
        "a folder that holds a run is not written over"
    );
}

#[test]
fn two_runs_with_one_seed_send_the_same_requests_per_user_over_the_wire() {
    let place = Place::new();
    let mut runs: Vec<Vec<Vec<String>>> = Vec::new();
    for workers in ["1", "3"] {
        let server = Server::answering(OK);
        place.file(
            "a.yaml",
            &format!(
                "target: {{ url: 'http://127.0.0.1:{}' }}\nthink: {{ between: [10ms, 90ms] }}\n\
                 data: {{ n: {{ range: [1, 1000000] }}, w: {{ values: [x, y, z] }} }}\n\
                 endpoints:\n  - {{ name: a, weight: 2, get: '/{{{{ user }}}}/a/{{{{ n }}}}' }}\n\
                 \x20 - {{ name: b, weight: 1, get: '/{{{{ user }}}}/b/{{{{ w }}}}/{{{{ iteration }}}}' }}\n\
                 stages: [{{ users: 6, ramp: 1s, hold: 2s }}]\n",
                server.port
            ),
        );
        let output = place.run(&["a.yaml", "--seed", "99", "--workers", workers]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let mut of_user = vec![Vec::new(); 6];
        for request in server.requests() {
            let line = request.line().to_owned();
            let user: usize = line.split('/').nth(1).unwrap().parse().unwrap();
            of_user[user].push(line);
        }
        runs.push(of_user);
    }
    // How many requests fit into the time may differ; which they are may not, whatever worker a user is on.
    for (user, (one, other)) in runs[0].iter().zip(&runs[1]).enumerate() {
        let both = one.len().min(other.len());
        assert!(both > 10, "user {user} sent {both}");
        assert_eq!(one[..both], other[..both], "user {user}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_standard_output_cannot_take_is_not_a_success() {
    for arguments in [&["schema"][..], &["--help"], &["--version"], &["try", "--help"]] {
        let place = Place::new();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = place.command(arguments);
        let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.starts_with("error: standard output could not be written: No space left on device"),
            "{said}"
        );
    }
}
