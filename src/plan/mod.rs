//! What will happen: nothing left to parse, no default left to fill. No I/O, no clock.
//!
//! `resolve` turns what the user wrote into a [`Plan`]; the engine only follows it. What a plan must not contain: text
//! that could still turn out to be wrong, a secret outside secret-typed places, anything
//! global to the process (a search runs many plans in turn).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod check;
pub mod course;
pub mod data;
pub mod draw;
pub mod hold;
pub mod outline;
pub mod preview;
pub mod problem;
pub mod profile;
pub mod resolve;
pub mod search;
pub mod target;
pub mod template;
pub mod think;
pub mod threshold;
pub mod value;
pub mod words;

/// Masks and the search for secrets in foreign text.
pub use crate::scenario::secret;

pub use crate::scenario::model::{OnStartFailure, SessionOf, StopAfter};

use check::{Capture, Check};
use data::{Pool, Source};
use outline::Outline;
use profile::Profile;
use target::{Origin, TransportOptions};
use template::{Expression, JsonTemplate, SlotId, Template};
use think::Think;

/// One execution of a scenario, decided to the last default.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the reports need of it; free of secrets, kept in the run's folder.
    pub outline: Arc<Outline>,
    /// How to reach the API.
    pub transport: TransportOptions,
    /// What every request carries and obeys.
    pub session: SessionRules,
    /// Data sources, by [`SlotId`] of kind source.
    pub sources: Vec<Source>,
    /// Captured pools.
    pub pools: Vec<Pool>,
    /// How many slots a user's values have (sources, pools, locals, `user`, `iteration`).
    pub slots: template::Slots,
    /// In the order of the file; index = [`EndpointId`].
    pub endpoints: Vec<Endpoint>,
    /// Once per user, first, with no think after them.
    pub on_start: Vec<EndpointId>,
    /// What becomes of a user whose `on_start` failed.
    pub on_start_failure: OnStartFailure,
    /// Once per user, last.
    pub on_stop: Vec<EndpointId>,
    /// Whether a user keeps its connection, cookies and captured values from one iteration to the next.
    pub session_of: SessionOf,
    /// Once per run, before the first user. Not measured.
    pub setup: Vec<Step>,
    /// Once per run, after the last user. Not measured.
    pub teardown: Vec<Step>,
    /// The pause after each iteration (closed model).
    pub think: Think,
    /// The load over time.
    pub profile: Profile,
    /// How long the end of the run waits for requests in flight.
    pub graceful_stop: Duration,
    /// Ends the run early.
    pub stop_after: Option<StopAfter>,
    /// Fixes data, weights, think times and arrivals.
    pub seed: u64,
    /// Finds the run's secrets in text that comes from outside.
    pub scrubber: Arc<crate::scenario::Scrubber>,
}

/// Index into [`Plan::endpoints`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct EndpointId(pub u16);

/// Index into [`Outline::rows`]: one kind of request, as the reports list them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RowId(pub u16);

impl RowId {
    /// Of a request of `setup` or `teardown`: it is no line of the reports.
    pub const UNMEASURED: Self = Self(u16::MAX);
}

/// Index into [`Outline::stages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StageId(pub u16);

/// What the session does around each exchange.
#[derive(Clone, Debug)]
pub struct SessionRules {
    /// How requests to [`SessionRules::home`] prove who sends them.
    pub auth: Auth,
    /// The target's own origin: credentials go nowhere else.
    pub home: Arc<Origin>,
    /// Redirects followed at most; 0 for none.
    pub redirects: u8,
    /// Whether cookies are kept (a jar per user).
    pub cookies: bool,
    /// Whether compressed responses are asked for.
    pub compression: bool,
    /// The largest response body, bytes on the wire and decoded.
    pub max_body: u64,
}

/// Proof of identity.
#[derive(Clone, Debug)]
pub enum Auth {
    /// None.
    None,
    /// A finished `authorization` header value (Basic, Bearer), marked sensitive.
    Header(http::HeaderValue),
    /// One token shared by all users, fetched by reqwest, refreshed ahead of its expiry.
    ClientCredentials(ClientCredentials),
}

/// `OAuth2` client credentials (RFC 6749, section 4.4).
#[derive(Clone)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub token_url: url::Url,
    /// Client identifier.
    pub client_id: String,
    /// Client secret.
    pub client_secret: String,
    /// Space-separated scopes, if any.
    pub scope: Option<String>,
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("token_url", &self.token_url.as_str())
            .finish_non_exhaustive()
    }
}

/// One weighted thing that users do.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// As in the file.
    pub name: String,
    /// Its share of the draw; 0 for one that only `on_start` uses.
    pub weight: f64,
    /// A plain endpoint has one step; a journey several. Never empty.
    pub steps: Vec<Step>,
    /// What is to be there before the iteration begins (drawn values, and the numbers of user and iteration), in this order:
    /// a source that names others comes after them.
    pub needs: Vec<SlotId>,
    /// Pools that must not be empty for this endpoint to be drawn: indices into [`Plan::pools`].
    pub needs_pools: Vec<usize>,
}

