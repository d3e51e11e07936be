//! Values with units: durations, rates, sizes, counts; and the words when one is missing.

use std::time::Duration;

use super::model::Rate;

/// Why a text is not the value it should be, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    /// What is wrong, to follow "expected …": `found …`, or a sentence of its own.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl UnitError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Some(help.into()),
        }
    }
}

/// Longest duration accepted: a year. Anything longer is a slip of the keyboard.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Units of time: `(name, seconds)`.
const TIMES: [(&str, f64); 6] = [
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// `100ms`, `5s`, `2m`, `1h`, `1m30s`, `1.5s`; `0s` included.
pub fn duration(text: &str) -> Result<Duration, UnitError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(UnitError::new(
            format!("a duration cannot be negative, found `{text}`"),
            positive_help(text),
        ));
    }
    if number(text).is_some() {
        let help = format!("write `{text}s` for seconds or `{text}ms` for milliseconds");
        return Err(UnitError::new(
            format!("expected a duration such as `5s`, found `{text}` without a unit"),
            help,
        ));
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let after = rest[digits..].trim_start();
        let letters = after
            .find(|c: char| c.is_ascii_digit() || c == '.' || c == ' ')
            .unwrap_or(after.len());
        let (Some(amount), unit) = (number(&rest[..digits]), &after[..letters]) else {
            return Err(not_a_duration(text));
        };
        let Some((_, factor)) = TIMES.iter().find(|(name, _)| *name == unit) else {
            return Err(unknown_unit(text, unit, &rest[..digits]));
        };
        seconds += amount * factor;
        rest = after[letters..].trim_start();
    }
    if text.is_empty() {
        return Err(not_a_duration(text));
    }
    if seconds > LONGEST.as_secs_f64() {
        return Err(UnitError::new(
            format!("`{text}` is longer than a year"),
            "write a shorter duration, such as `1h`",
        ));
    }
    // Nanoseconds as an integer, so that `0.1s` is `100ms` and not a hair off.
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

fn positive_help(text: &str) -> String {
    let bare = text.trim_start_matches('-');
    match duration(bare) {
        Ok(_) => format!("write `{bare}`"),
        Err(_) => "write a duration such as `5s`".to_owned(),
    }
}

fn not_a_duration(text: &str) -> UnitError {
    UnitError::new(
        format!("expected a duration such as `5s`, found `{text}`"),
        "a duration is a number and a unit: `100ms`, `5s`, `2m`, `1h` or `1m30s`",
    )
}

fn unknown_unit(text: &str, unit: &str, amount: &str) -> UnitError {
    let meant = match unit.to_lowercase().as_str() {
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "min" | "mins" | "minute" | "minutes" => Some("m"),
        "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => Some("ms"),
        lower => TIMES.iter().map(|(name, _)| *name).find(|name| *name == lower),
    };
    let help = match meant {
        Some(unit) => format!("write `{amount}{unit}`"),
        None => "the units are `us`, `ms`, `s`, `m` and `h`".to_owned(),
    };
    if unit.is_empty() {
        return UnitError::new(format!("`{amount}` has no unit, in `{text}`"), help);
    }
    UnitError::new(format!("`{unit}` is not a unit of time, in `{text}`"), help)
}

/// `50/s`, `3000/m`, `1.5/s`, `100/h`; zero included.
pub fn rate(text: &str) -> Result<Rate, UnitError> {
    let text = text.trim();
    if let Some(amount) = number(text) {
        let help = format!("write `{text}/s`, or `{}/m` per minute", trimmed(amount * 60.0));
        return Err(UnitError::new(
            format!("expected a rate such as `50/s`, found `{text}` without a unit"),
            help,
        ));
    }
    if text.starts_with('-') {
        return Err(UnitError::new(
            format!("a rate cannot be negative, found `{text}`"),
            "write a rate such as `50/s`",
        ));
    }
    let wrong = || {
        UnitError::new(
            format!("expected a rate such as `50/s`, found `{text}`"),
            "a rate is a number of arrivals per second, minute or hour: `50/s`, `3000/m` or `100/h`",
        )
    };
    let (amount, unit) = text.split_once('/').ok_or_else(wrong)?;
    let amount = number(amount.trim()).ok_or_else(wrong)?;
    let per = match unit.trim() {
        "s" | "sec" | "second" => 1.0,
        "m" | "min" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        _ => return Err(wrong()),
    };
    let per_second = amount / per;
    if per_second > 1e7 {
        return Err(UnitError::new(
            format!("`{text}` is more than one machine can send"),
            "write at most `10000000/s`",
        ));
    }
    Ok(Rate { per_second })
}

/// `10MB`, `64KiB`, `512B`, in bytes. `kB`, `MB` and `GB` are powers of 1000; `KiB`, `MiB` and `GiB` of 1024.
pub fn bytes(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    if number(text).is_some() {
        let help = format!("write `{text}B`, `{text}kB` or `{text}MB`");
        return Err(UnitError::new(
            format!("expected a size such as `10MB`, found `{text}` without a unit"),
            help,
        ));
    }
    let wrong = || {
        UnitError::new(
            format!("expected a size such as `10MB`, found `{text}`"),
            "a size is a number and a unit: `512B`, `64kB`, `10MB`, `1GB`, or `KiB`, `MiB`, `GiB`",
        )
    };
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .ok_or_else(wrong)?;
    let amount = number(&text[..digits]).ok_or_else(wrong)?;
    let factor = match text[digits..].trim().to_lowercase().as_str() {
        "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(wrong()),
    };
    let size = amount * factor;
    if size > 1e15 {
        return Err(UnitError::new(
            format!("`{text}` is larger than any body"),
            "write a size such as `1GB`",
        ));
    }
    Ok(size.round() as u64)
}

