//! The levels so far as one run.

use std::sync::Arc;
use std::time::Duration;

use crate::measure::interval::Interval;
use crate::measure::recording::Recording;
use crate::measure::run::{End, Ending, RunInfo};
use crate::plan::StageId;
use crate::plan::outline::{Outline, StageOutline};

/// The levels so far.
#[derive(Debug, Default)]
pub(super) struct Whole {
    recording: Option<Recording>,
    /// What is known of them and of the one under way, and by how many seconds that one is later.
    under_way: Option<(Arc<RunInfo>, u32)>,
}

impl Whole {
    /// How many levels were measured.
    pub(super) fn levels(&self) -> usize {
        self.so_far()
            .map_or(0, |recording| recording.info.outline.stages.len())
    }

    /// Those that were measured.
    pub(super) fn so_far(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// The same, when no further level comes.
    pub(super) fn recording(self) -> Option<Recording> {
        self.recording
    }

    /// A level begins so long after the first. Gives what is known now, where the level's time stands in it, and the
    /// seconds since the level before.
    pub(super) fn begin(
        &mut self,
        level: &RunInfo,
        after: Duration,
    ) -> (Arc<RunInfo>, u32, Vec<Arc<Interval>>) {
        let Some(recording) = &mut self.recording else {
            let info = Arc::new(level.clone());
            self.under_way = Some((Arc::clone(&info), 0));
            return (info, 0, Vec::new());
        };
        let last = recording.timeline.intervals().last().map_or(0, |last| last.until);
        let by = last.max(after.as_secs_f64().ceil() as u32);
        let empty = |second| Arc::new(Interval::second(second, seconds(second + 1)));
        let idle: Vec<_> = (last..by).map(empty).collect();
        for interval in &idle {
            recording.timeline.add(Arc::clone(interval));
        }
        let before = &recording.info;
        let mut outline = Outline::clone(&before.outline);
        if let Some(last) = outline.stages.last_mut() {
            // A level that was aborted ended before its plan did.
            last.end = last.end.min(recording.end.load_until);
            last.hold_start = last.hold_start.min(last.end);
        }
        let start = outline.stages.last().map_or(Duration::ZERO, |last| last.end);
        outline
            .stages
            .extend(level.outline.stages.iter().map(|stage| StageOutline {
                // What lies between two levels leads to the second, as a ramp does.
                start,
                hold_start: stage.hold_start + seconds(by),
                end: stage.end + seconds(by),
                ..stage.clone()
            }));
        let mut info = RunInfo::clone(before);
        info.host.workers = info.host.workers.max(level.host.workers);
        info.outline = outline.into();
        let info = Arc::new(info);
        self.under_way = Some((Arc::clone(&info), by));
        (info, by, idle)
    }

    /// The level that is under way is over.
    pub(super) fn add(&mut self, level: Recording) {
        let Some((info, by)) = self.under_way.take() else {
            return;
        };
        let number = StageId((info.outline.stages.len() - 1) as u16);
        let mut info = RunInfo::clone(&info);
        if let (Some(planned), Some(held)) = (
            Arc::make_mut(&mut info.outline).stages.last_mut(),
            level.info.outline.stages.last(),
        ) {
            // A hold that ended as it was steady.
            planned.end = held.end + seconds(by);
        }
        let how = match level.end.how {
            Ending::Aborted { .. } => Ending::Completed,
            how => how,
        };
        let end = End {
            how,
            load_until: level.end.load_until + seconds(by),
            at: level.end.at + seconds(by),
            warnings: level.end.warnings,
        };
        let intervals = level.timeline.intervals().iter();
        let moved = intervals.map(|interval| Arc::new(Interval::clone(interval).moved(by, number)));
        let whole = self.recording.get_or_insert_with(|| Recording {
            info: Arc::clone(&level.info),
            timeline: crate::measure::recording::Timeline::default(),
            end: end.clone(),
            storage: level.storage,
        });
        for interval in moved {
            whole.timeline.add(interval);
        }
        let mut warnings = std::mem::take(&mut whole.end.warnings);
        warnings.extend(
            end.warnings
                .iter()
                .filter(|new| !warnings.contains(new))
                .cloned()
                .collect::<Vec<_>>(),
        );
        whole.info = Arc::new(info);
        whole.end = End { warnings, ..end };
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}
