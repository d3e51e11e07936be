//! What a cell says: counts, figures, percentages, times.

use super::Problem;
use super::grid::Cell;
use super::title::{is_users, time_unit};

/// Nothing in a load test is more; what is, is a slip.
const MOST: f64 = 1e15;

/// What stands for no figure.
const NOTHING: [&str; 8] = ["", "-", "–", "—", "n/a", "nan", "null", "none"];

/// A percentage, and how exactly it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Percentage {
    /// 0 to 100.
    pub(super) value: f64,
    /// The largest error of rounding.
    pub(super) half_step: f64,
}

impl Cell {
    /// Whether there is no figure.
    pub(super) fn is_nothing(&self) -> bool {
        NOTHING.contains(&self.text.to_lowercase().as_str())
    }

    /// A whole number, zero or more.
    pub(super) fn count(&self, decimal_comma: bool) -> Result<u64, Problem> {
        let value = self.figure(decimal_comma)?;
        if value.fract() > 0.0 {
            let text = &self.text;
            return Err(self.wrong(
                format!("expected a whole number, found `{text}`"),
                "write it without a fraction",
            ));
        }
        Ok(value as u64)
    }

    /// A number, zero or more.
    pub(super) fn figure(&self, decimal_comma: bool) -> Result<f64, Problem> {
        self.number(&self.text, decimal_comma)
    }

    /// A rate per second: `38.3`, `38.3 req/s`, `1.2k/s`, `45/min`, `~800`.
    pub(super) fn rate(&self, decimal_comma: bool) -> Result<f64, Problem> {
        let text = self.text.trim_start_matches(['~', '≈']).trim_start();
        let (amount, unit) = text.split_once('/').unwrap_or((text, "s"));
        let (amount, unit) = (amount.trim(), unit.trim().to_lowercase());
        let amount = amount
            .trim_end_matches("rps")
            .trim_end_matches("requests")
            .trim_end_matches("reqs")
            .trim_end_matches("req")
            .trim_end();
        let per = time_unit(&unit).ok_or_else(|| {
            self.wrong(
                format!("expected requests per second, found `{}`", self.text),
                "write `38.3` or `38.3/s`",
            )
        })?;
        let (amount, thousand) = amount
            .strip_suffix(['k', 'K'])
            .map_or((amount, 1.0), |amount| (amount.trim_end(), 1000.0));
        Ok(self.number(amount, decimal_comma)? * thousand / per)
    }

    /// A level of load: `50`, `50 users`, `50 VUs`.
    pub(super) fn load(&self, decimal_comma: bool) -> Result<f64, Problem> {
        let (amount, noun) = self.text.rsplit_once(' ').unwrap_or((&self.text, ""));
        if noun.starts_with(char::is_alphabetic) && is_users(noun) {
            return self.number(amount.trim_end(), decimal_comma);
        }
        self.figure(decimal_comma)
    }

    /// `12%`, `12 %` or `12`.
    pub(super) fn percentage(&self, decimal_comma: bool) -> Result<Percentage, Problem> {
        let text = self.text.trim_end_matches('%').trim();
        let value = self.number(text, decimal_comma)?;
        if value > 100.0 {
            return Err(self.wrong(
                format!("`{}` is more than 100 %", self.text),
                "write the share of requests that failed, in percent",
            ));
        }
        let decimal = if decimal_comma { [',', '.'] } else { ['.', '.'] };
        let decimals = text.rsplit_once(decimal).map_or(0, |(_, digits)| digits.len());
        Ok(Percentage {
            value,
            half_step: 0.5 * 0.1_f64.powf(decimals as f64),
        })
    }

    /// A time in seconds: `140` (in the unit of its column), `140 ms`, `1.2s`, `1m30s`.
    pub(super) fn seconds(&self, unit: f64, decimal_comma: bool) -> Result<f64, Problem> {
        let mut rest = self.text.as_str();
        if !rest.contains(char::is_alphabetic) || self.is_exponential() {
            return Ok(self.number(rest, decimal_comma)? * unit);
        }
        let mut seconds = 0.0;
        while !rest.is_empty() {
            let letters = rest.find(char::is_alphabetic).unwrap_or(rest.len());
            let (number, after) = rest.split_at(letters);
            let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            let Some(factor) = time_unit(&name.to_lowercase()) else {
                let message = format!("expected a time, found `{}`", self.text);
                return Err(self.wrong(message, "write a number and a unit: `350ms`, `1.2s`"));
            };
            seconds += self.number(number.trim(), decimal_comma)? * factor;
            rest = after.trim_start();
        }
        Ok(seconds)
    }

    fn is_exponential(&self) -> bool {
        self.text.parse::<f64>().is_ok()
    }

