//! What one request is answered, and when.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};
use url::form_urlencoded;

use super::data::{Data, error};
use super::faults::Faults;
use super::model::{Draws, FREE_ANSWER, ListedTerms, Query, base_time, service_time};
use super::options::Options;
use super::shop::{self, Call, Shop};
use super::token::{Gate, lock};
use super::{RESOURCE_PATH, TOKEN_PATH};

const JSON_API: HeaderValue = HeaderValue::from_static("application/vnd.api+json");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The gateway's name for the resource.
const GATEWAY_PATH: &str = "/v1/staff-fee-privilege";

/// The largest body that the token endpoint and the shop read.
const LARGEST_BODY: usize = 16 * 1024;

/// Queries that may wait for a connection. Clients that send and go away leave theirs in line, so it needs a bound; it is
/// far beyond what any load that waits for its answers reaches.
const LONGEST_LINE: u32 = 50_000;

/// The connection is to be reset in place of an answer.
#[derive(Debug, thiserror::Error)]
#[error("reset on purpose")]
pub(super) struct Reset;

/// The API behind all connections.
pub(super) struct Service {
    data: Data,
    gate: Gate,
    shop: Shop,
    faults: Faults,
    seed: u64,
    speed: f64,
    body_timeout: Duration,
    /// Number of the next request.
    arrivals: AtomicU64,
    /// Terms that nothing has listed yet; none when the API is warm.
    cold: Option<Mutex<ListedTerms>>,
    pool: Semaphore,
    busy: AtomicU32,
    waiting: AtomicU32,
    pub(super) tallies: Tallies,
}

/// What happened so far.
#[derive(Default)]
pub(super) struct Tallies {
    pub(super) queries: AtomicU64,
    pub(super) most_busy: AtomicU32,
    pub(super) failed: AtomicU64,
    pub(super) reset: AtomicU64,
    pub(super) slowed: AtomicU64,
    pub(super) connections: AtomicU64,
    pub(super) refused: AtomicU64,
}

/// What a request turns out to ask for.
enum Ask {
    /// Answered from the database.
    Query(Query, Option<usize>, Response<Full<Bytes>>),
    /// Answered without it.
    Free(Response<Full<Bytes>>),
}

