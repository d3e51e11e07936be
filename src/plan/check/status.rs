//! Which statuses are expected.

use std::fmt;
use std::ops::RangeInclusive;

use http::StatusCode;

use crate::plan::problem::Problem;

/// A set of statuses: any of its parts. Prints as `<400 or 404`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusSet {
    parts: Vec<(String, RangeInclusive<u16>)>,
}

const ADVICE: &str = "write a status such as `404`, or `<400`, `2xx`, `200-299`";

impl StatusSet {
    /// No status yet.
    pub fn empty() -> Self {
        Self { parts: Vec::new() }
    }

    /// One more part: `200`, `<400`, `2xx`, `200-299`.
    pub fn add(&mut self, text: &str) -> Result<(), Problem> {
        let text = text.trim();
        let range = part(text).map_err(|message| Problem::new(0..text.len(), message).help(ADVICE))?;
        self.parts.push((text.to_owned(), range));
        Ok(())
    }

    /// Whether a status is in it.
    pub fn contains(&self, status: StatusCode) -> bool {
        self.parts
            .iter()
            .any(|(_, range)| range.contains(&status.as_u16()))
    }
}

/// Below 400.
impl Default for StatusSet {
    fn default() -> Self {
        Self {
            parts: vec![("<400".to_owned(), 100..=399)],
        }
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (text, _)) in self.parts.iter().enumerate() {
            let separator = if place == 0 { "" } else { " or " };
            write!(f, "{separator}{text}")?;
        }
        Ok(())
    }
}

fn part(text: &str) -> Result<RangeInclusive<u16>, String> {
    let strange = || format!("`{text}` is no status");
    let status = |text: &str| {
        let number: u16 = text.trim().parse().map_err(|_| strange())?;
        if (100..=999).contains(&number) {
            Ok(number)
        } else {
            Err(format!("there is no status {number}"))
        }
    };
    if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
        return match class.parse::<u16>() {
            Ok(class @ 1..=9) if text.len() == 3 => Ok(class * 100..=class * 100 + 99),
            _ => Err(strange()),
        };
    }
    if let Some((first, last)) = text.split_once('-') {
        let (first, last) = (status(first)?, status(last)?);
        return if first <= last {
            Ok(first..=last)
        } else {
            Err(format!("`{text}` is empty: {last} is below {first}"))
        };
    }
    for (sign, range) in [
        ("<=", (|n| 100..=n) as fn(u16) -> RangeInclusive<u16>),
        (">=", |n| n..=999),
        ("<", |n| 100..=n - 1),
        (">", |n| n + 1..=999),
    ] {
        if let Some(number) = text.strip_prefix(sign) {
            return Ok(range(status(number)?));
        }
    }
    status(text).map(|number| number..=number)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn set(parts: &[&str]) -> StatusSet {
        let mut set = StatusSet::empty();
        for part in parts {
            set.add(part).unwrap();
        }
        set
    }

    #[test]
    fn each_way_of_writing_a_status_is_understood() {
        for (text, inside, outside) in [
            ("404", vec![404], vec![403, 405]),
            ("<400", vec![100, 399], vec![400]),
            ("<= 400", vec![400], vec![401]),
            (">500", vec![501], vec![500]),
            (">=500", vec![500], vec![499]),
            ("2xx", vec![200, 299], vec![199, 300]),
            ("200-204", vec![200, 204], vec![205]),
        ] {
            let set = set(&[text]);
            assert!(
                inside
                    .iter()
                    .all(|&n| set.contains(StatusCode::from_u16(n).unwrap())),
                "{text}"
            );
            assert!(
                !outside
                    .iter()
                    .any(|&n| set.contains(StatusCode::from_u16(n).unwrap())),
                "{text}"
            );
        }
        assert_eq!(set(&["<400", "404"]).to_string(), "<400 or 404");
        assert_eq!(StatusSet::default().to_string(), "<400");
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in [
            "", "ok", "20", "2x", "0xx", "xx", "299-200", "<", "200-", "1000", "ä", "éxx",
        ] {
            assert!(StatusSet::empty().add(text).is_err(), "{text}");
        }
    }
}
