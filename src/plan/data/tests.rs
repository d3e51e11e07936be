//! Tests of data sources.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::plan::template::{Escape, Name, Scope, Shape, SlotKind, Slots, Template};

const SLOT: SlotId = SlotId(0);

fn source(contents: Contents, order: Order, on_end: OnEnd, seed: u64) -> Source {
    Source::new("s".into(), SLOT, contents, (order, on_end), seed)
}

/// A combination of ranges from 0 to each length less one, printed as digits between dashes.
fn combine(lengths: &[i64]) -> Contents {
    let (mut slots, mut scope) = (Slots::default(), Scope::default());
    let mut text = String::new();
    let mut parts = Vec::new();
    for (number, &length) in lengths.iter().enumerate() {
        let slot = slots.add(format!("p{number}"), SlotKind::Local);
        let shape = Shape::Scalar;
        scope.names.insert(format!("p{number}"), Name { slot, shape });
        let _ = write!(text, "{{{{ p{number} }}}}-");
        parts.push((
            slot,
            Contents::Range {
                first: 0,
                last: length - 1,
            },
        ));
    }
    let template = Template::compile(&text, &scope, Escape::None).unwrap();
    Contents::Combine(Box::new(
        Combine::new(template, &slots, parts, Vec::new()).unwrap(),
    ))
}

fn nothing() -> Values {
    Values::new(&Slots::default())
}

/// So many draws of one source with one cursor, each by a user of its own.
fn drawn(source: &Source, times: u64, seed: u64) -> Vec<Option<String>> {
    let cursor = AtomicU64::new(0);
    let draw = |user| {
        let mut random = Draw::new(seed, user, 0).stream(Purpose::Data(0));
        source
            .draw(&cursor, &mut random, &nothing())
            .unwrap()
            .map(|value| value.to_string())
    };
    (0..times).map(draw).collect()
}

fn three() -> Contents {
    Contents::List(["a", "b", "c"].map(Value::text).into())
}

fn texts(values: &[Option<String>]) -> Vec<&str> {
    values
        .iter()
        .map(|value| value.as_deref().unwrap_or("end"))
        .collect()
}

#[test]
fn each_order_ends_or_begins_again_as_it_is_told() {
    for (order, on_end, expected) in [
        (
            Order::Sequential,
            Order::Sequential.on_end(),
            ["a", "b", "c", "a", "b"],
        ),
        (Order::Sequential, OnEnd::Stop, ["a", "b", "c", "end", "end"]),
        (
            Order::Unique,
            Order::Unique.on_end(),
            ["a", "b", "c", "end", "end"],
        ),
    ] {
        assert_eq!(texts(&drawn(&source(three(), order, on_end, 1), 5, 1)), expected);
    }
}

#[test]
fn a_shuffled_source_gives_each_value_once_a_round_in_the_seeds_order() {
    let round = |seed| {
        drawn(
            &source(combine(&[10, 10]), Order::Shuffle, OnEnd::Loop, seed),
            200,
            0,
        )
    };
    let first = round(1);
    assert_eq!(first[..100], first[100..]);
    let mut sorted = first[..100].to_vec();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), 100);
    assert_eq!(first, round(1));
    assert_ne!(first, round(2));
}

#[test]
fn random_draws_of_the_seeds_twenty_terms_are_uniform() {
    // 20 cells, 20 000 draws: chi-square with 19 degrees of freedom is above 50.8 with probability 1e-4.
    let mut cells: BTreeMap<Option<String>, f64> = BTreeMap::new();
    for value in drawn(
        &source(combine(&[5, 4]), Order::Random, OnEnd::Loop, 3),
        20_000,
        3,
    ) {
        *cells.entry(value).or_default() += 1.0;
    }
    let chi: f64 = cells.values().map(|n| (n - 1000.0) * (n - 1000.0) / 1000.0).sum();
    assert_eq!(cells.len(), 20);
    assert!(chi < 50.8, "chi-square {chi}");
}

#[test]
fn the_same_seed_draws_the_same() {
    let source = source(combine(&[5, 4]), Order::Random, OnEnd::Loop, 3);
    assert_eq!(drawn(&source, 50, 9), drawn(&source, 50, 9));
    assert_ne!(drawn(&source, 50, 9), drawn(&source, 50, 10));
}

#[test]
fn a_range_holds_both_its_ends() {
    let range = Contents::Range { first: -1, last: 1 };
    let values: Vec<_> = (0..range.len())
        .map(|index| range.get(index, &nothing()).unwrap())
        .collect();
    assert_eq!(values, [Value::Int(-1), Value::Int(0), Value::Int(1)]);
    assert!(range.get(u64::MAX, &nothing()).is_err());
}

#[test]
fn a_combination_may_name_a_source_that_was_drawn_before_it() {
    let mut outer = Slots::default();
    let term = outer.add("term", SlotKind::Source(0));
    let (mut slots, mut scope) = (Slots::default(), Scope::default());
    let mut parts = Vec::new();
    for name in ["n", "term"] {
        let slot = slots.add(name, SlotKind::Local);
        let shape = Shape::Scalar;
        scope.names.insert(name.to_owned(), Name { slot, shape });
        parts.push(slot);
    }
    let template = Template::compile("{{ term }}/{{ n }}", &scope, Escape::None).unwrap();
    let range = Contents::Range { first: 1, last: 3 };
    let combine = Combine::new(template, &slots, vec![(parts[0], range)], vec![(parts[1], term)]).unwrap();
    let mut values = Values::new(&outer);
    values.set(term, Value::Int(201_701));
    let contents = Contents::Combine(Box::new(combine));
    assert_eq!(contents.get(2, &values).unwrap(), Value::text("201701/3"));
    assert!(contents.get(2, &Values::new(&outer)).is_err());
}

proptest! {
    #[test]
    fn a_combination_counts_its_parts_in_mixed_radix(lengths in prop::collection::vec(1_i64..12, 1..5), pick: u64) {
        let contents = combine(&lengths);
        prop_assert_eq!(contents.len(), lengths.iter().product::<i64>() as u64);
        let index = pick % contents.len();
        let text = contents.get(index, &nothing()).unwrap().to_string();
        let digits = text.trim_end_matches('-').split('-').map(|digit| digit.parse::<u64>().unwrap());
        let back = digits.zip(&lengths).fold(0, |number, (digit, &length)| number * length as u64 + digit);
        prop_assert_eq!(back, index);
    }
}
