//! The band of the scalability law against laws that are known.

use rand_core::SeedableRng;
use rand_pcg::Pcg64Mcg;
use runner::analysis::capacity::{Capacity, Context, Scaling};
use runner::analysis::estimate::{Estimate, share};
use runner::analysis::level::{Level, Trust};
use runner::analysis::usl::Usl;
use runner::plan::draw::uniform;

/// A peak at 69 in flight: most of the levels lie before it.
pub(crate) const PEAKED: Usl = Usl {
    lambda: 20.0,
    sigma: 0.05,
    kappa: 2e-4,
};

/// Levels, by their requests in flight.
const FLIGHTS: [f64; 7] = [1.0, 2.0, 5.0, 12.0, 30.0, 70.0, 150.0];

/// Where the band is tried: at the lowest level, between levels, at the highest, and a third beyond it.
const PLACES: [f64; 5] = [1.0, 8.0, 50.0, 150.0, 200.0];

const FITS: u64 = 2000;

/// Levels whose throughput is off the law by normal errors of this relative size.
pub(crate) fn levels(law: Usl, error: f64, seed: u64) -> Vec<Level> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    // The sum of twelve uniform values less six has the variance 1.
    let mut normal = move || (0..12).map(|_| uniform(&mut random)).sum::<f64>() - 6.0;
    let level = |in_flight: &f64| Level {
        load: *in_flight,
        requests: 10_000,
        failures: 0,
        rate: Estimate::bare(law.throughput(*in_flight) * (1.0 + error * normal())),
        failure_share: share(0.0, 10_000.0),
        mean: Some(Estimate::bare(in_flight / law.throughput(*in_flight))),
        p50: None,
        p95: None,
        p99: None,
        users: *in_flight,
        think: Some(0.0),
        in_flight: Some(*in_flight),
        length: Some(120.0),
        drift: None,
        bursts: None,
        broken: Vec::new(),
        trust: Trust::Steady,
    };
    FLIGHTS.iter().map(level).collect()
}

fn scaling(law: Usl, error: f64, seed: u64) -> Option<Scaling> {
    Capacity::of(&levels(law, error, seed), &Context::default()).scaling
}

/// Percentages of the fits whose band holds the law at each place.
fn covered(law: Usl) -> [f64; PLACES.len()] {
    let shown: Vec<_> = (0..FITS).filter_map(|seed| scaling(law, 0.015, seed)).collect();
    // A level is off by more than 5 %, so that the law is not shown, in fewer than 1 of 100 fits.
    assert!(100 * shown.len() as u64 >= 95 * FITS, "{} shown", shown.len());
    PLACES.map(|place| {
        let holds = |scaling: &&Scaling| {
            let interval = scaling.throughput(place).interval;
            interval.is_some_and(|interval| interval.holds(law.throughput(place)))
        };
        100.0 * shown.iter().filter(holds).count() as f64 / shown.len() as f64
    })
}

/// 2000 fits tell a share of 95 % to within half a percent (standard deviation): four of them below and above.
#[test]
fn the_band_holds_the_law_in_ninety_five_of_a_hundred_fits() {
    let shares = covered(PEAKED);
    assert!(
        shares.iter().all(|share| (93.0..=97.0).contains(share)),
        "{shares:?}"
    );
}

/// Half of the fits stand at κ = 0, where the band counts as if κ could be below: in 20 000 fits it held the law in 96.5 to 97.6 of
/// 100. Three deviations of 2000 fits beyond these.
#[test]
fn the_band_is_little_too_wide_where_no_coherency_is_lost() {
    let law = Usl {
        lambda: 7.0,
        sigma: 0.2,
        kappa: 0.0,
    };
    let shares = covered(law);
    assert!(
        shares.iter().all(|share| (95.0..=98.7).contains(share)),
        "{shares:?}"
    );
}

#[test]
fn levels_on_the_law_leave_its_band_no_width() {
    let scaling = scaling(PEAKED, 0.0, 1).unwrap();
    for place in PLACES {
        let throughput = scaling.throughput(place);
        assert!(throughput.interval.unwrap().half_width() < 1e-6 * throughput.value);
    }
}