/// `5%`, as a share of 1.
pub fn share(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let amount = text.strip_suffix('%').and_then(|amount| number(amount.trim()));
    amount.map(|amount| amount / 100.0).ok_or_else(|| {
        let message = format!("expected a share such as `5%`, found `{text}`");
        match number(text) {
            Some(amount) => UnitError::new(message, format!("write `{}%`", trimmed(amount))),
            None => UnitError::new(message, "a share is a number and a percent sign: `5%`"),
        }
    })
}

/// A whole number, zero or more, up to 10^15.
pub fn count(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits
            .parse()
            .ok()
            .filter(|n| *n <= 1_000_000_000_000_000)
            .ok_or_else(|| UnitError {
                message: format!("`{text}` is too large"),
                help: None,
            });
    }
    let message = match text.parse::<f64>() {
        Ok(value) if value < 0.0 => format!("expected a whole number of zero or more, found `{text}`"),
        Ok(_) => format!("expected a whole number, found `{text}`"),
        Err(_) => format!("expected a whole number such as `10`, found `{text}`"),
    };
    let help = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '_' | ',' | '\''))
        .then(|| text.chars().filter(char::is_ascii_digit).collect::<String>())
        .filter(|digits| !digits.is_empty())
        .map(|digits| format!("write `{digits}`"));
    Err(UnitError { message, help })
}

/// Digits with at most one point: no sign, no exponent, no `nan`, no `inf`.
pub fn number(text: &str) -> Option<f64> {
    let plain =
        text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.bytes().any(|b| b.is_ascii_digit());
    text.parse().ok().filter(|value: &f64| plain && value.is_finite())
}

/// A number without a needless fraction.
pub fn trimmed(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    format!("{rounded}")
}

/// A duration as the user would write it: `1m30s`, `100ms`, `0s`.
pub fn written(duration: Duration) -> String {
    let ns = duration.as_nanos();
    let (s, below) = (duration.as_secs(), duration.subsec_nanos());
    if ns == 0 {
        return "0s".to_owned();
    }
    if below != 0 {
        return if ns < 1_000_000 {
            format!("{}us", trimmed(ns as f64 / 1e3))
        } else if s < 1 {
            format!("{}ms", trimmed(ns as f64 / 1e6))
        } else {
            format!("{}s", trimmed(duration.as_secs_f64()))
        };
    }
    let parts = [(s / 3600, "h"), (s % 3600 / 60, "m"), (s % 60, "s")];
    let written = parts.iter().filter(|(n, _)| *n > 0);
    written
        .flat_map(|(n, unit)| [n.to_string(), (*unit).to_owned()])
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        for (text, ms) in [
            ("100ms", 100),
            ("5s", 5000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("1m30s", 90_000),
            ("0.1s", 100),
            ("0s", 0),
        ] {
            assert_eq!(duration(text).unwrap(), Duration::from_millis(ms), "{text}");
        }
        assert_eq!(duration("1h 30m").unwrap(), Duration::from_secs(5400));
        for text in [
            "", "s", "5", "-5s", "5x", "5s3", "nan", "1e400s", "9999999h", "5,5s", "..s", "inf",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn says_which_unit_is_missing_or_meant() {
        assert_eq!(
            duration("5").unwrap_err().help.unwrap(),
            "write `5s` for seconds or `5ms` for milliseconds"
        );
        assert_eq!(duration("5 sec").unwrap_err().help.unwrap(), "write `5s`");
        assert_eq!(duration("5S").unwrap_err().help.unwrap(), "write `5s`");
        assert_eq!(duration("-5s").unwrap_err().help.unwrap(), "write `5s`");
        assert_eq!(
            rate("50").unwrap_err().help.unwrap(),
            "write `50/s`, or `3000/m` per minute"
        );
        assert_eq!(count("1_000").unwrap_err().help.unwrap(), "write `1000`");
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "exact by construction")]
    fn reads_rates_and_sizes() {
        assert_eq!(rate("3000/m").unwrap().per_second, 50.0);
        assert_eq!(rate("50 / s").unwrap().per_second, 50.0);
        assert_eq!(bytes("10MB").unwrap(), 10_000_000);
        assert_eq!(bytes("64 KiB").unwrap(), 65_536);
        for text in ["/s", "-5/s", "x/s", "5/d", "1e9/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
        assert!(bytes("10").is_err() && bytes("10 parsecs").is_err());
    }

    #[test]
    fn counts_are_whole_and_not_negative() {
        assert_eq!(count("10").unwrap(), 10);
        for text in ["-1", "1.5", "ten", "99999999999999999999", "", "1e3"] {
            assert!(count(text).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_durations_as_a_user_would() {
        for text in ["1m30s", "100ms", "0s", "1h", "1.5s", "250us"] {
            assert_eq!(written(duration(text).unwrap()), text);
        }
    }
}
