//! The live view in a terminal of its own (`script` of util-linux makes one): keys are heard, and the terminal is left as it was.
#![cfg(all(target_os = "linux", feature = "tui"))]

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::server::Server;

/// No wait of these tests takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(90);

const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";

/// A shell in a terminal of 80 columns and 24 rows.
struct Terminal {
    folder: TempDir,
    child: Child,
    keys: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs a scenario that goes on for long, with these words before the command. `None`: there is no `script` here.
    fn running(server: &Server, before: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let scenario = format!(
            "target: {{ url: 'http://127.0.0.1:{}' }}\nthink: {{ constant: 50ms }}\nendpoints: [{{ name: home, get: / }}]\n\
             stages: [{{ users: 2, ramp: 0s, hold: 300s }}]",
            server.port
        );
        std::fs::write(folder.path().join("a.yaml"), scenario).unwrap();
        let command = format!(
            "trap : INT; stty rows 24 cols 80; stty -a > before; {before} {} a.yaml; echo \"code $?\"; stty -a > after",
            env!("CARGO_BIN_EXE_runner")
        );
        let mut child = Command::new("script")
            .args(["--quiet", "--command", &command, "/dev/null"])
            .current_dir(folder.path())
            .env("TERM", "xterm-256color")
            .env("SHELL", "/bin/sh")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut out = child.stdout.take().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = out.read(&mut bytes) {
                kept.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        let keys = child.stdin.take().unwrap();
        Some(Self {
            folder,
            child,
            keys,
            shown,
        })
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, words: &str) {
        let begun = Instant::now();
        while !self.shown().contains(words) {
            assert!(begun.elapsed() < PATIENCE, "no {words:?} in {:?}", self.shown());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits for the end. What was shown, and whether the terminal's settings are as before.
    fn ended(&mut self) -> (String, bool) {
        self.wait_for("code ");
        self.child.wait().unwrap();
        let settings = |name| std::fs::read_to_string(self.folder.path().join(name)).unwrap();
        (self.shown(), settings("before") == settings("after"))
    }
}

impl Drop for Terminal {
    /// With its terminal the run ends, too.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn keys_change_and_end_a_run_and_the_terminal_is_left_as_it_was() {
    let server = Server::answering(OK);
    let Some(mut terminal) = Terminal::running(&server, "") else {
        return;
    };
    terminal.wait_for(ENTERED);
    terminal.press("?");
    terminal.wait_for("goes");
    terminal.press("x");
    terminal.press("++");
    terminal.wait_for("hand:");
    terminal.press("q");
    let (shown, same) = terminal.ended();
    assert!(same);
    assert_eq!(shown.matches(ENTERED).count(), 1);
    let after = shown.rsplit(LEFT).next().unwrap();
    // What was said in the window only can be read behind it.
    assert!(
        after.contains("stopping: users finish what they are at"),
        "{after}"
    );
    assert!(after.contains("code 130"), "{after}");
    // Two users, and then one more twice.
    assert!(after.contains("\n         4 "), "{after}");
}

#[test]
fn a_signal_from_elsewhere_leaves_the_terminal_as_it_was() {
    let server = Server::answering(OK);
    let Some(mut terminal) = Terminal::running(&server, "sh -c 'echo $$ > pid; exec \"$@\"' sh") else {
        return;
    };
    terminal.wait_for(ENTERED);
    let pid = std::fs::read_to_string(terminal.folder.path().join("pid")).unwrap();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let (shown, same) = terminal.ended();
    assert!(same);
    assert!(shown.rsplit(LEFT).next().unwrap().contains("code 130"), "{shown}");
}

#[test]
fn without_colour_there_are_lines() {
    let server = Server::answering(OK);
    let Some(mut terminal) = Terminal::running(&server, "NO_COLOR=1") else {
        return;
    };
    terminal.wait_for("requests/s");
    terminal.press("\u{3}");
    let (shown, same) = terminal.ended();
    assert!(same);
    assert!(!shown.contains(ENTERED), "{shown}");
}
