//! A disk that is slow, or full.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::append::Append;
use super::hlog::Tags;
use super::queue::{Job, Queue};
use super::write::Writer;
use super::{End, Interval, Line, RunInfo, Storage};
use crate::measure::histogram::Sparse;
use crate::measure::interval::{Cell as Requests, Integrals};
use crate::measure::run::{Ending, FORMAT, Host};
use crate::measure::sample::Example;
use crate::measure::summary::Connections;
use crate::plan::outline::{Outline, Row, ThinkOutline};
use crate::plan::{EndpointId, RowId, StageId};

fn info() -> RunInfo {
    let outline = Outline {
        name: "disk".to_owned(),
        file: "journal.yaml".to_owned(),
        description: None,
        url: "http://localhost/".to_owned(),
        demo: false,
        pool_size: None,
        connections: crate::plan::target::Connections::PerUser,
        endpoints: Vec::new(),
        rows: vec![Row {
            name: "a".to_owned(),
            method: "GET".to_owned(),
            endpoint: EndpointId(0),
        }],
        pools: Vec::new(),
        in_turn: Vec::new(),
        search: None,
        turns: Vec::new(),
        stages: Vec::new(),
        open: false,
        think: ThinkOutline {
            words: "none".to_owned(),
            mean: Some(Duration::ZERO),
        },
        thresholds: Vec::new(),
        seed: 0,
        stop_after: None,
        graceful_stop: Duration::ZERO,
    };
    RunInfo {
        format: FORMAT,
        version: "0".to_owned(),
        started_unix_micros: 0,
        host: Host::default(),
        outline: Arc::new(outline),
    }
}

/// A second with as many requests as its number.
fn second(number: u32) -> Arc<Interval> {
    let cell = Requests {
        never_sent: 0,
        row: RowId(0),
        stage: StageId(0),
        response: Sparse::of((0..number).map(|_| Duration::from_millis(5))),
        latency: Sparse::default(),
        first_byte: Sparse::default(),
        download: Sparse::default(),
        dns: Sparse::default(),
        connect: Sparse::default(),
        tls: Sparse::default(),
        failed: 0,
        failed_time: 0,
        failures: Vec::new(),
        bytes_sent: 0,
        bytes_received: 0,
        body_bytes: 0,
        redirects: 0,
        connections: Connections::default(),
        statuses: Vec::new(),
    };
    let integrals = Integrals {
        users: 1_000_000,
        ..Integrals::default()
    };
    let end = Duration::from_secs(u64::from(number) + 1);
    Arc::new(Interval {
        cells: vec![cell],
        integrals,
        ..Interval::second(number, end)
    })
}

/// A disk that can be full.
#[derive(Clone, Default)]
struct Disk {
    full: Rc<Cell<bool>>,
    pieces: Rc<RefCell<Vec<u8>>>,
}

impl Append for Disk {
    fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.full.get() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.pieces.borrow_mut().extend_from_slice(piece);
        Ok(())
    }
}

impl Disk {
    fn intervals(&self) -> Vec<Interval> {
        let pieces = self.pieces.borrow();
        let lines = pieces
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        let lines = lines.map(|line| serde_json::from_slice(&super::seal::split(line).unwrap().1).unwrap());
        lines
            .filter_map(|line| match line {
                Line::Interval(interval) => Some(*interval),
                _ => None,
            })
            .collect()
    }
}

fn writer(disk: &Disk) -> Writer<Disk> {
    writer_with(disk, PathBuf::from("/nonexistent"))
}

fn writer_with(disk: &Disk, failures: PathBuf) -> Writer<Disk> {
    let info = info();
    let tags = Tags::new(&info.outline);
    Writer::begin(disk.clone(), Disk::default(), tags, &info, failures).unwrap()
}

fn example() -> Example {
    Example {
        row: RowId(0),
        at: Duration::from_secs(1),
        failure: "expected <400, got 500".into(),
        detail: None,
        request: "GET http://localhost/".to_owned(),
        request_headers: String::new(),
        request_body: String::new(),
        head: None,
        body: Vec::new(),
        body_cut: false,
        body_length: 0,
    }
}

fn end() -> End {
    End {
        how: Ending::Completed,
        load_until: Duration::ZERO,
        at: Duration::ZERO,
        warnings: Vec::new(),
    }
}