impl Service {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            data: Data::new(),
            shop: Shop::default(),
            gate: Gate::new(options.credentials.clone(), options.token_lifetime),
            faults: options.faults,
            seed: options.seed,
            speed: options.speed,
            body_timeout: options.cut_after,
            arrivals: AtomicU64::new(0),
            cold: options.cold.then(Mutex::default),
            pool: Semaphore::new(options.pool as usize),
            busy: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            tallies: Tallies::default(),
        }
    }

    /// Requests so far, those for tokens not counted.
    pub(super) fn requests(&self) -> u64 {
        self.arrivals.load(Relaxed)
    }

    /// Answers a request in the time that the model gives it.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Reset> {
        let arrived = Instant::now();
        if request.uri().path() == TOKEN_PATH {
            let answer = self.token(request).await;
            self.take(arrived, FREE_ANSWER).await;
            return Ok(answer);
        }
        let number = self.arrivals.fetch_add(1, Relaxed);
        let draws = Draws::of_request(self.seed, number);
        if self.faults.reset.hits(draws.reset) {
            self.tallies.reset.fetch_add(1, Relaxed);
            self.take(arrived, FREE_ANSWER).await;
            return Err(Reset);
        }
        if self.faults.fail.hits(draws.fail) {
            self.tallies.failed.fetch_add(1, Relaxed);
            self.take(arrived, FREE_ANSWER).await;
            return Ok(fault(draws.status));
        }
        let ask = match shop::path_within(request.uri().path()) {
            Some(path) => self.shop(request, &path).await,
            None => self.route(&request),
        };
        let answer = match ask {
            Ask::Free(answer) => {
                self.take(arrived, FREE_ANSWER).await;
                answer
            }
            Ask::Query(query, term, answer) => {
                if self.waiting.load(Relaxed) >= LONGEST_LINE {
                    return Ok(failure(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "Too many queries wait for a database connection.",
                    ));
                }
                let service = Arc::clone(&self);
                // A task of its own: the query of a client that has gone away goes on, as it does in Node.
                let query = tokio::spawn(async move { service.query(query, term, draws.base).await });
                if query.await.is_err() {
                    return Err(Reset);
                }
                answer
            }
        };
        if self.faults.slow.share.hits(draws.slow) {
            self.tallies.slowed.fetch_add(1, Relaxed);
            tokio::time::sleep(self.faults.slow.by).await;
        }
        Ok(answer)
    }

    /// Waits in line for a connection of the pool, and holds it for the time of the query.
    async fn query(&self, query: Query, term: Option<usize>, draw: f64) {
        self.waiting.fetch_add(1, Relaxed);
        let permit = self.pool.acquire().await;
        self.waiting.fetch_sub(1, Relaxed);
        let started = Instant::now();
        let busy = self.busy.fetch_add(1, Relaxed) + 1;
        self.tallies.queries.fetch_add(1, Relaxed);
        self.tallies.most_busy.fetch_max(busy, Relaxed);
        let cold = match (&self.cold, term) {
            (Some(listed), Some(term)) => lock(listed).is_first(term),
            _ => false,
        };
        self.take(started, service_time(base_time(query, cold, draw), busy))
            .await;
        self.busy.fetch_sub(1, Relaxed);
        drop(permit);
    }

    /// Lets `time` of the model go by, counted from `from`.
    async fn take(&self, from: Instant, time: Duration) {
        sleep_until(from + time.div_f64(self.speed)).await;
    }

    fn route(&self, request: &Request<Incoming>) -> Ask {
        let authorization = request.headers().get(AUTHORIZATION);
        if !self
            .gate
            .admits(authorization.and_then(|value| value.to_str().ok()))
        {
            return Ask::Free(unauthorized());
        }
        let path = request.uri().path();
        let resource = [RESOURCE_PATH, GATEWAY_PATH]
            .into_iter()
            .find_map(|base| path.strip_prefix(base));
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        match resource {
            Some("" | "/") if reads => self.search(request.uri().query().unwrap_or_default()),
            Some(id) if reads && is_one_segment(id) => {
                let id = percent_decode_str(&id[1..]).decode_utf8_lossy();
                self.one(id.trim_end_matches('/'))
            }
            _ => {
                let detail = format!("No route for {} {}.", request.method(), shortened(path));
                Ask::Free(failure(StatusCode::NOT_FOUND, &detail))
            }
        }
    }

    /// What the shop grants takes a query, what it refuses none.
    async fn shop(&self, request: Request<Incoming>, path: &str) -> Ask {
        let (head, body) = request.into_parts();
        let Some(body) = self.body(body).await else {
            return Ask::Free(failure(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The body is too large, or did not end.",
            ));
        };
        let authorization = head.headers.get(AUTHORIZATION);
        let reply = self.shop.answer(Call {
            method: &head.method,
            path,
            query: head.uri.query().unwrap_or_default(),
            authorization: authorization.and_then(|value| value.to_str().ok()),
            body: &body,
        });
        let mut response = answer(reply.status, JSON, reply.document.to_string().into());
        if let Some(location) = reply.location.and_then(|location| location.parse().ok()) {
            response.headers_mut().insert(LOCATION, location);
        }
        if reply.status.is_success() {
            Ask::Query(Query::ById, None, response)
        } else {
            Ask::Free(response)
        }
    }

    /// A whole body; `None` where it is too large or does not end.
    async fn body(&self, body: Incoming) -> Option<Bytes> {
        let whole = timeout(self.body_timeout, Limited::new(body, LARGEST_BODY).collect()).await;
        Some(whole.ok()?.ok()?.to_bytes())
    }

    fn search(&self, query: &str) -> Ask {
        let (mut term, mut osu_id): (Option<Cow<str>>, Option<Cow<str>>) = (None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "term" if !value.is_empty() => term = Some(value),
                "osuId" if !value.is_empty() => osu_id = Some(value),
                _ => {}
            }
        }
        match (osu_id, term) {
            (Some(osu_id), term) => {
                let document = self.data.by_osu_id(&osu_id, term.as_deref());
                Ask::Query(Query::ByOsuId, None, answer(StatusCode::OK, JSON_API, document))
            }
            (None, Some(term)) => {
                let (index, document) = self.data.by_term(&term);
                Ask::Query(Query::ByTerm, index, answer(StatusCode::OK, JSON_API, document))
            }
            (None, None) => Ask::Free(failure(
                StatusCode::BAD_REQUEST,
                "Either term or osuId is required.",
            )),
        }
    }

    fn one(&self, id: &str) -> Ask {
        let answer = match self.data.by_id(id) {
            Some(document) => answer(StatusCode::OK, JSON_API, document),
            None => failure(StatusCode::NOT_FOUND, "No staff fee privilege has this id."),
        };
        Ask::Query(Query::ById, None, answer)
    }

    async fn token(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::POST {
            let mut refused = failure(StatusCode::METHOD_NOT_ALLOWED, "Tokens are asked for by POST.");
            refused
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("POST"));
            return refused;
        }
        let (head, body) = request.into_parts();
        let Some(form) = self.body(body).await else {
            return failure(
                StatusCode::PAYLOAD_TOO_LARGE,
                "The form is too large, or did not end.",
            );
        };
        let authorization = head.headers.get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok());
        let (status, document) = self.gate.grant(authorization, &form);
        let mut granted = answer(status, JSON, document.into());
        let headers = granted.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"demo\""));
        }
        granted
    }
}

/// Whether this is `/<segment>`, with or without a slash at the end.
fn is_one_segment(path: &str) -> bool {
    path.strip_prefix('/')
        .is_some_and(|rest| !rest.trim_end_matches('/').contains('/') && !rest.starts_with('/'))
}

/// The beginning of a path, enough to know it by.
fn shortened(path: &str) -> &str {
    path.get(..60).unwrap_or(path)
}

fn answer(status: StatusCode, content_type: HeaderValue, document: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(document));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A JSON:API error, titled by its status.
fn failure(status: StatusCode, detail: &str) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or("Error");
    answer(status, JSON_API, error(status.as_u16(), title, detail))
}

fn unauthorized() -> Response<Full<Bytes>> {
    let mut response = failure(StatusCode::UNAUTHORIZED, "Wrong or missing credentials.");
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"demo\""));
    response
}

/// The error that `--fail` asks for.
fn fault(draw: f64) -> Response<Full<Bytes>> {
    if draw < 0.5 {
        failure(StatusCode::INTERNAL_SERVER_ERROR, "An error on purpose.")
    } else {
        failure(StatusCode::SERVICE_UNAVAILABLE, "An error on purpose.")
    }
}
