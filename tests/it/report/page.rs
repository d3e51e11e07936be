//! `report.html` and the pictures beside `report.md`, of runs that went through recorder and aggregator.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use runner::analysis::capacity::Context;
use runner::analysis::{Analysis, levels, steady};
use runner::measure::curves::Curves;
use runner::measure::recording::Recording;
use runner::measure::summary::{RunSummary, WindowChoice};
use runner::report::{chart, findings, html};

use super::fixture::matrix;
use crate::analysis::law;
use crate::measure::script::{Run, info, outline, secs, usual};

const HOSTILE: &str = "</script><img src=x onerror=alert(1)><!-- \"'&lt;";

struct Known {
    summary: RunSummary,
    analysis: Analysis,
    curves: Curves,
}

impl Known {
    fn of(recording: &Recording) -> Self {
        let summary = recording.summary(&steady::windows(recording));
        Self {
            analysis: Analysis::of_run(recording, &summary),
            curves: recording.curves(600),
            summary,
        }
    }

    fn page(&self, scenario: Option<&str>) -> String {
        html::report(&self.summary, &self.analysis, &self.charts(), scenario).unwrap()
    }

    fn pictures(&self) -> Vec<(&'static str, String)> {
        chart::svg::files(&self.charts()).collect()
    }

    fn charts(&self) -> Vec<chart::Chart> {
        chart::charts(&self.summary, &self.analysis, &self.curves)
    }
}

/// Names of endpoints, scenario and failures are as bad as names can be.
fn hostile() -> Known {
    let mut outline = outline(&[(5, 60), (5, 60)], Vec::new());
    HOSTILE.clone_into(&mut outline.name);
    outline.description = Some(HOSTILE.to_owned());
    for (number, row) in outline.rows.iter_mut().enumerate() {
        row.name = format!("{HOSTILE}{number}");
        HOSTILE.clone_into(&mut row.method);
    }
    let run = Run {
        info: info(outline, 2),
        ..usual()
    };
    Known::of(&run.record(drop).1)
}

/// What stands between two texts.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let (_, rest) = text.split_once(begin).unwrap();
    rest.split_once(end).unwrap().0
}

fn charts(page: &str) -> serde_json::Value {
    let data = between(
        page,
        "<script type=\"application/json\" id=\"chart-data\">",
        "</script>",
    );
    serde_json::from_str(data).unwrap()
}

#[test]
fn a_run_of_an_hour_in_ten_stages_fits_into_200_kilobytes() {
    let outline = outline(&[(20, 340); 10], Vec::new());
    let run = Run {
        info: info(outline, 2),
        grace: secs(10),
        users: 4,
    };
    let page = Known::of(&run.record(drop).1).page(Some(&"# a line of a scenario\n".repeat(150)));
    assert!(page.len() < 200_000, "{} bytes", page.len());
    let throughput = &charts(&page)[0]["series"][0]["y"];
    let points = throughput.as_array().unwrap().len();
    assert!((300..=600).contains(&points), "{points} points");
}

