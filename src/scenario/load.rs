//! From paths to everything that a plan needs: the scenario, the configuration, the files they name. The only I/O before a run.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::config::{Config, ConfigSources};
use super::decode;
use super::diagnostics::{Diagnostics, Sources};
use super::files::Files;
use super::literals;
use super::model::{Auth, Scenario};
use super::render::Style;
use super::scrub::Scrubber;
use super::secret::Secret;
use super::span::{SourceId, Text};
use super::yaml;

/// A scenario with all it needs.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The scenario as written.
    pub scenario: Scenario,
    /// The configuration, with what `auth` uses and `secrets` lists marked secret.
    pub config: Config,
    /// The content of the files that the scenario names.
    pub files: Files,
    /// The texts that spans point into.
    pub sources: Sources,
    /// Which of them is the scenario.
    pub source: SourceId,
    /// What does not stop the run.
    pub warnings: Diagnostics,
    /// Secrets written out in the scenario itself.
    literal_secrets: Vec<Secret>,
}

/// Why nothing was loaded. What the problems say is only the first half: `plan::resolve::problems` also judges what could be
/// read.
#[derive(Debug, Clone)]
pub struct LoadError {
    /// The problems.
    pub problems: Diagnostics,
    /// The texts that they point into.
    pub sources: Sources,
    /// What could be read all the same: to be judged, never to be run.
    pub partial: Option<Box<Loaded>>,
}

impl LoadError {
    /// The problems as text.
    pub fn render(&self, style: Style) -> String {
        self.problems.render(&self.sources, style)
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.render(Style::Plain).trim_end())
    }
}

impl std::error::Error for LoadError {}

impl Loaded {
    /// The scenario's text with the secrets written in it blanked: the copy that a run keeps.
    pub fn masked_source(&self) -> String {
        self.sources.masked(self.source).unwrap_or_default()
    }

    /// All secrets known: of the configuration and of the scenario itself.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets = self.config.secrets();
        secrets.extend(self.literal_secrets.iter().cloned());
        secrets.sort();
        secrets.dedup();
        secrets
    }

    /// A scrubber of all secrets known. `basic`: the user and password as rendered, if `auth` is `basic`; `more`: what only
    /// rendering told, such as a token.
    pub fn scrubber(&self, basic: Option<(&Secret, &Secret)>, more: &[Secret]) -> Scrubber {
        let secrets = self.secrets();
        Scrubber::new(secrets.iter().chain(more), basic)
    }

    /// Sets a key of the configuration that is set nowhere: what the demo API needs.
    pub fn set_default(&mut self, key: &str, value: &str) {
        self.config.set_default(key, value);
        for key in secret_keys(&self.scenario) {
            self.config.mark_secret(&key);
        }
    }
}

/// Reads a scenario, the configuration and every file they name. All problems at once.
pub fn load(path: &Path, config: &ConfigSources) -> Result<Loaded, Box<LoadError>> {
    let mut sources = Sources::new();
    let mut problems = Diagnostics::new();
    let read = read_scenario(path, &mut sources, &mut problems);
    let mut config = Config::load(config, &mut sources, &mut problems);
    let Some((source, scenario, literal_secrets)) = read else {
        return Err(Box::new(LoadError {
            problems,
            sources,
            partial: None,
        }));
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = Files::read(&scenario, folder, &mut problems);
    for key in secret_keys(&scenario) {
        config.mark_secret(&key);
    }
    for span in config.secret_spans() {
        sources.add_secret(span);
    }
    let mut loaded = Loaded {
        scenario,
        config,
        files,
        sources,
        source,
        warnings: Diagnostics::new(),
        literal_secrets,
    };
    if problems.errors() > 0 {
        return Err(Box::new(LoadError {
            problems,
            sources: loaded.sources.clone(),
            partial: Some(Box::new(loaded)),
        }));
    }
    loaded.warnings = problems;
    Ok(loaded)
}

/// The scenario, its source and the secrets written in it; partial if errors were told. `None`: with at least one error told.
fn read_scenario(
    path: &Path,
    sources: &mut Sources,
    problems: &mut Diagnostics,
) -> Option<(SourceId, Scenario, Vec<Secret>)> {
    let source = match yaml::read(path, "scenario", sources) {
        Ok(source) => source,
        Err(problem) => {
            problems.push(*problem);
            return None;
        }
    };
    let root = yaml::parse(source, sources, problems)?;
    let (spans, secrets): (Vec<_>, Vec<_>) = literals::find(&root).into_iter().unzip();
    sources.set_secrets(source, spans);
    let scenario = decode::scenario(problems, &root)?;
    Some((source, scenario, secrets))
}

static CONFIG_KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\bconfig((?:\s*\.\s*\w+|\s*\[\s*(?:"[^"]*"|'[^']*'|\d+)\s*\])+)"#).ok());

/// Dotted keys that `config` is asked for in a text.
pub(super) fn config_keys(text: &str) -> Vec<String> {
    let Some(pattern) = CONFIG_KEY.as_ref() else {
        return Vec::new();
    };
    pattern
        .captures_iter(text)
        .map(|found| {
            let parts = found[1]
                .split(['.', '[', ']', '"', '\''])
                .map(str::trim)
                .filter(|part| !part.is_empty());
            parts.collect::<Vec<_>>().join(".")
        })
        .collect()
}

/// Config keys whose values are secret by use: in credentials, or listed under `secrets`. The URL of a token server is an
/// address like `target.url`, and its scopes are names: neither is a secret.
fn secret_keys(scenario: &Scenario) -> Vec<String> {
    let texts: Vec<&Text> = match scenario.target.auth.as_ref().map(|auth| &auth.value) {
        None => Vec::new(),
        Some(Auth::Basic { user, password }) => vec![user, password],
        Some(Auth::Bearer(token)) => vec![token],
        Some(Auth::Oauth2ClientCredentials {
            client_id,
            client_secret,
            ..
        }) => vec![client_id, client_secret],
    };
    let used = texts.into_iter().flat_map(|text| config_keys(&text.text));
    used.chain(scenario.secrets.iter().map(|key| key.value.clone()))
        .collect()
}
