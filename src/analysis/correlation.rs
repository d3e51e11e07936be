//! How much less correlated values say about their mean than independent ones.

/// A stronger correlation is not estimated from so few values: the variance is at most (1 + 0.8) / (1 − 0.8) = 9 times as large.
const STRONGEST: f64 = 0.8;

/// By how much the variance of the mean of values is larger than if they were independent: (1 + φ) / (1 − φ), that of a first-order
/// autoregression, which Tafazzoli and Wilson (2011, "Skart") use to correct batch means. φ is the correlation of neighbours
/// without its bias, which in a series of n values is −(1 + 3φ) / n (Kendall 1954, Marriott and Pope 1954). The residuals are of a
/// mean, so their sum is zero; 1 at least, as a narrower interval on the word of a few values would be rash.
pub fn inflation(residuals: &[f64]) -> f64 {
    let squares: f64 = residuals.iter().map(|value| value * value).sum();
    if squares <= 0.0 {
        return 1.0;
    }
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let seen = products / squares;
    let correlation = (seen + (1.0 + 3.0 * seen) / residuals.len() as f64).clamp(0.0, STRONGEST);
    (1.0 + correlation) / (1.0 - correlation)
}

#[cfg(test)]
mod tests {
    use super::inflation;

    /// By hand: 2, 1, −1, −2 has squares of 10 and products of 2 − 1 + 2 = 3, so 0.3 + 1.9/4 = 0.775 and 1.775 / 0.225.
    #[test]
    fn neighbours_that_are_alike_say_less() {
        assert!((inflation(&[2.0, 1.0, -1.0, -2.0]) - 1.775 / 0.225).abs() < 1e-12);
    }

    #[test]
    fn neighbours_that_differ_say_no_more_than_independent_ones_and_no_series_says_nothing() {
        assert!((inflation(&[1.0, -1.0, 1.0, -1.0]) - 1.0).abs() < 1e-12);
        assert!((inflation(&[0.0; 5]) - 1.0).abs() < 1e-12);
        let rising: Vec<f64> = (0..41).map(|at| f64::from(at) - 20.0).collect();
        assert!((inflation(&rising) - 9.0).abs() < 1e-12);
    }
}