    fn number(&self, text: &str, decimal_comma: bool) -> Result<f64, Problem> {
        let value = plain(text, decimal_comma).and_then(|plain| plain.parse::<f64>().ok());
        match value {
            Some(value) if value <= MOST => Ok(value),
            Some(_) => Err(self.wrong(
                format!("`{text}` is too large"),
                "write the number that was measured",
            )),
            None => Err(self.no_number(text, decimal_comma)),
        }
    }

    fn no_number(&self, text: &str, decimal_comma: bool) -> Problem {
        if let Some(positive) = text
            .strip_prefix(['-', '−'])
            .filter(|rest| plain(rest, decimal_comma).is_some())
        {
            return self.wrong(format!("`-{positive}` is negative"), "write zero or more");
        }
        let help = match plain(text, !decimal_comma) {
            Some(meant) if !decimal_comma => {
                format!("here a comma parts thousands; write `{meant}` for a fraction")
            }
            _ => "write digits, with a point before a fraction: `1012`, `38.3`".to_owned(),
        };
        self.wrong(format!("expected a number, found `{}`", self.text), help)
    }

    pub(super) fn wrong(&self, message: impl Into<String>, help: impl Into<String>) -> Problem {
        Problem::at(self.at.clone(), message, help)
    }
}

/// A number as Rust writes it; `None` if it is none. Thousands may be parted by commas (points, where the comma is the decimal
/// sign), spaces, apostrophes or low lines.
fn plain(text: &str, decimal_comma: bool) -> Option<String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.parse::<i16>().ok()?)),
        None => (text, None),
    };
    // Where the comma is decimal, a single point without one beside it is so all the same.
    let points = mantissa.matches('.').count();
    let comma = decimal_comma && (mantissa.contains(',') || points != 1);
    let (decimal, group) = if comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = mantissa.split_once(decimal).unwrap_or((mantissa, ""));
    let is_group =
        |c: char| c == group || matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\'' | '’' | '_');
    let groups: Vec<&str> = whole.split(is_group).collect();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let separators: Vec<char> = whole.chars().filter(|c| is_group(*c)).collect();
    let grouped = groups.len() == 1
        || (1..=3).contains(&groups[0].len())
            && groups[1..].iter().all(|part| part.len() == 3)
            && separators.windows(2).all(|pair| pair[0] == pair[1]);
    let well = grouped
        && groups.iter().all(|part| digits(part))
        && digits(fraction)
        && whole.len() + fraction.len() > 0;
    let exponent = exponent.map_or_else(String::new, |power| format!("e{power}"));
    well.then(|| match fraction {
        "" => format!("{}{exponent}", groups.concat()),
        fraction => format!("{}.{fraction}{exponent}", groups.concat()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (text, comma, number) in [
            ("1012", false, Some("1012")),
            ("1,012", false, Some("1012")),
            ("1 012 345.5", false, Some("1012345.5")),
            ("1'012", false, Some("1012")),
            ("12,5", false, None),
            ("12,5", true, Some("12.5")),
            ("1.012,5", true, Some("1012.5")),
            ("38.3", true, Some("38.3")),
            ("1.234.567", true, Some("1234567")),
            ("1,012 345", false, None),
            ("1.5e-3", false, Some("1.5e-3")),
            (".5", false, Some(".5")),
            ("inf", false, None),
            ("1.2.3", false, None),
            ("", false, None),
            (".", false, None),
        ] {
            assert_eq!(plain(text, comma).as_deref(), number, "{text}");
        }
    }

    #[test]
    fn rates_and_levels_may_say_what_they_are_of() {
        let cell = |text: &str| Cell {
            text: text.to_owned(),
            at: 0..0,
        };
        for (text, rate) in [
            ("38.3", 38.3),
            ("1,020.5 req/s", 1020.5),
            ("1.2k/s", 1200.0),
            ("~800 rps", 800.0),
            ("90/min", 1.5),
        ] {
            let read = cell(text).rate(false).expect(text);
            assert!((read - rate).abs() < 1e-9, "{text}: {read}");
        }
        assert!(cell("5 kB/s").rate(false).is_err() && cell("5/furlong").rate(false).is_err());
        for text in ["50", "50 users", "50 VUs"] {
            assert_eq!(cell(text).load(false), Ok(50.0), "{text}");
        }
        assert!(cell("50 apples").load(false).is_err());
    }

    #[test]
    fn times_have_the_unit_of_their_cell_or_of_their_column() {
        for (text, seconds) in [
            ("140", 0.14),
            ("350ms", 0.35),
            ("1.2s", 1.2),
            ("1 m 30 s", 90.0),
            ("2 sec", 2.0),
            ("1e3", 1.0),
        ] {
            let cell = Cell {
                text: text.to_owned(),
                at: 0..0,
            };
            let read = cell.seconds(1e-3, false).expect(text);
            assert!((read - seconds).abs() < 1e-12, "{text}: {read}");
        }
    }
}
