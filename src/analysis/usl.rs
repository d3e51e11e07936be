//! The Universal Scalability Law (Gunther 2007): throughput against requests in flight,
//! X(L) = λ L / (1 + σ (L − 1) + κ L (L − 1)).
//!
//! Fitted to relative residuals (throughputs of 3 and of 38 requests/s count alike) by Levenberg and Marquardt's method, σ and κ
//! kept at or above zero. Requests in flight, not users: with think time between the requests users beyond the knee wait, and
//! the law would take waiting for contention and invent a peak.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::distribution::student_t;
use super::estimate::{Bounds, CONFIDENCE, Estimate};

/// Covariance of λ, σ and κ as they were fitted: rows and columns in this order.
pub type Covariance = [[f64; 3]; 3];

/// The three figures of the law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usl {
    /// λ: throughput of one request at a time, per second.
    pub lambda: f64,
    /// σ: share of the work that cannot be done side by side (contention).
    pub sigma: f64,
    /// κ: cost of keeping each pair of requests in step (coherency).
    pub kappa: f64,
}

impl Usl {
    /// Throughput with so many requests in flight.
    pub fn throughput(&self, in_flight: f64) -> f64 {
        let pairs = in_flight - 1.0;
        self.lambda * in_flight / (1.0 + self.sigma * pairs + self.kappa * in_flight * pairs)
    }

    /// Requests in flight at which throughput is highest; `None` where it only grows.
    pub fn peak(&self) -> Option<f64> {
        (self.kappa > 0.0).then(|| ((1.0 - self.sigma).max(0.0) / self.kappa).sqrt())
    }

