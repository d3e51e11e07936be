//! From the command line, or the form of the page, to a plan: the scenario is loaded, the configuration merged, the modelled API
//! started where the scenario asks for a host that nobody gave. Everything that is wrong is said here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{Input, Replace};
use super::exit::Exit;
use super::print;
use crate::demo::{self, Demo};
use crate::plan::Plan;
use crate::plan::resolve::{self, Overrides, resolve};
use crate::scenario::Style;
use crate::scenario::config::ConfigSources;
use crate::scenario::suggest::nearest;
use crate::scenario::{ConfigNode, Loaded, load};

/// Where `check` says the modelled API is, without starting it.
const DEMO_STAND_IN: &str = "https://127.0.0.1:8443";

/// A scenario that can be run.
pub(super) struct Ready {
    pub(super) loaded: Loaded,
    pub(super) plan: Arc<Plan>,
    /// The modelled API, where the scenario runs against it; stops when dropped.
    pub(super) demo: Option<Demo>,
}

/// What is to be done about a scenario that asks for a host that is set nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum WithoutHost {
    /// Start the modelled API.
    Start,
    /// Only say where it would be.
    Pretend,
}

/// Who is told what is wrong, and whether in colour.
pub(super) struct Listener<'a> {
    pub(super) style: Style,
    pub(super) say: Box<dyn FnMut(&str) + 'a>,
}

/// What the shell hears.
pub(super) fn shell() -> Listener<'static> {
    Listener {
        style: style(),
        say: Box::new(print::note),
    }
}

/// Loads and resolves, and starts the modelled API if need be. Problems are printed.
pub(super) fn ready(file: &Path, input: &Input, replace: &Replace) -> Result<Ready, Exit> {
    prepare(file, input, replace, WithoutHost::Start, &mut shell())
}

/// The same, with a choice about the modelled API and about who is told of problems.
pub(super) fn prepare(
    file: &Path,
    input: &Input,
    replace: &Replace,
    without: WithoutHost,
    to: &mut Listener<'_>,
) -> Result<Ready, Exit> {
    let mut sources = config_sources(input);
    let first = loaded(file, &sources, replace, to)?;
    let asks = asks_for_host(&first);
    if !asks {
        // A scenario with a URL of its own: `--host` replaces its origin.
        sources.host = None;
    }
    if !asks || first.config.get("host").is_some() {
        let plan = resolved(
            &first,
            &overrides(
                file,
                replace,
                (!asks).then_some(input.host.clone()).flatten(),
                false,
            ),
            to,
        )?;
        return Ok(Ready {
            loaded: first,
            plan,
            demo: None,
        });
    }
    tell_missing_host(&first, &sources, to);
    let demo = match without {
        WithoutHost::Start => Some(start_demo(&first, to)?),
        WithoutHost::Pretend => None,
    };
    let url = demo.as_ref().map_or_else(|| DEMO_STAND_IN.to_owned(), Demo::url);
    complete(&first, &mut sources, url);
    let loaded = loaded(file, &sources, replace, to)?;
    let plan = resolved(&loaded, &overrides(file, replace, None, true), to)?;
    Ok(Ready { loaded, plan, demo })
}

/// Nothing replaced but the seed.
pub(super) fn replaced_seed(seed: Option<u64>) -> Replace {
    Replace {
        users: Vec::new(),
        hold: None,
        ramp: None,
        seed,
        search: None,
    }
}

fn config_sources(input: &Input) -> ConfigSources {
    ConfigSources {
        file: input.config.clone(),
        default_file: Some(PathBuf::from("config.yaml")),
        env: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        set: input.set.clone(),
        host: input.host.clone(),
    }
}

fn loaded(
    file: &Path,
    sources: &ConfigSources,
    replace: &Replace,
    to: &mut Listener<'_>,
) -> Result<Loaded, Exit> {
    load(file, sources).map_err(|mut error| {
        let mut host = sources.host.clone();
        if let Some(partial) = error.partial.as_mut().filter(|partial| asks_for_host(partial)) {
            host = None;
            if partial.config.get("host").is_none() {
                pretend(partial);
            }
        }
        let problems = resolve::problems(&error, &overrides(file, replace, host, false));
        (to.say)(problems.render(&error.sources, to.style).trim_end());
        Exit::BadInput
    })
}

