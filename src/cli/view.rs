//! The progress of a run on standard error, on a thread of its own: a terminal that is slow or stopped holds up nothing.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use crate::engine::Control;
use crate::live::progress::{Mode, Progress, Surroundings};
use crate::measure::snapshot::Snapshot;

#[cfg(all(unix, feature = "tui"))]
mod window;

/// How long the end of a run waits for the view.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it looks whether the view is over.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The view of one run. Ends when the sender of the snapshots is gone.
pub(super) struct View {
    thread: Option<JoinHandle<()>>,
    /// The thread holds the other end.
    words: mpsc::UnboundedSender<String>,
}

/// What the view is told. The run holds the other ends.
struct Told {
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    said: mpsc::UnboundedReceiver<String>,
}

/// Starts to show snapshots as they come, and to change the run by `control` as keys say. `plain`: lines only, whatever the
/// terminal can.
pub(super) fn start(
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    plain: bool,
    control: Control,
) -> View {
    let (words, said) = mpsc::unbounded_channel();
    let told = Told { snapshots, said };
    View {
        thread: std::thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || show(told, mode(plain), &control))
            .ok(),
        words,
    }
}

impl View {
    /// A way to say something beside the snapshots.
    pub(super) fn speaker(&self) -> mpsc::UnboundedSender<String> {
        self.words.clone()
    }

    /// Waits until the last is shown, but no longer than a reader may take; to be called when the sender of the snapshots is
    /// gone. A terminal that is stopped, or a pipe that nobody reads, costs a run neither its end nor its reports.
    pub(super) fn join(self) {
        drop(self.words);
        let Some(thread) = self.thread else { return };
        let until = Instant::now() + PATIENCE;
        while !thread.is_finished() && Instant::now() < until {
            std::thread::sleep(LOOK_EVERY);
        }
        if thread.is_finished() {
            // A panic of the view took nothing of the run with it.
            let _ = thread.join();
        }
    }
}

fn mode(plain: bool) -> Mode {
    let term = std::env::var("TERM").ok();
    Mode::of(Surroundings {
        terminal: stderr().is_terminal(),
        term: term.as_deref(),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        no_ui: plain,
    })
}

#[cfg(all(unix, feature = "tui"))]
fn show(mut told: Told, mode: Mode, control: &Control) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    if mode == Mode::Tui {
        // Where the window is lost the run still has something to tell: what follows are lines.
        let _ = catch_unwind(AssertUnwindSafe(|| window::show(&mut told, control)));
    }
    lines(told);
}

#[cfg(not(all(unix, feature = "tui")))]
fn show(told: Told, _: Mode, _: &Control) {
    lines(told);
}

/// Plain lines to the end of the run.
fn lines(told: Told) {
    // Without a runtime there is nothing to see; the run goes on.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
        runtime.block_on(lines_as_they_come(told));
    }
}

async fn lines_as_they_come(mut told: Told) {
    let mut progress = Progress::new(stderr());
    loop {
        // What cannot be written has nobody to be told to.
        let _ = tokio::select! {
            biased;
            Some(words) = told.said.recv() => progress.say(&words),
            changed = told.snapshots.changed() => {
                if changed.is_err() {
                    break;
                }
                let latest = told.snapshots.borrow_and_update().clone();
                latest.map_or(Ok(()), |snapshot| progress.show(&snapshot))
            }
        };
    }
}
