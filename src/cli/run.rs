//! `runner FILE`: a run, from the scenario to its reports.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::args::{FindArgs, Replace, RunArgs};
use super::exit::Exit;
use super::{folder, input, print, reports, view};
use crate::analysis::Analysis;
use crate::analysis::findings::Finding;
use crate::analysis::search::Why;
use crate::analysis::steady::is_steady;
use crate::engine::{self, Control, EngineError, Hold, Observer, Options, Stop};
use crate::measure::interval::Interval;
use crate::measure::journal::{self, Journal, JournalError};
use crate::measure::recording::{Recording, Timeline};
use crate::measure::run::{Ending, RunInfo};
use crate::measure::sample::Example;
use crate::measure::snapshot::Snapshot;
use crate::measure::summary::RunSummary;
use crate::plan::Plan;
use crate::plan::resolve::SearchOverrides;
use crate::report;
use crate::search::{self, Carrier, SearchObserver};

/// Runs a scenario.
pub(super) fn run(args: &RunArgs) -> Exit {
    run_with(args, &args.replace)
}

/// Runs it as a search for the capacity.
pub(super) fn find_capacity(args: &FindArgs) -> Exit {
    if !args.run.replace.users.is_empty() {
        print::error(
            "find-capacity chooses its levels itself: give `--start` and `--at-most` in place of `--users`",
        );
        return Exit::BadInput;
    }
    let search = SearchOverrides {
        slo: args.slo.clone(),
        start: args.start,
        at_most: args.at_most,
    };
    let replace = Replace {
        search: Some(search),
        ..args.run.replace.clone()
    };
    run_with(&args.run, &replace)
}

fn run_with(args: &RunArgs, replace: &Replace) -> Exit {
    let Some(file) = &args.file else {
        return Exit::BadInput;
    };
    let ready = match input::ready(file, &args.input, replace) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    if let Some(prefix) = &args.csv
        && let Err(error) = reports::try_prefix(prefix)
    {
        print::error(&format!("--csv: {error}"));
        return Exit::NotCarriedOut;
    }
    let folder = match folder::make(&ready.plan.outline.name, args.out.as_deref()) {
        Ok(folder) => folder,
        Err(error) => {
            let wish = args.out.as_deref().unwrap_or(Path::new("reports"));
            print::error(&format!(
                "cannot make the folder of the run, {}: {error}",
                wish.display()
            ));
            return Exit::NotCarriedOut;
        }
    };
    if let Err(error) = std::fs::write(folder.join(reports::SCENARIO), ready.loaded.masked_source()) {
        print::error(&format!("cannot write to {}: {error}", folder.display()));
        return Exit::NotCarriedOut;
    }
    print::note(&opening(&ready));
    let recording = match carry_out(args, &ready, &folder) {
        Ok(recording) => recording,
        Err(error) => {
            print::error(&error.to_string());
            // Where there is a journal, the load had begun, and `runner report` reads it.
            if !folder.join(journal::RUN).exists()
                && let Err(error) = reports::not_carried_out(&folder, &ready.plan.outline, &error.to_string())
            {
                print::error(&error.to_string());
            }
            return match error {
                RunError::Engine(EngineError::Interrupted) => Exit::Interrupted,
                _ => Exit::NotCarriedOut,
            };
        }
    };
    let summary = reports::figures(&recording);
    let analysis = Analysis::of_run(&recording, &summary);
    let written = reports::write(&folder, &recording, &summary, &analysis, args.csv.as_deref());
    print::text(&reports::closing(&summary, &analysis));
    for error in &written.errors {
        print::error(&error.to_string());
    }
    if let Some(path) = &written.read_first {
        print::line(&format!("report: {}", path.display()));
    }
    if written.errors.is_empty() {
        verdict(&summary, &analysis)
    } else {
        Exit::Unexpected
    }
}

/// The first lines: what is run, and against what.
fn opening(ready: &input::Ready) -> String {
    let outline = &ready.plan.outline;
    let target = match &ready.demo {
        None => format!(" · {}", outline.url),
        Some(demo) => format!(
            "\nno host is set (config.yaml, RUNNER_HOST, --host): this run is against the demo API inside this process, {}",
            demo.url()
        ),
    };
    let search = outline.search.map_or_else(String::new, |search| {
        format!("\n{}", report::search::planned(outline, &search))
    });
    format!(
        "runner {} · {} · seed {}{target}{search}",
        env!("CARGO_PKG_VERSION"),
        outline.name,
        outline.seed
    )
}

