//! Data sources: their values, what they look like, what they need.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Input;
use super::names::{Names, constant};
use super::problems::at;
use super::tables;
use crate::plan::data::{Combine, Contents, OnEnd, Order, Pool, Source, WhenFull};
use crate::plan::template::{Escape, Name, Scope, Shape, SlotId, SlotKind, Slots, Template, Unread};
use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::model::{Data, DataKind};
use crate::scenario::span::{Spanned, Text};

/// Values kept by a pool that does not say how many.
const KEEP: u64 = 1000;

/// A source whose values are known, and one that still waits for those it names.
enum Prepared<'a> {
    Ready(Contents, Shape),
    Combine(&'a Text, Vec<(&'a Data, Prepared<'a>)>),
}

impl Prepared<'_> {
    /// In place of values that are not known: there was an error, and there will be no plan.
    fn unknown() -> Self {
        Self::Ready(Contents::Range { first: 0, last: 0 }, Shape::Any)
    }

    fn shape(&self) -> Shape {
        match self {
            Self::Ready(_, shape) => shape.clone(),
            Self::Combine(..) => Shape::Scalar,
        }
    }
}

/// What became of the `data` block.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) sources: Vec<Source>,
    pub(super) pools: Vec<Pool>,
    /// What each slot needs to be drawn before it.
    needs: Vec<(SlotId, Vec<SlotId>)>,
}

impl Resolved {
    /// The slots to draw for some that are used, each after those it names.
    pub(super) fn in_order(&self, used: impl IntoIterator<Item = SlotId>) -> Vec<SlotId> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        for slot in used {
            self.add(slot, &mut seen, &mut order);
        }
        order
    }

    /// Ends in a circle too, which is told elsewhere.
    fn add(&self, slot: SlotId, seen: &mut BTreeSet<SlotId>, order: &mut Vec<SlotId>) {
        let Some((_, needs)) = self.needs.iter().find(|(known, _)| *known == slot) else {
            return;
        };
        if seen.insert(slot) {
            for &other in needs {
                self.add(other, seen, order);
            }
            order.push(slot);
        }
    }
}

/// Gives every source its slot, then its values.
pub(super) fn resolve(input: &Input<'_>, names: &mut Names, seed: u64, found: &mut Diagnostics) -> Resolved {
    let mut resolved = Resolved::default();
    let mut prepared = Vec::new();
    for data in input.scenario.data.iter().filter(|data| !data.name.is_unread()) {
        let name = data.name.value.as_str();
        // What could not be read may be a pool.
        let pooled = match &data.kind.value {
            DataKind::Captured { keep, when_full } => Some((keep.as_ref(), when_full.as_ref())),
            DataKind::Unread => Some((None, None)),
            _ => None,
        };
        if let Some((keep, when_full)) = pooled {
            let number = resolved.pools.len();
            let slot = names.add_data(name, SlotKind::Pool(number), Shape::Any);
            names.pools.insert(name.to_owned(), number);
            resolved.pools.push(pool(data, slot, keep, when_full));
            resolved.needs.push((slot, Vec::new()));
            continue;
        }
        let what = prepare(data, input, names, found).unwrap_or_else(Prepared::unknown);
        let shape = what.shape();
        let slot = names.add_data(name, SlotKind::Source(prepared.len()), shape);
        prepared.push((data, slot, what));
    }
    let counters = names.add_counters().into_iter();
    resolved.needs.extend(counters.map(|slot| (slot, Vec::new())));
    for (data, slot, what) in prepared {
        let contents = finish(what, names, found);
        // A broken source keeps its place, so that the numbers of the others stay right; there will be no plan.
        let (contents, needs) = contents.unwrap_or((Contents::List(Arc::new([])), Vec::new()));
        resolved.needs.push((slot, needs));
        let name = names.slots.name(slot).clone();
        resolved
            .sources
            .push(Source::new(name, slot, contents, order(data, found), seed));
    }
    refuse_cycles(input, names, &resolved, found);
    resolved
}

