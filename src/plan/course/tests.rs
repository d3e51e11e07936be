//! What becomes of the stages.

use super::*;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// 10 users: ramp 10 s, hold 60 s; then 20: ramp 10 s, hold 20 s.
fn outline(open: bool) -> Outline {
    serde_json::from_value(serde_json::json!({
        "name": "a", "description": null, "url": "http://api.test", "demo": false, "pool_size": null,
        "endpoints": [], "rows": [], "pools": [],
        "stages": [{ "level": 10.0, "start": 0, "hold_start": 10_000_000, "end": 70_000_000 },
                   { "level": 20.0, "start": 70_000_000, "hold_start": 80_000_000, "end": 100_000_000 }],
        "open": open, "think": { "words": "none", "mean": 0 }, "thresholds": [], "seed": 1,
        "stop_after": null, "graceful_stop": 30_000_000,
    }))
    .expect("an outline")
}

fn turned(open: bool, turns: &[(u64, Change)]) -> Outline {
    let mut outline = outline(open);
    for (at, change) in turns {
        outline.turn(&Turn {
            at: s(*at),
            change: change.clone(),
        });
    }
    outline
}

fn to(level: f64, ramp: u64) -> Change {
    Change::Level { level, ramp: s(ramp) }
}

/// Level, start, start of the hold and end in seconds, and kind of each stage.
fn told(outline: &Outline) -> Vec<(f64, u64, u64, u64, StageKind)> {
    let seconds = |time: Duration| time.as_secs();
    let stages = outline.stages.iter();
    stages
        .map(|s| {
            (
                s.level,
                seconds(s.start),
                seconds(s.hold_start),
                seconds(s.end),
                s.kind,
            )
        })
        .collect()
}

use StageKind::{ByHand, Pause, Planned};

#[test]
fn another_level_is_held_for_what_was_left_of_the_hold_and_what_follows_comes_later_by_its_ramp() {
    assert_eq!(
        told(&turned(false, &[(40, to(50.0, 5))])),
        [
            (10.0, 0, 10, 40, Planned),
            (50.0, 40, 45, 75, ByHand),
            (20.0, 75, 85, 105, Planned),
        ]
    );
}

#[test]
fn a_ramp_that_is_left_leaves_off_where_the_load_was() {
    // Half way up, 5 users and the one that starts just then; the new level is held as long as the first would have been.
    assert_eq!(
        told(&turned(false, &[(5, to(3.0, 0))])),
        [
            (6.0, 0, 5, 5, Planned),
            (3.0, 5, 5, 65, ByHand),
            (20.0, 65, 75, 95, Planned),
        ]
    );
    assert_eq!(
        told(&turned(true, &[(5, to(3.0, 0))]))[0],
        (5.0, 0, 5, 5, Planned)
    );
}

#[test]
fn a_pause_keeps_the_users_and_the_rest_of_the_stage() {
    let outline = turned(false, &[(40, Change::Pause), (100, Change::Resume)]);
    assert_eq!(
        told(&outline),
        [
            (10.0, 0, 10, 40, Planned),
            (10.0, 40, 40, 100, Pause),
            (10.0, 100, 100, 130, Planned),
            (20.0, 130, 140, 160, Planned),
        ]
    );
    let levels: Vec<u16> = outline.levels().map(|(id, _)| id.0).collect();
    assert_eq!(levels, [0, 2, 3]);
}

#[test]
fn a_pause_in_a_ramp_is_followed_by_the_rest_of_it() {
    let outline = turned(false, &[(5, Change::Pause), (25, Change::Resume)]);
    assert_eq!(
        told(&outline)[..3],
        [
            (6.0, 0, 5, 5, Planned),
            (6.0, 5, 5, 25, Pause),
            (10.0, 25, 30, 90, Planned)
        ]
    );
    // The part of the ramp is no level.
    assert_eq!(outline.levels().count(), 2);
}

#[test]
fn no_arrival_comes_in_a_pause() {
    let outline = turned(true, &[(40, Change::Pause), (50, Change::Resume)]);
    assert_eq!(told(&outline)[1], (0.0, 40, 40, 50, Pause));
    assert_eq!(told(&outline)[2], (10.0, 50, 50, 80, Planned));
}

#[test]
fn a_pause_that_is_not_ended_goes_on_by_itself() {
    let outline = turned(false, &[(40, Change::Pause)]);
    assert_eq!(told(&outline)[2].1, 40 + LONGEST_PAUSE.as_secs());
}

#[test]
fn figures_begin_anew_with_a_stage_of_the_same_level() {
    assert_eq!(
        told(&turned(false, &[(40, Change::Reset)]))[..2],
        [(10.0, 0, 10, 40, Planned), (10.0, 40, 40, 70, Planned)]
    );
}

#[test]
fn a_steady_hold_ends_and_what_follows_comes_earlier() {
    let steady = Change::Steady { stage: StageId(0) };
    let outline = turned(false, &[(40, steady.clone()), (41, steady)]);
    assert_eq!(
        told(&outline),
        [(10.0, 0, 10, 40, Planned), (20.0, 40, 50, 70, Planned)],
        "told twice it is the same"
    );
    assert!(outline.turns.is_empty(), "no one did it by hand");
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let refused = |turns: &[(u64, Change)], change: Change, at| turned(false, turns).allows(&change, s(at));
    let pause = [(40, Change::Pause)];
    assert_eq!(refused(&[], to(5.0, 0), 100), Err(Refused::Over));
    assert_eq!(refused(&[], Change::Resume, 50), Err(Refused::NotPaused));
    assert_eq!(refused(&pause, Change::Pause, 50), Err(Refused::Paused));
    assert_eq!(refused(&pause, to(5.0, 0), 50), Err(Refused::Paused));
    for level in [-1.0, f64::NAN, f64::INFINITY, 1e7] {
        assert_eq!(refused(&[], to(level, 0), 50), Err(Refused::Level));
    }
    assert_eq!(
        turned(false, &[(200, Change::Pause), (50, Change::Resume)]),
        outline(false)
    );
    let mut often = outline(false);
    for at in 0..2 * MOST as u64 {
        often.turn(&Turn {
            at: s(11) + Duration::from_micros(at),
            change: Change::Reset,
        });
    }
    assert_eq!(often.turns.len(), MOST);
}
