//! Response times as an `HdrHistogram` interval log, which existing tools read.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError, Tag};

use crate::measure::histogram::Sparse;
use crate::measure::interval::Interval;
use crate::measure::run::RunInfo;
use crate::plan::RowId;
use crate::plan::outline::Outline;

/// A tag for each row: its name without what a tag must not hold.
#[derive(Debug)]
pub(super) struct Tags(Vec<String>);

impl Tags {
    pub(super) fn new(outline: &Outline) -> Self {
        let mut tags: Vec<String> = Vec::with_capacity(outline.rows.len());
        for row in &outline.rows {
            let bad = |letter: char| letter == ',' || letter.is_whitespace() || letter.is_control();
            let mut tag = row.name.replace(bad, "_");
            while tags.contains(&tag) {
                tag.push('~');
            }
            tags.push(tag);
        }
        Self(tags)
    }

    /// The head of the file.
    pub(super) fn head(info: &RunInfo) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        let start = SystemTime::UNIX_EPOCH + Duration::from_micros(info.started_unix_micros);
        IntervalLogWriterBuilder::new()
            .add_comment(&format!(
                "runner {}: response times in microseconds, tag = row",
                info.version
            ))
            .with_start_time(start)
            .with_base_time(start)
            .begin_log_with(&mut head, &mut V2DeflateSerializer::new())?;
        Ok(head)
    }

    /// The lines of an interval: one for each row with requests.
    pub(super) fn lines(&self, interval: &Interval) -> io::Result<Vec<u8>> {
        let mut rows: BTreeMap<RowId, Sparse> = BTreeMap::new();
        for cell in &interval.cells {
            rows.entry(cell.row).or_default().merge(&cell.response);
        }
        let (mut lines, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
        let mut log = IntervalLogWriterBuilder::new().begin_log_with(&mut lines, &mut serializer)?;
        let start = Duration::from_secs(u64::from(interval.from));
        for (row, response) in &rows {
            let tag = self.0.get(usize::from(row.0)).and_then(|tag| Tag::new(tag));
            log.write_histogram(&dense(response)?, start, interval.length(), tag)
                .map_err(error)?;
        }
        Ok(lines)
    }
}

fn dense(sparse: &Sparse) -> io::Result<Hdr<u64>> {
    let mut dense = Hdr::new(3).map_err(io::Error::other)?;
    for (value, count) in sparse.values() {
        dense.record_n(value, count).map_err(io::Error::other)?;
    }
    Ok(dense)
}

fn error(error: IntervalLogWriterError<impl std::fmt::Debug>) -> io::Error {
    match error {
        IntervalLogWriterError::IoError(error) => error,
        IntervalLogWriterError::SerializeError(error) => io::Error::other(format!("{error:?}")),
    }
}
