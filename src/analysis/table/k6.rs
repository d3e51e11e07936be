//! k6's summary in JSON: one level per file. `--summary-export` writes the figures of a metric into the metric itself,
//! `handleSummary` gets them one deeper, in `values`.

use serde_json::Value;

use super::title::WANTED;
use super::{Note, Part, Problem, bare};
use crate::analysis::estimate::Estimate;

const HELP: &str = "give the file of `k6 run --summary-export FILE`, or the data of `handleSummary` as JSON";

/// Metrics by name.
struct Metrics<'a>(&'a Value);

impl Metrics<'_> {
    fn get(&self, metric: &str, figure: &str) -> Option<&Value> {
        let metric = self.0.get(metric)?;
        metric.get("values").unwrap_or(metric).get(figure)
    }

    /// A figure that may be missing.
    fn maybe(&self, metric: &str, figure: &str) -> Result<Option<f64>, Problem> {
        let Some(value) = self.get(metric, figure).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(value) if (0.0..=1e15).contains(&value) => Ok(Some(value)),
            _ => Err(Problem::whole(
                format!("`{figure}` of the metric `{metric}` is {value}, which is no such figure"),
                HELP,
            )),
        }
    }

    fn must(&self, metric: &str, figure: &str) -> Result<f64, Problem> {
        self.maybe(metric, figure)?.ok_or_else(|| {
            Problem::whole(
                format!("this summary has no `{figure}` of the metric `{metric}`"),
                HELP,
            )
        })
    }

    /// A time, which k6 writes in milliseconds whatever its display is set to.
    fn seconds(&self, figure: &str) -> Result<Option<f64>, Problem> {
        Ok(self.maybe("http_req_duration", figure)?.map(|ms| ms / 1e3))
    }
}

/// The level of a summary.
pub(super) fn part(text: &str) -> Result<Part, Problem> {
    let json: Value = serde_json::from_str(text).map_err(|error| {
        let before: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let mut at = (before + error.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
        Problem::at(at..end, "this begins like JSON and is none", HELP)
    })?;
    let metrics = json
        .get("metrics")
        .filter(|metrics| metrics.get("http_reqs").is_some());
    let Some(metrics) = metrics.map(Metrics) else {
        return Err(Problem::whole("this JSON is no summary of k6", WANTED));
    };
    let requests = metrics.must("http_reqs", "count")?.round();
    let rate = metrics.must("http_reqs", "rate")?;
    // Its passes are the requests that did fail: those for which "failed" is true.
    let failed = metrics.must("http_req_failed", "passes")?.round();
    let users = match metrics.maybe("vus", "max")? {
        Some(users) => users,
        None => metrics.must("vus", "value")?,
    };
    if users <= 0.0 {
        return Err(Problem::whole("no user was active (`vus`)", HELP));
    }
    if failed > requests {
        return Err(Problem::whole(
            format!("{failed} failures of {requests} requests"),
            HELP,
        ));
    }
    let mean = metrics.seconds("avg")?.filter(|_| requests > 0.0);
    let mut level = bare(users, requests as u64, failed as u64, rate, mean);
    level.p50 = metrics.seconds("med")?.map(Estimate::bare);
    level.p95 = metrics.seconds("p(95)")?.map(Estimate::bare);
    level.p99 = metrics.seconds("p(99)")?.map(Estimate::bare);
    // k6 divides by the length of the run.
    level.length = (rate > 0.0).then(|| requests / rate);
    Ok(Part {
        levels: vec![level],
        notes: vec![Note::WholeRun],
        ..Part::default()
    })
}
