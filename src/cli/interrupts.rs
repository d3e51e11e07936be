//! Ctrl-C and its like, on a thread of their own: what they mean depends on what the program does just then.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};

use super::exit::Exit;
use super::print;
use crate::engine::{Control, Stop};

/// What the program does.
pub(super) enum Doing {
    /// Nothing that would have to be brought to an end.
    Nothing,
    /// Putting an API under load: once ends that gently, twice at once.
    Running {
        /// Of the run.
        control: Control,
        /// What is said goes through the view, which may be drawing just now.
        view: mpsc::UnboundedSender<String>,
    },
    /// Writing reports. It is not to cost them: the first says that they are being written, the second gives them up, for a disk
    /// may hang.
    Writing {
        /// Of the run.
        folder: PathBuf,
        /// Once already.
        heard: bool,
    },
    /// Waiting for someone at the page.
    Waiting(Arc<Notify>),
}

/// Hears them to the end of the process.
#[derive(Clone)]
pub(super) struct Interrupts(Arc<Mutex<Doing>>);

impl Interrupts {
    /// Listens from now on.
    pub(super) fn listen() -> std::io::Result<Self> {
        let doing = Arc::new(Mutex::new(Doing::Nothing));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut signals = {
            let _within = runtime.enter();
            Signals::new()?
        };
        let heard = Self(Arc::clone(&doing));
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    loop {
                        signals.next().await;
                        heard.interrupt();
                    }
                });
            })?;
        Ok(Self(doing))
    }

    /// The program does this from now on.
    pub(super) fn now(&self, doing: Doing) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    fn interrupt(&self) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Doing::Nothing => Exit::Interrupted.at_once(),
            Doing::Running { control, view } if control.asked() == Stop::Run => {
                // The view is gone only when the run is.
                let _ =
                    view.send("stopping: users finish what they are at; once more stops at once".to_owned());
                control.stop(Stop::Gently);
            }
            Doing::Running { control, .. } => control.stop(Stop::Now),
            Doing::Writing { heard, .. } if !*heard => {
                *heard = true;
                print::note("the run is over and its reports are being written; once more gives them up");
            }
            Doing::Writing { folder, .. } => {
                print::error(&format!(
                    "interrupted before all reports were written; `runner report {}` writes them from the journal",
                    folder.display()
                ));
                Exit::Interrupted.at_once()
            }
            Doing::Waiting(over) => over.notify_one(),
        }
    }
}

/// What asks the program to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone.
    hang_up: Option<tokio::signal::unix::Signal>,
    /// Its default is to kill the process that writes beyond `ulimit -f`; heard, it makes the write fail as on a full disk.
    _file_too_large: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: (!ignores_hang_up())
                .then(|| signal(SignalKind::hangup()).ok())
                .flatten(),
            _file_too_large: signal(SignalKind::from_raw(libc::SIGXFSZ)).ok(),
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            Some(()) = async { self.hang_up.as_mut()?.recv().await } => {}
        }
    }
}

/// Whether the program was started to outlive its terminal (`nohup`): to hear of its end would undo that. Where the system
/// does not tell, it is taken to be so, and the signal is left to its default.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (libc::SIGHUP - 1) & 1 == 1)
}

/// What asks the program to end.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
