//! The load: stages, model, think time, ends; and what the command line overrides of it.

use std::time::Duration;

use super::Resolver;
use crate::plan::hold::too_short;
use crate::plan::profile::{Model, Profile, Stage, UntilSteady, WhenBusy};
use crate::plan::search::Search;
use crate::plan::words;
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::{self, Hold, Load, Think};
use crate::scenario::span::Span;

/// A hold until it is steady, unless the scenario says otherwise: not shorter, not longer, and how well its throughput is
/// known at its end.
const AT_LEAST: Duration = Duration::from_secs(60);
const AT_MOST: Duration = Duration::from_secs(900);
const WITHIN: f64 = 0.05;

/// The same of a level of a search, which takes many.
const LEVEL_AT_MOST: Duration = Duration::from_secs(300);

/// The way to a level of a search, and the time without load before the next.
const RAMP: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(5);

/// Users at once in the open model, unless the scenario says it.
const MAX_USERS: u64 = 1000;

/// The longest hold, and when it may end earlier. A shortest one that is longer than the default for the longest moves that.
fn until_steady(written: model::UntilSteady, at_most: Duration) -> (Duration, Option<UntilSteady>) {
    let at_least = written.at_least.map(|time| time.value);
    let at_most = written.at_most.map_or(at_most, |time| time.value);
    let at_most = at_most.max(at_least.unwrap_or_default());
    let until = UntilSteady {
        at_least: at_least.unwrap_or(AT_LEAST).min(at_most),
        within: written.within.map_or(WITHIN, |share| share.value),
    };
    (at_most, Some(until))
}

