//! A number that goes up and down, with its exact time integral.

use std::time::Duration;

/// A level over time. A change of `d` at time `t` adds `d × (end − t)` to the integral up to `end`, whatever the order in
/// which changes are told; one told after its second was closed is put right in the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge {
    level: i64,
    /// Sum of change × time of change since `opened`, microseconds.
    moment: i64,
    /// Start of the open interval.
    opened: Duration,
}

impl Gauge {
    /// The level changes.
    pub(crate) fn change(&mut self, now: Duration, delta: i32) {
        self.level += i64::from(delta);
        self.moment += i64::from(delta) * (micros(now) - micros(self.opened));
    }

    /// The level now.
    pub(crate) fn level(&self) -> i64 {
        self.level
    }

    /// The integral since the last time, in microseconds times the level, and the next interval begins.
    pub(crate) fn close(&mut self, end: Duration) -> i64 {
        let integral = self.level * (micros(end) - micros(self.opened)) - self.moment;
        self.moment = 0;
        self.opened = end;
        integral
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Gauge;

    #[test]
    fn the_integral_is_level_times_time() {
        let ms = Duration::from_millis;
        let mut gauge = Gauge::default();
        gauge.change(ms(250), 4);
        gauge.change(ms(500), -1);
        // 4 × 0.25 s + 3 × 0.5 s = 2.5 s
        assert_eq!(gauge.close(ms(1000)), 2_500_000);
        assert_eq!(gauge.close(ms(2000)), 3_000_000);
        assert_eq!(gauge.level(), 3);
    }

    #[test]
    fn changes_out_of_order_or_told_late_lose_nothing() {
        let ms = Duration::from_millis;
        let mut gauge = Gauge::default();
        gauge.change(ms(800), 1);
        gauge.change(ms(300), 2);
        // 0.2 s + 2 × 0.7 s
        let first = gauge.close(ms(1000));
        assert_eq!(first, 1_600_000);
        // Two left at 0.9 s, told after the second was closed: 0.2 s too much is taken back.
        gauge.change(ms(900), -2);
        assert_eq!(first + gauge.close(ms(2000)), 1_600_000 - 200_000 + 1_000_000);
    }
}