#[test]
fn words_of_others_are_text_everywhere() {
    let page = hostile().page(Some(HOSTILE));
    for (what, count) in [
        ("<script", 2),
        ("</script", 2),
        ("<img", 0),
        ("<!--", 0),
        ("<style", 1),
    ] {
        assert_eq!(page.matches(what).count(), count, "{what}");
    }
    let distribution = charts(&page);
    let distribution = distribution.as_array().unwrap().last().unwrap();
    let names: Vec<_> = distribution["series"]
        .as_array()
        .unwrap()
        .iter()
        .map(|series| series["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 3);
    assert!(names[0].starts_with(HOSTILE), "{names:?}");
    for (name, picture) in hostile().pictures() {
        assert!(
            !picture.contains("<img") && !picture.contains("<script"),
            "{name}"
        );
    }
}

#[test]
fn the_policy_lets_in_what_the_page_holds_and_nothing_else() {
    let page = Known::of(&usual().record(drop).1).page(None);
    let hash = |text: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        format!("'sha256-{}'", STANDARD.encode(digest))
    };
    assert_eq!(
        between(&page, "Content-Security-Policy\" content=\"", "\""),
        format!(
            "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
            hash(between(&page, "<script>", "</script>")),
            hash(between(&page, "<style>", "</style>"))
        )
    );
    let markup = page.replace(between(&page, "<script>", "</script>"), "");
    for attribute in [
        " src=",
        " style=",
        " onclick=",
        " srcset=",
        "url(",
        "@import",
        "<link",
    ] {
        assert!(!markup.contains(attribute), "{attribute}");
    }
    assert_eq!(
        markup.matches(" href=\"#").count(),
        markup.matches(" href=").count()
    );
}

#[test]
fn findings_come_before_every_figure_in_the_words_of_the_markdown_report() {
    let known = Known::of(&usual().record(drop).1);
    let page = known.page(None);
    let order = [
        "<h1>",
        "id=\"findings\"",
        "id=\"result\"",
        "id=\"charts\"",
        "id=\"failures\"",
    ];
    let places: Vec<_> = order.iter().map(|what| page.find(what).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    let about = findings::About::of(&known.summary);
    let section = findings::section(&known.analysis.findings, about).unwrap();
    let said: Vec<_> = section
        .lines()
        .filter_map(|line| Some(line.strip_prefix("- **")?.split_once("**")?.0))
        .collect();
    assert!(!said.is_empty());
    for heading in said {
        assert!(
            page.contains(&format!("<li><strong>{heading}</strong>")),
            "{heading}"
        );
    }
}

#[test]
fn the_same_run_renders_to_the_same_page_and_pictures() {
    let known = || Known::of(&usual().record(drop).1);
    assert_eq!(known().page(Some("a: 1\n")), known().page(Some("a: 1\n")));
    assert_eq!(known().pictures(), known().pictures());
}

/// The page with every chart. It is left in the folder of test files, where `.ci/run` opens it in a browser.
#[test]
fn every_chart_has_its_place_in_the_page() {
    let mut summary = matrix();
    HOSTILE.clone_into(&mut summary.rows[0].name);
    // Without what makes its levels doubtful.
    for stage in &mut summary.stages {
        stage.window.choice = WindowChoice::Steady { warm_up: 5 };
        stage.warnings.clear();
        stage.think = Some(Duration::from_secs_f64(
            stage.users / stage.figures.rate - stage.figures.mean.unwrap().as_secs_f64(),
        ));
    }
    let known = Known {
        analysis: Analysis::of(levels::bare(&summary), &summary),
        // Of another run: what the page is tested with need not fit together.
        curves: usual().record(drop).1.curves(600),
        summary,
    };
    let page = known.page(Some("name: mixed\n"));
    let charts = charts(&page);
    let charts = charts.as_array().unwrap();
    let ids: Vec<_> = charts.iter().map(|chart| chart["id"].as_str().unwrap()).collect();
    let all = ["throughput", "times", "capacity", "in-flight", "distribution"];
    assert_eq!(ids, all);
    assert_eq!(page.matches(" data-chart=").count(), ids.len());
    for id in ids {
        assert!(page.contains(&format!("data-chart=\"{id}\"")));
    }
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html"), page).unwrap();
}

/// Levels that are off a known law by 1 %.
#[test]
fn the_law_is_drawn_with_its_band() {
    let known = Known {
        analysis: Analysis::of_levels(law::levels(law::PEAKED, 0.01, 1), &Context::default()),
        curves: usual().record(drop).1.curves(600),
        summary: matrix(),
    };
    let page = known.page(None);
    let charts = charts(&page);
    let mut all = charts.as_array().unwrap().iter();
    let chart = all.find(|chart| chart["id"] == "in-flight").unwrap();
    let mut series = chart["series"].as_array().unwrap().iter();
    let drawn = series.find(|series| series["name"] == "Scalability law").unwrap();
    assert_eq!(drawn["kind"], "dashed");
    let of = |key: &str| -> Vec<f64> {
        let values = drawn[key].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let (x, y, low, high) = (of("x"), of("y"), of("low"), of("high"));
    assert_eq!((y.len(), low.len(), high.len()), (x.len(), x.len(), x.len()));
    let scaling = known.analysis.capacity.scaling.unwrap();
    for place in 0..x.len() {
        assert!(low[place] < y[place] && y[place] < high[place], "{place}");
        // Figures of charts have four digits.
        let end = scaling.throughput(x[place]).high();
        assert!((high[place] / end - 1.0).abs() < 1e-3, "{place}");
    }
    assert!(page.contains("The band is its 95% interval"));
}

#[test]
fn one_level_has_no_capacity_chart_and_the_open_model_shows_latency_from_due() {
    let mut one = outline(&[(5, 60)], Vec::new());
    one.open = true;
    let run = Run {
        info: info(one, 2),
        ..usual()
    };
    let known = Known::of(&run.record(drop).1);
    let page = known.page(None);
    assert!(!page.contains("data-chart=\"capacity\"") && page.contains("Latency over time"));
    let pictures: Vec<_> = known.pictures().into_iter().map(|(name, _)| name).collect();
    assert_eq!(pictures, ["timeline.svg"]);
}