    /// The law through points of (requests in flight, throughput), all positive; `None` with fewer than four points or where
    /// nothing can be fitted.
    pub fn fit(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < 4 || points.iter().any(|(l, x)| *l <= 0.0 || *x <= 0.0) {
            return None;
        }
        let start = points
            .iter()
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(l, x)| x / l.max(1.0))?;
        let mut best = Self {
            lambda: start,
            sigma: 0.01,
            kappa: 1e-5,
        };
        let (mut error, mut damping) = (best.error(points), 1e-3);
        for _ in 0..500 {
            let Some(next) = best.step(points, damping) else {
                damping *= 10.0;
                continue;
            };
            let next_error = next.error(points);
            if next_error < error {
                let gain = (error - next_error) / error;
                (best, error, damping) = (next, next_error, (damping / 10.0).max(1e-12));
                if gain < 1e-12 {
                    break;
                }
            } else {
                damping *= 10.0;
                if damping > 1e12 {
                    break;
                }
            }
        }
        [best.lambda, best.sigma, best.kappa]
            .iter()
            .all(|value| value.is_finite())
            .then_some(best)
    }

    /// Covariance of the fit's λ, σ and κ, from the curvature of the error at the fit and the residuals (as `nls` of R and
    /// `curve_fit` of scipy give it): s² (JᵀJ)⁻¹. `None` where the points do not tell.
    pub fn covariance(&self, points: &[(f64, f64)]) -> Option<Covariance> {
        let variance = self.error(points) / degrees(points.len())?;
        let (normal, _) = self.normal(points);
        let mut covariance = [[0.0; 3]; 3];
        for (at, row) in covariance.iter_mut().enumerate() {
            let mut unit = [0.0; 3];
            unit[at] = 1.0;
            *row = solve(normal, unit)?.map(|value| variance * value);
        }
        Some(covariance)
    }

    /// The 95 % interval of κ. `None` where the points do not tell.
    pub fn kappa_interval(&self, points: &[(f64, f64)]) -> Option<Bounds> {
        let error = self.covariance(points)?[2][2].sqrt();
        let half = student_t(CONFIDENCE, degrees(points.len())?) * error;
        half.is_finite().then_some(Bounds {
            low: self.kappa - half,
            high: self.kappa + half,
        })
    }

    /// Throughput with so many requests in flight, per second, and its 95 % interval there, by the covariance of a fit through
    /// so many points: that of the expected response by linear approximation (Bates and Watts, "Nonlinear Regression Analysis
    /// and Its Applications", 1988, section 2.3.2), ± t √(gᵀ C g). As the residuals are relative, g are the slopes of ln X, so
    /// that the interval is symmetrical on the scale of logarithms and never below zero. It is that of the law, not of what one
    /// more level would measure, and holds for each place by itself. σ and κ at zero count as if they could be below, which makes
    /// it wider than need be.
    pub fn estimate(&self, in_flight: f64, covariance: &Covariance, points: usize) -> Estimate {
        let value = self.throughput(in_flight);
        let slopes = self.slopes(in_flight);
        let variance: f64 = (0..3)
            .flat_map(|row| (0..3).map(move |column| (row, column)))
            .map(|(row, column)| slopes[row] * covariance[row][column] * slopes[column])
            .sum();
        let factor = degrees(points).map(|degrees| (student_t(CONFIDENCE, degrees) * variance.sqrt()).exp());
        Estimate {
            value,
            interval: factor.filter(|factor| factor.is_finite()).map(|factor| Bounds {
                low: value / factor,
                high: value * factor,
            }),
        }
    }

    /// Largest relative residual.
    pub fn worst_residual(&self, points: &[(f64, f64)]) -> f64 {
        let residuals = points.iter().map(|(l, x)| (self.throughput(*l) / x - 1.0).abs());
        residuals.fold(0.0, f64::max)
    }

    fn error(&self, points: &[(f64, f64)]) -> f64 {
        let squares = points
            .iter()
            .map(|(l, x)| (self.throughput(*l) / x - 1.0).powi(2));
        squares.sum()
    }

    /// One step: `(JᵀJ + damping · diag) δ = −Jᵀr`. λ, σ and κ differ by orders of magnitude, so the damping is relative. What
    /// stands at zero and would fit better below is held there: the others are to go where the error is least with it at zero
    /// (Bertsekas 1982, "Projected Newton methods for optimization problems with simple constraints").
    fn step(&self, points: &[(f64, f64)], damping: f64) -> Option<Self> {
        let (mut normal, mut right) = self.normal(points);
        for (at, row) in normal.iter_mut().enumerate() {
            row[at] = row[at] * (1.0 + damping) + 1e-30;
        }
        for (at, value) in [(1, self.sigma), (2, self.kappa)] {
            if value <= 0.0 && right[at] <= 0.0 {
                hold(&mut normal, &mut right, at);
            }
        }
        let delta = solve(normal, right)?;
        Some(Self {
            lambda: (self.lambda + delta[0]).max(self.lambda / 10.0),
            sigma: (self.sigma + delta[1]).max(0.0),
            kappa: (self.kappa + delta[2]).max(0.0),
        })
    }

    /// `JᵀJ` and `−Jᵀr` of the relative residuals.
    fn normal(&self, points: &[(f64, f64)]) -> ([[f64; 3]; 3], [f64; 3]) {
        let (mut normal, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
        for (l, x) in points {
            let model = self.throughput(*l) / x;
            let slope = self.slopes(*l).map(|slope| model * slope);
            for row in 0..3 {
                for column in 0..3 {
                    normal[row][column] += slope[row] * slope[column];
                }
                right[row] -= slope[row] * (model - 1.0);
            }
        }
        (normal, right)
    }

    /// How ln X grows with λ, σ and κ.
    fn slopes(&self, in_flight: f64) -> [f64; 3] {
        let pairs = in_flight - 1.0;
        let below = 1.0 + self.sigma * pairs + self.kappa * in_flight * pairs;
        [1.0 / self.lambda, -pairs / below, -in_flight * pairs / below]
    }
}