/// Why no run came about.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{0}")]
    Journal(#[from] JournalError),
    #[error("cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

fn carry_out(args: &RunArgs, ready: &input::Ready, folder: &Path) -> Result<Recording, RunError> {
    let control = Control::default();
    let (snapshots, seen) = watch::channel(None);
    let view = view::start(seen, args.no_ui, control.clone());
    let mut keeper = Keeper {
        folder: folder.to_owned(),
        journal: None,
        snapshots,
        view: view.speaker(),
        control: control.clone(),
        error: None,
        open: ready.plan.outline.open,
    };
    let mut levels = Levels {
        workers: args.workers,
        control: control.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut signals = {
        let _within = runtime.enter();
        Signals::new()?
    };
    let recording = runtime.block_on(async {
        tokio::select! {
            recording = levels.all(&ready.plan, &mut keeper) => recording,
            () = interrupts(&mut signals, control, view.speaker()) => std::future::pending().await,
        }
    });
    let writing = folder.to_owned();
    // Without the thread Ctrl-C does nothing any more. It ends with the process; nothing else is left to the runtime.
    let _ = std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(interrupts_of_writing(signals, &writing)));
    let Keeper {
        journal,
        error,
        snapshots,
        ..
    } = keeper;
    // The view ends when no snapshot can come any more.
    drop(snapshots);
    view.join();
    if let Some(error) = error {
        return Err(error.into());
    }
    let mut recording = recording?;
    if let Some(journal) = journal {
        recording.storage = journal.finish(&recording.end);
    }
    Ok(recording)
}

/// Carries out plans: the one of a run, or one for each level of a search.
struct Levels {
    workers: Option<u16>,
    control: Control,
}

impl Levels {
    async fn all(&mut self, plan: &Arc<Plan>, keeper: &mut Keeper) -> Result<Recording, EngineError> {
        match &plan.outline.search {
            None => self.carry_out(Arc::clone(plan), keeper).await,
            Some(wanted) => {
                let control = self.control.clone();
                search::run(plan, wanted, &control, self, keeper).await
            }
        }
    }
}

impl Carrier for Levels {
    async fn carry_out<O: Observer>(
        &mut self,
        plan: Arc<Plan>,
        observer: &mut O,
    ) -> Result<Recording, EngineError> {
        let mut options = Options::for_plan(&plan, self.control.clone());
        if let Some(workers) = self.workers {
            options = options.with_workers(workers, &plan);
        }
        engine::run(plan, &options, observer).await
    }
}

/// Ctrl-C (or a termination signal, or the terminal's end) once ends the run gently, twice at once.
async fn interrupts(signals: &mut Signals, control: Control, view: mpsc::UnboundedSender<String>) {
    signals.next().await;
    // The view is gone only when the run is.
    let _ = view.send("stopping: users finish what they are at; once more stops at once".to_owned());
    control.stop(Stop::Gently);
    signals.next().await;
    control.stop(Stop::Now);
    std::future::pending::<()>().await;
}

/// Once the load is over, Ctrl-C is not to cost the reports: the first says that they are being written, the second gives
/// them up, for a disk may hang.
async fn interrupts_of_writing(mut signals: Signals, folder: &Path) {
    signals.next().await;
    print::note("the run is over and its reports are being written; once more gives them up");
    signals.next().await;
    print::error(&format!(
        "interrupted before all reports were written; `runner report {}` writes them from the journal",
        folder.display()
    ));
    Exit::Interrupted.at_once()
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

/// Keeps the run on disk and hands its state to the view.
struct Keeper {
    folder: PathBuf,
    /// Made when the load begins.
    journal: Option<Journal>,
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    /// Warnings go through the view, which may be redrawing lines just now.
    view: mpsc::UnboundedSender<String>,
    control: Control,
    error: Option<JournalError>,
    /// Whether levels are arrivals per second.
    open: bool,
}

impl Observer for Keeper {
    fn begin(&mut self, info: &Arc<RunInfo>) {
        // The first level of a search makes the journal, the later ones are added to what was planned.
        let begun = match &self.journal {
            None => Journal::create(&self.folder, info).map(|journal| self.journal = Some(journal)),
            Some(_) => journal::replan(&self.folder, info),
        };
        if let Err(error) = begun {
            self.error = Some(error);
            self.control.stop(Stop::Now);
        }
    }

    fn interval(&mut self, interval: &Arc<Interval>) {
        if let Some(journal) = &self.journal {
            journal.interval(Arc::clone(interval));
        }
    }

    fn example(&mut self, example: Example) {
        if let Some(journal) = &self.journal {
            journal.example(example);
        }
    }

    fn warning(&mut self, words: String) {
        if let Err(unheard) = self.view.send(format!("warning: {words}")) {
            print::note(&unheard.0);
        }
    }

    fn snapshot(&mut self, snapshot: Arc<Snapshot>) {
        self.snapshots.send_replace(Some(snapshot));
    }

    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        is_steady(timeline, (hold.from, hold.to), hold.within)
    }
}

impl SearchObserver for Keeper {
    fn level(&mut self, number: usize, load: f64, why: Why) {
        let words = report::search::level(self.open, number, load, why);
        if let Err(unheard) = self.view.send(words) {
            print::note(&unheard.0);
        }
    }
}

/// The first of 130, 4, 3 that applies to a run that was carried out: a threshold that says that all failed is heard first.
fn verdict(summary: &RunSummary, analysis: &Analysis) -> Exit {
    if summary.end.how == Ending::Interrupted {
        return Exit::Interrupted;
    }
    let aborted = matches!(summary.end.how, Ending::Aborted { .. });
    if aborted || summary.thresholds.iter().any(|verdict| !verdict.holds) {
        return Exit::ThresholdFailed;
    }
    let holds_nowhere = |finding: &Finding| matches!(finding, Finding::Searched(found) if found.gives.is_some() && found.holds.is_none());
    let all_failed = summary.total.failures == summary.total.requests;
    if !all_failed && analysis.findings.iter().any(holds_nowhere) {
        return Exit::ThresholdFailed;
    }
    if all_failed {
        print::error("not one request succeeded, so nothing was measured");
        return Exit::NotCarriedOut;
    }
    Exit::Passed
}
