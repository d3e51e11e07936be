//! `report.html`: the report as one page that needs nothing else, neither a server nor a network.
//!
//! Its words are those of `report.md`, section by section ([`super::markdown`] writes them, `prose` turns them into
//! HTML), so that the two cannot disagree; the charts ([`super::chart`]) are handed to the page's script as JSON. A content
//! security policy lets only this script and this style sheet in, each by its hash, and no request out.

mod prose;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::chart::Chart;
use super::{findings, markdown, number, table};
use crate::analysis::Analysis;
use crate::measure::summary::RunSummary;

/// The style sheet.
pub const STYLE: &str = include_str!("html/style.css");

/// How figures are written and where they stand: plain functions.
pub const SCALE: &str = include_str!("html/scale.js");

/// What draws charts; needs [`SCALE`].
pub const CHART: &str = include_str!("html/chart.js");

/// The script: what draws charts, and what this page does with it, which is to give every `figure` the chart that it names.
const SCRIPT: &str = concat!(
    include_str!("html/scale.js"),
    include_str!("html/chart.js"),
    include_str!("html/report.js")
);

/// A longer scenario is left to its file.
const SCENARIO: usize = 40_000;

const HOW_TO_READ: &str = "<p class=\"aside\">Drag across a chart to look closer. With the keyboard: Tab to a chart, arrows to \
     move from value to value, + and - to zoom, 0 to see all. The table below each chart holds its values.</p>\n\
     <noscript><p>The charts need JavaScript. The tables below hold the figures.</p></noscript>\n";

/// The page. `charts`: those of the run, as [`super::chart::charts`] makes them; `scenario`: the file as run, secrets masked, where there
/// is one.
pub fn report(
    summary: &RunSummary,
    analysis: &Analysis,
    charts: &[Chart],
    scenario: Option<&str>,
) -> Result<String, serde_json::Error> {
    let parts = markdown::Parts::of(summary);
    let (title, opening) = prose::title_and_rest(&parts.opening);
    let findings = findings::section(&analysis.findings, findings::About::of(summary));
    let before = [
        parts.cautions,
        findings,
        Some(parts.result),
        parts.by_hand,
        parts.thresholds,
    ];
    let sections: Vec<Section> = before
        .into_iter()
        .flatten()
        .map(|part| Section::of(&part))
        .chain([figures(charts)])
        .chain(parts.details.iter().map(|part| Section::of(part)))
        .chain(scenario.map(source))
        .chain([Section::of(&markdown::files())])
        .collect();
    let outline = &summary.run.outline;
    let started = number::timestamp(summary.run.started_unix_micros / 1_000_000);
    Ok(format!(
        include_str!("html/page.html"),
        policy = policy(),
        name = prose::escaped(&table::printable(&outline.name)),
        started = started,
        style = STYLE,
        title = title,
        opening = opening,
        contents = contents(&sections),
        sections = sections
            .iter()
            .map(|section| section.html.as_str())
            .collect::<String>(),
        charts = data(charts)?,
        script = SCRIPT,
    ))
}

/// What the figures come to, as a piece of a page: findings, the table of levels and thresholds, and, of a run that is over, what is
/// wrong with it.
pub fn excerpt(summary: &RunSummary, analysis: &Analysis, over: bool) -> String {
    let parts = markdown::Parts::of(summary);
    let findings = findings::section(&analysis.findings, findings::About::of(summary));
    let sections = [
        parts.cautions.filter(|_| over),
        findings,
        Some(parts.result),
        parts.thresholds.filter(|_| over),
    ];
    // What the words below the table point to.
    let levels = parts
        .details
        .into_iter()
        .filter(|part| part.starts_with("## Each level"));
    let sections = sections.into_iter().flatten().chain(levels);
    sections.map(|part| Section::of(&part).html).collect()
}

/// A section under a heading of the second order.
struct Section {
    id: String,
    heading: String,
    html: String,
}

impl Section {
    /// Of Markdown that begins with its heading. One of the third order belongs to the section before.
    fn of(markdown: &str) -> Self {
        match markdown
            .strip_prefix("## ")
            .and_then(|rest| rest.split_once('\n'))
        {
            Some((heading, rest)) => Self::new(heading, &prose::html(rest)),
            None => Self {
                id: String::new(),
                heading: String::new(),
                html: format!("<section>\n{}</section>\n", prose::html(markdown)),
            },
        }
    }

    fn new(heading: &str, body: &str) -> Self {
        let id = heading
            .to_lowercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let heading = prose::escaped(heading);
        Self {
            html: format!(
                "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>\n{body}</section>\n"
            ),
            id,
            heading,
        }
    }
}

/// The list of sections.
fn contents(sections: &[Section]) -> String {
    let named = sections.iter().filter(|section| !section.id.is_empty());
    let items =
        named.flat_map(|Section { id, heading, .. }| ["<li><a href=\"#", id, "\">", heading, "</a></li>\n"]);
    items.collect()
}

/// The places of the charts, with what they show in words.
fn figures(charts: &[Chart]) -> Section {
    let places = charts.iter().map(|chart| {
        format!(
            "<figure class=\"chart\" id=\"chart-{id}\" data-chart=\"{id}\">\n<figcaption><strong>{label}</strong> \
             {note}</figcaption>\n</figure>\n",
            id = chart.id,
            label = prose::escaped(&chart.label),
            note = prose::escaped(&chart.note),
        )
    });
    let places: Vec<_> = places.collect();
    Section::new("Charts", &(HOW_TO_READ.to_owned() + &places.concat()))
}

/// The scenario as it was run.
fn source(scenario: &str) -> Section {
    let body = if scenario.len() > SCENARIO {
        format!(
            "<p>{} are too many for a page: see <code>scenario.yaml</code>.</p>\n",
            number::bytes(scenario.len() as f64)
        )
    } else {
        format!(
            "<p>Secrets are masked.</p>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"The scenario\"><code>{}</code></pre>\n",
            prose::escaped(scenario)
        )
    };
    Section::new("The scenario as run", &body)
}

/// The charts as JSON that cannot end its `script` element: `<` only stands in strings there, and is written as `\u003c`.
fn data(charts: &[Chart]) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string(charts)?
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026"))
}

/// What the page may do: run this script, use this style, nothing else.
fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest))
}
