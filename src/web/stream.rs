//! How the run stands, told each second to every browser that watches.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::guard::refuse;
use super::state::Shared;

/// A connection that is silent for so long is shown to be alive.
const ALIVE: Duration = Duration::from_secs(10);

/// A browser tries again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Server-sent events: each holds all that there is to know, so that one which was missed is not missed.
pub(super) async fn watch(State(shared): State<Arc<Shared>>) -> Response {
    let Some((newest, watcher)) = shared.watch() else {
        return refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many browsers watch this run already",
        );
    };
    let ended = shared.ended.subscribe();
    let events = stream::unfold(
        (newest, ended, watcher),
        |(mut newest, mut ended, watcher)| async move {
            let now = tokio::select! {
                biased;
                _ = ended.wait_for(|ended| *ended) => return None,
                changed = newest.changed() => {
                    changed.ok()?;
                    Arc::clone(&newest.borrow_and_update())
                }
            };
            let event = Event::default().retry(AGAIN).data(&*now);
            Some((Ok::<_, Infallible>(event), (newest, ended, watcher)))
        },
    );
    Sse::new(events)
        .keep_alive(KeepAlive::new().interval(ALIVE))
        .into_response()
}
