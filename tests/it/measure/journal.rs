//! The journal: what is on disk is what was measured.

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use proptest::prelude::*;
use runner::analysis::steady;
use runner::measure::journal::{self, FAILURES, HISTOGRAMS, Journal, JournalError, PLAN, RUN};
use runner::measure::recording::Recording;
use runner::measure::run::{End, Ending, Storage};
use runner::measure::sample::Example;
use runner::plan::RowId;
use tempfile::TempDir;

use super::script::{Truth, info, ms, outline, secs, usual};

/// A usual run, journaled into a folder.
fn journaled(folder: &Path) -> (Truth, Recording) {
    static ONCE: LazyLock<(TempDir, Truth, Recording)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let (truth, recording) = journal_a_run(folder.path());
        (folder, truth, recording)
    });
    let (from, truth, recording) = &*ONCE;
    for file in [PLAN, RUN, HISTOGRAMS] {
        fs::copy(from.path().join(file), folder.join(file)).unwrap();
    }
    (truth.clone(), recording.clone())
}

fn journal_a_run(folder: &Path) -> (Truth, Recording) {
    let run = usual();
    let journal = Journal::create(folder, &run.info).unwrap();
    let (truth, mut recording) = run.record(|absorbed| {
        for interval in absorbed.intervals {
            let before = fs::metadata(folder.join(HISTOGRAMS)).unwrap().len();
            let empty = interval.cells.is_empty();
            journal.interval(interval);
            // A run leaves a second for each line; without waiting the seconds would be merged, as for a slow disk.
            let deadline = std::time::Instant::now() + secs(10);
            while !empty && fs::metadata(folder.join(HISTOGRAMS)).unwrap().len() == before {
                assert!(std::time::Instant::now() < deadline, "the journal does not write");
                std::thread::sleep(ms(1));
            }
        }
    });
    recording.storage = journal.finish(&recording.end);
    (truth, recording)
}

fn summary_json(recording: &Recording) -> String {
    serde_json::to_string(&recording.summary(&steady::windows(recording))).unwrap()
}

#[test]
fn a_finished_run_reads_back_as_it_was_and_renders_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (_, live) = journaled(folder.path());
    let read = journal::read(folder.path()).unwrap();
    if live.storage == read.storage && live.storage.coarsened_seconds == 0 {
        assert_eq!(live, read);
        assert_eq!(summary_json(&live), summary_json(&read));
    }
    assert_eq!(
        summary_json(&read),
        summary_json(&journal::read(folder.path()).unwrap())
    );
}

#[test]
fn a_killed_run_is_that_of_its_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, _) = journaled(folder.path());
    let path = folder.path().join(RUN);
    let whole = fs::read_to_string(&path).unwrap();
    // Killed while the line of a second was being written.
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let kept = 40;
    let torn = &lines[kept][..lines[kept].len() / 2];
    fs::write(&path, lines[..kept].concat() + torn).unwrap();
    let read = journal::read(folder.path()).unwrap();
    assert_eq!(read.end.how, Ending::Killed);
    let last = read.timeline.intervals().last().unwrap().end;
    assert_eq!((read.end.at, read.end.load_until), (last, last));
    let summary = read.summary(&steady::windows(&read));
    let completed = truth.requests.iter().filter(|(_, done, _)| *done < last).count() as u64;
    let in_flight = truth
        .requests
        .iter()
        .filter(|(sent, done, _)| *sent < last && *done >= last)
        .count();
    let hanging = truth.unfinished.iter().filter(|(sent, _)| *sent < last).count();
    assert_eq!(summary.total.requests, completed);
    assert_eq!(summary.total.unfinished, (in_flight + hanging) as u64);
}

#[test]
fn a_run_killed_at_any_byte_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    journaled(folder.path());
    let path = folder.path().join(RUN);
    let whole = fs::read(&path).unwrap();
    for cut in (0..whole.len().min(4000)).step_by(97).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..cut]).unwrap();
        let read = journal::read(folder.path()).unwrap();
        assert_eq!(read.end.how, Ending::Killed);
        summary_json(&read);
    }
}

#[test]
fn garbage_is_told_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let missing = journal::read(folder.path()).unwrap_err();
    assert!(
        matches!(missing, JournalError::NoRun { file: PLAN, .. }),
        "{missing}"
    );
    journaled(folder.path());
    let path = folder.path().join(RUN);
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let refused = |lines: &[&str], at: usize| {
        fs::write(&path, lines.concat()).unwrap();
        let told = journal::read(folder.path()).unwrap_err().to_string();
        let place = format!("run.jsonl:{at}: this line was changed, or one before it is missing");
        assert!(told.contains(&place), "{told}");
    };
    let (header, end) = (lines[0], lines[lines.len() - 1]);
    for (line, text) in [
        (7, "garbage\n"),
        (7, "{\"interval\":{}}\n"),
        (7, header),
        (7, end),
        (7, lines[6]),
        (0, lines[1]),
        (0, "{\"header\":{\"format\":0}}\n"),
    ] {
        let mut lines = lines.clone();
        lines[line] = text;
        refused(&lines, line + 1);
    }
    refused(&[&lines[..7], &lines[8..]].concat(), 8);
    refused(&[&lines[..7], &lines[6..]].concat(), 8);
    refused(&[&lines[..7], &[lines[8], lines[7]], &lines[9..]].concat(), 8);
    fs::write(folder.path().join(PLAN), "{\n\"format\": 1,\n\"version\": 7}").unwrap();
    let told = journal::read(folder.path()).unwrap_err().to_string();
    assert!(told.contains("plan.json:1: this line was changed"), "{told}");
}

