//! How the program tells the page of its runs.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::engine::Control;
use crate::measure::interval::Interval;
use crate::measure::recording::Recording;
use crate::measure::run::RunInfo;
use crate::measure::snapshot::Snapshot;

/// A run that begins.
#[derive(Debug)]
pub struct Begun {
    /// Its folder.
    pub folder: PathBuf,
    /// What is planned.
    pub info: Arc<RunInfo>,
    /// Its scenario, secrets masked.
    pub scenario: Arc<str>,
    /// How it is steered.
    pub control: Control,
}

/// A run that is over, its reports written.
#[derive(Debug)]
pub struct Over {
    /// All of it.
    pub recording: Arc<Recording>,
    /// Whether it passed.
    pub passed: bool,
    /// What the shell is told at its end.
    pub words: String,
}

/// Tells the page of runs, one after the other. Never waits; a page that is gone hears nothing.
#[derive(Clone, Debug)]
pub struct Teller {
    /// The page's thread holds the other end.
    pub(super) told: mpsc::UnboundedSender<Told>,
}

/// What the page is told.
#[derive(Debug)]
pub(super) enum Told {
    Begins(Begun),
    Info(Arc<RunInfo>),
    Interval(Arc<Interval>),
    Snapshot(Arc<Snapshot>),
    Says(String),
    Writes,
    Ends(Over),
    Fails(String),
}

impl Teller {
    /// The load begins.
    pub fn begins(&self, run: Begun) {
        self.tell(Told::Begins(run));
    }

    /// What is planned has changed: a search has begun a level.
    pub fn info(&self, info: Arc<RunInfo>) {
        self.tell(Told::Info(info));
    }

    /// A second is complete.
    pub fn interval(&self, interval: Arc<Interval>) {
        self.tell(Told::Interval(interval));
    }

    /// The run as it stands.
    pub fn snapshot(&self, snapshot: Arc<Snapshot>) {
        self.tell(Told::Snapshot(snapshot));
    }

    /// A warning, or a level of a search.
    pub fn says(&self, words: String) {
        self.tell(Told::Says(words));
    }

    /// The load is over, its reports are being written.
    pub fn writes(&self) {
        self.tell(Told::Writes);
    }

    /// The run is over, its reports written.
    pub fn ends(&self, run: Over) {
        self.tell(Told::Ends(run));
    }

    /// The run did not come about, or was not carried out to its end.
    pub fn fails(&self, why: String) {
        self.tell(Told::Fails(why));
    }

    fn tell(&self, told: Told) {
        // A page that is gone has nobody to be told.
        let _ = self.told.send(told);
    }
}
