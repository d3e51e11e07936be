//! Who hears of a run while it goes on: its journal, the view in the terminal, the page.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use super::print;
use crate::analysis::search::Why;
use crate::analysis::steady::is_steady;
use crate::engine::{Control, Hold, Observer, Stop};
use crate::measure::interval::Interval;
use crate::measure::journal::{self, Journal, JournalError};
use crate::measure::recording::Timeline;
use crate::measure::run::RunInfo;
use crate::measure::sample::Example;
use crate::measure::snapshot::Snapshot;
use crate::report;
use crate::search::SearchObserver;
use crate::web::{Begun, Teller};

/// Hands the run to its journal, to the view and to the page. None of them can hold it up.
pub(super) struct Keeper {
    folder: PathBuf,
    /// The scenario as run, secrets masked.
    scenario: Arc<str>,
    control: Control,
    /// Whether levels are arrivals per second.
    open: bool,
    /// Made when the load begins.
    journal: Option<Journal>,
    /// The view holds the other end.
    snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    /// Words go through the view, which may be drawing just now.
    view: mpsc::UnboundedSender<String>,
    /// The page, where there is one.
    page: Option<Teller>,
    error: Option<JournalError>,
}

impl Keeper {
    /// Of a run whose files belong in `folder`.
    pub(super) fn new(
        folder: PathBuf,
        scenario: Arc<str>,
        (control, open): (Control, bool),
        snapshots: watch::Sender<Option<Arc<Snapshot>>>,
        view: mpsc::UnboundedSender<String>,
        page: Option<Teller>,
    ) -> Self {
        Self {
            folder,
            scenario,
            control,
            open,
            journal: None,
            snapshots,
            view,
            page,
            error: None,
        }
    }

    /// The run is over: its journal, where it came to one. The view ends, as no snapshot can come any more.
    pub(super) fn over(self) -> Result<Option<Journal>, JournalError> {
        self.error.map_or(Ok(self.journal), Err)
    }

    fn say(&self, words: String) {
        if let Some(page) = &self.page {
            page.says(words.clone());
        }
        if let Err(unheard) = self.view.send(words) {
            print::note(&unheard.0);
        }
    }
}

impl Observer for Keeper {
    fn begin(&mut self, info: &Arc<RunInfo>) {
        // The first level of a search makes the journal, the later ones are added to what was planned.
        let first = self.journal.is_none();
        let begun = if first {
            Journal::create(&self.folder, info).map(|journal| self.journal = Some(journal))
        } else {
            journal::replan(&self.folder, info)
        };
        if let Err(error) = begun {
            self.error = Some(error);
            self.control.stop(Stop::Now);
        }
        match &self.page {
            Some(page) if first => page.begins(Begun {
                folder: self.folder.clone(),
                info: Arc::clone(info),
                scenario: Arc::clone(&self.scenario),
                control: self.control.clone(),
            }),
            Some(page) => page.info(Arc::clone(info)),
            None => {}
        }
    }

    fn interval(&mut self, interval: &Arc<Interval>) {
        if let Some(journal) = &self.journal {
            journal.interval(Arc::clone(interval));
        }
        if let Some(page) = &self.page {
            page.interval(Arc::clone(interval));
        }
    }

    fn example(&mut self, example: Example) {
        if let Some(journal) = &self.journal {
            journal.example(example);
        }
    }

    fn warning(&mut self, words: String) {
        self.say(format!("warning: {words}"));
    }

    fn snapshot(&mut self, snapshot: Arc<Snapshot>) {
        if let Some(page) = &self.page {
            page.snapshot(Arc::clone(&snapshot));
        }
        self.snapshots.send_replace(Some(snapshot));
    }

    fn is_steady(&mut self, timeline: &Timeline, hold: &Hold) -> bool {
        is_steady(timeline, (hold.from, hold.to), hold.within)
    }
}

impl SearchObserver for Keeper {
    fn level(&mut self, number: usize, load: f64, why: Why) {
        self.say(report::search::level(self.open, number, load, why));
    }
}
