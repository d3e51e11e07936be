//! The progress of a run on standard error, on a thread of its own: a terminal that is slow or stopped holds up nothing.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, watch};

use crate::live::progress::{Mode, Progress, Surroundings};
use crate::measure::snapshot::Snapshot;
use crate::plan::outline::Outline;

/// Columns and rows of a terminal that does not tell.
const SIZE: (usize, usize) = (80, 24);

/// The view of one run. Ends when the sender of the snapshots is gone.
pub(super) struct View {
    thread: Option<JoinHandle<()>>,
    /// The thread holds the other end.
    words: mpsc::UnboundedSender<String>,
}

/// Starts to show snapshots as they come. `plain`: lines only, whatever the terminal can.
pub(super) fn start(
    outline: Arc<Outline>,
    snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    plain: bool,
    _control: crate::engine::Control,
) -> View {
    let (words, said) = mpsc::unbounded_channel();
    let show = move || {
        // Without a runtime there is nothing to see; the run goes on.
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() {
            runtime.block_on(show(&outline, snapshots, said, mode(plain)));
        }
    };
    View {
        thread: std::thread::Builder::new()
            .name("view".to_owned())
            .spawn(show)
            .ok(),
        words,
    }
}

impl View {
    /// A way to say something beside the snapshots.
    pub(super) fn speaker(&self) -> mpsc::UnboundedSender<String> {
        self.words.clone()
    }

    /// Waits until the last is shown; to be called when the sender of the snapshots is gone.
    pub(super) fn join(self) {
        drop(self.words);
        if let Some(thread) = self.thread {
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

async fn show(
    outline: &Outline,
    mut snapshots: watch::Receiver<Option<Arc<Snapshot>>>,
    mut said: mpsc::UnboundedReceiver<String>,
    mode: Mode,
) {
    let mut progress = Progress::new(stderr(), mode);
    loop {
        // What cannot be written has nobody to be told to.
        let _ = tokio::select! {
            biased;
            Some(words) = said.recv() => progress.say(&words, size().0),
            changed = snapshots.changed() => {
                if changed.is_err() {
                    break;
                }
                let latest = snapshots.borrow_and_update().clone();
                latest.map_or(Ok(()), |snapshot| progress.show(&snapshot, outline, size()))
            }
        };
    }
    let _ = progress.finish(size().0);
}

fn size() -> (usize, usize) {
    rustix::termios::tcgetwinsize(stderr())
        .ok()
        .map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)))
        .filter(|&(columns, rows)| columns > 0 && rows > 0)
        .unwrap_or(SIZE)
}
