//! From what the user wrote to what will happen. All problems are told at once, each at its place.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::outline::{EndpointOutline, Outline, Row, ThinkOutline};
use super::problem::Problem;
use super::profile::{Model, Profile};
use super::template::Constants;
use super::think::Think;
use super::threshold::{Selection, Threshold};
use super::{Auth, Endpoint, EndpointId, Plan, RowId, SessionOf};
use crate::scenario::config::ConfigNode;
use crate::scenario::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::scenario::span::{Span, Spanned};
use crate::scenario::{LoadError, Loaded, MASK, Scenario, model};
use crate::scenario::{Scrubber, Secret};

mod body;
mod data;
mod endpoints;
mod expect;
mod load;
mod names;
mod placeholders;
mod pools;
mod problems;
mod request;
mod tables;
mod target;

use names::Names;
use problems::at;
use target::Target;

const GRACEFUL_STOP: Duration = Duration::from_secs(30);
/// Row, endpoint and stage numbers have 16 bits; one value is kept for [`RowId::UNMEASURED`].
const MOST_ROWS: usize = 65_000;

/// What the command line says, over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// A stage for each level: users, or arrivals per second in an open model.
    pub users: Option<Vec<u32>>,
    /// The hold of every stage.
    pub hold: Option<Duration>,
    /// The ramp of every stage.
    pub ramp: Option<Duration>,
    /// A search in place of the stages, or over that of the file.
    pub search: Option<SearchOverrides>,
    /// Scheme, host and port of the target, in place of those of `target.url`; a path is put before the target's.
    pub host: Option<String>,
    /// The seed.
    pub seed: Option<u64>,
    /// The seed where neither the command line nor the file gives one: drawn by the caller, who may read a clock.
    pub random_seed: u64,
    /// Whether the target is the modelled API inside this process.
    pub demo: bool,
    /// The scenario's file as the user named it.
    pub file: String,
    /// The scenario's name where the file gives none: the file's own.
    pub name: String,
}

/// What the command line says of a search.
#[derive(Clone, Debug, Default)]
pub struct SearchOverrides {
    /// Further limits of every level.
    pub slo: Vec<String>,
    /// The first level.
    pub start: Option<u32>,
    /// The highest.
    pub at_most: Option<u32>,
}

/// What is read of the loaded files.
#[derive(Clone, Copy)]
struct Input<'a> {
    scenario: &'a Scenario,
    loaded: &'a Loaded,
    /// What was told already of a scenario that could not be read whole: it is judged, and nothing more.
    partial: Option<&'a Diagnostics>,
}

struct Resolver<'a> {
    input: Input<'a>,
    overrides: &'a Overrides,
    names: Names,
    data: data::Resolved,
    rows: Vec<Row>,
    found: Diagnostics,
}

/// The plan, with warnings that do not stop it; or all problems, errors among them.
pub fn resolve(loaded: &Loaded, overrides: &Overrides) -> Result<(Plan, Diagnostics), Diagnostics> {
    let (plan, resolver) = resolved(loaded, None, overrides);
    let mut resolver = resolver;
    match plan {
        Some(plan) if resolver.found.errors() == 0 => Ok((plan, resolver.found)),
        // A missing part without a word would be a fault of this program; it must not pass for success.
        _ if resolver.found.errors() == 0 => {
            let message = "this scenario could not be understood, and the reason is not known";
            resolver.found.push(Diagnostic::without_place(message));
            Err(resolver.found)
        }
        _ => Err(resolver.found),
    }
}

/// All problems of a scenario that could not be loaded, in the order of the file: what was told of how it is written, and what is
/// certainly wrong with what it says. What may be wrong only because a part could not be read is left out.
pub fn problems(error: &LoadError, overrides: &Overrides) -> Diagnostics {
    let mut all = error.problems.clone();
    let Some(partial) = &error.partial else {
        return all;
    };
    let (_, resolver) = resolved(partial, Some(&error.problems), overrides);
    let errors = error
        .problems
        .iter()
        .filter(|known| known.severity == Severity::Error);
    let told: HashSet<Span> = errors.filter_map(|known| known.span).collect();
    // Warnings are for a scenario that can be run.
    for problem in resolver.found.iter() {
        if problem.severity == Severity::Error && problem.span.is_none_or(|span| !told.contains(&span)) {
            all.push(problem.clone());
        }
    }
    all
}

