//! The runs on disk, and what is worked out of a run: kept, so that many browsers cost what one does.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::Options;
use super::files;
use super::history::POINTS;
use super::live::Live;
use super::view::Run;
use crate::analysis::Analysis;
use crate::analysis::steady::windows;
use crate::measure::curves::Curves;
use crate::measure::journal::{self, Glance};
use crate::measure::recording::Recording;
use crate::measure::run::Ending;
use crate::measure::summary::RunSummary;
use crate::plan::course::StageKind;
use crate::report::chart::{self, Chart};
use crate::report::{html, words};

/// More runs are not listed.
const MOST: usize = 500;

/// So many runs that are over are kept.
const KEPT: usize = 4;

/// What is worked out of a run under way is good for so long, at the least,
const FRESH: Duration = Duration::from_secs(5);

/// and for so many times the time that it took: the machine is needed for the load.
const SPARING: u32 = 40;

/// What was worked out.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// Whoever works something out holds it: one at a time.
    kept: tokio::sync::Mutex<Kept>,
    glances: Mutex<BTreeMap<PathBuf, (Stamp, Glance)>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Those on disk, the one asked for last at the end.
    runs: VecDeque<(PathBuf, Stamp, Arc<Shelved>)>,
    /// That which this program carried out last.
    own: Option<(u64, Arc<Shelved>)>,
    so_far: Option<Made>,
}

/// Of the run under way.
#[derive(Debug)]
struct Made {
    number: u64,
    at: Instant,
    cost: Duration,
    found: Arc<SoFar>,
}

/// A run that is over.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) run: Run,
    pub(super) over_time: Vec<Chart>,
    pub(super) rest: SoFar,
}

/// What takes the analysis.
#[derive(Debug)]
pub(super) struct SoFar {
    /// Charts against the load, and of the distribution.
    pub(super) charts: Vec<Chart>,
    /// HTML, every word of which is text.
    pub(super) findings: String,
}

/// When a run's files were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    changed: SystemTime,
    size: u64,
}

/// A folder of a run, under the name it goes by on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: String,
    pub(super) folder: PathBuf,
}

/// A run in the list.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    id: String,
    name: String,
    url: String,
    demo: bool,
    /// Seconds since 1970.
    started: u64,
    length: Option<f64>,
    levels: String,
    ending: &'static str,
}

impl Shelf {
    /// Of a run that is over, by its folder.
    pub(super) async fn on_disk(&self, folder: &Path) -> Result<Arc<Shelved>, String> {
        let mut kept = self.kept.lock().await;
        let now = stamp(folder);
        let same = |entry: &(PathBuf, Stamp, _)| entry.0 == folder && Some(entry.1) == now;
        if let Some(place) = kept.runs.iter().position(same)
            && let Some(entry) = kept.runs.remove(place)
        {
            let found = Arc::clone(&entry.2);
            kept.runs.push_back(entry);
            return Ok(found);
        }
        let path = folder.to_owned();
        let found = work(move || {
            let recording = journal::read(&path).map_err(|error| error.to_string());
            recording.map(|recording| Arc::new(Shelved::of(&recording)))
        })
        .await??;
        kept.runs.retain(|entry| entry.0 != folder);
        if kept.runs.len() >= KEPT {
            kept.runs.pop_front();
        }
        if let Some(now) = now {
            kept.runs.push_back((folder.to_owned(), now, Arc::clone(&found)));
        }
        Ok(found)
    }

    /// Of the run that this program carried out last.
    pub(super) async fn own(&self, live: &Live) -> Result<Arc<Shelved>, String> {
        let mut kept = self.kept.lock().await;
        kept.so_far = None;
        match &kept.own {
            Some((number, found)) if *number == live.number => return Ok(Arc::clone(found)),
            _ => {}
        }
        let recording = live.recording();
        let found = work(move || Arc::new(Shelved::of(&recording))).await?;
        kept.own = Some((live.number, Arc::clone(&found)));
        Ok(found)
    }

    /// Of the run under way: not always anew.
    pub(super) async fn so_far(&self, live: impl FnOnce() -> Option<Live>) -> Result<Arc<SoFar>, String> {
        let mut kept = self.kept.lock().await;
        let Some(live) = live() else {
            return Err("there is no run".to_owned());
        };
        if let Some(made) = kept.so_far.as_ref().filter(|made| made.number == live.number)
            && made.at.elapsed() < FRESH.max(made.cost * SPARING)
        {
            return Ok(Arc::clone(&made.found));
        }
        let number = live.number;
        let begun = Instant::now();
        let found = work(move || Arc::new(Figured::of(&live.recording()).rest(false))).await?;
        kept.so_far = Some(Made {
            number,
            at: Instant::now(),
            cost: begun.elapsed(),
            found: Arc::clone(&found),
        });
        Ok(found)
    }