/// A configuration file without a host was probably meant to have one.
fn tell_missing_host(loaded: &Loaded, sources: &ConfigSources, to: &mut Listener<'_>) {
    let default = sources.default_file.as_ref().filter(|file| file.exists());
    let (Some(file), ConfigNode::Map(entries)) = (sources.file.as_ref().or(default), loaded.config.root())
    else {
        return;
    };
    let help = nearest("host", entries.iter().map(|(key, _)| key.as_str())).map_or_else(
        || "write `host: https://...` into it, or give `--host`".to_owned(),
        |found| format!("is `{found}` meant to be `host`?"),
    );
    (to.say)(&format!("warning: {} sets no `host`; {help}", file.display()));
}

/// Whether the scenario leaves its host to the configuration.
fn asks_for_host(loaded: &Loaded) -> bool {
    loaded.scenario.target.url.text.contains("config.host")
}

fn resolved(loaded: &Loaded, overrides: &Overrides, to: &mut Listener<'_>) -> Result<Arc<Plan>, Exit> {
    let mut warnings = |diagnostics: &crate::scenario::diagnostics::Diagnostics| {
        if !diagnostics.is_empty() {
            (to.say)(diagnostics.render(&loaded.sources, to.style).trim_end());
        }
    };
    warnings(&loaded.warnings);
    match resolve(loaded, overrides) {
        Ok((plan, found)) => {
            warnings(&found);
            Ok(Arc::new(plan))
        }
        Err(found) => {
            warnings(&found);
            Err(Exit::BadInput)
        }
    }
}

pub(super) fn style() -> Style {
    if print::colour() {
        Style::Coloured
    } else {
        Style::Plain
    }
}

fn overrides(file: &Path, replace: &Replace, host: Option<String>, demo: bool) -> Overrides {
    let name = file
        .file_stem()
        .map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
    Overrides {
        users: (!replace.users.is_empty()).then(|| replace.users.clone()),
        hold: replace.hold,
        ramp: replace.ramp,
        search: replace.search.clone(),
        host,
        seed: replace.seed,
        random_seed: random_seed(),
        demo,
        name: name.into_owned(),
        file: file.display().to_string(),
    }
}

/// A seed for a run that names none: short enough to be typed again.
fn random_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_nanos() as u64 ^ u64::from(std::process::id()) << 20) % 1_000_000
}

/// Starts the modelled API, which lets in whom the configuration names, if it names anyone.
fn start_demo(loaded: &Loaded, to: &mut Listener<'_>) -> Result<Demo, Exit> {
    let mut options = demo::Options::default();
    if let Some(user) = value(loaded, "user") {
        options.credentials.user = user;
    }
    if let Some(password) = value(loaded, "password") {
        options.credentials.password = password;
    }
    demo::start(&options).map_err(|error| {
        (to.say)(&format!("error: cannot start the demo API: {error}"));
        Exit::NotCarriedOut
    })
}

/// What the modelled API sets where the configuration leaves it open, beside the host.
fn demo_defaults() -> [(&'static str, String); 3] {
    let own = demo::Credentials::default();
    [
        ("api_base_url", demo::RESOURCE_PATH.to_owned()),
        ("user", own.user),
        ("password", own.password),
    ]
}

/// The same for a scenario that is only judged.
fn pretend(loaded: &mut Loaded) {
    loaded.set_default("host", DEMO_STAND_IN);
    for (key, text) in demo_defaults() {
        loaded.set_default(key, &text);
    }
}

/// Fills what the configuration leaves open with the modelled API's own.
fn complete(loaded: &Loaded, sources: &mut ConfigSources, url: String) {
    sources.host = Some(url);
    for (key, text) in demo_defaults() {
        if value(loaded, key).is_none() {
            sources.set.push(format!("{key}={text}"));
        }
    }
}

fn value(loaded: &Loaded, key: &str) -> Option<String> {
    match loaded.config.get(key)? {
        ConfigNode::Value(value) if !value.text.is_empty() => Some(value.text.clone()),
        _ => None,
    }
}