/// Resolves everything, for a plan or for the problems alone.
fn resolved<'a>(
    loaded: &'a Loaded,
    partial: Option<&'a Diagnostics>,
    overrides: &'a Overrides,
) -> (Option<Plan>, Resolver<'a>) {
    let input = Input {
        scenario: &loaded.scenario,
        loaded,
        partial,
    };
    let seed = overrides
        .seed
        .or(input.scenario.seed.map(|seed| seed.value))
        .unwrap_or(overrides.random_seed);
    let mut found = Diagnostics::default();
    let mut names = Names::new(input.constants(), loaded);
    let data = data::resolve(&input, &mut names, seed, &mut found);
    names.add_captured(input.scenario, &mut found);
    let mut resolver = Resolver {
        input,
        overrides,
        names,
        data,
        rows: Vec::new(),
        found,
    };
    (resolver.plan(seed), resolver)
}

impl Input<'_> {
    /// Whether all of data, captures and calls is known: what could not be read stands under `target` or `stages`.
    fn knows_pools(&self) -> bool {
        let scenario = self.scenario;
        self.partial.is_none_or(|told| {
            told.iter()
                .filter(|known| known.severity == Severity::Error)
                .all(|known| {
                    let within = |place: Span| {
                        let whole = known.span.filter(|span| span.source == place.source);
                        whole.is_some_and(|span| place.start <= span.start && span.end <= place.end)
                    };
                    within(scenario.target.span) || within(scenario.stages_span)
                })
        })
    }

    /// The bytes of a file that the scenario names; all were read before.
    fn file(&self, name: &str) -> Option<&[u8]> {
        self.loaded.files.bytes(name).map(|bytes| &**bytes)
    }

    fn constants(&self) -> Constants {
        let sent = self.loaded.config.to_json();
        let mut shown = sent.clone();
        mask(self.loaded.config.root(), &mut shown);
        Constants::new(sent, shown)
    }
}

/// Puts a mask over every secret of the configuration.
fn mask(node: &ConfigNode, json: &mut serde_json::Value) {
    match node {
        ConfigNode::Value(value) if value.secret => *json = MASK.into(),
        ConfigNode::Value(_) => {}
        ConfigNode::List(items) => {
            for (number, item) in items.iter().enumerate() {
                if let Some(json) = json.get_mut(number) {
                    mask(item, json);
                }
            }
        }
        ConfigNode::Map(entries) => {
            for (name, node) in entries {
                if let Some(json) = json.get_mut(name) {
                    mask(node, json);
                }
            }
        }
    }
}

/// Finds every secret of the run: those of the configuration and the scenario, and what the credentials make of them.
fn scrubber(loaded: &Loaded, auth: &Auth) -> Scrubber {
    let basic = |user: &str, password: &str| Some((Secret::new(user), Secret::new(password)));
    let (pair, more) = match auth {
        Auth::None => (None, None),
        Auth::ClientCredentials(credentials) => (
            basic(&credentials.client_id, &credentials.client_secret),
            Some(credentials.client_secret.clone()),
        ),
        Auth::Header(value) => {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let decoded = text
                .strip_prefix("Basic ")
                .and_then(|word| STANDARD.decode(word).ok());
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let pair = decoded.as_deref().and_then(|text| text.split_once(':'));
            (
                pair.and_then(|(user, password)| basic(user, password)),
                Some(text),
            )
        }
    };
    let more: Vec<Secret> = more
        .into_iter()
        .chain(pair.iter().map(|(_, password)| password.expose().to_owned()))
        .map(Secret::new)
        .collect();
    loaded.scrubber(pair.as_ref().map(|(user, password)| (user, password)), &more)
}

