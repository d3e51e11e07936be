//! The pause between two requests of a user.

use std::time::Duration;

use rand_core::Rng;

use super::draw::uniform;
use super::words;
pub use crate::scenario::model::Think;

impl Think {
    /// No pause.
    pub const NONE: Self = Self::Constant(Duration::ZERO);

    /// The next pause. For a pace: the distance of the starts.
    pub fn sample(&self, random: &mut impl Rng) -> Duration {
        match *self {
            Self::Constant(value) | Self::Pace(value) => value,
            Self::Between(low, high) => low + high.saturating_sub(low).mul_f64(uniform(random)),
            // Inverse of the distribution function: -mean ln(1 - u), u in [0, 1).
            Self::Exponential(mean) => mean.mul_f64((-(1.0 - uniform(random)).ln()).min(20.0)),
        }
    }

    /// The mean pause; `None` for a pace.
    pub fn mean(&self) -> Option<Duration> {
        match *self {
            Self::Constant(value) | Self::Exponential(value) => Some(value),
            Self::Between(low, high) => Some((low + high) / 2),
            Self::Pace(_) => None,
        }
    }

    /// As a sentence part: `between 100 ms and 5 s`.
    pub fn words(&self) -> String {
        match *self {
            Self::Constant(Duration::ZERO) => "none".to_owned(),
            Self::Constant(value) => words::duration(value),
            Self::Between(low, high) => {
                format!("between {} and {}", words::duration(low), words::duration(high))
            }
            Self::Exponential(mean) => format!("exponential with mean {}", words::duration(mean)),
            Self::Pace(every) => format!("an iteration every {}", words::duration(every)),
        }
    }
}
