//! Thresholds, judged.

use std::time::Duration;

use super::fold::Group;
use super::summary::{Judged, Verdict};
use crate::plan::outline::Outline;
use crate::plan::threshold::{Metric, Op, Selection, Threshold};
use crate::plan::{RowId, StageId};

/// A figure that a threshold asks for: seconds, share or requests per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) figure: f64,
    /// Only a lower bound.
    pub(super) at_least: bool,
}

/// The figure of a metric over a group; `None` where there is nothing to judge. `open`: times count from due.
pub(super) fn ask(metric: Metric, group: &Group, length: Duration, open: bool) -> Option<Asked> {
    let (times, unfinished) = group.times(open);
    let exact = |figure| Asked {
        figure,
        at_least: false,
    };
    let percentile = |percent| {
        let quantile = times.percentile_with(unfinished, percent)?;
        Some(Asked {
            figure: quantile.value.as_secs_f64(),
            at_least: quantile.at_least,
        })
    };
    let completed = (group.requests() > 0).then_some(());
    match metric {
        Metric::Failures => share(group.failures(), group.attempts()).map(exact),
        Metric::IterationsFailed => share(group.iterations_failed, group.iterations).map(exact),
        Metric::Percentile(percent) => percentile(percent),
        Metric::Mean => times.mean().map(|mean| exact(mean.as_secs_f64())),
        Metric::Max => percentile(100.0),
        Metric::Rps => completed
            .filter(|()| !length.is_zero())
            .map(|()| exact(group.rate(length))),
    }
}

fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Whether a threshold holds for a figure. A lower bound can break an upper limit or meet a lower one, but never shows
/// that an upper limit is kept.
pub(super) fn holds(threshold: &Threshold, asked: Option<Asked>) -> bool {
    asked.is_some_and(|asked| {
        let known = !asked.at_least || matches!(threshold.op, Op::Above | Op::AtLeast);
        known && threshold.holds(asked.figure)
    })
}

/// Whether a threshold is broken for certain: a lower bound breaks an upper limit only.
pub(super) fn broken(threshold: &Threshold, asked: Asked) -> bool {
    let known = !asked.at_least || matches!(threshold.op, Op::Below | Op::AtMost);
    known && !threshold.holds(asked.figure)
}

/// Whether a selection is about a row.
pub(super) fn selects(selection: Option<&Selection>, row: RowId) -> bool {
    selection.is_none_or(|selection| selection.rows.contains(&row))
}

/// The verdicts of a run, as they come.
pub(super) struct Verdicts {
    verdicts: Vec<Verdict>,
    open: bool,
}

impl Verdicts {
    pub(super) fn new(outline: &Outline) -> Self {
        let none = |threshold: &Threshold| Verdict {
            threshold: threshold.clone(),
            holds: false,
            judged: Vec::new(),
        };
        Self {
            // Of a search they are limits that its levels may break: it goes up until one does.
            verdicts: match outline.search {
                Some(_) => Vec::new(),
                None => outline.thresholds.iter().map(none).collect(),
            },
            open: outline.open,
        }
    }

    /// Judges those about the whole run.
    pub(super) fn whole_run(&mut self, rows: &[Group], length: Duration) {
        self.judge(None, rows, length);
    }

    /// Judges those about every stage.
    pub(super) fn stage(&mut self, stage: StageId, rows: &[Group], length: Duration) {
        self.judge(Some(stage), rows, length);
    }

    fn judge(&mut self, stage: Option<StageId>, rows: &[Group], length: Duration) {
        for verdict in &mut self.verdicts {
            let threshold = &verdict.threshold;
            if threshold.every_stage != stage.is_some() {
                continue;
            }
            let asked = ask(threshold.metric, &selected(threshold, rows), length, self.open);
            verdict.judged.push(Judged {
                stage,
                figure: asked.map(|asked| asked.figure),
                at_least: asked.is_some_and(|asked| asked.at_least),
                holds: holds(threshold, asked),
            });
        }
    }
}

/// The requests that a threshold is about.
fn selected(threshold: &Threshold, rows: &[Group]) -> Group {
    let mut group = Group::default();
    for (row, of_row) in rows.iter().enumerate() {
        if selects(threshold.of.as_ref(), RowId(row as u16)) {
            group.merge(of_row);
        }
    }
    group
}

/// The limits (all thresholds but those of the rate, which a low level cannot meet) that requests break for certain, by
/// their place in the scenario.
pub(super) fn broken_limits(outline: &Outline, rows: &[Group], length: Duration) -> Vec<usize> {
    let limits = outline
        .thresholds
        .iter()
        .enumerate()
        .filter(|(_, threshold)| threshold.metric != Metric::Rps);
    limits
        .filter(|(_, threshold)| {
            ask(threshold.metric, &selected(threshold, rows), length, outline.open)
                .is_some_and(|asked| broken(threshold, asked))
        })
        .map(|(place, _)| place)
        .collect()
}

impl From<Verdicts> for Vec<Verdict> {
    fn from(mut verdicts: Verdicts) -> Self {
        for verdict in &mut verdicts.verdicts {
            verdict.holds = !verdict.judged.is_empty() && verdict.judged.iter().all(|judged| judged.holds);
        }
        verdicts.verdicts
    }
}
