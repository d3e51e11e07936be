//! What can be asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path as Named, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};

use super::files::{self, How};
use super::guard::{check, refuse};
use super::shelf::{Entry, Shelved, SoFar, places, with_files, work};
use super::state::Shared;
use super::view::Run;
use super::{steer, stream};
use crate::report::chart::{self, Chart};

/// More does not have to be sent to us.
const LARGEST: usize = 64 * 1024;

/// A longer scenario is left to its file.
const SCENARIO: u64 = 400_000;

/// The scenario as run, in a run's folder.
const SCENARIO_FILE: &str = "scenario.yaml";

/// The files of the page.
const ASSETS: [(&str, &str, &str); 10] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/style.css", CSS, crate::report::html::STYLE),
    ("/page.css", CSS, include_str!("page/page.css")),
    ("/scale.js", SCRIPT, crate::report::html::SCALE),
    ("/chart.js", SCRIPT, crate::report::html::CHART),
    ("/tools.js", SCRIPT, include_str!("page/tools.js")),
    ("/controls.js", SCRIPT, include_str!("page/controls.js")),
    ("/panels.js", SCRIPT, include_str!("page/panels.js")),
    ("/charts.js", SCRIPT, include_str!("page/charts.js")),
    ("/page.js", SCRIPT, include_str!("page/page.js")),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><path d=\"M1 14 5 8l3 3 6-9\" fill=\"none\" \
                    stroke=\"#1f6fb4\" stroke-width=\"2.4\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>";

/// Everything, behind the guard.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for (path, kind, text) in ASSETS {
        router = router.route(
            path,
            get(move || async move { ([(header::CONTENT_TYPE, kind)], text) }),
        );
    }
    router
        .route(
            "/favicon.ico",
            get(|| async { ([(header::CONTENT_TYPE, "image/svg+xml")], ICON) }),
        )
        .route("/api/state", get(state))
        .route("/api/live", get(stream::watch))
        .route("/api/start", post(steer::start))
        .route("/api/stop", post(steer::stop))
        .route("/api/level", post(steer::level))
        .route("/api/pause", post(steer::pause))
        .route("/api/resume", post(steer::resume))
        .route("/api/reset", post(steer::reset))
        .route("/api/runs/{id}", get(run))
        .route("/api/runs/{id}/over-time", get(over_time))
        .route("/api/runs/{id}/over-load", get(over_load))
        .route("/api/runs/{id}/findings", get(findings))
        .route("/api/runs/{id}/scenario", get(scenario))
        .route("/api/runs/{id}/files/{name}", get(file))
        .route("/api/runs/{id}/examples/{name}", get(example))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "there is nothing here") })
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), check))
        .with_state(shared)
}

type It = State<Arc<Shared>>;

/// What the page can do.
#[derive(Debug, Serialize)]
struct Known {
    version: &'static str,
    /// Whether runs can be started from this page at all.
    starts: bool,
    scenarios: Vec<String>,
    /// Whether there is a run by the name `live`.
    live: bool,
    runs: Vec<Entry>,
}

async fn state(State(shared): It) -> Response {
    let own = shared.live().map(|live| live.folder);
    let live = own.is_some();
    let asked = Arc::clone(&shared);
    let runs = work(move || asked.shelf.entries(&asked.options, own.as_deref())).await;
    let scenarios = shared.options.scenarios.as_deref();
    let names = scenarios.unwrap_or_default().iter();
    Json(Known {
        version: env!("CARGO_PKG_VERSION"),
        starts: scenarios.is_some(),
        scenarios: names.map(|path| path.display().to_string()).collect(),
        live,
        runs: runs.unwrap_or_default(),
    })
    .into_response()
}

/// A run that is over.
struct Found {
    shelved: Arc<Shelved>,
    folder: PathBuf,
}

/// The run that is meant.
enum Meant {
    /// That under way.
    UnderWay,
    Over(Found),
}

async fn meant(shared: &Arc<Shared>, id: String) -> Result<Meant, Response> {
    let wrong = |why: String| refuse(StatusCode::UNPROCESSABLE_ENTITY, &why);
    if id == "live" {
        let Some(live) = shared.live() else {
            return Err(no_run());
        };
        if !matches!(live.course, super::live::Course::Over(_)) {
            return Ok(Meant::UnderWay);
        }
        let shelved = shared.shelf.own(&live).await.map_err(wrong)?;
        let folder = live.folder;
        return Ok(Meant::Over(Found { shelved, folder }));
    }
    let folder = folder(shared, id).await?;
    let shelved = shared.shelf.on_disk(&folder).await.map_err(wrong)?;
    Ok(Meant::Over(Found { shelved, folder }))
}

