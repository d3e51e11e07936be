//! `runner FILE`: a run, from the scenario to its reports.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use super::args::{FindArgs, Replace, RunArgs};
use super::exit::Exit;
use super::interrupts::{Doing, Interrupts};
use super::keeper::Keeper;
use super::{folder, input, page, print, reports, view};
use crate::analysis::Analysis;
use crate::analysis::findings::Finding;
use crate::analysis::shortfall::{self, shortfalls};
use crate::engine::{self, Control, EngineError, Observer, Options};
use crate::measure::journal::{self, JournalError};
use crate::measure::recording::Recording;
use crate::measure::run::Ending;
use crate::measure::summary::RunSummary;
use crate::plan::Plan;
use crate::plan::resolve::SearchOverrides;
use crate::report;
use crate::report::terminal::{self, Colour};
use crate::search::{self, Carrier};
use crate::web::{Over, Teller};

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
    match (&args.file, args.web) {
        (Some(file), None) => one(args, file, replace),
        (file, Some(address)) => page::run(args, file.as_deref(), replace, address),
        // The command line asks for one of the two.
        (None, None) => Exit::BadInput,
    }
}

/// One run, without a page.
fn one(args: &RunArgs, file: &Path, replace: &Replace) -> Exit {
    let ready = match input::ready(file, &args.input, replace) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let interrupts = match Interrupts::listen() {
        Ok(interrupts) => interrupts,
        Err(error) => return refused(&format!("cannot start: {error}")),
    };
    Job {
        ready,
        args,
        out: args.out.as_deref(),
        interrupts: &interrupts,
        page: None,
    }
    .run()
}

fn refused(why: &str) -> Exit {
    print::error(why);
    Exit::NotCarriedOut
}

/// A run that is ready to begin.
pub(super) struct Job<'a> {
    pub(super) ready: input::Ready,
    /// How it is carried out and shown.
    pub(super) args: &'a RunArgs,
    /// The folder that it was given.
    pub(super) out: Option<&'a Path>,
    pub(super) interrupts: &'a Interrupts,
    /// Who tells the page of it, where there is one.
    pub(super) page: Option<Teller>,
}

impl Job<'_> {
    /// From the first request to the last report.
    pub(super) fn run(self) -> Exit {
        let args = self.args;
        if let Some(prefix) = &args.csv
            && let Err(error) = reports::try_prefix(prefix)
        {
            return self.failed(&format!("--csv: {error}"));
        }
        let folder = match folder::make(&self.ready.plan.outline.name, self.out) {
            Ok(folder) => folder,
            Err(error) => {
                let wish = self.out.unwrap_or(Path::new("reports"));
                return self.failed(&format!(
                    "cannot make the folder of the run, {}: {error}",
                    wish.display()
                ));
            }
        };
        let scenario: Arc<str> = self.ready.loaded.masked_source().into();
        if let Err(error) = std::fs::write(folder.join(reports::SCENARIO), &*scenario) {
            return self.failed(&format!("cannot write to {}: {error}", folder.display()));
        }
        print::note(&opening(&self.ready));
        match self.carry_out(&folder, scenario) {
            Ok(recording) => self.report(&folder, recording),
            Err(error) => {
                // Where there is a journal, the load had begun, and `runner report` reads it.
                if !folder.join(journal::RUN).exists()
                    && let Err(error) =
                        reports::not_carried_out(&folder, &self.ready.plan.outline, &error.to_string())
                {
                    print::error(&error.to_string());
                }
                let exit = self.failed(&error.to_string());
                match error {
                    RunError::Engine(EngineError::Interrupted) => Exit::Interrupted,
                    _ => exit,
                }
            }
        }
    }

    /// It did not come about.
    fn failed(&self, why: &str) -> Exit {
        if let Some(page) = &self.page {
            page.fails(why.to_owned());
        }
        refused(why)
    }

    fn carry_out(&self, folder: &Path, scenario: Arc<str>) -> Result<Recording, RunError> {
        let plan = &self.ready.plan;
        let control = Control::default();
        let (snapshots, seen) = watch::channel(None);
        let view = view::start(seen, self.args.no_ui, control.clone());
        self.interrupts.now(Doing::Running {
            control: control.clone(),
            view: view.speaker(),
        });
        let mut keeper = Keeper::new(
            folder.to_owned(),
            scenario,
            (control.clone(), plan.outline.open),
            snapshots,
            view.speaker(),
            self.page.clone(),
        );
        let mut levels = Levels {
            workers: self.args.workers,
            control,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let recording = runtime.block_on(levels.all(plan, &mut keeper));
        self.interrupts.now(Doing::Writing {
            folder: folder.to_owned(),
            heard: false,
        });
        let journal = keeper.over();
        view.join();
        let (journal, mut recording) = (journal?, recording?);
        if let Some(journal) = journal {
            recording.storage = journal.finish(&recording.end);
        }
        Ok(recording)
    }

    fn report(&self, folder: &Path, recording: Recording) -> Exit {
        if let Some(page) = &self.page {
            page.writes();
        }
        let summary = reports::figures(&recording);
        let analysis = Analysis::of_run(&recording, &summary);
        let written = reports::write(folder, &recording, &summary, &analysis, self.args.csv.as_deref());
        print::at_the_end(&reports::closing(&summary, &analysis));
        for error in &written.errors {
            print::error(&error.to_string());
        }
        if let Some(path) = &written.read_first {
            print::at_the_end(&format!("report: {}\n", path.display()));
        }
        let exit = if written.errors.is_empty() {
            verdict(&summary, &analysis)
        } else {
            Exit::Unexpected
        };
        if let Some(page) = &self.page {
            page.ends(Over {
                recording: Arc::new(recording),
                passed: exit == Exit::Passed,
                words: terminal::summary(&summary, &analysis, Colour(false)),
            });
        }
        exit
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
    // A run without one success says so in its own words below.
    if shortfall::fails(&shortfalls(summary))
        && (!all_failed || summary.total.never_sent > 0 || summary.total.requests == 0)
    {
        print::error("the scenario was not carried out as written: see the warnings above");
        return Exit::ThresholdFailed;
    }
    if !all_failed && analysis.findings.iter().any(holds_nowhere) {
        return Exit::ThresholdFailed;
    }
    if all_failed {
        print::error("not one request succeeded, so nothing was measured");
        return Exit::NotCarriedOut;
    }
    Exit::Passed
}
