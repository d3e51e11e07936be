//! How long a level of load must be held before its figures can be judged. Shorter holds are carried out and reported, but no
//! answer rests on them, so a person should learn of it before the run, not after.

use std::time::Duration;

use super::profile::{Profile, Span};
use super::think::Think;

/// Whole seconds without which a warm-up cannot be told from the rest: ten batches of five seconds.
pub const SHORTEST: Duration = Duration::from_secs(50);

/// Cycles (response and think time of one user) that an interval needs: as many blocks, each at least a cycle long.
pub const CYCLES: u32 = 10;

/// A stage whose hold is too short.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooShort {
    /// Position of the stage, from 0.
    pub stage: usize,
    /// Its level.
    pub level: f64,
    /// How long it is held, at most.
    pub hold: Duration,
    /// How long would do if the API answered at once.
    pub needed: Duration,
}

/// The stages with load whose hold is too short to be judged, by the think time alone: how long the API takes is not known yet.
/// Stages that are not held at all are ramps, and judge nothing.
pub fn too_short(profile: &Profile, think: Think) -> Vec<TooShort> {
    let open = profile.model.is_open();
    let stages = profile.stages.iter().zip(profile.spans()).enumerate();
    let held = stages.filter(|(_, (stage, _))| stage.level > 0.0 && !stage.hold.is_zero());
    held.filter_map(|(at, (stage, span))| {
        let needed = needed(think, open) + fraction(span);
        (stage.hold < needed).then_some(TooShort {
            stage: at,
            level: stage.level,
            hold: stage.hold,
            needed,
        })
    })
    .collect()
}

/// How long a hold must be at least.
fn needed(think: Think, open: bool) -> Duration {
    let cycle = match think {
        _ if open => Duration::ZERO,
        Think::Pace(every) => every,
        think => think.mean().unwrap_or_default(),
    };
    SHORTEST.max(cycle * CYCLES)
}

/// A hold that begins within a second loses the rest of it: only whole seconds are judged.
fn fraction(span: Span) -> Duration {
    if span.hold_start.subsec_nanos() == 0 {
        Duration::ZERO
    } else {
        Duration::from_secs(1)
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::{Model, Stage};
    use super::*;

    fn stage(level: f64, ramp: f64, hold: f64) -> Stage {
        Stage {
            level,
            ramp: Duration::from_secs_f64(ramp),
            hold: Duration::from_secs_f64(hold),
            until_steady: None,
        }
    }

    fn found(stages: &[Stage], think: Think) -> Vec<(usize, u64)> {
        let profile = Profile {
            stages: stages.to_vec(),
            model: Model::Closed,
        };
        too_short(&profile, think)
            .iter()
            .map(|short| (short.stage, short.needed.as_secs()))
            .collect()
    }

    #[test]
    fn a_hold_needs_fifty_seconds_and_ten_think_times() {
        let second = Duration::from_secs(1);
        assert_eq!(found(&[stage(5.0, 0.0, 50.0)], Think::Constant(second)), []);
        assert_eq!(
            found(&[stage(5.0, 0.0, 49.0)], Think::Constant(second)),
            [(0, 50)]
        );
        assert_eq!(
            found(&[stage(5.0, 0.0, 60.0)], Think::Between(second, 15 * second)),
            [(0, 80)]
        );
        assert_eq!(
            found(&[stage(5.0, 0.0, 60.0)], Think::Pace(7 * second)),
            [(0, 70)]
        );
    }

    #[test]
    fn only_whole_seconds_count() {
        assert_eq!(found(&[stage(5.0, 0.5, 50.0)], Think::NONE), [(0, 51)]);
        assert_eq!(found(&[stage(5.0, 0.5, 51.0)], Think::NONE), []);
    }

    #[test]
    fn ramps_and_stages_without_load_are_not_judged() {
        let stages = [stage(5.0, 30.0, 0.0), stage(0.0, 0.0, 5.0), stage(9.0, 0.0, 30.0)];
        assert_eq!(found(&stages, Think::NONE), [(2, 50)]);
    }
}