fn pool(
    data: &Data,
    slot: SlotId,
    keep: Option<&Spanned<u64>>,
    when_full: Option<&Spanned<WhenFull>>,
) -> Pool {
    Pool {
        name: data.name.value.as_str().into(),
        slot,
        keep: usize::try_from(keep.map_or(KEEP, |keep| keep.value)).unwrap_or(usize::MAX),
        when_full: when_full.map_or(WhenFull::Ignore, |when| when.value),
    }
}

fn order(data: &Data, found: &mut Diagnostics) -> (Order, OnEnd) {
    let order = data.order.map_or(Order::Random, |order| order.value);
    let on_end = data.on_end.map_or(order.on_end(), |on_end| on_end.value);
    if let (Some(written), Order::Unique, OnEnd::Loop) = (&data.on_end, order, on_end) {
        found.push(
            Diagnostic::error(
                written.span,
                "`unique` gives no value twice, so it cannot begin again",
            )
            .help("write `order: sequential` or `shuffle` to begin again at the end"),
        );
    }
    (order, on_end)
}

/// `None`: the values are not known, which was told.
fn prepare<'a>(
    data: &'a Data,
    input: &Input<'_>,
    names: &Names,
    found: &mut Diagnostics,
) -> Option<Prepared<'a>> {
    let (contents, shape) = match &data.kind.value {
        DataKind::Values(values) => tables::values(values, names, found)?,
        DataKind::Range(first, last) => {
            let (first, last) = (first.value, last.value);
            (Contents::Range { first, last }, Shape::Scalar)
        }
        DataKind::Csv { file, delimiter } => {
            let delimiter = delimiter.map(|delimiter| delimiter.value);
            tables::csv(input.loaded.files.table(&file.value, delimiter)?)
        }
        DataKind::Json(file) => tables::listed(input.loaded.files.json(&file.value)?),
        DataKind::Combine { template, with } => {
            let part = |part| {
                let what = prepare_part(part, input, names, found);
                (part, what.unwrap_or_else(Prepared::unknown))
            };
            return Some(Prepared::Combine(template, with.iter().map(part).collect()));
        }
        DataKind::Captured { .. } | DataKind::Unread => return None,
    };
    Some(Prepared::Ready(contents, shape))
}

fn prepare_part<'a>(
    part: &'a Data,
    input: &Input<'_>,
    names: &Names,
    found: &mut Diagnostics,
) -> Option<Prepared<'a>> {
    for span in [
        part.order.map(|order| order.span),
        part.on_end.map(|on_end| on_end.span),
    ]
    .into_iter()
    .flatten()
    {
        found.push(
            Diagnostic::error(span, "a part of a combination has no order of its own")
                .help("write `order` beside `combine`: every combination of the parts is one value"),
        );
    }
    if matches!(part.kind.value, DataKind::Captured { .. }) {
        return found.fail(
            Diagnostic::error(
                part.kind.span,
                "a captured pool cannot be a part of a combination",
            )
            .help("give it a place of its own under `data`, and name it in the template"),
        );
    }
    prepare(part, input, names, found)
}

