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
    /// Whether there is a run by the name `live`, and what it goes by in the list.
    live: bool,
    own: Option<String>,
    runs: Vec<Entry>,
}

async fn state(State(shared): It) -> Response {
    let live = shared.with_live(|live, _| (live.folder.clone(), live.is_over()));
    let is_live = live.is_some();
    let asked = Arc::clone(&shared);
    let found = work(move || asked.shelf.entries(&asked.options, live.as_ref())).await;
    let (own, runs) = found.unwrap_or_default();
    let scenarios = shared.options.scenarios.as_deref();
    let names = scenarios.unwrap_or_default().iter();
    Json(Known {
        version: env!("CARGO_PKG_VERSION"),
        starts: scenarios.is_some(),
        scenarios: names.map(|path| path.display().to_string()).collect(),
        live: is_live,
        own,
        runs,
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

#[cfg(test)]
mod tests {
    //! On an address that is not loopback, which no test listens on.
    #![expect(clippy::unwrap_used, reason = "tests")]

    use axum::body::Body;
    use axum::http::Request;
    use tower_service::Service;

    use super::*;
    use crate::web::Options;
    use crate::web::guard::Guard;

    struct Remote {
        router: Router,
        token: String,
    }

    impl Remote {
        fn new() -> Self {
            let address = "192.0.2.1:8089".parse().unwrap();
            let guard = Guard::new(address).unwrap();
            let url = guard.url();
            let token = url
                .strip_prefix("http://192.0.2.1:8089/?token=")
                .unwrap()
                .to_owned();
            let options = Options {
                address,
                scenarios: Some(Vec::new()),
                folders: Vec::new(),
                reports: None,
            };
            Self {
                router: router(Arc::new(Shared::new(options, guard))),
                token,
            }
        }

        /// What is answered to a request with these headers.
        fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", "192.0.2.1:8089");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let body = if method == "POST" { "{}" } else { "" };
            let request = request.body(Body::from(body)).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(self.router.clone().call(request)).unwrap()
        }

        fn status(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
            self.ask(method, path, headers).status().as_u16()
        }
    }

    #[test]
    fn a_token_is_long_and_new_each_time() {
        let tokens = [Remote::new().token, Remote::new().token];
        assert_ne!(tokens[0], tokens[1]);
        // 128 bits in base64.
        assert_eq!(tokens[0].len(), 22);
    }

    #[test]
    fn without_the_token_nothing_is_answered() {
        let page = Remote::new();
        let short = &page.token[..21];
        let cookie = format!("runner-8089={short}");
        let other = format!("runner-8090={}", page.token);
        let bearer = format!("Bearer {}x", page.token);
        for path in [
            "/",
            "/page.js",
            "/api/state",
            "/api/live",
            "/favicon.ico",
            "/nothing",
        ] {
            assert_eq!(page.status("GET", path, &[]), 401, "{path}");
            assert_eq!(page.status("GET", &format!("{path}?token="), &[]), 401);
            assert_eq!(page.status("GET", &format!("{path}?token={short}"), &[]), 401);
            assert_eq!(page.status("GET", path, &[("cookie", &cookie)]), 401);
            assert_eq!(page.status("GET", path, &[("cookie", &other)]), 401);
            assert_eq!(page.status("GET", path, &[("authorization", &bearer)]), 401);
        }
        let origin = ("origin", "http://192.0.2.1:8089");
        let json = ("content-type", "application/json");
        assert_eq!(page.status("POST", "/api/stop", &[origin, json]), 401);
        let in_address = format!("/api/stop?token={}", page.token);
        assert_eq!(page.status("POST", &in_address, &[origin, json]), 401);
    }

    #[test]
    fn the_address_with_the_token_leaves_a_cookie_and_goes_to_the_page() {
        let page = Remote::new();
        let address = format!("/?token={}", page.token);
        let answer = page.ask("GET", &address, &[]);
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["location"], "/");
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert_eq!(
            cookie,
            format!("runner-8089={}; HttpOnly; SameSite=Strict; Path=/", page.token)
        );
        // After a link elsewhere the browser would not send the cookie along the redirect.
        let linked = page.ask("GET", &address, &[("sec-fetch-site", "cross-site")]);
        assert_eq!(linked.status(), 200);
        assert!(linked.headers().contains_key("set-cookie"));

        let cookie = ("cookie", cookie.split(';').next().unwrap());
        assert_eq!(page.status("GET", "/", &[cookie]), 200);
        assert_eq!(page.status("GET", "/api/state", &[cookie]), 200);
        let json = ("content-type", "application/json");
        // Every port of a host gets its cookies: the page of another one has them, but not this origin.
        let foreign = ("origin", "http://192.0.2.1:9000");
        assert_eq!(page.status("POST", "/api/stop", &[cookie, json]), 403);
        assert_eq!(page.status("POST", "/api/stop", &[cookie, json, foreign]), 403);
        let own = ("origin", "http://192.0.2.1:8089");
        assert_eq!(page.status("POST", "/api/stop", &[cookie, json, own]), 409);
    }

    #[test]
    fn a_program_brings_the_token_itself() {
        let page = Remote::new();
        let bearer = format!("Bearer {}", page.token);
        let bearer = ("authorization", bearer.as_str());
        assert_eq!(page.status("GET", "/api/state", &[bearer]), 200);
        let json = ("content-type", "application/json");
        assert_eq!(page.status("POST", "/api/stop", &[bearer, json]), 409);
        assert_eq!(page.status("POST", "/api/stop", &[bearer]), 415);
    }
}
