//! Which names templates may use, and where.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::problems::at;
use crate::plan::template::{
    Constants, Escape, Name, Scope, Shape, SlotId, SlotKind, Slots, Template, Unread,
};
use crate::scenario::Loaded;
use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::model::{Capture, Data, Scenario};
use crate::scenario::span::Text;

/// All names of a scenario.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) slots: Slots,
    pub(super) config: Arc<Constants>,
    /// Data sources and pools, `user`, `iteration`.
    pub(super) data: BTreeMap<String, Name>,
    /// Number of each pool.
    pub(super) pools: BTreeMap<String, usize>,
    /// Captured names that are no pools.
    captured: BTreeMap<String, Captured>,
    /// What stands for names and keys that could not be read.
    pub(super) unread: Unread,
    /// It is not sure who knows which captured name: all do then.
    blurred: bool,
}

#[derive(Debug)]
struct Captured {
    slot: SlotId,
    /// Who captures it, for messages.
    by: String,
    used: bool,
}

impl Names {
    pub(super) fn new(config: Constants, loaded: &Loaded) -> Self {
        let mut slots = Slots::default();
        let scenario = &loaded.scenario;
        let name = (unread_data(&scenario.data)
            || captures(scenario).any(|capture| capture.into.is_unread()))
        .then(|| slots.add("", SlotKind::Local));
        let key = (!loaded.config.is_whole()).then(|| slots.add("", SlotKind::Local));
        let known = |name: &String| {
            scenario
                .endpoints
                .iter()
                .any(|endpoint| endpoint.name.value == *name)
        };
        Self {
            slots,
            config: Arc::new(config),
            data: BTreeMap::new(),
            pools: BTreeMap::new(),
            captured: BTreeMap::new(),
            unread: Unread { name, key },
            blurred: name.is_some() || !scenario.on_start.iter().all(|start| known(&start.value)),
        }
    }

    /// Adds a data source or a pool.
    pub(super) fn add_data(&mut self, name: &str, kind: SlotKind, shape: Shape) -> SlotId {
        let slot = self.slots.add(name, kind);
        self.data.insert(name.to_owned(), Name { slot, shape });
        slot
    }

    /// Adds `user` and `iteration`, where no data source has taken the name.
    pub(super) fn add_counters(&mut self) -> Vec<SlotId> {
        let mut added = Vec::new();
        for (name, kind) in [("user", SlotKind::User), ("iteration", SlotKind::Iteration)] {
            if !self.data.contains_key(name) {
                added.push(self.add_data(name, kind, Shape::Scalar));
            }
        }
        added
    }

    /// Adds everything that is captured outside pools. What `setup` captures is there for the whole run, what an endpoint of
    /// `on_start` captures as long as the user; the rest for the iteration.
    pub(super) fn add_captured(&mut self, scenario: &Scenario, found: &mut Diagnostics) {
        for step in &scenario.setup {
            self.add_captures(&step.request.captures, SlotKind::Run, "setup", found);
        }
        let starts = |name: &str| scenario.on_start.iter().any(|start| start.value == name);
        // Those of `on_start` first: what they capture is kept, whoever else captures it too.
        for first in [true, false] {
            for endpoint in scenario
                .endpoints
                .iter()
                .filter(|e| starts(&e.name.value) == first)
            {
                let kind = if first { SlotKind::Kept } else { SlotKind::Local };
                let by = format!("`{}`", endpoint.name.value);
                for request in endpoint.requests() {
                    self.add_captures(&request.captures, kind, &by, found);
                }
            }
        }
        for step in &scenario.teardown {
            self.add_captures(&step.request.captures, SlotKind::Run, "teardown", found);
        }
    }

    fn add_captures(&mut self, captures: &[Capture], kind: SlotKind, by: &str, found: &mut Diagnostics) {
        for capture in captures {
            let name = capture.into.value.as_str();
            if capture.into.is_unread() || self.pools.contains_key(name) || self.captured.contains_key(name) {
                continue;
            }
            if matches!(name, "user" | "iteration" | "config") {
                found.push(
                    Diagnostic::error(capture.into.span, format!("`{name}` already has a meaning"))
                        .help("choose another name"),
                );
            } else if self.data.contains_key(name) {
                found.push(
                    Diagnostic::error(
                        capture.into.span,
                        format!("`{name}` is a data source, and not a captured one"),
                    )
                    .help(format!(
                        "choose another name, or write `{name}: {{ captured: {{}} }}` under `data`"
                    )),
                );
            } else {
                let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if !name.chars().all(letters) || name.starts_with(|c: char| c.is_ascii_digit()) {
                    let message = format!("`{name}` cannot be a name in templates");
                    found.push(
                        Diagnostic::error(capture.into.span, message)
                            .help("use letters, digits and `_` only, a letter first"),
                    );
                }
                let slot = self.slots.add(name, kind);
                let by = by.to_owned();
                let used = false;
                self.captured.insert(name.to_owned(), Captured { slot, by, used });
            }
        }
    }