    /// The runs in the list, the youngest first, and what the run of this program goes by there. `own`: its folder, and whether it
    /// is over.
    pub(super) fn entries(
        &self,
        options: &Options,
        own: Option<&(PathBuf, bool)>,
    ) -> (Option<String>, Vec<Entry>) {
        let places = places(options, own.map(|own| &*own.0));
        let real = |folder: &Path| std::fs::canonicalize(folder).ok();
        let folder = own.and_then(|own| real(&own.0));
        let mine = places
            .iter()
            .find(|place| folder.is_some() && real(&place.folder) == folder);
        let mine = mine.map(|place| place.id.clone());
        let mut entries: Vec<Entry> = places
            .into_iter()
            .filter_map(|place| {
                let glance = self.glance(&place.folder)?;
                Some(Entry::of(place.id, &glance))
            })
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.started));
        let going = own.is_some_and(|own| !own.1);
        let under_way = |entry: &&mut Entry| going && Some(&entry.id) == mine.as_ref();
        if let Some(entry) = entries.iter_mut().find(under_way) {
            entry.ending = "going on";
        }
        (mine, entries)
    }

    fn glance(&self, folder: &Path) -> Option<Glance> {
        let now = stamp(folder)?;
        let mut glances = self.glances.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, glance)) = glances.get(folder)
            && *then == now
        {
            return Some(glance.clone());
        }
        let glance = journal::glance(folder).ok()?;
        if glances.len() > 2 * MOST {
            glances.clear();
        }
        glances.insert(folder.to_owned(), (now, glance.clone()));
        Some(glance)
    }
}

/// Works something out on the thread for that.
pub(super) async fn work<T: Send + 'static>(what: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(what).await;
    done.map_err(|_| "it could not be worked out".to_owned())
}

impl Shelved {
    fn of(recording: &Recording) -> Self {
        let figures = Figured::of(recording);
        Self {
            run: Run::of(&figures.summary),
            over_time: chart::over_whole_time(&figures.summary, &figures.curves),
            rest: figures.rest(true),
        }
    }
}

/// All that is worked out of a recording.
struct Figured {
    summary: RunSummary,
    analysis: Analysis,
    curves: Curves,
}

impl Figured {
    fn of(recording: &Recording) -> Self {
        let summary = recording.summary(&windows(recording));
        Self {
            analysis: Analysis::of_run(recording, &summary),
            curves: recording.curves(POINTS),
            summary,
        }
    }

    fn rest(&self, over: bool) -> SoFar {
        SoFar {
            charts: chart::against_load(&self.summary, &self.analysis, &self.curves),
            findings: html::excerpt(&self.summary, &self.analysis, over),
        }
    }
}

impl Entry {
    fn of(id: String, glance: &Glance) -> Self {
        let outline = &glance.info.outline;
        let levels = outline
            .stages
            .iter()
            .filter(|stage| stage.kind != StageKind::Pause);
        let mut levels: Vec<String> = levels.map(|stage| words::level(outline, stage.level)).collect();
        // The unit once.
        let unit = levels
            .last()
            .and_then(|last| last.split_once(' '))
            .map(|(_, unit)| unit.to_owned());
        for level in &mut levels {
            *level = level.split(' ').next().unwrap_or_default().to_owned();
        }
        let ending = match glance.end.as_ref().map(|end| &end.how) {
            Some(Ending::Completed | Ending::StopAfter | Ending::DataEnded { .. }) => "as planned",
            Some(Ending::Interrupted) => "interrupted",
            Some(Ending::Aborted { .. }) => "aborted by a threshold",
            Some(Ending::Killed) | None => "no end",
        };
        Self {
            id,
            name: outline.name.clone(),
            url: outline.url.clone(),
            demo: outline.demo,
            started: glance.info.started_unix_micros / 1_000_000,
            length: glance.end.as_ref().map(|end| end.at.as_secs_f64()),
            levels: format!("{} {}", levels.join(", "), unit.unwrap_or_default()),
            ending,
        }
    }
}

/// The folders that hold runs, each under a name of its own. `own`: that of the run which this program carries out.
pub(super) fn places(options: &Options, own: Option<&Path>) -> Vec<Place> {
    let mut folders = options.folders.clone();
    folders.extend(own.map(Path::to_owned));
    folders.extend(options.reports.as_deref().into_iter().flat_map(within));
    let mut seen = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    for folder in folders {
        let Ok(real) = std::fs::canonicalize(&folder) else {
            continue;
        };
        if seen.contains(&real) || !real.join(journal::RUN).is_file() {
            continue;
        }
        let name = real
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        // `live` is what the run under way goes by.
        let taken = |id: &str| id.is_empty() || id == "live" || places.iter().any(|place| place.id == id);
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        if let Some(id) = std::iter::once(name.clone())
            .chain(numbered)
            .find(|id| !taken(id))
        {
            places.push(Place { id, folder });
            seen.push(real);
        }
    }
    places
}

/// The subfolders of a folder, the youngest first. What is a link is left out, `latest` above all.
fn within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let data = entry.metadata().ok()?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            (data.is_dir() && !hidden)
                .then(|| (data.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path()))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().take(MOST).map(|(_, path)| path).collect()
}

fn stamp(folder: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(folder.join(journal::RUN)).ok()?;
    Some(Stamp {
        changed: data.modified().ok()?,
        size: data.len(),
    })
}

/// A run with its files, which may have been added to since.
pub(super) fn with_files(mut run: Run, folder: &Path) -> Run {
    run.files = files::list(folder);
    run.examples = files::list(&folder.join(journal::FAILURES));
    run.folder = folder.display().to_string();
    run
}