/// One request of an endpoint.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name, for messages: the endpoint's, or the step's own.
    pub name: String,
    /// How the reports list it; [`RowId::UNMEASURED`] in `setup` and `teardown`.
    pub row: RowId,
    /// Done only when this is true.
    pub condition: Option<Expression>,
    /// How often it is done in a row; at least 1.
    pub repeat: u32,
    /// A pause after it, before the next step.
    pub think: Option<Think>,
    /// What is sent.
    pub request: RequestPlan,
}

/// What is sent, and what is asked of the response.
#[derive(Clone, Debug)]
pub struct RequestPlan {
    /// GET, POST, ...
    pub method: Method,
    /// Where to.
    pub url: UrlPlan,
    /// Target's and request's own headers, the latter winning; values may be templates.
    pub headers: Vec<(HeaderName, Template)>,
    /// What to send.
    pub body: BodyPlan,
    /// From ready to go to the last byte.
    pub timeout: Duration,
    /// What must hold for the response, judged in order; the first that fails names the failure.
    pub checks: Vec<Check>,
    /// Values taken from the response.
    pub captures: Vec<Capture>,
}

/// A URL, as far as it is known before the run.
#[derive(Clone, Debug)]
pub enum UrlPlan {
    /// Fixed origin; path and query rendered per request, already percent-encoded, beginning with `/`.
    Path {
        /// Where to connect to.
        origin: Arc<Origin>,
        /// Path and query.
        path: Template,
    },
    /// A link that a capture found, alone or at the very beginning: an absolute URL, or a path beginning with `/` at
    /// [`SessionRules::home`]. Parsed when it is rendered.
    Whole(Template),
}

/// A request body.
#[derive(Clone, Debug)]
pub enum BodyPlan {
    /// None.
    None,
    /// Text or a form, rendered per request (a form's values percent-encoded by the template's segments).
    Text(Template),
    /// JSON, rendered per request.
    Json(JsonTemplate),
    /// The same bytes each time (`body_file`, or a body without a placeholder).
    Fixed(Bytes),
    /// `multipart/form-data` (RFC 7578); the boundary is fixed by the plan.
    Multipart {
        /// Parts in order.
        parts: Vec<Part>,
        /// The boundary.
        boundary: String,
    },
}

/// One part of a multipart body.
#[derive(Clone, Debug)]
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, for a file.
    pub file_name: Option<String>,
    /// Media type, if said.
    pub content_type: Option<String>,
    /// What it holds.
    pub content: PartContent,
}

/// What a part holds.
#[derive(Clone, Debug)]
pub enum PartContent {
    /// Rendered per request.
    Text(Template),
    /// A file's content.
    Fixed(Bytes),
}

impl RequestPlan {
    /// Whether the response's body is looked at.
    pub fn needs_body(&self) -> bool {
        self.checks.iter().any(Check::needs_body) || self.captures.iter().any(Capture::needs_body)
    }

    /// Whether the response's headers are looked at.
    pub fn needs_headers(&self) -> bool {
        self.checks.iter().any(Check::needs_headers) || self.captures.iter().any(Capture::needs_headers)
    }

    /// The slots that it names, in the order of their places; some perhaps more than once.
    pub fn slots(&self) -> Vec<SlotId> {
        let mut slots: Vec<SlotId> = match &self.url {
            UrlPlan::Path { path, .. } => path.slots().collect(),
            UrlPlan::Whole(whole) => whole.slots().collect(),
        };
        slots.extend(self.headers.iter().flat_map(|(_, value)| value.slots()));
        match &self.body {
            BodyPlan::None | BodyPlan::Fixed(_) => {}
            BodyPlan::Text(text) => slots.extend(text.slots()),
            BodyPlan::Json(json) => slots.extend(json.slots()),
            BodyPlan::Multipart { parts, .. } => {
                for part in parts {
                    if let PartContent::Text(text) = &part.content {
                        slots.extend(text.slots());
                    }
                }
            }
        }
        slots.extend(self.checks.iter().flat_map(Check::slots));
        slots
    }
}

impl Plan {
    /// The endpoints that can be drawn and their weights, in order.
    pub fn mix(&self) -> impl Iterator<Item = (EndpointId, &Endpoint)> {
        self.endpoints
            .iter()
            .enumerate()
            .filter(|(_, e)| e.weight > 0.0)
            .map(|(i, e)| (EndpointId(i as u16), e))
    }

    /// An endpoint by its number.
    pub fn endpoint(&self, id: EndpointId) -> &Endpoint {
        &self.endpoints[usize::from(id.0)]
    }
}
