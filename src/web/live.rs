//! The run that this program carries out, or carried out last.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::history::History;
use super::teller::{Begun, Over, Told};
use crate::engine::Control;
use crate::measure::recording::{Recording, Unended};
use crate::measure::run::Ending;
use crate::measure::snapshot::Snapshot;
use crate::plan::outline::Outline;

/// How many lines of what was said are kept.
const SAID: usize = 200;

/// What has become of it.
#[derive(Clone, Debug)]
pub(super) enum Course {
    /// The load goes on.
    Going,
    /// Its reports are being written.
    Writing,
    /// Its reports are written.
    Over(Arc<Over>),
    /// It could not be carried out to its end.
    Failed(String),
}

/// A run, as far as it has been told. A clone is cheap but for a pointer for each second.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// Which of the runs of this program, from 1.
    pub(super) number: u64,
    pub(super) folder: PathBuf,
    pub(super) scenario: Arc<str>,
    pub(super) control: Control,
    pub(super) run: Unended,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    /// Warnings and levels of a search, in order.
    pub(super) said: VecDeque<String>,
    pub(super) course: Course,
    /// Raised whenever anything but figures has changed.
    pub(super) version: u64,
}

impl Live {
    pub(super) fn new(number: u64, begun: Begun) -> Self {
        Self {
            number,
            folder: begun.folder,
            scenario: begun.scenario,
            control: begun.control,
            run: Unended::new(begun.info),
            snapshot: None,
            said: VecDeque::new(),
            course: Course::Going,
            version: 1,
        }
    }

    /// Takes in what is told of it. Whether a page should hear of it now.
    pub(super) fn hear(&mut self, told: Told, history: &mut History) -> bool {
        match told {
            Told::Begins(_) => return false,
            Told::Info(info) => self.run.info = info,
            Told::Interval(interval) => {
                history.came(&interval);
                let turns = interval.turns.len() as u64;
                self.run.add(interval);
                self.version += turns;
                // The snapshot of this second follows.
                return false;
            }
            Told::Snapshot(snapshot) => {
                self.snapshot = Some(snapshot);
                return true;
            }
            Told::Says(words) => {
                if self.said.len() == SAID {
                    self.said.pop_front();
                }
                self.said.push_back(words);
            }
            Told::Writes => self.course = Course::Writing,
            Told::Ends(over) => {
                self.run.info = Arc::clone(&over.recording.info);
                self.course = Course::Over(Arc::new(over));
            }
            Told::Fails(why) => self.course = Course::Failed(why),
        }
        self.version += 1;
        true
    }

    /// Whether nothing of the load can come any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.course, Course::Over(_) | Course::Failed(_))
    }

    /// What was planned, as it is by now.
    pub(super) fn outline(&self) -> &Outline {
        &self.run.info.outline
    }

    /// All of it: where it goes on, as if it ended here, as planned.
    pub(super) fn recording(&self) -> Arc<Recording> {
        if let Course::Over(over) = &self.course {
            return Arc::clone(&over.recording);
        }
        let mut run = self.run.clone();
        let seen = run
            .timeline
            .intervals()
            .last()
            .map_or(Duration::ZERO, |last| last.end);
        let outline = Arc::make_mut(&mut Arc::make_mut(&mut run.info).outline);
        // What is still to come is not what was missed.
        let begun = outline.stages.partition_point(|stage| stage.start < seen);
        outline.stages.truncate(begun.max(1));
        Arc::new(run.ended(Ending::Completed))
    }
}
