//! Samples and iterations of the open second, by what they are of.

use std::sync::Arc;
use std::time::Duration;

use super::{IterationResult, Texts};
use crate::measure::histogram::{Histogram, Sparse};
use crate::measure::interval::{Cell, Counter, Failure, IterationCell};
use crate::measure::sample::{ConnectionUse, Outcome, Sample};
use crate::measure::summary::Connections;
use crate::measure::units::micros;
use crate::plan::outline::Outline;
use crate::plan::{EndpointId, RowId, StageId};

/// A table of what is made when first used, by a row or endpoint and the stage.
#[derive(Debug)]
struct Table<T> {
    lines: usize,
    /// Those of the first stage, then those of the next: a stage more is added at the end.
    places: Vec<Option<Box<T>>>,
}

impl<T: Default> Table<T> {
    fn new(lines: usize, stages: usize) -> Self {
        Self {
            lines,
            places: (0..lines * stages).map(|_| None).collect(),
        }
    }

    fn at(&mut self, line: u16, stage: StageId) -> &mut T {
        let place = usize::from(stage.0) * self.lines + usize::from(line);
        if place >= self.places.len() {
            // A stage that was begun by hand.
            let stages = usize::from(stage.0) + 1;
            self.places.resize_with(stages * self.lines, || None);
        }
        self.places[place].get_or_insert_default()
    }

    /// Folds what is used, ascending by line and stage; what was not used in a whole second (its stage is over) is dropped.
    fn take<R>(&mut self, fold: impl Fn(u16, StageId, &mut T) -> Option<R>) -> Vec<R> {
        let mut taken = Vec::new();
        for line in 0..self.lines {
            for (stage, place) in self.places[line..].iter_mut().step_by(self.lines).enumerate() {
                let Some(used) = place else { continue };
                match fold(line as u16, StageId(stage as u16), used) {
                    Some(folded) => taken.push(folded),
                    None => *place = None,
                }
            }
        }
        taken
    }
}

/// Samples by row and stage of sending.
#[derive(Debug)]
pub(super) struct Cells {
    table: Table<OpenCell>,
    texts: Texts,
    /// Due and sent differ by more than the timer's grain: open model, or a pace.
    from_due: bool,
}

/// A [`Cell`] that is being filled.
#[derive(Debug, Default)]
struct OpenCell {
    /// Response times where the first byte came with the last, as it mostly does: they are the times to the first byte, too,
    /// and nothing is left for the download.
    whole: Histogram,
    /// The other response times, and what they consist of.
    response: Histogram,
    latency: Histogram,
    first_byte: Histogram,
    download: Histogram,
    dns: Histogram,
    connect: Histogram,
    tls: Histogram,
    failed: u64,
    never_sent: u64,
    failed_time: u64,
    failures: Vec<Failure>,
    bytes_sent: u64,
    bytes_received: u64,
    body_bytes: u64,
    redirects: u64,
    connections: Connections,
    statuses: Vec<Counter<u16>>,
}

impl Cells {
    pub(super) fn new(outline: &Outline) -> Self {
        Self {
            table: Table::new(outline.rows.len(), outline.stages.len()),
            texts: Texts::default(),
            from_due: outline.measures_due(),
        }
    }

    pub(super) fn record(&mut self, sample: &Sample) {
        let cell = self.table.at(sample.row.0, sample.stage);
        cell.times(sample);
        if self.from_due {
            cell.latency.record(sample.latency());
        }
        if let Outcome::Failure(text) = &sample.outcome {
            cell.failed += 1;
            cell.failed_time += micros(sample.response_time());
            cell.failure(&mut self.texts, text, sample.done);
        }
        cell.bytes_sent += sample.bytes_sent;
        cell.bytes_received += sample.bytes_received;
        cell.body_bytes += sample.body_bytes;
        cell.redirects += u64::from(sample.redirects);
        cell.connections.resent += u64::from(sample.resent);
        *match sample.connection {
            ConnectionUse::None => &mut cell.connections.none,
            ConnectionUse::New => &mut cell.connections.new,
            ConnectionUse::Reused => &mut cell.connections.reused,
            ConnectionUse::Reopened => &mut cell.connections.reopened,
        } += 1;
        if let Some(status) = sample.status {
            cell.status(status);
        }
    }

    /// A request that could not be filled in, and why.
    pub(super) fn never_sent(&mut self, (row, stage): (RowId, StageId), why: &Arc<str>, at: Duration) {
        let cell = self.table.at(row.0, stage);
        cell.never_sent += 1;
        cell.failure(&mut self.texts, why, at);
    }

