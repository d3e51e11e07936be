//! The thread that writes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::append::Append;
use super::hlog::Tags;
use super::queue::{Job, Queue, seconds};
use super::seal::Chain;
use super::{FORMAT, Line, example};
use crate::measure::interval::Interval;
use crate::measure::run::RunInfo;
use crate::measure::sample::Example;
use crate::plan::outline::Outline;

/// Between two attempts to write.
const PAUSE: Duration = Duration::from_secs(1);

/// Attempts after the run has ended.
const LAST_ATTEMPTS: u32 = 3;

/// Writes what is in the queue.
pub(super) struct Writer<A> {
    lines: A,
    /// Where `lines` stands.
    chain: Chain,
    histograms: A,
    tags: Tags,
    outline: Arc<Outline>,
    failures: PathBuf,
    /// Examples written so far: their numbers.
    examples: u32,
    /// Attempts that failed in a row.
    failed: u32,
}

impl<A: Append> Writer<A> {
    /// Writes the heads of the files.
    pub(super) fn begin(
        lines: A,
        histograms: A,
        tags: Tags,
        info: &RunInfo,
        failures: PathBuf,
    ) -> io::Result<Self> {
        let outline = info.outline.clone();
        let mut writer = Self {
            lines,
            chain: Chain::of(info),
            histograms,
            tags,
            outline,
            failures,
            examples: 0,
            failed: 0,
        };
        writer.line(&Line::Header { format: FORMAT })?;
        let head = Tags::head(info)?;
        writer.histograms.append(&head)?;
        Ok(writer)
    }

    /// Until the end of the run.
    pub(super) fn run(mut self, queue: &Queue) {
        while self.step(queue, queue.next()) {
            if self.failed > 0 {
                queue.pause(PAUSE);
            }
        }
        queue.close();
    }

    /// Does one job; whether there is more to come. What fails stays in the queue.
    pub(super) fn step(&mut self, queue: &Queue, job: Job) -> bool {
        match job {
            Job::Interval(interval) => self.interval(queue, interval),
            Job::Example(example) => self.example(queue, example),
            Job::End(end, storage) => {
                let mut written = self.line(&Line::End {
                    end: end.clone(),
                    storage: storage.clone(),
                });
                for _ in 1..LAST_ATTEMPTS {
                    if written.is_ok() {
                        break;
                    }
                    written = self.line(&Line::End {
                        end: end.clone(),
                        storage: storage.clone(),
                    });
                }
                if let Err(error) = written {
                    note_error(queue, &error);
                }
                return false;
            }
            Job::Stop => return false,
        }
        true
    }

    fn interval(&mut self, queue: &Queue, interval: Arc<Interval>) {
        if let Err(error) = self.line(&Line::Interval(Box::new(Interval::clone(&interval)))) {
            note_error(queue, &error);
            queue.put_back(interval);
            self.failed_again(queue);
            return;
        }
        self.failed = 0;
        let histograms = self.tags.lines(&interval);
        if let Err(error) = histograms.and_then(|lines| self.histograms.append(&lines)) {
            note_error(queue, &error);
            queue.note(|storage| storage.histogram_log_lost_seconds += seconds(&interval));
        }
    }

    fn example(&mut self, queue: &Queue, example: Example) {
        let row = self
            .outline
            .rows
            .get(usize::from(example.row.0))
            .map_or("", |row| &row.name);
        match example::write(&self.failures, self.examples + 1, row, &example) {
            Ok(()) => {
                self.examples += 1;
                self.failed = 0;
            }
            // It may be the connections that take all files this program may open: they are closed at the end.
            Err(error) => {
                note_error(queue, &error);
                queue.put_back_example(example);
                self.failed_again(queue);
            }
        }
    }

    fn failed_again(&mut self, queue: &Queue) {
        self.failed += 1;
        if queue.is_ending() && self.failed >= LAST_ATTEMPTS {
            queue.give_up();
            self.failed = 0;
        }
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        let text = serde_json::to_vec(line).map_err(io::Error::other)?;
        let (mut text, next) = self.chain.seal(&text);
        text.push(b'\n');
        self.lines.append(&text)?;
        self.chain = next;
        Ok(())
    }
}

/// The first error is told; the others are its consequences.
fn note_error(queue: &Queue, error: &io::Error) {
    queue.note(|storage| {
        storage.error.get_or_insert_with(|| error.to_string());
    });
}
