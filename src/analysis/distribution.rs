//! Quantiles of the distributions that intervals rest on: Student's t and the beta distribution.

use std::f64::consts::PI;

/// The quantile of Student's t distribution, two-sided: |t| stays below it with this probability.
pub fn student_t(confidence: f64, degrees: f64) -> f64 {
    // P(|T| > t) = I_x(ν/2, 1/2) with x = ν / (ν + t²) (Abramowitz and Stegun 1964, 26.7.1).
    let x = beta_quantile(1.0 - confidence, degrees / 2.0, 0.5);
    (degrees * (1.0 - x) / x).sqrt()
}

/// The probability that |T| is as large as `t` or larger, for Student's t distribution.
pub fn student_t_tail(t: f64, degrees: f64) -> f64 {
    beta(degrees / (degrees + t * t), degrees / 2.0, 0.5)
}

/// The value that a variable of the beta distribution stays below with probability `p`: bisection, as nothing here is hot.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // Small quantiles need relative precision: 1100 halvings reach the smallest number there is.
    for _ in 0..1100 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if beta(middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The regularised incomplete beta function `I_x(a, b)`, by its continued fraction (Abramowitz and Stegun 1964, 26.5.8,
/// evaluated by the method of Lentz 1976).
pub fn beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast on this side of the mean only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_fraction(1.0 - x, b, a);
    }
    beta_fraction(x, a, b)
}

#[expect(clippy::many_single_char_names, reason = "the names of the handbook")]
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= 1e-15 * fraction.abs() {
            break;
        }
    }
    front * fraction
}

/// The logarithm of the gamma function for positive values: Stirling's series from 10 on (Abramowitz and Stegun 1964, 6.1.41),
/// reached by the recurrence.
fn ln_gamma(x: f64) -> f64 {
    let (mut shift, mut z) = (0.0, x);
    while z < 10.0 {
        shift += z.ln();
        z += 1.0;
    }
    let w = 1.0 / (z * z);
    let series = (1.0 / 12.0 - w * (1.0 / 360.0 - w * (1.0 / 1260.0 - w * (1.0 / 1680.0 - w / 1188.0)))) / z;
    (z - 0.5) * z.ln() - z + 0.5 * (2.0 * PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, truth: f64, relative: f64) {
        assert!(
            ((value - truth) / truth).abs() < relative,
            "{value} is not {truth}"
        );
    }

    /// `scipy.stats.t.ppf(0.975, ν)` and `t.ppf(0.9995, ν)`.
    #[test]
    fn student_quantiles_are_those_of_scipy() {
        close(student_t(0.95, 1.0), 12.706_204_736_174_694, 1e-9);
        close(student_t(0.95, 9.0), 2.262_157_162_798_205, 1e-9);
        close(student_t(0.95, 19.0), 2.093_024_054_408_308_7, 1e-9);
        close(student_t(0.999, 30.0), 3.645_958_635_042_062_7, 1e-9);
        close(student_t(0.95, 1e6), 1.959_966_356_814_107, 1e-6);
        close(student_t_tail(2.262_157_162_798_205, 9.0), 0.05, 1e-9);
    }

    /// `scipy.stats.beta.ppf`.
    #[test]
    fn beta_quantiles_are_those_of_scipy() {
        // Clopper-Pearson of 3 in 100: 0.006 229 971 5 to 0.085 176 053 0.
        close(beta_quantile(0.025, 3.0, 98.0), 0.006_229_971_538_306, 1e-6);
        close(beta_quantile(0.975, 4.0, 97.0), 0.085_176_052_974_28, 1e-6);
        // With no success the upper end is closed: 1 - α^(1/n).
        close(beta_quantile(0.95, 1.0, 1000.0), 1.0 - 0.05_f64.powf(1e-3), 1e-9);
    }

    #[test]
    fn the_gamma_function_of_whole_numbers_is_the_factorial() {
        close(ln_gamma(11.0), 3_628_800_f64.ln(), 1e-13);
        close(ln_gamma(0.5), PI.sqrt().ln(), 1e-12);
    }
}
