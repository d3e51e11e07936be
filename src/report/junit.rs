//! Thresholds as `JUnit` XML: one test case each, for the test view of a CI server.

use std::fmt::Write as _;

use super::{warning, words};
use crate::analysis::shortfall::{Shortfall, shortfalls};
use crate::measure::summary::RunSummary;

/// The file.
pub fn report(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let name = escaped(&outline.name);
    let short: Vec<Shortfall> = shortfalls(summary).into_iter().filter(Shortfall::fails).collect();
    let failed =
        summary.thresholds.iter().filter(|verdict| !verdict.holds).count() + usize::from(!short.is_empty());
    let time = format!("{:.3}", summary.end.at.as_secs_f64());
    let start = super::number::timestamp(summary.run.started_unix_micros / 1_000_000);
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(
        xml,
        "<testsuites>\n  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" \
         timestamp=\"{}\" time=\"{time}\">",
        summary.thresholds.len() + 1,
        start.trim_end_matches('Z'),
    );
    let said: Vec<_> = short
        .iter()
        .map(|shortfall| warning::shortfall_words(summary, shortfall).replace('`', ""))
        .collect();
    case(
        &mut xml,
        &name,
        "the scenario was carried out as written",
        &said.join(" "),
    );
    for verdict in &summary.thresholds {
        let said = if verdict.holds {
            String::new()
        } else {
            words::verdict(outline, verdict)
        };
        case(&mut xml, &name, &verdict.threshold.text, &said);
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

/// One test case; `failure`: what was wrong, empty where it passed.
fn case(xml: &mut String, class: &str, name: &str, failure: &str) {
    let (name, failure) = (escaped(name), escaped(failure));
    let _ = write!(
        xml,
        "    <testcase classname=\"{class}\" name=\"{name}\" time=\"0\""
    );
    if failure.is_empty() {
        xml.push_str("/>\n");
    } else {
        let _ = writeln!(
            xml,
            ">\n      <failure message=\"{failure}\">{name}: {failure}</failure>\n    </testcase>"
        );
    }
}

/// Words as XML text or attribute. What XML 1.0 forbids even escaped becomes a replacement character.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => text += "&amp;",
            '<' => text += "&lt;",
            '>' => text += "&gt;",
            '"' => text += "&quot;",
            '\'' => text += "&apos;",
            '\n' | '\r' | '\t' => text.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => text.push('\u{fffd}'),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_cannot_leave_their_attribute() {
        assert_eq!(
            super::escaped("p95 < 3s & \"x\"\u{0}\n"),
            "p95 &lt; 3s &amp; &quot;x&quot;\u{fffd} "
        );
    }
}