    pub(super) fn take(&mut self) -> Vec<Cell> {
        self.table.take(|row, stage, cell| cell.take(RowId(row), stage))
    }
}

impl OpenCell {
    fn times(&mut self, sample: &Sample) {
        let whole = sample.first_byte == Some(sample.done);
        let response = if whole {
            &mut self.whole
        } else {
            &mut self.response
        };
        response.record(sample.response_time());
        let parts = [
            (
                &mut self.first_byte,
                sample.time_to_first_byte().filter(|_| !whole),
            ),
            (&mut self.download, sample.download().filter(|_| !whole)),
            (&mut self.dns, sample.dns),
            (&mut self.connect, sample.connect),
            (&mut self.tls, sample.tls),
        ];
        for (histogram, part) in parts {
            if let Some(part) = part {
                histogram.record(part);
            }
        }
    }

    fn failure(&mut self, texts: &mut Texts, text: &Arc<str>, at: Duration) {
        let known = self.failures.iter_mut().find(|known| known.text == *text);
        if let Some(known) = known {
            known.again(at);
            return;
        }
        let text = texts.admit(text);
        match self.failures.iter_mut().find(|known| known.text == text) {
            Some(other) => other.again(at),
            None => self.failures.push(Failure {
                text,
                count: 1,
                first: at,
                last: at,
            }),
        }
    }

    fn status(&mut self, status: u16) {
        match self.statuses.iter_mut().find(|known| known.0 == status) {
            Some(known) => known.1 += 1,
            None => self.statuses.push(Counter(status, 1)),
        }
    }

    fn take(&mut self, row: RowId, stage: StageId) -> Option<Cell> {
        if self.whole.is_empty() && self.response.is_empty() && self.never_sent == 0 {
            return None;
        }
        let whole = self.whole.take();
        let with = |parts: &mut Histogram, whole: &Sparse| {
            let mut all = parts.take();
            all.merge(whole);
            all
        };
        let mut failures = std::mem::take(&mut self.failures);
        failures.sort_by(|a, b| a.text.cmp(&b.text));
        let mut statuses = std::mem::take(&mut self.statuses);
        statuses.sort_by_key(|status| status.0);
        let count = std::mem::take::<u64>;
        Some(Cell {
            row,
            stage,
            response: with(&mut self.response, &whole),
            latency: self.latency.take(),
            first_byte: with(&mut self.first_byte, &whole),
            download: with(&mut self.download, &Sparse::zeros(whole.count())),
            dns: self.dns.take(),
            connect: self.connect.take(),
            tls: self.tls.take(),
            failed: count(&mut self.failed),
            never_sent: count(&mut self.never_sent),
            failed_time: count(&mut self.failed_time),
            failures,
            bytes_sent: count(&mut self.bytes_sent),
            bytes_received: count(&mut self.bytes_received),
            body_bytes: count(&mut self.body_bytes),
            redirects: count(&mut self.redirects),
            connections: std::mem::take(&mut self.connections),
            statuses,
        })
    }
}

impl Failure {
    fn again(&mut self, at: Duration) {
        self.count += 1;
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }
}

/// Iterations by endpoint and stage in which they began.
#[derive(Debug)]
pub(super) struct Iterations(Table<OpenIterations>);

#[derive(Debug, Default)]
struct OpenIterations {
    duration: Histogram,
    failed: u64,
    sent_nothing: u64,
}

impl Iterations {
    pub(super) fn new(outline: &Outline) -> Self {
        Self(Table::new(outline.endpoints.len(), outline.stages.len()))
    }

    pub(super) fn record(
        &mut self,
        endpoint: EndpointId,
        stage: StageId,
        duration: Duration,
        result: IterationResult,
    ) {
        let open = self.0.at(endpoint.0, stage);
        open.duration.record(duration);
        open.failed += u64::from(result == IterationResult::Failed);
        open.sent_nothing += u64::from(result == IterationResult::SentNothing);
    }

    pub(super) fn take(&mut self) -> Vec<IterationCell> {
        self.0.take(|endpoint, stage, open| {
            (!open.duration.is_empty()).then(|| IterationCell {
                endpoint: EndpointId(endpoint),
                stage,
                duration: open.duration.take(),
                failed: std::mem::take(&mut open.failed),
                sent_nothing: std::mem::take(&mut open.sent_nothing),
            })
        })
    }
}
