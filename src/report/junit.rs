//! Thresholds as `JUnit` XML: one test case each, for the test view of a CI server.

use std::fmt::Write as _;

use super::{warning, words};
use crate::measure::carried_out::shortfalls;
use crate::measure::summary::RunSummary;

/// The file.
pub fn report(summary: &RunSummary) -> String {
    let outline = &summary.run.outline;
    let name = escaped(&outline.name);
    let shortfalls = shortfalls(summary);
    let failed = summary.thresholds.iter().filter(|verdict| !verdict.holds).count()
        + usize::from(!shortfalls.is_empty());
    let time = format!("{:.3}", summary.end.at.as_secs_f64());
    let start = super::number::timestamp(summary.run.started_unix_micros / 1_000_000);
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(
        xml,
        "<testsuites>\n  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" \
         timestamp=\"{}\" time=\"{time}\">",
        summary.thresholds.len() + usize::from(!shortfalls.is_empty()),
        start.trim_end_matches('Z'),
    );
    for verdict in &summary.thresholds {
        let text = escaped(&verdict.threshold.text);
        let _ = write!(
            xml,
            "    <testcase classname=\"{name}\" name=\"{text}\" time=\"0\""
        );
        if verdict.holds {
            xml += "/>\n";
        } else {
            let said = escaped(&words::verdict(outline, verdict));
            let _ = writeln!(
                xml,
                ">\n      <failure message=\"{said}\">{text}: {said}</failure>\n    </testcase>"
            );
        }
    }
    if !shortfalls.is_empty() {
        let said: Vec<_> = shortfalls
            .iter()
            .map(|shortfall| warning::shortfall(summary, shortfall))
            .collect();
        let said = escaped(&said.join("; ").replace('`', ""));
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{name}\" name=\"the scenario was carried out\" time=\"0\">\n      \
             <failure message=\"{said}\">{said}</failure>\n    </testcase>"
        );
    }
    xml + "  </testsuite>\n</testsuites>\n"
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
