//! Whether a series rises or falls beyond chance.

use super::distribution::student_t_tail;

/// A straight line through a series, by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// What the line says at the middle of the first value, and of the last.
    pub first: f64,
    /// The same of the last.
    pub last: f64,
    /// The probability of so steep a line where there is no trend and the values are independent.
    pub p: f64,
}

/// The trend of a series; `None` with fewer than three values.
pub fn trend(series: &[f64]) -> Option<Trend> {
    let count = series.len() as f64;
    if series.len() < 3 {
        return None;
    }
    let middle = (count - 1.0) / 2.0;
    let mean = series.iter().sum::<f64>() / count;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (at, value) in series.iter().enumerate() {
        let (x, y) = (at as f64 - middle, value - mean);
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
    }
    let slope = xy / xx;
    let degrees = count - 2.0;
    // Rounding may leave a residual of a perfect line just below zero.
    let residual = (yy - slope * xy).max(0.0);
    let p = if xy == 0.0 {
        1.0
    } else if residual <= 1e-12 * yy {
        0.0
    } else {
        student_t_tail(slope * (xx * degrees / residual).sqrt(), degrees)
    };
    Some(Trend {
        first: mean - slope * middle,
        last: mean + slope * middle,
        p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.linregress(range(6), [1, 3, 2, 5, 4, 7])`: slope 1.0286, intercept 1.0952, p 0.017 245.
    #[test]
    fn a_line_is_that_of_scipy() {
        let found = trend(&[1.0, 3.0, 2.0, 5.0, 4.0, 7.0]).expect("six values");
        assert!((found.first - 1.095_238).abs() < 1e-5);
        assert!((found.last - 6.238_095).abs() < 1e-5);
        assert!((found.p - 0.017_245_48).abs() < 1e-7);
    }

    #[test]
    fn a_constant_has_no_trend_and_a_line_has_nothing_else() {
        assert_eq!(trend(&[2.0; 5]).map(|found| found.p), Some(1.0));
        assert_eq!(trend(&[1.0, 2.0, 3.0, 4.0]).map(|found| found.p), Some(0.0));
        assert_eq!(trend(&[1.0, 2.0]), None);
    }
}