/// Degrees of freedom of a fit through so many points: those beyond the three that its figures take. `None` where there are none.
fn degrees(points: usize) -> Option<f64> {
    let left = points.checked_sub(3).filter(|left| *left > 0)?;
    Some(left as f64)
}

/// Takes one of the three out of the equations: it stays what it is.
fn hold(normal: &mut [[f64; 3]; 3], right: &mut [f64; 3], held: usize) {
    for row in normal.iter_mut() {
        row[held] = 0.0;
    }
    normal[held] = [0.0; 3];
    (normal[held][held], right[held]) = (1.0, 0.0);
}

/// Three linear equations (Cramer's rule); `None` where they have no one solution.
fn solve(m: [[f64; 3]; 3], right: [f64; 3]) -> Option<[f64; 3]> {
    let whole = determinant(m);
    let solution: [f64; 3] = std::array::from_fn(|column| {
        let mut replaced = m;
        for (row, value) in replaced.iter_mut().zip(right) {
            row[column] = value;
        }
        determinant(replaced) / whole
    });
    solution.iter().all(|value| value.is_finite()).then_some(solution)
}

fn determinant(m: [[f64; 3]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(law: Usl) -> Vec<(f64, f64)> {
        [1.0, 2.0, 5.0, 12.0, 30.0, 70.0, 150.0]
            .map(|l| (l, law.throughput(l)))
            .to_vec()
    }

    #[test]
    fn the_law_is_found_again_from_points_on_it() {
        for law in [
            Usl {
                lambda: 20.0,
                sigma: 0.05,
                kappa: 2e-4,
            },
            Usl {
                lambda: 995.6,
                sigma: 0.026_71,
                kappa: 7.69e-4,
            },
            Usl {
                lambda: 7.0,
                sigma: 0.2,
                kappa: 0.0,
            },
            Usl {
                lambda: 3.0,
                sigma: 0.0,
                kappa: 0.0,
            },
        ] {
            let found = Usl::fit(&points(law)).expect("a fit");
            let near = |a: f64, b: f64| (a - b).abs() < 1e-5 * (1.0 + b);
            assert!(
                near(found.lambda, law.lambda)
                    && near(found.sigma, law.sigma)
                    && near(found.kappa, law.kappa),
                "{found:?} is not {law:?}"
            );
        }
    }

    /// `scipy.optimize.least_squares` with `bounds`, of points 1 % above or below a law. Below zero they would fit better.
    #[test]
    fn what_is_kept_at_zero_keeps_the_others_from_nothing() {
        let flights = [1.0, 2.0, 5.0, 12.0, 30.0, 70.0, 150.0];
        for (rates, law) in [
            (
                [2.97, 6.06, 14.85, 36.36, 90.0, 212.1, 450.0],
                [3.003_868_57, 0.0, 0.0],
            ),
            (
                [7.07, 11.55, 19.44, 25.99, 31.19, 32.78, 34.43],
                [6.997_028_23, 0.199_918_627, 0.0],
            ),
            (
                [20.2, 39.52, 97.06, 209.9, 324.1, 242.5, 127.2],
                [19.932_288_7, 0.0, 9.948_135_47e-4],
            ),
        ] {
            let points: Vec<_> = flights.into_iter().zip(rates).collect();
            let found = Usl::fit(&points).expect("a fit");
            for (one, other) in [found.lambda, found.sigma, found.kappa].into_iter().zip(law) {
                assert!((one - other).abs() <= 1e-6 * other, "{found:?} is not {law:?}");
            }
        }
    }

    /// `scipy.optimize.curve_fit` with `sigma = X`.
    #[test]
    fn fit_and_interval_are_those_of_scipy() {
        let points = [
            (1.0, 19.8),
            (2.0, 39.0),
            (4.0, 73.5),
            (8.0, 133.0),
            (16.0, 222.0),
            (32.0, 330.0),
            (64.0, 401.0),
            (128.0, 397.0),
        ];
        let found = Usl::fit(&points).expect("a fit");
        let kappa = found.kappa_interval(&points).expect("five degrees of freedom");
        let near = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-4, "{a} is not {b}");
        near(found.lambda, 19.860_097);
        near(found.sigma, 0.026_193_65);
        near(found.kappa, 1.276_851e-4);
        near(kappa.low, 1.173_361e-4);
        near(kappa.high, 1.380_341e-4);
        near(found.worst_residual(&points), 0.007_776_8);
        let covariance = found.covariance(&points).expect("five degrees of freedom");
        near(covariance[0][0], 4.398_175e-3);
        near(covariance[0][1], 2.045_082e-5);
        near(covariance[2][1], -1.448_340e-9);
        // From scipy's covariance by numpy, at the first level, between two, and beyond the last.
        for (in_flight, value, low, high) in [
            (1.0, 19.860_097, 19.690_349, 20.031_309),
            (50.0, 382.466_67, 378.903_59, 386.063_26),
            (200.0, 351.680_30, 343.264_81, 360.302_11),
        ] {
            let throughput = found.estimate(in_flight, &covariance, points.len());
            near(throughput.value, value);
            near(throughput.low(), low);
            near(throughput.high(), high);
        }
    }

    #[test]
    fn points_on_the_law_leave_its_band_no_width() {
        let law = Usl {
            lambda: 20.0,
            sigma: 0.05,
            kappa: 2e-4,
        };
        let found = Usl::fit(&points(law)).expect("a fit");
        let covariance = found.covariance(&points(law)).expect("four degrees of freedom");
        for in_flight in [1.0, 40.0, 150.0, 300.0] {
            let throughput = found.estimate(in_flight, &covariance, points(law).len());
            let interval = throughput.interval.expect("a band");
            assert!(interval.half_width() < 1e-6 * throughput.value, "{throughput:?}");
        }
    }

    #[test]
    fn points_that_the_figures_take_or_that_tell_nothing_leave_no_band() {
        let law = Usl {
            lambda: 20.0,
            sigma: 0.05,
            kappa: 2e-4,
        };
        assert_eq!(law.covariance(&points(law)[..3]), None);
        // All at one place: any law through it fits.
        assert_eq!(law.covariance(&[(1.0, 20.0); 5]), None);
        assert_eq!(law.estimate(10.0, &[[0.0; 3]; 3], 3).interval, None);
    }

    /// Throughputs of the SPEC SDM91 benchmark (Gunther 2007, table 5.3; the data `specsdm91` of R's package `usl`). That fits
    /// absolute residuals, and finds σ 0.0277, κ 0.000104 and so a peak at 96.5; relative ones, which count the first point as
    /// much as the others, put it nearly there too, but do not fit well enough to be shown.
    #[test]
    fn the_peak_of_a_published_benchmark_is_that_of_r() {
        let points = [
            (1.0, 64.9),
            (18.0, 995.9),
            (36.0, 1652.4),
            (72.0, 1853.2),
            (108.0, 1828.9),
            (144.0, 1775.0),
            (216.0, 1702.2),
        ];
        let found = Usl::fit(&points).expect("a fit");
        let near = |a: f64, b: f64, share: f64| assert!((a / b - 1.0).abs() < share, "{a} is not {b}");
        // An independent fit of the relative residuals, by the logarithms of the three figures.
        near(found.lambda, 67.708_99, 1e-4);
        near(found.sigma, 0.013_515_2, 1e-3);
        near(found.kappa, 1.150_912e-4, 1e-3);
        near(found.worst_residual(&points), 0.088_32, 1e-3);
        near(found.peak().expect("a peak"), 96.5, 0.05);
    }

    #[test]
    fn few_points_and_impossible_ones_give_no_law() {
        assert_eq!(Usl::fit(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]), None);
        assert_eq!(Usl::fit(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (4.0, 0.0)]), None);
    }
}