fn no_run() -> Response {
    refuse(StatusCode::NOT_FOUND, "there is no such run")
}

/// The folder of a run, by its name in the list.
async fn folder(shared: &Arc<Shared>, id: String) -> Result<PathBuf, Response> {
    let own = shared.live().map(|live| live.folder);
    if id == "live" {
        return own.ok_or_else(no_run);
    }
    let options = shared.options.clone();
    let places = work(move || places(&options, own.as_deref()))
        .await
        .unwrap_or_default();
    let place = places.into_iter().find(|place| place.id == id);
    place.map(|place| place.folder).ok_or_else(no_run)
}

async fn run(State(shared): It, Named(id): Named<String>) -> Response {
    let of_live = id == "live";
    let run = match meant(&shared, id).await {
        Err(answer) => return answer,
        Ok(Meant::UnderWay) => {
            let Some(live) = shared.live() else {
                return no_run();
            };
            work(move || with_files(Run::under_way(&live), &live.folder)).await
        }
        Ok(Meant::Over(found)) => {
            let live = shared.live().filter(|_| of_live);
            work(move || {
                let run = with_files(found.shelved.run.clone(), &found.folder);
                live.iter().fold(run, Run::carried_out)
            })
            .await
        }
    };
    match run {
        Ok(run) => Json(run).into_response(),
        Err(why) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &why),
    }
}

#[derive(Debug, Serialize)]
struct OverTime<'a> {
    /// Which of the runs of this program, and the seconds of a point, where it goes on.
    run: u64,
    step: u32,
    charts: &'a [Chart],
}

async fn over_time(State(shared): It, Named(id): Named<String>) -> Response {
    match meant(&shared, id).await {
        Err(answer) => answer,
        Ok(Meant::UnderWay) => {
            let charts = shared.with_live(|live, history| {
                let all = history.all(live.outline());
                Json(OverTime {
                    run: live.number,
                    step: all.step,
                    charts: &chart::over_time_so_far(all),
                })
                .into_response()
            });
            charts.unwrap_or_else(no_run)
        }
        Ok(Meant::Over(found)) => Json(OverTime {
            run: 0,
            step: 0,
            charts: &found.shelved.over_time,
        })
        .into_response(),
    }
}

/// Gives what the analysis made of a run.
async fn analysed(shared: Arc<Shared>, id: String, give: impl FnOnce(&SoFar) -> Response) -> Response {
    match meant(&shared, id).await {
        Err(answer) => answer,
        Ok(Meant::Over(found)) => give(&found.shelved.rest),
        Ok(Meant::UnderWay) => match shared.shelf.so_far(|| shared.live()).await {
            Ok(found) => give(&found),
            Err(why) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &why),
        },
    }
}

async fn over_load(State(shared): It, Named(id): Named<String>) -> Response {
    analysed(shared, id, |found| Json(&found.charts).into_response()).await
}

async fn findings(State(shared): It, Named(id): Named<String>) -> Response {
    let kind = [(header::CONTENT_TYPE, TEXT)];
    analysed(shared, id, |found| (kind, found.findings.clone()).into_response()).await
}

async fn scenario(State(shared): It, Named(id): Named<String>) -> Response {
    let kind: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, TEXT)];
    if id == "live" {
        let text = shared.live().map(|live| live.scenario.to_string());
        return text.map_or_else(no_run, |text| (kind, text).into_response());
    }
    let folder = match folder(&shared, id).await {
        Ok(folder) => folder,
        Err(answer) => return answer,
    };
    let text = work(move || read_scenario(&folder)).await.ok().flatten();
    match text {
        Some(text) => (kind, text).into_response(),
        None => refuse(
            StatusCode::NOT_FOUND,
            "the run's folder holds no scenario that can be shown",
        ),
    }
}

fn read_scenario(folder: &Path) -> Option<String> {
    let file = files::list(folder)
        .into_iter()
        .find(|file| file.name == SCENARIO_FILE)?;
    let small = file.size <= SCENARIO;
    small.then(|| std::fs::read_to_string(folder.join(SCENARIO_FILE)).ok())?
}

/// Whether to look at a file or keep it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    look: Option<String>,
}

async fn file(
    State(shared): It,
    Named((id, name)): Named<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    let how = if asked.look.is_some() {
        How::Look
    } else {
        How::Download
    };
    match folder(&shared, id).await {
        Ok(folder) => files::give(folder, name, how).await,
        Err(answer) => answer,
    }
}

async fn example(State(shared): It, Named((id, name)): Named<(String, String)>) -> Response {
    match folder(&shared, id).await {
        Ok(folder) => {
            let folder = folder.join(crate::measure::journal::FAILURES);
            files::give(folder, name, How::Download).await
        }
        Err(answer) => answer,
    }
}
