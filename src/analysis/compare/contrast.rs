//! The difference between two sides of runs, with an interval.

use crate::analysis::distribution::student_t;
use crate::analysis::estimate::{Bounds, Estimate, Ratio};

/// A figure of a run and how well it is known from within the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) value: f64,
    /// Its standard error, squared.
    pub(super) variance: f64,
    /// Degrees of freedom of the error.
    pub(super) degrees: f64,
}

impl From<Ratio> for Measured {
    fn from(ratio: Ratio) -> Self {
        Self {
            value: ratio.value,
            variance: ratio.error * ratio.error,
            degrees: ratio.degrees,
        }
    }
}

impl Measured {
    /// Its logarithm (delta method); `None` where it is zero.
    pub(super) fn ln(self) -> Option<Self> {
        (self.value > 0.0).then(|| Self {
            value: self.value.ln(),
            variance: self.variance / (self.value * self.value),
            degrees: self.degrees,
        })
    }

    /// The mean of several that are independent of each other, each counting alike.
    pub(super) fn mean(all: &[Self]) -> Self {
        let count = all.len() as f64;
        let variances = || all.iter().map(|one| one.variance / (count * count));
        Self {
            value: all.iter().map(|one| one.value).sum::<f64>() / count,
            variance: variances().sum(),
            degrees: degrees(variances().zip(all.iter().map(|one| one.degrees))),
        }
    }
}

/// Degrees of freedom of a sum of variances, each with its own (Satterthwaite 1946; Welch 1947).
fn degrees(variances: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let sum: f64 = variances.clone().map(|(variance, _)| variance).sum();
    let squares: f64 = variances
        .clone()
        .map(|(variance, degrees)| variance * variance / degrees)
        .sum();
    if squares > 0.0 {
        sum * sum / squares
    } else {
        // No error at all: then its quantile does not matter.
        variances.map(|(_, degrees)| degrees).fold(1.0, f64::max)
    }
}

/// New less base.
///
/// Runs differ by more than chance within them: another placement of processes, another state of caches. Where there are
/// several, their spread (one variance for both sides, so that a single new run has the error of the base's) shows that. The
/// larger of both errors counts, each with its own degrees of freedom: the spread holds the error within, so a smaller
/// one is smaller by chance (as in the modified method of Hartung and Knapp: Röver, Knapp and Friede 2015).
pub(super) fn contrast(base: &[Measured], new: &[Measured], confidence: f64) -> Estimate {
    let (of_base, of_new) = (Measured::mean(base), Measured::mean(new));
    let value = of_new.value - of_base.value;
    let within = [of_base, of_new].map(|side| (side.variance, side.degrees));
    let mut error = (of_base.variance + of_new.variance, degrees(within.into_iter()));
    let free = (base.len() + new.len()).saturating_sub(2) as f64;
    if free > 0.0 {
        let squares = spread(base, of_base.value) + spread(new, of_new.value);
        let between = squares / free * (1.0 / base.len() as f64 + 1.0 / new.len() as f64);
        if between > error.0 {
            error = (between, free);
        }
    }
    let half = student_t(confidence, error.1) * error.0.sqrt();
    Estimate {
        value,
        interval: Some(Bounds {
            low: value - half,
            high: value + half,
        }),
    }
}

/// Squares about the mean.
fn spread(side: &[Measured], mean: f64) -> f64 {
    side.iter().map(|one| (one.value - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(value: f64, error: f64, degrees: f64) -> Measured {
        Measured {
            value,
            variance: error * error,
            degrees,
        }
    }

    fn half_width(estimate: Estimate) -> f64 {
        estimate.interval.expect("an interval").half_width()
    }

    /// Welch's degrees of freedom: 0.032² / (0.03²/11 + 0.002²/19) = 12.4834, of which t(0.975) is 2.169 491 (the density
    /// integrated numerically, as for the other quantiles here).
    #[test]
    fn one_run_a_side_is_the_test_of_welch() {
        let base = [measured(5.0, 0.2 / 20_f64.sqrt(), 19.0)];
        let new = [measured(5.3, 0.6 / 12_f64.sqrt(), 11.0)];
        let found = contrast(&base, &new, 0.95);
        assert!((found.value - 0.3).abs() < 1e-12);
        assert!(
            (half_width(found) - 2.169_491 * 0.032_f64.sqrt()).abs() < 1e-5,
            "{found:?}"
        );
    }

    /// Runs at 1, 2, 3 and 3, 4, 5: the pooled variance is 1, so the error is √(2/3), and t(0.975, 4) is 2.776 445.
    #[test]
    fn runs_that_differ_by_themselves_widen_the_interval() {
        let side = |from: f64| [0.0, 1.0, 2.0].map(|more| measured(from + more, 0.01, 19.0));
        let found = contrast(&side(1.0), &side(3.0), 0.95);
        assert!((half_width(found) - 2.776_445 * (2.0_f64 / 3.0).sqrt()).abs() < 1e-5);
        // A single new run has the spread of the base's: error √(1 + 1/3) with 2 degrees of freedom, t 4.302 653.
        let one = contrast(&side(1.0), &[measured(4.0, 0.01, 19.0)], 0.95);
        assert!((half_width(one) - 4.302_653 * (4.0_f64 / 3.0).sqrt()).abs() < 1e-5);
    }

    #[test]
    fn runs_that_agree_by_chance_do_not_narrow_it() {
        let side = |value: f64| [measured(value, 0.3, 19.0); 3];
        // The error within: √(2 · 0.09/3), with 2 · 3 · 19 degrees of freedom; t(0.975, 114) is 1.980 992.
        let found = contrast(&side(1.0), &side(1.0), 0.95);
        assert!((half_width(found) - 1.980_992 * 0.06_f64.sqrt()).abs() < 1e-5);
    }

    #[test]
    fn what_never_varies_has_an_interval_without_width() {
        let found = contrast(&[measured(1.0, 0.0, 9.0)], &[measured(1.5, 0.0, 9.0)], 0.95);
        assert_eq!(found.interval, Some(Bounds { low: 0.5, high: 0.5 }));
    }
}
