//! The only lines that reach the shell: results to standard output, everything else to standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::exit::Exit;

/// How long a line waits for a reader that does not read: a pipe that is full, a terminal that is stopped (Ctrl-S).
const PATIENCE: Duration = Duration::from_secs(1);

/// Why the first result that could not be written was not.
static LOST: OnceLock<String> = OnceLock::new();

/// Whether a write to standard error hangs; what follows is given up at once.
static ERROR_HANGS: AtomicBool = AtomicBool::new(false);

/// Whether a write to standard output hangs.
static OUTPUT_HANGS: AtomicBool = AtomicBool::new(false);

/// Writes a line of a result. A reader that went away (`| head`) is no error of ours.
pub(super) fn line(text: &str) {
    result(&format!("{text}\n"));
}

/// Writes text as it stands.
pub(super) fn text(text: &str) {
    result(text);
}

/// Writes what a run ends with. A run that is over does not wait for its reader: its reports hold the same.
pub(super) fn at_the_end(text: &str) {
    let text = text.to_owned();
    within(PATIENCE, &OUTPUT_HANGS, move || result(&text));
}

/// Writes a note beside the result.
pub(super) fn note(text: &str) {
    let text = format!("{text}\n");
    within(PATIENCE, &ERROR_HANGS, move || {
        let _ = io::stderr().write_all(text.as_bytes());
    });
}

/// Writes an error in one line.
pub(super) fn error(text: &str) {
    note(&format!("error: {text}"));
}

/// The exit code of a command that came out so: a result that could not be written was not given.
pub(super) fn outcome(exit: Exit) -> Exit {
    if !OUTPUT_HANGS.load(Ordering::Relaxed) {
        keep(io::stdout().flush());
    }
    match LOST.get() {
        Some(why) => {
            error(&format!("standard output could not be written: {why}"));
            if exit == Exit::Passed {
                Exit::Unexpected
            } else {
                exit
            }
        }
        None => exit,
    }
}

fn result(text: &str) {
    keep(io::stdout().write_all(text.as_bytes()));
}

/// Remembers that a result was lost.
pub(super) fn keep(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = LOST.set(error.to_string());
    }
}

/// Writes on a thread of its own and waits so long for it. What hangs once is not waited for again.
fn within(patience: Duration, hangs: &AtomicBool, write: impl FnOnce() + Send + 'static) {
    if hangs.load(Ordering::Relaxed) {
        return;
    }
    let (done, over) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("print".to_owned())
        .spawn(move || {
            write();
            let _ = done.send(());
        });
    // Without a thread the words are lost: the place to say so is the one that cannot be written.
    if thread.is_ok() && over.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
        hangs.store(true, Ordering::Relaxed);
    }
}

/// Whether errors may be coloured.
pub(super) fn colour() -> bool {
    std::io::stderr().is_terminal() && plain_wanted().is_none()
}

/// Why plain text is wanted in place of colour and redrawing: `NO_COLOR` (no-color.org) or a terminal that can neither.
pub(super) fn plain_wanted() -> Option<&'static str> {
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Some("NO_COLOR");
    }
    std::env::var_os("TERM")
        .is_some_and(|value| value == "dumb")
        .then_some("TERM=dumb")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::within;

    #[test]
    fn a_write_that_hangs_is_given_up_and_none_after_it_is_begun() {
        let hangs = AtomicBool::new(false);
        let (release, held) = mpsc::channel::<()>();
        within(Duration::ZERO, &hangs, move || {
            let _ = held.recv();
        });
        assert!(hangs.load(Ordering::Relaxed));
        let (begun, heard) = mpsc::channel();
        within(Duration::from_secs(60), &hangs, move || {
            let _ = begun.send(());
        });
        assert!(heard.recv().is_err());
        drop(release);
    }
}