impl Resolver<'_> {
    /// Every part is resolved before a missing one ends it.
    fn plan(&mut self, seed: u64) -> Option<Plan> {
        let scenario = self.input.scenario;
        self.refuse_too_many();
        let names = &self.names;
        placeholders::warn(
            scenario,
            &|name| names.knows(name.split('.').next().unwrap_or(name)),
            &mut self.found,
        );
        let target = self.target();
        let transport = self.transport();
        // What the command line does to the stages can be judged when all of them are known.
        let load = match self.input.partial {
            Some(_) => None,
            None => self.load(),
        };
        let think = scenario.think.map_or(Think::NONE, |think| think.value);
        let stop_after = scenario.stop_after.map(|stop| stop.value);
        let on_start = self.called("on_start", &scenario.on_start);
        let on_stop = self.called("on_stop", &scenario.on_stop);
        // Without a target nothing can be appended to it; the names in the requests are checked all the same.
        let stand_in = Target::stand_in();
        let endpoints = self.endpoints(target.as_ref().unwrap_or(&stand_in));
        let once = self.once(target.as_ref().unwrap_or(&stand_in));
        let search = load.as_ref().and_then(|(_, search)| *search);
        let thresholds = self.thresholds(search.is_some());
        let (endpoints, (setup, teardown)) = (endpoints?, once?);
        if self.found.errors() == 0 && self.input.knows_pools() {
            let called: Vec<EndpointId> = on_start.iter().chain(&on_stop).copied().collect();
            self.refuse_empty_pools(&endpoints, &called, &setup);
            self.tell_early_needs(&endpoints, &on_start, &setup);
            self.tell_unused();
            self.tell_unused_data(&endpoints);
        }
        let (target, (profile, _)) = (target?, load?);
        let graceful_stop = scenario.graceful_stop.map_or(GRACEFUL_STOP, |wait| wait.value);
        let outline = Outline {
            search,
            thresholds,
            seed,
            stop_after,
            graceful_stop,
            ..self.outline(&target, &endpoints, &profile, &think)
        };
        let session = target.session(&scenario.target);
        // Whoever arrives is a new visitor.
        let session_of = match profile.model {
            Model::Closed => SessionOf::User,
            Model::Open { .. } => SessionOf::Iteration,
        };
        Some(Plan {
            outline: outline.into(),
            transport: transport?,
            scrubber: scrubber(self.input.loaded, &session.auth).into(),
            session,
            sources: std::mem::take(&mut self.data.sources),
            pools: std::mem::take(&mut self.data.pools),
            slots: self.names.slots.clone(),
            endpoints,
            on_start,
            on_start_failure: scenario
                .on_start_failure
                .map_or_else(Default::default, |what| what.value),
            on_stop,
            session_of: scenario.session.map_or(session_of, |session| session.value),
            setup,
            teardown,
            think,
            profile,
            graceful_stop,
            stop_after,
            seed,
        })
    }

    fn refuse_too_many(&mut self) {
        let scenario = self.input.scenario;
        for (what, count, span) in [
            ("endpoints", scenario.endpoints.len(), scenario.endpoints_span),
            ("stages", scenario.stages.len(), scenario.stages_span),
        ] {
            if count > MOST_ROWS {
                self.found.push(Diagnostic::error(
                    span,
                    format!("{count} {what} are too many: at most {MOST_ROWS}"),
                ));
            }
        }
    }

    /// Those of the run; of a search its limits too, and all of them for each level.
    fn thresholds(&mut self, search: bool) -> Vec<Threshold> {
        let mut known = self.selections();
        let unread = self.has_unread_names();
        let mut thresholds = Vec::new();
        let scenario = self.input.scenario;
        let limits = scenario.find_capacity.iter().flat_map(|search| &search.slo);
        for written in scenario.thresholds.iter().chain(limits) {
            if unread {
                known.extend(spoken_of(&written.text));
            }
            let text = &written.text;
            let threshold = Threshold::parse(text, &known).map_err(|problem| {
                let problem = abort_at_once(text).unwrap_or(problem);
                at(written, problem)
            });
            thresholds.extend(self.found.keep(threshold));
        }
        for text in self.overrides.search.iter().flat_map(|search| &search.slo) {
            let threshold = Threshold::parse(text, &known).map_err(|problem| {
                let said = Diagnostic::without_place(format!("--slo \"{text}\": {}", problem.message));
                problem.help.into_iter().fold(said, Diagnostic::help)
            });
            thresholds.extend(self.found.keep(threshold));
        }
        for threshold in thresholds.iter_mut().filter(|_| search) {
            threshold.every_stage = true;
        }
        thresholds
    }

    /// Whether there is an endpoint or a step of which not even the name could be read.
    fn has_unread_names(&self) -> bool {
        let nameless = |step: &model::Step| step.name.as_ref().is_some_and(Spanned::is_unread);
        let unread = |endpoint: &model::Endpoint| {
            endpoint.name.is_unread()
                || matches!(&endpoint.work, model::Work::Journey(steps) if steps.iter().any(nameless))
        };
        self.input.scenario.endpoints.iter().any(unread)
    }

    /// What a threshold may speak of: every endpoint, every step.
    fn selections(&self) -> Vec<Selection> {
        let mut known: Vec<Selection> = Vec::new();
        let endpoints = &self.input.scenario.endpoints;
        for (number, row) in self.rows.iter().enumerate() {
            let id = RowId(number as u16);
            let Some(endpoint) = endpoints.get(usize::from(row.endpoint.0)) else {
                continue;
            };
            let name = endpoint.name.value.clone();
            match known.iter_mut().find(|selection| selection.name == name) {
                Some(selection) => selection.rows.push(id),
                None => known.push(Selection {
                    name: name.clone(),
                    rows: vec![id],
                    step: false,
                }),
            }
            if row.name != name {
                let name = row.name.clone();
                known.push(Selection {
                    name,
                    rows: vec![id],
                    step: true,
                });
            }
        }
        known
    }

    /// All but what the caller knows better.
    fn outline(&self, target: &Target, endpoints: &[Endpoint], profile: &Profile, think: &Think) -> Outline {
        let scenario = self.input.scenario;
        let endpoint = |(endpoint, written): (&Endpoint, &model::Endpoint)| EndpointOutline {
            name: endpoint.name.clone(),
            weight: endpoint.weight,
            journey: matches!(written.work, model::Work::Journey(_)),
        };
        Outline {
            name: scenario
                .name
                .as_ref()
                .map_or_else(|| self.overrides.name.clone(), |name| name.value.clone()),
            description: scenario
                .description
                .as_ref()
                .map(|description| description.value.clone()),
            url: target.shown.clone(),
            file: self.overrides.file.clone(),
            demo: self.overrides.demo,
            pool_size: scenario
                .target
                .pool_size
                .and_then(|size| u32::try_from(size.value).ok()),
            connections: scenario
                .target
                .connections
                .as_ref()
                .map_or_else(Default::default, |connections| connections.value),
            endpoints: endpoints.iter().zip(&scenario.endpoints).map(endpoint).collect(),
            rows: self.rows.clone(),
            pools: self.data.pools.iter().map(|pool| pool.name.to_string()).collect(),
            in_turn: self
                .data
                .sources
                .iter()
                .filter(|source| source.in_turn())
                .map(|source| source.name().to_string())
                .collect(),
            stages: profile.outline(),
            search: None,
            turns: Vec::new(),
            open: profile.model.is_open(),
            think: ThinkOutline {
                words: think.words(),
                mean: think.mean(),
            },
            thresholds: Vec::new(),
            seed: 0,
            stop_after: None,
            graceful_stop: Duration::ZERO,
        }
    }
}

/// The endpoint that a threshold speaks of, whether or not it exists.
fn spoken_of(threshold: &str) -> Option<Selection> {
    let (_, rest) = threshold.split_once(" of ")?;
    let name = rest.split(['<', '>', '=', '!']).next()?.trim();
    let name = name.trim_matches(['"', '\'']).to_owned();
    (!name.is_empty()).then(|| Selection {
        name,
        rows: Vec::new(),
        step: false,
    })
}

/// `p95 < 1s: abort`, which does not say after how long.
fn abort_at_once(threshold: &str) -> Option<Problem> {
    let before = threshold.trim_end().strip_suffix(": abort")?;
    if before.contains(" for ") {
        return None;
    }
    let start = before.len() + 2;
    let problem = Problem::new(start..start + "abort".len(), "after how long? a time is missing");
    Some(problem.help(format!("write for example `{} for 10s: abort`", before.trim())))
}