    /// Whether anything has this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.data.contains_key(name) || self.captured.contains_key(name)
    }

    /// The slot of a captured name.
    pub(super) fn captured(&self, name: &str) -> Option<SlotId> {
        self.captured.get(name).map(|captured| captured.slot)
    }

    /// Whether a slot only stands for what could not be read.
    pub(super) fn is_unread(&self, slot: SlotId) -> bool {
        self.unread.name == Some(slot) || self.unread.key == Some(slot)
    }

    /// Whether some names could not be read.
    pub(super) fn has_unread(&self) -> bool {
        self.unread.name.is_some()
    }

    /// Remembers that slots are used.
    pub(super) fn mark_used(&mut self, slots: impl IntoIterator<Item = SlotId>) {
        for slot in slots {
            if let Some(captured) = self.captured.values_mut().find(|captured| captured.slot == slot) {
                captured.used = true;
            }
        }
    }

    /// Whether a captured name is used by any template.
    pub(super) fn is_used(&self, name: &str) -> bool {
        self.captured.get(name).is_none_or(|captured| captured.used)
    }

    /// Where only `config.*` is known.
    pub(super) fn fixed(&self) -> Scope {
        let why = "is fixed before the run: only `config.*` can stand here";
        let mut scope = self.once(&BTreeSet::new(), why);
        for name in self.captured.keys() {
            scope.elsewhere.insert(name.clone(), format!("this {why}"));
        }
        scope
    }

    /// In `setup` and `teardown`: `config.*` and what was captured there.
    pub(super) fn once(&self, visible: &BTreeSet<String>, why: &str) -> Scope {
        let mut scope = Scope {
            config: Arc::clone(&self.config),
            unread: self.unread,
            ..Scope::default()
        };
        for name in self.data.keys() {
            scope.elsewhere.insert(name.clone(), format!("this {why}"));
        }
        self.add_visible(visible, &mut scope);
        scope
    }

    /// In an iteration: data and what was captured before.
    pub(super) fn iteration(&self, visible: &BTreeSet<String>) -> Scope {
        let mut scope = Scope {
            config: Arc::clone(&self.config),
            names: self.data.clone(),
            unread: self.unread,
            ..Scope::default()
        };
        self.add_visible(visible, &mut scope);
        scope
    }

    fn add_visible(&self, visible: &BTreeSet<String>, scope: &mut Scope) {
        for (name, captured) in &self.captured {
            if self.blurred || visible.contains(name) {
                let (slot, shape) = (captured.slot, Shape::Any);
                scope.names.insert(name.clone(), Name { slot, shape });
            } else {
                let by = &captured.by;
                let reason = if self.slots.kind(captured.slot) == SlotKind::Kept {
                    format!("{by} captures it, in `on_start`, for what its user does after that")
                } else {
                    format!(
                        "{by} captures it for its own later steps; an endpoint of `on_start` captures for all"
                    )
                };
                scope.elsewhere.insert(name.clone(), reason);
            }
        }
    }
}

/// Whether there are data of which not even the names are known.
fn unread_data(data: &[Data]) -> bool {
    data.iter().any(|data| data.name.is_unread())
}

/// All captures of a scenario.
pub(super) fn captures(scenario: &Scenario) -> impl Iterator<Item = &Capture> {
    scenario.requests().flat_map(|request| &request.captures)
}

/// Compiles a template whose text is known before the run.
pub(super) fn constant(text: &Text, names: &Names, found: &mut Diagnostics) -> Option<Constant> {
    let template =
        found.keep(Template::compile(&text.text, &names.fixed(), Escape::None).map_err(|p| at(text, p)))?;
    Some(Constant {
        value: template.constant()?.to_owned(),
        shown: template.constant_shown()?.to_owned(),
        secret: template.is_secret(),
    })
}

/// A text that is known before the run.
pub(super) struct Constant {
    pub(super) value: String,
    /// With masks in place of secrets.
    pub(super) shown: String,
    pub(super) secret: bool,
}
