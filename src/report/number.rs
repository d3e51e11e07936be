//! How figures are written: the formats of the README's table, and those of everything around it.

use std::time::Duration;

use crate::measure::summary::Quantile;

/// What stands where there is no figure.
pub const NONE: &str = "–";

/// A share as the README's table has it: `0%`, `12%`. What is under half a percent reads `0%`; [`percent`] tells it apart.
pub fn whole_percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// A share to three digits: `12.3%`, `0.486%`; `0%` and `100%` only where it is exactly that.
pub fn percent(share: f64) -> String {
    let rest = share.min(1.0 - share);
    if rest <= 0.0 {
        return whole_percent(share);
    }
    trimmed(share * 100.0, decimals(rest * 100.0)) + "%"
}

/// A time as the README's table has it: whole milliseconds, `140`.
pub fn whole_ms(value: Duration) -> String {
    format!("{:.0}", value.as_secs_f64() * 1e3)
}

/// A rate as the README's table has it: one decimal, a trailing `.0` dropped: `3.3`, `34`.
pub fn rate(value: f64) -> String {
    trimmed(value, 1)
}

/// A mean number of users and the like: up to two decimals.
pub fn level(value: f64) -> String {
    trimmed(value, 2)
}

/// A rate to at least three digits: `38.31`, `3.312`, `0.0123`.
pub fn exact_rate(value: f64) -> String {
    if value >= 10.0 {
        trimmed(value, 2)
    } else {
        trimmed(value, decimals(value))
    }
}

/// A figure to three digits: `38.4`, `0.0123`, `1250`.
pub fn three(value: f64) -> String {
    trimmed(value, decimals(value.abs()))
}

/// A whole number.
pub fn whole(value: f64) -> String {
    format!("{value:.0}")
}

/// A measured time to three digits, with its unit: `12 s`, `1.31 s`, `140 ms`, `2.04 ms`, `40 µs`.
pub fn time(value: Duration) -> String {
    let seconds = value.as_secs_f64();
    // 999.6 ms to three digits is 1 s.
    let (figure, unit) = match seconds {
        s if s >= 0.9995 => (s, "s"),
        s if s >= 0.000_999_5 => (s * 1e3, "ms"),
        s => (s * 1e6, "µs"),
    };
    format!("{} {unit}", trimmed(figure, decimals(figure).min(2)))
}

/// The same of a figure in seconds.
pub fn seconds(value: f64) -> String {
    time(Duration::try_from_secs_f64(value).unwrap_or_default())
}

/// The same where there may be none.
pub fn time_or_none(value: Option<Duration>) -> String {
    value.map_or_else(|| NONE.to_owned(), time)
}

/// A percentile: `140 ms`, or `> 31 s` where all that is known is that it is longer. What is printed then is never more
/// than what is known.
pub fn quantile(value: Quantile) -> String {
    if !value.at_least {
        return time(value.value);
    }
    // Rounded down to the three digits that `time` prints.
    let micros = u64::try_from(value.value.as_micros()).unwrap_or(u64::MAX);
    let step = 10_u64.pow(micros.max(100).ilog10() - 2);
    let known = Duration::from_micros(micros - micros % step);
    format!("> {}", time(known))
}

/// The same where there may be none.
pub fn quantile_or_none(value: Option<Quantile>) -> String {
    value.map_or_else(|| NONE.to_owned(), quantile)
}

/// A moment since the start of the load, to a tenth of a second: `61.2 s`.
pub fn moment(value: Duration) -> String {
    format!("{:.1} s", value.as_secs_f64())
}

