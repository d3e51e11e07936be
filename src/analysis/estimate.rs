//! Figures with their 95 % intervals, from blocks of a window.
//!
//! Every figure of a window is a ratio of two sums over its blocks: requests over seconds, time over requests, failures over
//! requests, requests below a value over requests. One rule gives the error of all of them: that of a ratio of sums over
//! blocks (Cochran, "Sampling Techniques", 1977, equation 6.13), with Student's t. So bursts, which a rule for independent
//! requests would miss, widen the interval; and a queue, which makes neighbouring blocks alike, widens it by their
//! correlation ([`super::correlation`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::correlation::inflation;
use super::distribution::{beta_quantile, student_t};

/// How sure an interval is.
pub const CONFIDENCE: f64 = 0.95;

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Where the truth lies in 95 of 100 such runs; `None` where the data do not tell.
    pub interval: Option<Bounds>,
}

/// From `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bounds {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Bounds {
    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether a value lies in it.
    pub fn holds(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

impl Estimate {
    /// A figure of which nothing more is known.
    pub fn bare(value: f64) -> Self {
        Self {
            value,
            interval: None,
        }
    }

    /// The lower end, or the figure itself where there is no interval.
    pub fn low(&self) -> f64 {
        self.interval.map_or(self.value, |interval| interval.low)
    }

    /// The upper end, or the figure itself.
    pub fn high(&self) -> f64 {
        self.interval.map_or(self.value, |interval| interval.high)
    }

    /// On another scale; the function must be increasing.
    #[must_use]
    pub fn map(self, scale: impl Fn(f64) -> f64) -> Self {
        Self {
            value: scale(self.value),
            interval: self.interval.map(|interval| Bounds {
                low: scale(interval.low),
                high: scale(interval.high),
            }),
        }
    }

    /// Times a number that is known (and positive).
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        self.map(|value| value * factor)
    }
}

/// A ratio of sums over blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Σ above / Σ below.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom of the error: blocks less one.
    pub degrees: f64,
}

impl Ratio {
    /// From (above, below) of each block; `None` with fewer than two blocks or nothing below.
    pub fn of(blocks: impl Iterator<Item = (f64, f64)> + Clone) -> Option<Self> {
        let (mut count, mut above, mut below) = (0.0, 0.0, 0.0);
        for (one, other) in blocks.clone() {
            (count, above, below) = (count + 1.0, above + one, below + other);
        }
        if count < 2.0 || below <= 0.0 {
            return None;
        }
        let value = above / below;
        let residuals: Vec<f64> = blocks.map(|(one, other)| one - value * other).collect();
        let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        Some(Self {
            value,
            error: (squares * count / (count - 1.0) * inflation(&residuals)).sqrt() / below,
            degrees: count - 1.0,
        })
    }

    /// Half of its 95 % interval.
    pub fn half_width(&self) -> f64 {
        student_t(CONFIDENCE, self.degrees) * self.error
    }

    /// With its interval, which is symmetrical on the scale of logarithms (delta method): none of these figures can be below
    /// zero, and those of a queue err upwards further than downwards.
    pub fn estimate(&self) -> Estimate {
        let factor = if self.value > 0.0 {
            (self.half_width() / self.value).exp()
        } else {
            1.0
        };
        Estimate {
            value: self.value,
            interval: Some(Bounds {
                low: self.value / factor,
                high: self.value * factor,
            }),
        }
    }

    /// A share of `count` requests: the exact interval of Clopper and Pearson (1934) for as many independent requests as
    /// would have this error (Korn and Graubard 1998). It stays within 0 and 1, and says how large a share may be of which
    /// not one was seen.
    pub fn share(&self, count: f64) -> Estimate {
        let p = self.value.clamp(0.0, 1.0);
        let of_independent = (p * (1.0 - p) / count).sqrt();
        let effective = if of_independent > 0.0 && self.error > of_independent {
            // Blocks know their error less well than requests do.
            let loss = student_t(CONFIDENCE, count.max(2.0) - 1.0) / student_t(CONFIDENCE, self.degrees);
            count * (of_independent / self.error * loss).powi(2)
        } else {
            count
        };
        share(p * effective, effective)
    }
}

/// The share of `hits` among `count` independent requests (Clopper and Pearson 1934); the numbers may be fractions.
pub fn share(hits: f64, count: f64) -> Estimate {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let low = if hits <= 0.0 {
        0.0
    } else {
        beta_quantile(tail, hits, count - hits + 1.0)
    };
    let high = if hits >= count {
        1.0
    } else {
        beta_quantile(1.0 - tail, hits + 1.0, count - hits)
    };
    Estimate {
        value: if count > 0.0 { hits / count } else { 0.0 },
        interval: Some(Bounds { low, high }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: r = 30/10 = 3; residuals 0, −1, 1, 0, so se = sqrt(2·4/3)/10.
    #[test]
    fn a_ratio_of_sums_has_the_error_of_its_blocks() {
        let blocks = [(6.0, 2.0), (8.0, 3.0), (10.0, 3.0), (6.0, 2.0)];
        let ratio = Ratio::of(blocks.into_iter()).expect("four blocks");
        assert!((ratio.value - 3.0).abs() < 1e-12);
        assert!((ratio.error - (8.0_f64 / 3.0).sqrt() / 10.0).abs() < 1e-12);
        assert!((ratio.degrees - 3.0).abs() < 1e-12);
        assert_eq!(Ratio::of([(1.0, 1.0)].into_iter()), None);
        assert_eq!(Ratio::of([(0.0, 0.0), (0.0, 0.0)].into_iter()), None);
    }

    #[test]
    fn no_failure_seen_bounds_the_share_all_the_same() {
        let none = Ratio::of([(0.0, 100.0); 10].into_iter())
            .expect("ten blocks")
            .share(1000.0);
        assert!(none.low() <= 0.0);
        // The exact upper end for 0 of 1000: 1 − 0.025^(1/1000).
        assert!((none.high() - (1.0 - 0.025_f64.powf(1e-3))).abs() < 1e-9);
    }

    #[test]
    fn failures_in_bursts_say_less_than_single_ones() {
        let single = Ratio::of([(10.0, 100.0), (9.0, 100.0), (11.0, 100.0), (10.0, 100.0)].into_iter());
        let bursts = Ratio::of([(40.0, 100.0), (0.0, 100.0), (0.0, 100.0), (0.0, 100.0)].into_iter());
        let width = |ratio: Option<Ratio>| {
            let share = ratio.expect("blocks").share(400.0);
            share.high() - share.low()
        };
        assert!(width(bursts) > 5.0 * width(single));
    }
}
