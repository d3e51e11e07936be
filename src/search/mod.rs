//! A search for the capacity: a loop of runs, one for each level, put together as one.
//!
//! It stands above the engine, which knows nothing of it: a level is a run of its own, from `setup` to `teardown`. What it
//! measured is moved to its place behind the levels before, so that journal, reports and analysis see one run with
//! many stages. Which level is next is for `analysis::search` to say.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::analysis::Analysis;
use crate::analysis::search::{Move, Why, first, next};
use crate::analysis::steady::windows;
use crate::engine::{Control, EngineError, Observer, Stop};
use crate::measure::recording::Recording;
use crate::measure::run::Ending;
use crate::plan::Plan;
use crate::plan::search::Search;

mod moved;
mod whole;

use moved::Moved;
use whole::Whole;

/// Carries out the levels.
pub trait Carrier {
    /// One level, from its plan.
    fn carry_out<O: Observer>(
        &mut self,
        plan: Arc<Plan>,
        observer: &mut O,
    ) -> impl Future<Output = Result<Recording, EngineError>>;
}

/// Who is told of a search while it goes on. [`Observer::begin`] is called for every level, with all levels so far.
pub trait SearchObserver: Observer {
    /// A level begins: its number from 1, its load, and what it is measured for.
    fn level(&mut self, number: usize, load: f64, why: Why);
}

/// Searches until the answer is known, or the search is stopped. An error of the first level is one of the search; one of a later
/// level ends it, and what was measured until then is what it found.
pub async fn run<O: SearchObserver>(
    plan: &Plan,
    search: &Search,
    control: &Control,
    carrier: &mut impl Carrier,
    observer: &mut O,
) -> Result<Recording, EngineError> {
    let began = Instant::now();
    let mut whole = Whole::default();
    while let Move::Measure { load, why } = next_move(plan, search, &whole) {
        if whole.levels() > 0 && !pause(search.pause, control).await {
            break;
        }
        observer.level(whole.levels() + 1, load, why);
        let level = Arc::new(plan.at_level(search, load, whole.levels()));
        let mut moved = Moved::new(observer, &mut whole, began);
        let recording = match carrier.carry_out(level, &mut moved).await {
            Ok(recording) => recording,
            Err(error) if whole.levels() == 0 => return Err(error),
            // Asked to stop before the level's load began.
            Err(EngineError::Interrupted) => break,
            Err(error) => {
                observer.warning(format!("the search ends here: {error}"));
                // The error has stopped its own level, not the search.
                return whole.recording().ok_or(error);
            }
        };
        let ended = recording.end.how.clone();
        whole.add(recording);
        if !matches!(ended, Ending::Completed | Ending::Aborted { .. }) {
            break;
        }
    }
    let mut recording = whole.recording().ok_or(EngineError::Interrupted)?;
    if control.asked() > Stop::Run && recording.end.how == Ending::Completed {
        // Between two levels.
        recording.end.how = Ending::Interrupted;
    }
    Ok(recording)
}

fn next_move(plan: &Plan, search: &Search, whole: &Whole) -> Move {
    let Some(recording) = whole.so_far() else {
        return first(search);
    };
    let summary = recording.summary(&windows(recording));
    next(search, plan.outline.open, &Analysis::of_run(recording, &summary))
}

/// Whether the search goes on after it.
async fn pause(length: Duration, control: &Control) -> bool {
    tokio::select! {
        biased;
        () = control.asked_for(Stop::Gently) => false,
        () = tokio::time::sleep(length) => true,
    }
}