impl Resolver<'_> {
    /// The load, and the search that it is the first level of.
    pub(super) fn load(&mut self) -> Option<(Profile, Option<Search>)> {
        let before = self.found.errors();
        let open = self.input.scenario.first_level().is_some_and(Load::is_open);
        let model = if open { self.open_model() } else { Model::Closed };
        let search = self.search();
        let stages = match &search {
            Some(search) => vec![search.stage(search.start)],
            None => self.stages(),
        };
        // The file's own stages have load and time; those of the command line may have none.
        let profile = Profile { stages, model };
        let mut refuse = |message: &str, help: &str| {
            self.found.push(Diagnostic::without_place(message).help(help));
        };
        if profile.stages.iter().all(|stage| stage.level <= 0.0) {
            let message = if open {
                "`--users` leaves no stage with an arrival"
            } else {
                "`--users` leaves no stage with a user"
            };
            refuse(message, "write for example `--users 10,20,50`");
        } else if profile.duration().is_zero() {
            refuse("the stages take no time at all", "write for example `--hold 60s`");
        }
        if self.found.errors() == before {
            self.warn_of_short_holds(&profile);
        }
        (self.found.errors() == before).then_some((profile, search))
    }

    /// Says before the run which holds are too short to be judged: the first, and how many there are.
    fn warn_of_short_holds(&mut self, profile: &Profile) {
        let scenario = self.input.scenario;
        let think = scenario.think.map_or(Think::NONE, |think| think.value);
        let short = too_short(profile, think);
        let Some(first) = short.first() else { return };
        let load = match (profile.model.is_open(), first.level) {
            (true, rate) => format!("{rate} arrivals/s"),
            (false, 1.0) => "1 user".to_owned(),
            (false, users) => format!("{users} users"),
        };
        let pause = match think {
            Think::Pace(every) => format!(" who begin an iteration every {}", words::duration(every)),
            think => match think.mean().filter(|mean| !mean.is_zero()) {
                Some(mean) if !profile.model.is_open() => format!(" who pause {}", words::duration(mean)),
                _ => String::new(),
            },
        };
        let (hold, needed) = (words::duration(first.hold), words::duration(first.needed));
        let message = format!("{hold} is too short to judge {load}{pause}: use {needed} or more");
        let help = match short.len() {
            1 => "its figures are reported, but no answer rests on them".to_owned(),
            more => format!(
                "so are {more} levels in all; their figures are reported, but no answer rests on them"
            ),
        };
        let written = match (&self.overrides.hold, &self.overrides.users) {
            (None, None) => self.written_hold(first.stage),
            _ => None,
        };
        let warning = match written {
            Some(place) => Diagnostic::warning(place, message),
            None => Diagnostic::warning_without_place(message),
        };
        self.found.push(warning.help(help));
    }

    /// Where the hold of a stage, or of the levels of a search, stands in the file.
    fn written_hold(&self, stage: usize) -> Option<Span> {
        let scenario = self.input.scenario;
        let hold = match &scenario.find_capacity {
            Some(search) => search.hold,
            None => scenario.stages.get(stage)?.hold,
        };
        match hold? {
            Hold::For(time) => Some(time.span),
            Hold::UntilSteady(until) => until.at_most.map(|time| time.span),
        }
    }

    /// The search of the file, or that of the command line; levels of the command line are no search.
    fn search(&mut self) -> Option<Search> {
        let written = self.input.scenario.find_capacity.as_ref();
        if self.overrides.users.is_some() || (written.is_none() && self.overrides.search.is_none()) {
            return None;
        }
        let wish = self.overrides.search.clone().unwrap_or_default();
        let levels = || {
            let levels = self.input.scenario.stages.iter().map(|stage| stage.load.level());
            levels.filter(|level| *level > 0.0)
        };
        let start = wish
            .start
            .map(f64::from)
            .or(written.map(|search| search.start.level()));
        let at_most = wish
            .at_most
            .map(f64::from)
            .or(written.map(|search| search.at_most.level()));
        // Stages are what their author thought the API may be asked for: the search goes no further unless it is told to.
        let search = Search {
            start: start.unwrap_or_else(|| levels().fold(f64::INFINITY, f64::min)),
            at_most: at_most.unwrap_or_else(|| levels().fold(0.0, f64::max)),
            ..self.level_of_search(written)
        };
        if search.start <= 0.0 || search.start > search.at_most {
            let (start, at_most) = (search.start, search.at_most);
            self.found.push(
                Diagnostic::without_place(format!("a search from {start} to {at_most} has no level")).help(
                    "give `--start` and `--at-most`, the first not above the second and more than zero",
                ),
            );
            return None;
        }
        for source in self.data.sources.iter().filter(|source| source.gives_each_once()) {
            self.found.push(
                Diagnostic::without_place(format!(
                    "`{}` gives each value once (`order: unique`), but each level of a search begins with the first again",
                    source.name()
                ))
                .help("write `order: shuffle`, or run levels of your own choice with `stages` or `--users`"),
            );
        }
        Some(search)
    }

    /// How each level of a search is held.
    fn level_of_search(&self, written: Option<&model::FindCapacity>) -> Search {
        let wish = written.and_then(|search| search.hold);
        let nothing_said = model::UntilSteady {
            at_least: None,
            at_most: None,
            within: None,
        };
        let (hold, until_steady) = match (self.overrides.hold, wish) {
            (Some(given), _) => (given, None),
            (None, Some(Hold::For(time))) => (time.value, None),
            (None, Some(Hold::UntilSteady(until))) => until_steady(until, LEVEL_AT_MOST),
            (None, None) => until_steady(nothing_said, LEVEL_AT_MOST),
        };
        let ramp = self
            .overrides
            .ramp
            .or(written.and_then(|search| Some(search.ramp?.value)));
        Search {
            start: 0.0,
            at_most: 0.0,
            ramp: ramp.unwrap_or(RAMP),
            hold,
            until_steady,
            pause: written
                .and_then(|search| search.pause)
                .map_or(PAUSE, |pause| pause.value),
        }
    }

    fn stage(&self, written: &model::Stage, level: f64) -> Stage {
        let ramp = self.overrides.ramp.or(written.ramp.map(|ramp| ramp.value));
        let (hold, until_steady) = match (self.overrides.hold, written.hold) {
            (Some(given), _) => (given, None),
            (None, None) => (Duration::ZERO, None),
            (None, Some(Hold::For(time))) => (time.value, None),
            (None, Some(Hold::UntilSteady(until))) => until_steady(until, AT_MOST),
        };
        Stage {
            level,
            ramp: ramp.unwrap_or_default(),
            hold,
            until_steady,
        }
    }

    /// The stages of the file; or one for each level given on the command line, with the times of the file's stage of the
    /// same number (of its last one where there are more levels), or with those of a level of the file's search.
    fn stages(&self) -> Vec<Stage> {
        let written = &self.input.scenario.stages;
        match &self.overrides.users {
            None => written
                .iter()
                .map(|stage| self.stage(stage, stage.load.level()))
                .collect(),
            Some(levels) => levels
                .iter()
                .enumerate()
                .map(|(number, level)| {
                    let level = f64::from(*level);
                    if let Some(stage) = written.get(number).or(written.last()) {
                        return self.stage(stage, level);
                    }
                    let search = self.input.scenario.find_capacity.as_ref();
                    self.level_of_search(search).stage(level)
                })
                .collect(),
        }
    }

    fn open_model(&self) -> Model {
        let scenario = self.input.scenario;
        let max_users = scenario.max_users.map_or(MAX_USERS, |most| most.value);
        let even = Some(model::Arrivals::Even);
        Model::Open {
            poisson: scenario.arrivals.map(|arrivals| arrivals.value) != even,
            max_users: u32::try_from(max_users).unwrap_or(u32::MAX),
            when_busy: scenario.when_busy.map_or(WhenBusy::Wait, |when| when.value),
        }
    }
}
