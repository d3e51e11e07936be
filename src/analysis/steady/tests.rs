//! MSER-5 on series of known shape.

use super::{mser, warm_up};

/// Standard normal numbers: sums of twelve uniform ones of a linear congruence, less six.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 31)
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// AR(1) around 100, with a transient that begins `height` off and fades with a time constant of `fades` values.
fn transient(seed: u64, length: usize, height: f64, fades: f64) -> Vec<f64> {
    let (mut noise, mut state) = (Noise(seed), 0.0);
    (0..length)
        .map(|at| {
            state = 0.5 * state + noise.normal();
            100.0 + state + height * (-(at as f64) / fades).exp()
        })
        .collect()
}

#[test]
fn a_constant_needs_no_cut() {
    assert_eq!(mser(&[38.5; 60]), 0);
}

#[test]
fn a_transient_is_cut_off_until_it_drowns_in_the_noise() {
    // 20 standard deviations high, gone to 5 % of one after 4 × ln(400) = 24 values; most of it after 4 × ln(20) = 12. Now and
    // then noise at the end makes a smaller error by chance: that series is refused.
    let cuts = (0..20).map(|seed| mser(&transient(seed, 120, 20.0, 4.0)));
    assert!(cuts.filter(|cut| (8..40).contains(cut)).count() >= 18);
}

#[test]
fn noise_alone_is_seldom_cut_far() {
    let far = (0..50)
        .filter(|seed| mser(&transient(*seed, 120, 0.0, 1.0)) > 60)
        .count();
    assert!(far <= 10, "{far} of 50");
}

#[test]
fn a_trend_is_never_steady() {
    let rising: Vec<f64> = (0..60).map(f64::from).collect();
    assert!(2 * mser(&rising) > 60);
}

#[test]
fn the_last_batches_are_never_cut() {
    let mut series = vec![0.0, 50.0, 10.0, 40.0, 0.0, 60.0, 5.0];
    series.extend([20.0; 3]);
    assert!(mser(&series) <= 5);
}

#[test]
fn noise_alone_is_seldom_refused_and_a_drift_of_six_deviations_nearly_always() {
    // Two series each, of a minute. Simulated with numpy: 2.9 % and 78 % of the latter by either series alone.
    let refused = |drift: f64| {
        let series = |seed: u64| {
            let mut noise = Noise(seed);
            (0..12)
                .map(|at| noise.normal() + drift * f64::from(at) / 11.0)
                .collect::<Vec<_>>()
        };
        let either = |seed: u64| {
            [seed, seed + 1_000_003]
                .iter()
                .any(|seed| warm_up(&series(*seed)).is_none())
        };
        (0..400_u64)
            .map(|seed| seed * 7919)
            .filter(|seed| either(*seed))
            .count()
    };
    // 400 × 2.9 % = 12, standard deviation 3.4; 400 × 78 % = 312 and more of two such series.
    assert!(refused(0.0) <= 22, "{}", refused(0.0));
    assert!(refused(6.0) >= 285, "{}", refused(6.0));
}

#[test]
fn a_beginning_is_cut_only_where_it_differs_beyond_chance() {
    let cut = |height: f64, length: usize, rule: fn(&[f64]) -> usize| {
        let series = |seed: u64| transient(seed * 7919, length, height, 4.0);
        (0..200_u64).filter(|seed| rule(&series(*seed)) > 0).count()
    };
    let judged = |series: &[f64]| warm_up(series).unwrap_or(0);
    // Neighbours correlated by a half, as in a queue. At 0.1 %, and some more as so few values do not tell how correlated they are:
    // 6 would be 3 %. The least standard error alone cuts most of them.
    assert!(cut(0.0, 60, judged) <= 6, "{}", cut(0.0, 60, judged));
    assert!(cut(0.0, 60, mser) >= 60, "{}", cut(0.0, 60, mser));
    // Twenty standard deviations of the noise are no chance: cut, or refused where noise made MSER-5 cut half of the series.
    let kept = |series: &[f64]| usize::from(warm_up(series) == Some(0));
    assert!(cut(20.0, 120, kept) <= 10, "{}", cut(20.0, 120, kept));
}
