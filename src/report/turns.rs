//! What was changed by hand while a run went on, in words.

use std::time::Duration;

use super::{number, words};
use crate::plan::course::{Change, Turn};
use crate::plan::outline::Outline;

/// Each change, in order: `at 65.2 s: 50 users, reached within 10 s`.
pub fn list(outline: &Outline) -> Vec<String> {
    let turns = outline.turns.iter();
    turns
        .map(|turn| format!("at {}: {}", number::moment(turn.at), change(outline, turn)))
        .collect()
}

/// The change in a word or two, for a mark in a chart.
pub fn brief(outline: &Outline, turn: &Turn) -> String {
    match turn.change {
        Change::Steady { .. } => "steady".to_owned(),
        Change::Level { level, .. } => format!("by hand: {}", words::level(outline, level)),
        Change::Pause => "paused".to_owned(),
        Change::Resume => "resumed".to_owned(),
        Change::Reset => "figures reset".to_owned(),
    }
}

fn change(outline: &Outline, turn: &Turn) -> String {
    match turn.change {
        Change::Steady { .. } => "the hold ended, as it was steady".to_owned(),
        Change::Level { level, ramp } => {
            let level = words::level(outline, level);
            if ramp.is_zero() {
                format!("{level}, at once")
            } else {
                format!("{level}, reached within {}", number::span(ramp))
            }
        }
        Change::Pause => match paused_for(outline, turn) {
            Some(length) => format!("paused for {}", number::span(length)),
            None => "paused to the end".to_owned(),
        },
        Change::Resume => "resumed".to_owned(),
        Change::Reset => "the figures began anew".to_owned(),
    }
}

/// How long a pause lasted, where it was ended.
fn paused_for(outline: &Outline, pause: &Turn) -> Option<Duration> {
    let resumed = |turn: &&Turn| turn.change == Change::Resume && turn.at > pause.at;
    let resume = outline.turns.iter().find(resumed)?;
    Some(resume.at.saturating_sub(pause.at))
}
