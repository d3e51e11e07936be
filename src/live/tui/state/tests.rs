//! Keys and what they lead to. Times are those of the tests.

use std::sync::Arc;

use super::*;
use crate::live::line::tests::{outline, paused, snapshot};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn level(level: f64) -> Change {
    Change::Level {
        level,
        ramp: Duration::ZERO,
    }
}

fn words(state: &State) -> Vec<&str> {
    state.messages().map(|message| message.words.as_str()).collect()
}

#[test]
fn keys_are_what_the_run_is_asked_to_do() {
    let mut state = State::default();
    let run = snapshot();
    for (key, action) in [
        (Key::Stop, Some(Action::Stop)),
        (Key::Interrupt, Some(Action::Stop)),
        (Key::Suspend, Some(Action::Suspend)),
        (Key::Redraw, Some(Action::Redraw)),
        (Key::Pause, Some(Action::Change(Change::Pause))),
        (Key::Reset, Some(Action::Change(Change::Reset))),
        (Key::Other, None),
    ] {
        assert_eq!(state.press(key, ms(0), &run), action, "{key:?}");
    }
    assert_eq!(
        words(&state),
        [
            "paused: users finish what they are at; p goes on",
            "the figures begin anew"
        ]
    );
}

#[test]
fn presses_in_a_row_are_one_change_of_a_tenth_each() {
    let mut state = State::default();
    let run = snapshot();
    assert_eq!(state.press(Key::More, ms(1000), &run), None);
    assert_eq!(state.pending(), Some(110.0));
    assert_eq!(state.due(ms(1600), &run), None);
    state.press(Key::More, ms(1600), &run);
    assert_eq!(state.pending(), Some(121.0));
    // The second press began the wait anew.
    assert_eq!(state.due(ms(2299), &run), None);
    assert_eq!(state.due(ms(2300), &run), Some(Action::Change(level(121.0))));
    assert_eq!(state.pending(), None);
    assert_eq!(state.due(ms(9000), &run), None);
    assert_eq!(words(&state), ["set by hand: 121 users"]);
}

#[test]
fn up_and_down_again_is_no_change() {
    let mut state = State::default();
    let run = snapshot();
    state.press(Key::More, ms(0), &run);
    state.press(Key::Fewer, ms(1), &run);
    state.press(Key::More, ms(2), &run);
    // 110, 99, 109: close to it is another level.
    assert_eq!(state.pending(), Some(109.0));
    let mut back = State::default();
    back.press(
        Key::More,
        ms(0),
        &Snapshot {
            outline: with_level(5.0),
            ..snapshot()
        },
    );
    back.press(
        Key::Fewer,
        ms(1),
        &Snapshot {
            outline: with_level(5.0),
            ..snapshot()
        },
    );
    assert_eq!(back.pending(), Some(5.0));
    let run = Snapshot {
        outline: with_level(5.0),
        ..snapshot()
    };
    assert_eq!(back.due(ms(900), &run), None);
    assert!(words(&back).is_empty());
}

fn with_level(level: f64) -> Arc<Outline> {
    let mut outline = outline();
    outline.stages[1].level = level;
    Arc::new(outline)
}

#[test]
fn steps_are_a_tenth_and_at_least_one_user() {
    for (level, open, more, fewer) in [
        (100.0, false, 110.0, 90.0),
        (50.0, false, 55.0, 45.0),
        (4.0, false, 5.0, 3.0),
        (1.0, false, 2.0, 0.0),
        (0.0, false, 1.0, 0.0),
        (50.0, true, 55.0, 45.0),
        (2.5, true, 2.8, 2.2),
        (0.3, true, 0.4, 0.2),
        (0.05, true, 0.15, 0.0),
        (0.0, true, 1.0, 0.0),
        (1e6, false, 1e6, 9e5),
    ] {
        for (sign, wanted) in [(1.0, more), (-1.0, fewer)] {
            let to: f64 = stepped(level, sign, open);
            assert!((to - wanted).abs() < 1e-9, "{level} {sign} {to}");
        }
    }
}

#[test]
fn on_the_way_to_a_level_the_way_is_kept() {
    let mut run = snapshot();
    run.phase = Phase::Ramp;
    run.at = Duration::from_secs(85);
    let mut state = State::default();
    state.press(Key::Fewer, ms(0), &run);
    let ramp = Duration::from_secs(10);
    assert_eq!(
        state.due(ms(700), &run),
        Some(Action::Change(Change::Level { level: 90.0, ramp }))
    );
}

#[test]
fn a_change_that_the_figures_do_not_show_yet_counts() {
    let mut outline = outline();
    outline.turn(&crate::plan::course::Turn {
        at: Duration::from_millis(124_500),
        change: level(200.0),
    });
    // The last whole second is still of the level before.
    let run = Snapshot {
        outline: Arc::new(outline),
        ..snapshot()
    };
    let mut state = State::default();
    state.press(Key::More, ms(0), &run);
    assert_eq!(state.pending(), Some(220.0));
}

#[test]
fn what_is_not_allowed_is_said_once() {
    let mut state = State::default();
    let run = paused();
    assert_eq!(state.press(Key::More, ms(0), &run), None);
    assert_eq!(state.press(Key::Fewer, ms(1), &run), None);
    assert_eq!(state.pending(), None);
    assert_eq!(words(&state), ["the run is paused; resume it first"]);
    assert_eq!(
        state.press(Key::Pause, ms(2), &run),
        Some(Action::Change(Change::Resume))
    );

    let mut state = State {
        asked: Asked::Gently,
        ..State::default()
    };
    assert_eq!(state.press(Key::Pause, ms(0), &snapshot()), None);
    assert_eq!(words(&state), ["the load is over"]);
    assert_eq!(state.press(Key::Stop, ms(0), &snapshot()), Some(Action::Stop));
}

#[test]
fn a_level_that_waits_is_given_up_when_the_run_is_paused() {
    let mut state = State::default();
    state.press(Key::More, ms(0), &snapshot());
    state.press(Key::Pause, ms(100), &snapshot());
    assert_eq!(state.due(ms(800), &paused()), None);
    assert_eq!(state.pending(), None);
    assert_eq!(words(&state)[1], "the run is paused; resume it first");
}

#[test]
fn any_key_closes_the_help_and_does_nothing_else() {
    let mut state = State::default();
    state.press(Key::Help, ms(0), &snapshot());
    assert!(state.help);
    assert_eq!(state.press(Key::Stop, ms(1), &snapshot()), None);
    assert!(!state.help);
    state.press(Key::Help, ms(2), &snapshot());
    assert_eq!(
        state.press(Key::Interrupt, ms(3), &snapshot()),
        Some(Action::Stop)
    );
}

#[test]
fn the_last_messages_are_kept() {
    let mut state = State::default();
    for number in 0..200 {
        state.say(ms(number), number.to_string());
    }
    assert_eq!(state.messages().len(), MESSAGES);
    assert_eq!(words(&state)[0], "150");
}