/// Ends the queue from another thread, as a run does, and lets the writer do what is left.
fn finish(queue: &Queue, writer: Writer<Disk>) -> Storage {
    std::thread::scope(|scope| {
        let ending = scope.spawn(|| queue.finish(end(), Duration::from_mins(1)));
        while !queue.is_ending() {
            std::thread::yield_now();
        }
        writer.run(queue);
        ending.join().unwrap()
    })
}

#[test]
fn a_slow_disk_gets_coarser_intervals_and_all_that_is_in_them() {
    let (queue, disk) = (Queue::default(), Disk::default());
    // An hour comes while the disk writes nothing.
    (0..3600).for_each(|number| queue.push(second(number)));
    let storage = finish(&queue, writer(&disk));
    let written = disk.intervals();
    assert!(written.len() <= 65, "{}", written.len());
    assert_eq!(
        written.iter().map(Interval::requests).sum::<u64>(),
        (0..3600).sum::<u64>()
    );
    assert_eq!(
        written.iter().map(|i| i.integrals.users).sum::<i64>(),
        3600 * 1_000_000
    );
    assert!(written.windows(2).all(|pair| pair[0].until == pair[1].from));
    let coarse = written
        .iter()
        .filter(|i| i.until - i.from > 1)
        .map(|i| u64::from(i.until - i.from));
    assert_eq!(
        storage,
        Storage {
            coarsened_seconds: coarse.sum(),
            ..Storage::default()
        }
    );
}

#[test]
fn a_full_disk_is_tried_again_and_the_load_goes_on() {
    let (queue, disk) = (Queue::default(), Disk::default());
    let mut writer = writer(&disk);
    disk.full.set(true);
    for number in 0..100 {
        queue.push(second(number));
        assert!(writer.step(&queue, queue.next()));
    }
    assert_eq!(disk.intervals().len(), 0);
    disk.full.set(false);
    let storage = finish(&queue, writer);
    assert_eq!(
        disk.intervals().iter().map(Interval::requests).sum::<u64>(),
        (0..100).sum::<u64>()
    );
    assert_eq!(storage.lost_seconds, 0);
    assert!(storage.coarsened_seconds > 0 && storage.error.is_some());
}

#[test]
fn what_a_disk_that_stays_full_loses_is_counted() {
    let (queue, disk) = (Queue::default(), Disk::default());
    let writer = writer(&disk);
    disk.full.set(true);
    (0..10).for_each(|number| queue.push(second(number)));
    let storage = finish(&queue, writer);
    assert_eq!((storage.lost_seconds, storage.coarsened_seconds), (10, 0));
    assert!(storage.error.is_some());
}

#[test]
fn a_disk_that_never_answers_does_not_keep_the_run_from_ending() {
    let queue = Queue::default();
    (0..3).for_each(|number| queue.push(second(number)));
    assert!(matches!(queue.next(), Job::Interval(_)));
    let storage = queue.finish(end(), Duration::ZERO);
    assert_eq!(storage.lost_seconds, 3);
    assert_eq!(storage.error.as_deref(), Some("the disk does not answer"));
}

#[test]
fn an_example_that_cannot_be_written_is_tried_again_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let failures = folder.path().join("failures");
    let (queue, disk) = (Queue::default(), Disk::default());
    let mut writer = writer_with(&disk, failures.clone());
    std::fs::write(&failures, "in the way").unwrap();
    queue.push_example(example());
    queue.push_example(example());
    assert!(writer.step(&queue, queue.next()));
    assert!(writer.step(&queue, queue.next()));
    std::fs::remove_file(&failures).unwrap();
    let storage = finish(&queue, writer);
    assert!(storage.is_whole() && storage.error.is_some(), "{storage:?}");
    let mut names: Vec<_> = std::fs::read_dir(&failures)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["001-expected-400-got-500.txt", "002-expected-400-got-500.txt"]
    );
}

#[test]
fn examples_that_cannot_be_written_at_all_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let failures = folder.path().join("failures");
    std::fs::write(&failures, "in the way").unwrap();
    let (queue, disk) = (Queue::default(), Disk::default());
    (0..3).for_each(|_| queue.push_example(example()));
    queue.push(second(7));
    let storage = finish(&queue, writer_with(&disk, failures));
    assert_eq!((storage.lost_examples, storage.lost_seconds), (3, 0));
    assert_eq!(disk.intervals().len(), 1);
}
