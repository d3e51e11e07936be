//! What the view knows beside the snapshot: what was typed, what was said. Pure: times are passed in.

use std::collections::VecDeque;
use std::time::Duration;

use super::keys::Key;
use crate::measure::snapshot::Snapshot;
use crate::measure::summary::Phase;
use crate::plan::course::{Change, HIGHEST, Refused};
use crate::plan::outline::{Outline, StageOutline};
use crate::report::words;

/// Presses of `+` and `-` with less than this between them are one change: each change is a stage of its own in the report.
pub const GATHERED: Duration = Duration::from_millis(700);

/// How many of the last messages are kept for drawing.
const MESSAGES: usize = 50;

/// What the run, or the program, is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// End: gently, and at once when it was asked before.
    Stop,
    /// Go back to the shell for a while.
    Suspend,
    /// Take another course. The outline allows it.
    Change(Change),
    /// Draw everything again.
    Redraw,
}

/// How the run was asked to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// It was not.
    #[default]
    No,
    /// Gently.
    Gently,
    /// At once.
    Now,
}

/// A message, and the time of the run when it was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Since the start of the load.
    pub at: Duration,
    /// What.
    pub words: String,
}

/// A level that was asked for by keys and is not passed on yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pending {
    level: f64,
    /// When the last key was pressed, on the view's clock.
    pressed: Duration,
}

/// What the view knows beside the snapshot.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Whether the help is shown.
    pub help: bool,
    /// How the run was asked to end, by whomever.
    pub asked: Asked,
    pub(super) messages: VecDeque<Message>,
    pub(super) pending: Option<Pending>,
}

impl State {
    /// Takes a key, pressed `now` on the view's clock.
    pub fn press(&mut self, key: Key, now: Duration, snapshot: &Snapshot) -> Option<Action> {
        let helped = self.help;
        match key {
            Key::Interrupt => return Some(Action::Stop),
            Key::Suspend => return Some(Action::Suspend),
            Key::Redraw => return Some(Action::Redraw),
            _ if helped => self.help = false,
            Key::Stop => return Some(Action::Stop),
            Key::Help => self.help = true,
            Key::More => self.towards(1.0, now, snapshot),
            Key::Fewer => self.towards(-1.0, now, snapshot),
            Key::Pause => {
                let paused = snapshot.outline.allows(&Change::Resume, moment(snapshot)).is_ok();
                return self.ask(if paused { Change::Resume } else { Change::Pause }, snapshot);
            }
            Key::Reset => return self.ask(Change::Reset, snapshot),
            Key::Other => {}
        }
        None
    }

    /// The change of level that was gathered, once no further key came for long enough.
    pub fn due(&mut self, now: Duration, snapshot: &Snapshot) -> Option<Action> {
        let pending = self
            .pending
            .take_if(|pending| now.saturating_sub(pending.pressed) >= GATHERED)?;
        // Where it is on the way, it stays so: a level that is set by hand is no jump.
        let ramp = course(snapshot).map_or(Duration::ZERO, |stage| {
            stage.hold_start.saturating_sub(moment(snapshot))
        });
        let level = pending.level;
        let here = course(snapshot).map_or(0.0, |stage| stage.level);
        if (level - here).abs() < 1e-9 {
            return None;
        }
        self.ask(Change::Level { level, ramp }, snapshot)
    }

    /// The level that will be asked for when no further key comes.
    pub fn pending(&self) -> Option<f64> {
        self.pending.map(|pending| pending.level)
    }

    /// Keeps a message for drawing.
    pub fn say(&mut self, at: Duration, words: impl Into<String>) {
        if self.messages.len() == MESSAGES {
            self.messages.pop_front();
        }
        let words = words.into();
        self.messages.push_back(Message { at, words });
    }

    /// The last messages, the oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> + ExactSizeIterator {
        self.messages.iter()
    }

    /// One step from where the presses before have led.
    fn towards(&mut self, sign: f64, now: Duration, snapshot: &Snapshot) {
        let base = match (self.pending, course(snapshot)) {
            (Some(pending), _) => pending.level,
            (None, Some(stage)) => stage.level,
            (None, None) => return self.refuse(Refused::Over, snapshot),
        };
        let level = stepped(base, sign, snapshot.outline.open);
        let ramp = Duration::ZERO;
        if let Err(refused) = self.allowed(&Change::Level { level, ramp }, snapshot) {
            return self.refuse(refused, snapshot);
        }
        self.pending = Some(Pending { level, pressed: now });
    }

    fn ask(&mut self, change: Change, snapshot: &Snapshot) -> Option<Action> {
        if let Err(refused) = self.allowed(&change, snapshot) {
            self.refuse(refused, snapshot);
            return None;
        }
        self.say(snapshot.at, said(&change, &snapshot.outline));
        Some(Action::Change(change))
    }

    fn allowed(&self, change: &Change, snapshot: &Snapshot) -> Result<(), Refused> {
        // The outline does not know that the load was stopped.
        if self.asked != Asked::No || snapshot.phase == Phase::Stopping {
            return Err(Refused::Over);
        }
        snapshot.outline.allows(change, moment(snapshot))
    }

    fn refuse(&mut self, refused: Refused, snapshot: &Snapshot) {
        self.pending = None;
        let words = refused.to_string();
        // A key that is held down says it once.
        if self.messages.back().is_none_or(|last| last.words != words) {
            self.say(snapshot.at, words);
        }
    }
}

/// Now, in the time of the load: a change by hand comes into the outline before the second it lies in is told of.
fn moment(snapshot: &Snapshot) -> Duration {
    let turn = snapshot.outline.turns.last();
    turn.map_or(snapshot.at, |turn| turn.at.max(snapshot.at))
}

/// The stage under way, changes by hand included that the figures do not show yet.
fn course(snapshot: &Snapshot) -> Option<&StageOutline> {
    let at = moment(snapshot);
    snapshot.outline.stages.iter().find(|stage| at < stage.end)
}

/// A tenth more or less: whole users, at least one; of arrivals at least a tenth in a second.
fn stepped(level: f64, sign: f64, open: bool) -> f64 {
    let tenth = level / 10.0;
    let step = match open {
        _ if level == 0.0 => 1.0,
        false => tenth.round().max(1.0),
        true if tenth >= 1.0 => tenth.round(),
        true => ((tenth * 10.0).round() / 10.0).max(0.1),
    };
    // Hundredths, so that steps up and down meet.
    let to = ((level + sign * step) * 100.0).round() / 100.0;
    to.clamp(0.0, HIGHEST)
}

fn said(change: &Change, outline: &Outline) -> String {
    match change {
        Change::Level { level, .. } => format!("set by hand: {}", words::level(outline, *level)),
        Change::Pause => "paused: users finish what they are at; p goes on".to_owned(),
        Change::Resume => "resumed".to_owned(),
        Change::Reset => "the figures begin anew".to_owned(),
        Change::Steady { .. } => "steady".to_owned(),
    }
}

#[cfg(test)]
mod tests;
