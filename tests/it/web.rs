//! The page's server, asked as a browser asks it, and as one who means ill.

mod asking;
mod guarded;
mod shown;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use runner::engine::Control;
use runner::measure::aggregator::Aggregator;
use runner::measure::journal::Journal;
use runner::measure::recording::Recording;
use runner::web::{Begun, Options, Over, Server, Teller, serve};
use tempfile::TempDir;

use crate::measure::script::{Run, usual};
use asking::Asker;

/// A page with a folder of reports.
struct Page {
    server: Server,
    folder: TempDir,
}

impl Page {
    fn open() -> Self {
        Self::with(|options| options)
    }

    fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            address: "127.0.0.1:0".parse().unwrap(),
            scenarios: Some(vec![PathBuf::from("scenarios/mixed.yaml")]),
            folders: Vec::new(),
            reports: Some(folder.path().join("reports")),
        };
        std::fs::create_dir(folder.path().join("reports")).unwrap();
        Self {
            server: serve(change(options)).unwrap(),
            folder,
        }
    }

    fn asker(&self) -> Asker {
        Asker(self.server.address())
    }

    /// A run's folder among the reports.
    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join("reports").join(name)
    }

    /// A run begins in that folder.
    fn begin(&self, run: &Run, name: &str) -> (Teller, Control) {
        let (teller, control) = (self.server.teller(), Control::default());
        teller.begins(Begun {
            folder: self.place(name),
            info: Arc::clone(&run.info),
            scenario: Arc::from("name: script # <b>\n"),
            control: control.clone(),
        });
        (teller, control)
    }

    /// A run that is over, on disk.
    fn leave(&self, name: &str) -> PathBuf {
        let folder = self.place(name);
        written(&usual(), &folder);
        folder
    }
}

/// Writes a run's journal.
fn written(run: &Run, folder: &Path) -> Recording {
    let journal = Journal::create(folder, &run.info).unwrap();
    let (_, recording) = run.record(|absorbed| {
        for interval in absorbed.intervals {
            journal.interval(interval);
        }
    });
    journal.finish(&recording.end);
    recording
}

/// Tells of all of a run's load; a snapshot with each cut, as the engine gives it.
fn tell(run: &Run, teller: &Teller) -> Recording {
    let mut aggregator = Aggregator::new(Arc::clone(&run.info));
    let (_, end) = run.play(|cut| {
        for interval in aggregator.absorb(cut).intervals {
            teller.interval(interval);
        }
        teller.snapshot(Arc::new(aggregator.snapshot()));
    });
    let (rest, recording) = aggregator.finish(end);
    for interval in rest {
        teller.interval(interval);
    }
    recording
}

/// Tells of its first minute, or nearly.
fn tell_begin(run: &Run, teller: &Teller) {
    let mut aggregator = Aggregator::new(Arc::clone(&run.info));
    let mut left = 100;
    run.play(|cut| {
        if left > 0 {
            left -= 1;
            for interval in aggregator.absorb(cut).intervals {
                teller.interval(interval);
            }
            teller.snapshot(Arc::new(aggregator.snapshot()));
        }
    });
}

fn over(recording: Recording, passed: bool) -> Over {
    Over {
        recording: Arc::new(recording),
        passed,
        words: "all is told".to_owned(),
    }
}