/// The values, and the slots they need.
fn finish(what: Prepared<'_>, names: &Names, found: &mut Diagnostics) -> Option<(Contents, Vec<SlotId>)> {
    let (text, parts) = match what {
        Prepared::Ready(contents, _) => return Some((contents, Vec::new())),
        Prepared::Combine(text, parts) => (text, parts),
    };
    let mut slots = Slots::default();
    let mut scope = Scope {
        names: names.data.clone(),
        ..names.fixed()
    };
    scope.elsewhere.retain(|name, _| !names.data.contains_key(name));
    // Here slots have numbers of their own.
    let with_unread = parts.iter().any(|(part, _)| part.name.is_unread());
    let unread = (with_unread || scope.unread.name.is_some()).then(|| slots.add("", SlotKind::Local));
    scope.unread = Unread {
        name: unread,
        key: scope.unread.key.map(|_| slots.add("", SlotKind::Local)),
    };
    // Own slots for the parts first, then for the other sources that the template turns out to name.
    let mut own = Vec::new();
    let mut needs = Vec::new();
    let mut in_scope = BTreeSet::new();
    for (part, what) in parts {
        let name = part.name.value.as_str();
        if part.name.is_unread() {
            continue;
        }
        if !in_scope.insert(name.to_owned()) {
            found.push(Diagnostic::error(
                part.name.span,
                format!("`{name}` is there twice"),
            ));
        }
        let shape = what.shape();
        let slot = slots.add(name, SlotKind::Local);
        scope.names.insert(name.to_owned(), Name { slot, shape });
        let (contents, more) = finish(what, names, found)?;
        needs.extend(more);
        own.push((slot, contents));
    }
    let mut others = Vec::new();
    for (name, known) in &mut scope.names {
        if !in_scope.contains(name) {
            let inner = slots.add(name.as_str(), SlotKind::Local);
            others.push((inner, known.slot));
            known.slot = inner;
        }
    }
    let template = found
        .keep(Template::compile(&text.text, &scope, Escape::None).map_err(|problem| at(text, problem)))?;
    let used: Vec<_> = template.slots().collect();
    for (slot, _) in own.iter().filter(|(slot, _)| !used.contains(slot)) {
        let name = slots.name(*slot);
        found.push(Diagnostic::warning(
            text.span,
            format!("the combination does not use its part `{name}`"),
        ));
    }
    if template.is_secret() {
        return found.fail(secret(text));
    }
    others.retain(|(inner, _)| used.contains(inner));
    needs.extend(others.iter().map(|(_, outer)| *outer));
    let Some(combine) = Combine::new(template, &slots, own, others) else {
        found.push(Diagnostic::error(
            text.span,
            "there are more than 2^64 combinations",
        ));
        return None;
    };
    Some((Contents::Combine(Box::new(combine)), needs))
}

/// A text in a source that is known before the run.
pub(super) fn value(text: &Text, names: &Names, found: &mut Diagnostics) -> Option<String> {
    let constant = constant(text, names, found)?;
    if constant.secret {
        found.push(secret(text));
    }
    Some(constant.value)
}

fn secret(text: &Text) -> Diagnostic {
    Diagnostic::error(
        text.span,
        "a secret cannot be a data value: drawn values are shown in reports",
    )
    .help("write `{{ config.… }}` in the request itself, where it is masked")
}

/// Sources that name each other in a circle.
fn refuse_cycles(input: &Input<'_>, names: &Names, resolved: &Resolved, found: &mut Diagnostics) {
    let needs = |slot: SlotId| {
        resolved
            .needs
            .iter()
            .find(|(known, _)| *known == slot)
            .map_or(&[][..], |(_, needs)| needs)
    };
    let mut told: BTreeSet<SlotId> = BTreeSet::new();
    for data in &input.scenario.data {
        let Some(start) = names.data.get(&data.name.value).map(|name| name.slot) else {
            continue;
        };
        // A walk along the needs, one path at a time; sources are few.
        let mut paths = vec![vec![start]];
        while let Some(path) = paths.pop() {
            let last = path[path.len() - 1];
            for &next in needs(last) {
                if next == start && path.iter().all(|slot| told.insert(*slot)) {
                    let circle: Vec<_> = path
                        .iter()
                        .chain([&start])
                        .map(|slot| format!("`{}`", names.slots.name(*slot)))
                        .collect();
                    found.push(
                        Diagnostic::error(
                            data.name.span,
                            format!(
                                "a circle of data: {}",
                                circle
                                    .join(", which needs ")
                                    .replacen(", which needs ", " needs ", 1)
                            ),
                        )
                        .help("a source can only name sources that can be drawn before it"),
                    );
                } else if !path.contains(&next) {
                    paths.push(path.iter().copied().chain([next]).collect());
                }
            }
        }
    }
}