/// A length of time in words, whole seconds: `9 min 30 s`, `2 h 5 s`, `45 s`.
pub fn span(value: Duration) -> String {
    let seconds = value.as_secs() + u64::from(value.subsec_millis() >= 500);
    let parts = [
        (seconds / 3600, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let said: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if said.is_empty() {
        "0 s".to_owned()
    } else {
        said.join(" ")
    }
}

/// A size: `374 B`, `16.2 kB`, `1.2 GB` (a kB is 1000 bytes).
pub fn bytes(count: f64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut figure, mut unit) = (count, 0);
    while figure >= 999.5 && unit + 1 < units.len() {
        figure /= 1000.0;
        unit += 1;
    }
    let places = if unit == 0 { 0 } else { decimals(figure).min(2) };
    format!("{} {}", trimmed(figure, places), units[unit])
}

/// A count with its noun: `1 request`, `2 requests`.
pub fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// A moment on the wall clock, UTC, by RFC 3339: `2026-11-23T15:58:53Z`.
pub fn timestamp(unix_seconds: u64) -> String {
    let (days, second) = (unix_seconds / 86_400, unix_seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date of a day, counted from 1970-01-01, in the Gregorian calendar. Years begin in March here, so that the leap day
/// is the last of its year.
fn date(days: u64) -> (u64, u64, u64) {
    const CENTURIES: u64 = 146_097;
    let since_march_of_0 = days + 719_468;
    let (era, day) = (since_march_of_0 / CENTURIES, since_march_of_0 % CENTURIES);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, wraps) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + wraps, month, day_of_month)
}

/// How many decimals show three digits of a figure.
fn decimals(figure: f64) -> usize {
    if figure <= 0.0 || !figure.is_finite() {
        return 0;
    }
    // A figure that rounding lifts to the next power of ten needs one decimal less.
    let magnitude = (figure * 1.0005).log10().floor() as i32;
    usize::try_from(2 - magnitude).unwrap_or(0).min(12)
}

/// A figure with at most so many decimals, without zeros at its end.
fn trimmed(figure: f64, decimals: usize) -> String {
    let text = format!("{figure:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_formats_of_the_readme_are_met() {
        // Figures of the original report: 33 of 3695 is 0.89 %, 468 of 3894 is 12.02 %.
        assert_eq!(whole_percent(0.0), "0%");
        assert_eq!(whole_percent(10.0 / 2057.0), "0%");
        assert_eq!(whole_percent(33.0 / 3695.0), "1%");
        assert_eq!(whole_percent(468.0 / 3894.0), "12%");
        assert_eq!(whole_ms(Duration::from_micros(140_321)), "140");
        assert_eq!(whole_ms(Duration::from_millis(11_953)), "11953");
        assert_eq!(rate(3.304), "3.3");
        assert_eq!(rate(34.02), "34");
        assert_eq!(rate(38.3), "38.3");
        assert_eq!(rate(0.0), "0");
    }

    #[test]
    fn shares_say_nothing_and_all_only_when_it_is_so() {
        for (share, text) in [
            (0.0, "0%"),
            (10.0 / 2057.0, "0.486%"),
            (0.1234, "12.3%"),
            (0.5, "50%"),
            (1e-7, "0.00001%"),
            (0.99999, "99.999%"),
            (0.98766, "98.77%"),
            (1.0, "100%"),
        ] {
            assert_eq!(percent(share), text);
        }
    }

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (micros, text) in [
            (0, "0 µs"),
            (40, "40 µs"),
            (999, "999 µs"),
            (2_042, "2.04 ms"),
            (14_260, "14.3 ms"),
            (140_321, "140 ms"),
            (999_700, "1 s"),
            (1_314_000, "1.31 s"),
            (11_953_000, "12 s"),
            (150_000_000, "150 s"),
            (3_721_000_000, "3721 s"),
        ] {
            assert_eq!(time(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_bound_is_never_rounded_up() {
        let bound = |ms| {
            quantile(Quantile {
                value: Duration::from_millis(ms),
                at_least: true,
            })
        };
        assert_eq!(bound(31_000), "> 31 s");
        assert_eq!(bound(31_999), "> 31.9 s");
        assert_eq!(bound(1_999), "> 1.99 s");
        assert_eq!(
            quantile(Quantile {
                value: Duration::from_millis(1_999),
                at_least: false
            }),
            "2 s"
        );
    }

    #[test]
    fn lengths_sizes_and_counts_are_in_words() {
        assert_eq!(span(Duration::from_secs(570)), "9 min 30 s");
        assert_eq!(span(Duration::from_millis(7_205_400)), "2 h 5 s");
        assert_eq!(span(Duration::ZERO), "0 s");
        assert_eq!(bytes(374.0), "374 B");
        assert_eq!(bytes(16_234.0), "16.2 kB");
        assert_eq!(bytes(999_999.0), "1 MB");
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (1_795_449_533, "2026-11-23T15:58:53Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(timestamp(seconds), text);
        }
    }
}