#[test]
fn no_flipped_bit_changes_a_figure() {
    let folder = tempfile::tempdir().unwrap();
    journaled(folder.path());
    let truth = summary_json(&journal::read(folder.path()).unwrap());
    for file in [PLAN, RUN] {
        let path = folder.path().join(file);
        let whole = fs::read(&path).unwrap();
        for at in (0..whole.len() - 1).step_by(whole.len() / 20) {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                fs::write(&path, flipped).unwrap();
                if let Ok(read) = journal::read(folder.path()) {
                    assert!(
                        read.end.how == Ending::Killed || summary_json(&read) == truth,
                        "{file}: {at}.{bit}"
                    );
                }
            }
        }
        fs::write(&path, whole).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_bytes_are_an_error_or_another_run_but_never_a_panic(
        in_plan: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let folder = tempfile::tempdir().unwrap();
        journaled(folder.path());
        let mut run = fs::read(folder.path().join(RUN)).unwrap();
        run.truncate(20_000);
        fs::write(folder.path().join(RUN), run).unwrap();
        let path = folder.path().join(if in_plan { PLAN } else { RUN });
        let mut changed = fs::read(&path).unwrap();
        for (place, byte) in changes {
            // A digit for a digit, so that what is read is more often a number than an error.
            let place = place.index(changed.len());
            changed[place] = if changed[place].is_ascii_digit() { b'0' + byte % 10 } else { byte };
        }
        fs::write(&path, changed).unwrap();
        if let Ok(read) = journal::read(folder.path()) {
            summary_json(&read);
        }
    }
}

#[test]
fn the_histogram_log_is_read_by_other_tools() {
    let folder = tempfile::tempdir().unwrap();
    let (truth, _) = journaled(folder.path());
    let log = fs::read(folder.path().join(HISTOGRAMS)).unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for entry in IntervalLogIterator::new(&log) {
        let LogEntry::Interval(line) = entry.unwrap() else {
            continue;
        };
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(line.encoded_histogram())
            .unwrap();
        let histogram: hdrhistogram::Histogram<u64> =
            Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        *counts.entry(line.tag().unwrap().as_str().to_owned()).or_insert(0) += histogram.len();
        assert!(histogram.max() < 400_000, "microseconds, below 0.35 s");
    }
    let of_row = |row| truth.requests.iter().filter(|request| request.2 == row).count() as u64;
    assert_eq!(counts["by_term"], of_row(0));
    assert_eq!(counts["by_id__with_a_comma"], of_row(1));
}

#[test]
fn examples_of_failures_are_files_and_a_run_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let run = usual();
    let journal = Journal::create(folder.path(), &run.info).unwrap();
    journal.example(Example {
        row: RowId(0),
        failure: Arc::from("expected 200, got 503"),
        at: secs(2),
        request: "GET http://localhost/x".to_owned(),
        request_headers: String::new(),
        request_body: String::new(),
        head: Some("HTTP/1.1 503 Service Unavailable\n".to_owned()),
        body: b"busy".to_vec(),
        body_length: 4,
        body_cut: false,
        detail: None,
    });
    let end = End {
        how: Ending::Interrupted,
        load_until: ms(1),
        at: ms(1),
        warnings: Vec::new(),
    };
    assert_eq!(journal.finish(&end), Storage::default());
    let file = folder.path().join(FAILURES).join("001-expected-200-got-503.txt");
    assert!(fs::read_to_string(file).unwrap().ends_with("\n\nbusy"));
    let again = Journal::create(folder.path(), &run.info).unwrap_err();
    assert!(matches!(again, JournalError::Exists(_)), "{again}");
}

#[test]
fn a_run_without_a_second_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::create(folder.path(), &info(outline(&[(1, 1)], Vec::new()), 1)).unwrap();
    drop(journal);
    let deadline = std::time::Instant::now() + secs(10);
    let read = loop {
        match journal::read(folder.path()) {
            Ok(read) => break read,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
    };
    assert_eq!(read.end.how, Ending::Killed);
    assert_eq!(read.summary(&steady::windows(&read)).total.requests, 0);
}
