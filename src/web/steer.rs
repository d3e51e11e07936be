//! What is done to a run by hand: start, stop, pause, another level, figures anew.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use super::live::{Course, Live};
use super::state::Shared;
use super::{Form, Start};
use crate::engine::Stop;
use crate::plan::course::Change;

/// The longest way to a level.
const LONGEST: f64 = 24.0 * 60.0 * 60.0;

type Body<T> = Result<Json<T>, JsonRejection>;

/// How to stop.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HowToStop {
    /// Requests in flight are given up.
    now: bool,
}

/// Another level.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    /// Users, or arrivals per second.
    level: f64,
    /// Seconds.
    #[serde(default)]
    ramp: f64,
}

/// Nothing beside that it is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// What the page shows where something cannot be done.
fn refused(status: StatusCode, why: impl Into<String>) -> Response {
    (status, Json(json!({ "error": why.into() }))).into_response()
}

fn done() -> Response {
    Json(json!({})).into_response()
}

fn unreadable(error: &JsonRejection) -> Response {
    refused(error.status(), error.body_text())
}

/// Starts a run.
pub(super) async fn start(State(shared): State<Arc<Shared>>, form: Body<Form>) -> Response {
    let form = match form {
        Ok(Json(form)) => form,
        Err(error) => return unreadable(&error),
    };
    if shared.options.scenarios.is_none() {
        return refused(StatusCode::FORBIDDEN, "no run can be started from this page");
    }
    if form.file.trim().is_empty() {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "choose a scenario");
    }
    let busy = || refused(StatusCode::CONFLICT, "a run is under way; it has to end first");
    if shared.with_live(|live, _| !live.is_over()).unwrap_or(false) {
        return busy();
    }
    let (reply, said) = oneshot::channel();
    if !shared.hand(Start { form, reply }).await {
        return busy();
    }
    match said.await {
        Ok(Ok(())) => done(),
        Ok(Err(why)) => refused(StatusCode::UNPROCESSABLE_ENTITY, why),
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "the program did not answer"),
    }
}

/// Does something to the run under way.
fn steer(shared: &Shared, act: impl FnOnce(&Live) -> Result<(), String>) -> Response {
    let acted = shared.with_live(|live, _| {
        if matches!(live.course, Course::Going) {
            act(live)
        } else {
            Err("the load is over".to_owned())
        }
    });
    match acted {
        Some(Ok(())) => {
            shared.tell();
            done()
        }
        Some(Err(why)) => refused(StatusCode::CONFLICT, why),
        None => refused(StatusCode::CONFLICT, "there is no run"),
    }
}

/// Stops it: users finish what they are at, or, asked again, at once.
pub(super) async fn stop(State(shared): State<Arc<Shared>>, how: Body<HowToStop>) -> Response {
    let how = match how {
        Ok(Json(HowToStop { now: true })) => Stop::Now,
        Ok(Json(HowToStop { now: false })) => Stop::Gently,
        Err(error) => return unreadable(&error),
    };
    steer(&shared, |live| {
        live.control.stop(how);
        Ok(())
    })
}

/// Goes to another level.
pub(super) async fn level(State(shared): State<Arc<Shared>>, wish: Body<Level>) -> Response {
    let Level { level, ramp } = match wish {
        Ok(Json(wish)) => wish,
        Err(error) => return unreadable(&error),
    };
    if !(0.0..=LONGEST).contains(&ramp) {
        return refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the way to a level takes from 0 s to 24 hours",
        );
    }
    let ramp = Duration::from_secs_f64(ramp);
    change(&shared, Change::Level { level, ramp })
}

/// Pauses it.
pub(super) async fn pause(State(shared): State<Arc<Shared>>, body: Body<Nothing>) -> Response {
    changed(&shared, body, Change::Pause)
}

/// Goes on.
pub(super) async fn resume(State(shared): State<Arc<Shared>>, body: Body<Nothing>) -> Response {
    changed(&shared, body, Change::Resume)
}

/// Lets the figures begin anew.
pub(super) async fn reset(State(shared): State<Arc<Shared>>, body: Body<Nothing>) -> Response {
    changed(&shared, body, Change::Reset)
}

fn changed(shared: &Shared, body: Body<Nothing>, wish: Change) -> Response {
    match body {
        Ok(Json(Nothing {})) => change(shared, wish),
        Err(error) => unreadable(&error),
    }
}

fn change(shared: &Shared, change: Change) -> Response {
    steer(shared, |live| {
        let Some(snapshot) = &live.snapshot else {
            return Err("the run is only just starting; try again in a second".to_owned());
        };
        if live.control.asked() != Stop::Run {
            return Err("the run is stopping".to_owned());
        }
        let outline = &snapshot.outline;
        // A change within the second that is not told yet counts already.
        let last = outline.turns.last().map_or(snapshot.at, |turn| turn.at);
        outline
            .allows(&change, snapshot.at.max(last))
            .map_err(|refused| refused.to_string())?;
        live.control.change(change);
        Ok(())
    })
}
