//! The scenario as the user wrote it: every leaf has its place, `None` means "not written", nothing is resolved.
//!
//! What this must not contain: defaults (they are `plan`'s, named in the doc comments here), parsed templates, file contents
//! (see [`Files`](super::files::Files)), anything of how a run is made.
//!
//! Of a file with mistakes there is a partial scenario, which is judged but never run: a name that could not be read is an
//! empty text in it ([`Spanned::is_unread`]), a list of stages may be empty, and what else is missing was told.

use std::net::IpAddr;
use std::time::Duration;

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::span::{Span, Spanned, Text};

/// What the file writes as one word of several.
pub trait Word: Copy + 'static {
    /// Each word with what it means.
    const WORDS: &'static [(&'static str, Self)];
}

/// An enumeration whose variants are words of the file.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $word:literal => $variant:ident,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$meaning])* $variant,)*
        }

        impl Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
        }
    };
}

/// One scenario file.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Names the run's folder and heads its reports. Default: the file's name.
    pub name: Option<Spanned<String>>,
    /// One sentence for the reports.
    pub description: Option<Spanned<String>>,
    /// Where the requests go, and how.
    pub target: Target,
    /// Named sources of values, in the order written.
    pub data: Vec<Data>,
    /// The pause after each iteration. Default: none.
    pub think: Option<Spanned<Think>>,
    /// Endpoints that each user runs once, first, with no think after them.
    pub on_start: Vec<Spanned<String>>,
    /// What becomes of a user whose `on_start` failed. Default: retry.
    pub on_start_failure: Option<Spanned<OnStartFailure>>,
    /// How long a session lasts. Default: per user, and per iteration in the open model.
    pub session: Option<Spanned<SessionOf>>,
    /// Endpoints that each user runs once, last.
    pub on_stop: Vec<Spanned<String>>,
    /// Requests done once per run, before the first user; not measured.
    pub setup: Vec<Step>,
    /// Requests done once per run, after the last user; not measured.
    pub teardown: Vec<Step>,
    /// What users do; never empty.
    pub endpoints: Vec<Endpoint>,
    /// Where the list of endpoints stands.
    pub endpoints_span: Span,
    /// Levels of load, in order; all closed or all open; empty only where there is a search.
    pub stages: Vec<Stage>,
    /// In place of stages: the search for the capacity.
    pub find_capacity: Option<FindCapacity>,
    /// Where the list of stages, or what stands in its place, is.
    pub stages_span: Span,
    /// Open model: how arrivals are spaced. Default: Poisson.
    pub arrivals: Option<Spanned<Arrivals>>,
    /// Open model: the most users at once. Default 1000.
    pub max_users: Option<Spanned<u64>>,
    /// Open model: what becomes of an arrival when all users are busy. Default: it waits.
    pub when_busy: Option<Spanned<WhenBusy>>,
    /// What must hold for the whole run, each as written: `p95 of x < 3s`, or `failures < 1% for 10s: abort`, whether YAML
    /// took that for a text or for a mapping. The grammar is `plan`'s.
    pub thresholds: Vec<Text>,
    /// Further config keys whose values are secret.
    pub secrets: Vec<Spanned<String>>,
    /// Fixes data, weights, think times and arrivals. Default: drawn at start, and reported.
    pub seed: Option<Spanned<u64>>,
    /// How long the requests in flight at the end are waited for. Default 30 s.
    pub graceful_stop: Option<Spanned<Duration>>,
    /// Ends the run early.
    pub stop_after: Option<Spanned<StopAfter>>,
}

impl Scenario {
    /// The first level, which says of what kind all are.
    pub fn first_level(&self) -> Option<Load> {
        let of_stages = self.stages.first().map(|stage| stage.load);
        of_stages.or(self.find_capacity.as_ref().map(|search| search.start))
    }
}

impl Load {
    /// Users, or arrivals per second.
    pub fn level(self) -> f64 {
        match self {
            Self::Users(users) => users.value as f64,
            Self::Rate(rate) => rate.value.per_second,
        }
    }

    /// Whether it is of the open model.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Rate(_))
    }

    /// Where it stands.
    pub fn span(self) -> Span {
        match self {
            Self::Users(users) => users.span,
            Self::Rate(rate) => rate.span,
        }
    }
}

/// Where the requests go, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the block stands.
    pub span: Span,
    /// Base URL, to which every path is appended as it stands. A template of `config.*`.
    pub url: Text,
    /// Credentials sent with every request. Every value in it is secret.
    pub auth: Option<Spanned<Auth>>,
    /// TLS settings.
    pub tls: Tls,
    /// Longest time a request may take. Default 60 s.
    pub timeout: Option<Spanned<Duration>>,
    /// Connections in the API's database pool: the report gives figures per connection.
    pub pool_size: Option<Spanned<u64>>,
    /// Who shares connections. Default: per user.
    pub connections: Option<Spanned<Connections>>,
    /// What a kept-alive connection that the server closed means. Default: fail.
    pub on_stale: Option<Spanned<OnStale>>,
    /// Most redirects followed; 0 (also written `false`): none. Default 10.
    pub redirects: Option<Spanned<u64>>,
    /// Whether each user keeps cookies. Default true.
    pub cookies: Option<Spanned<bool>>,
    /// Whether to ask for compressed responses. Default false.
    pub compression: Option<Spanned<bool>>,
    /// Sent with every request.
    pub headers: Vec<Pair>,
    /// Whether to speak HTTP/2 (implies the reqwest transport). Default false.
    pub http2: Option<Spanned<bool>>,
    /// URL of a proxy (implies the reqwest transport). Never taken from the environment.
    pub proxy: Option<Text>,
    /// Longest response body read, in bytes; a longer one is a failure. Default 100 MB.
    pub max_body: Option<Spanned<u64>>,
    /// Which client. Default: direct.
    pub transport: Option<Spanned<Transport>>,
    /// Local addresses to connect from, taken in turn by user.
    pub source_addresses: Vec<Spanned<IpAddr>>,
}

/// Credentials sent with every request.
#[derive(Debug, Clone)]
pub enum Auth {
    /// HTTP Basic, sent unasked.
    Basic {
        /// User name.
        user: Text,
        /// Password.
        password: Text,
    },
    /// `Authorization: Bearer …`.
    Bearer(Text),
    /// A token of an `OAuth2` server, shared by all users, renewed ahead of its end.
    Oauth2ClientCredentials {
        /// Where to fetch the token; relative to `target.url` if it has no scheme.
        token_url: Text,
        /// Client id.
        client_id: Text,
        /// Client secret.
        client_secret: Text,
        /// Scopes, separated by spaces.
        scope: Option<Text>,
    },
}

/// TLS settings. File names are relative to the scenario file.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Whether the server's certificate is verified. Default true.
    pub verify: Option<Spanned<bool>>,
    /// PEM file of further roots.
    pub ca_file: Option<Spanned<String>>,
    /// PEM file of our certificate chain.
    pub client_cert: Option<Spanned<String>>,
    /// PEM file of its key.
    pub client_key: Option<Spanned<String>>,
    /// Name to ask for and verify in place of the URL's host.
    pub server_name: Option<Text>,
}

words! {
    /// Who shares connections.
    #[derive(Default, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    Connections {
        /// Each user has its own, kept alive, as a browser has.
        #[default]
        "per_user" => PerUser,
        /// One pool for all users.
        "shared" => Shared,
        /// A new one for each request.
        "per_request" => PerRequest,
    }
}

words! {
    /// What to do when the server closes a kept-alive connection while a request is on its way to it.
    ///
    /// A connection that is known to be closed *before* anything is written is replaced in either case, as every client
    /// does: nothing was sent, so nothing is sent again. Only the race of the two is meant here.
    OnStale {
        /// Count it as a failure: it is what a client without retries sees.
        "fail" => Fail,
        /// Send it once more on a new connection, if its method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE: RFC
        /// 9110, section 9.2.2); counted. The server may see such a request twice. A POST or PATCH is a failure.
        "reconnect" => Reconnect,
        /// Send a request of any method once more, POST and PATCH too: the server may carry it out twice.
        "reconnect_any" => ReconnectAny,
    }
}

words! {
    /// Which client sends the requests.
    Transport {
        /// Our own HTTP/1.1, which times every phase and hides nothing.
        "direct" => Direct,
        /// reqwest: HTTP/2, proxies.
        "reqwest" => Reqwest,
    }
}

/// A key and its text: a header, a query parameter, a form field.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The key as written.
    pub key: Spanned<String>,
    /// The value; a list in the file becomes several pairs of one key.
    pub value: Text,
}

/// A named source of values.
#[derive(Debug, Clone)]
pub struct Data {
    /// Its name in templates.
    pub name: Spanned<String>,
    /// Where the values come from.
    pub kind: Spanned<DataKind>,
    /// How one is chosen. Default: random.
    pub order: Option<Spanned<Order>>,
    /// What follows the last value of `sequential`, `shuffle` and `unique`. Default: loop; for `unique`: stop.
    pub on_end: Option<Spanned<OnEnd>>,
}

/// Where values come from.
#[derive(Debug, Clone)]
pub enum DataKind {
    /// Written in the scenario: scalars or rows; never empty.
    Values(Vec<Json>),
    /// All integers from the first to the second, both included; the first is not above the second.
    Range(Spanned<i64>, Spanned<i64>),
    /// A template over other data, its own (`with`) or any named in the scenario.
    Combine {
        /// The template.
        template: Text,
        /// Data of its own.
        with: Vec<Data>,
    },
    /// A CSV file with a header line.
    Csv {
        /// File name as written.
        file: Spanned<String>,
        /// One byte between fields. Default: comma.
        delimiter: Option<Spanned<u8>>,
    },
    /// A JSON file that is a list of scalars or objects.
    Json(Spanned<String>),
    /// Could not be read; only in a partial scenario.
    Unread,
    /// Filled by captures while the run goes.
    Captured {
        /// Most values kept. Default 1000.
        keep: Option<Spanned<u64>>,
        /// What becomes of a further value. Default: ignored.
        when_full: Option<Spanned<WhenFull>>,
    },
}

words! {
    /// What becomes of a user whose `on_start` failed.
    #[derive(Default)]
    OnStartFailure {
        /// It waits, and does `on_start` again: after 1 s, 2 s, 4 s and so on up to 30 s. Until it is through it is none of the level's
        /// users. An arrival of the open model goes away instead.
        #[default]
        "retry" => Retry,
        /// It leaves, and nobody takes its place.
        "stop_user" => StopUser,
        /// It goes on as if nothing had happened.
        "continue" => Continue,
    }
}

words! {
    /// How long a session lasts: a connection, a cookie jar, what `on_start` captured.
    SessionOf {
        /// As long as the user: it comes back as the same visitor.
        "per_user" => User,
        /// One iteration: `on_start`, the iteration, `on_stop`; then a new visitor comes.
        "per_iteration" => Iteration,
    }
}

words! {
    /// How a value is chosen.
    Order {
        /// Each draw at random, with replacement.
        "random" => Random,
        /// One after the other, one cursor for all users.
        "sequential" => Sequential,
        /// One permutation fixed by the seed, then as sequential.
        "shuffle" => Shuffle,
        /// As sequential, and no value twice.
        "unique" => Unique,
    }
}

words! {
    /// What follows the last value.
    OnEnd {
        /// The run ends.
        "stop" => Stop,
        /// The first again.
        "loop" => Loop,
    }
}

words! {
    /// What a full captured pool does with a further value.
    WhenFull {
        /// Ignores it.
        "ignore" => Ignore,
        /// Drops the oldest for it.
        "replace" => Replace,
    }
}

/// How long a user pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Think {
    /// Always the same.
    Constant(Duration),
    /// Uniform between the two; the first is not above the second.
    Between(Duration, Duration),
    /// Exponential with this mean, cut at 20 times the mean (a share of 2e-9).
    Exponential(Duration),
    /// Iterations start this far apart, whatever they take; the pause is what is left. Not within an iteration.
    Pace(Duration),
}

/// What a user does in one iteration.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name in reports; unique.
    pub name: Spanned<String>,
    /// Share of the draw, relative to the others; zero or more. Default 1.
    pub weight: Option<Spanned<f64>>,
    /// One request or several.
    pub work: Work,
}

/// One request or a journey.
#[derive(Debug, Clone)]
pub enum Work {
    /// One request, boxed for its size.
    Request(Box<Request>),
    /// Steps in order; never empty.
    Journey(Vec<Step>),
}

impl Endpoint {
    /// Its requests, in order.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        let (one, steps) = match &self.work {
            Work::Request(request) => (Some(&**request), &[][..]),
            Work::Journey(steps) => (None, &steps[..]),
        };
        one.into_iter().chain(steps.iter().map(|step| &step.request))
    }
}

impl Scenario {
    /// All requests: those of the endpoints, of `setup` and of `teardown`.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        let once = self.setup.iter().chain(&self.teardown);
        let endpoints = self.endpoints.iter().flat_map(Endpoint::requests);
        endpoints.chain(once.map(|step| &step.request))
    }
}

/// One step of a journey, or one request of `setup` or `teardown`.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name in reports; unique in its journey. Default: method and path.
    pub name: Option<Spanned<String>>,
    /// A minijinja expression, asked before each repetition; the step is left out where it is false, or names a value that
    /// there is not.
    pub condition: Option<Text>,
    /// How often it is done. Default 1.
    pub repeat: Option<Spanned<u64>>,
    /// The pause after it. Default: none. Never `Pace`.
    pub think: Option<Spanned<Think>>,
    /// What is sent.
    pub request: Request,
    /// Where the whole block stands.
    pub span: Span,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method; its place is that of the key.
    pub method: Spanned<Method>,
    /// Appended to `target.url` as it stands, or an absolute URL.
    pub path: Text,
    /// Query parameters.
    pub query: Vec<Pair>,
    /// Headers, over those of the target.
    pub headers: Vec<Pair>,
    /// What is sent; its place is that of the key.
    pub body: Option<Spanned<Body>>,
    /// Values taken from the response.
    pub captures: Vec<Capture>,
    /// What must hold for the response. Default: a status below 400.
    pub expect: Option<Expect>,
    /// In place of the target's.
    pub timeout: Option<Spanned<Duration>>,
}

/// What a request sends.
#[derive(Debug, Clone)]
pub enum Body {
    /// JSON, with templates in its strings.
    Json(Json),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Pair>),
    /// Text as it stands.
    Text(Text),
    /// A file as it stands.
    File(Spanned<String>),
    /// `multipart/form-data`.
    Multipart(Vec<Part>),
}

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    /// The field's name.
    pub name: Spanned<String>,
    /// Text or a file.
    pub content: PartContent,
    /// Its media type.
    pub content_type: Option<Text>,
    /// The file name told to the server. Default for a file: its own.
    pub filename: Option<Text>,
}

/// What a part of a multipart body holds.
#[derive(Debug, Clone)]
pub enum PartContent {
    /// Text, a template.
    Text(Text),
    /// A file as it stands.
    File(Spanned<String>),
}

/// JSON as written in YAML. Strings may be templates; objects keep their order.
#[derive(Debug, Clone)]
pub enum Json {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(Spanned<bool>),
    /// A number with the digits that were written; always a valid JSON number.
    Number(Text),
    /// Any other scalar.
    String(Text),
    /// A list.
    Array(Vec<Json>),
    /// A mapping.
    Object(Vec<(Spanned<String>, Json)>),
}

/// A value taken from a response.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Where to look.
    pub from: Extract,
    /// Applied to what was found: its first group, or the whole match. Not beside [`Extract::Regex`].
    pub regex: Option<Spanned<String>>,
    /// Which of several. Default: the first.
    pub pick: Option<Spanned<Pick>>,
    /// The captured pool it feeds, or a name local to the journey.
    pub into: Spanned<String>,
    /// Whether finding nothing is a failure. Default false.
    pub required: Option<Spanned<bool>>,
}

/// Where a capture looks.
#[derive(Debug, Clone)]
pub enum Extract {
    /// A `JSONPath` in the body.
    Json(Spanned<String>),
    /// A regular expression over the body: its first group, or the whole match.
    Regex(Spanned<String>),
    /// A response header.
    Header(Spanned<String>),
    /// A cookie that the response sets.
    Cookie(Spanned<String>),
}

words! {
    /// Which of several found values.
    Pick {
        /// The first.
        "first" => First,
        /// The last.
        "last" => Last,
        /// One at random.
        "random" => Random,
        /// Every one; for captured pools only.
        "all" => All,
    }
}

/// What must hold for one response.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Any of these: `200`, `<400`, `2xx`, `200-299`. Text as written. Empty: below 400.
    pub status: Vec<Spanned<String>>,
    /// Each header named.
    pub header: Vec<(Spanned<String>, TextCheck)>,
    /// Each `JSONPath` has this value.
    pub json: Vec<(Spanned<String>, Json)>,
    /// The body as text.
    pub body: Option<TextCheck>,
    /// Longest response time.
    pub within: Option<Spanned<Duration>>,
}

/// What must hold for a text: all that is written.
#[derive(Debug, Clone, Default)]
pub struct TextCheck {
    /// Equal to this (a bare scalar in the file).
    pub equals: Option<Text>,
    /// Contains each of these.
    pub contains: Vec<Text>,
    /// Each of these regular expressions matches somewhere.
    pub matches: Vec<Spanned<String>>,
}

/// A level of load.
#[derive(Debug, Clone)]
pub struct Stage {
    /// How much.
    pub load: Load,
    /// From the level before to this one. Default: at once.
    pub ramp: Option<Spanned<Duration>>,
    /// At this level. Default: not at all; at least one of the two is written and above zero.
    pub hold: Option<Hold>,
}

/// How long a level is held.
#[derive(Debug, Clone, Copy)]
pub enum Hold {
    /// So long.
    For(Spanned<Duration>),
    /// Until the throughput is known well enough.
    UntilSteady(UntilSteady),
}

words! {
    /// What ends a hold.
    Until {
        /// That its throughput is known.
        "steady" => Steady,
    }
}

/// A hold that ends as soon as it is steady.
#[derive(Debug, Clone, Copy)]
pub struct UntilSteady {
    /// Not earlier than this. Default: 60 s.
    pub at_least: Option<Spanned<Duration>>,
    /// Not later than this. Default: 15 min.
    pub at_most: Option<Spanned<Duration>>,
    /// Width of the 95 % interval of the throughput, as a share of it. Default: 5 %.
    pub within: Option<Spanned<f64>>,
}

/// A search for the most that the API takes.
#[derive(Debug, Clone)]
pub struct FindCapacity {
    /// Limits of every level, in the grammar of thresholds.
    pub slo: Vec<Text>,
    /// The first level.
    pub start: Load,
    /// The highest level that is tried; of the same kind, and not below the first.
    pub at_most: Load,
    /// The way to each level. Default: 10 s.
    pub ramp: Option<Spanned<Duration>>,
    /// At each level. Default: until steady, for 60 s to 5 min.
    pub hold: Option<Hold>,
    /// Without load, between two levels. Default: 5 s.
    pub pause: Option<Spanned<Duration>>,
}

/// How much load.
#[derive(Debug, Clone, Copy)]
pub enum Load {
    /// Closed model: this many users.
    Users(Spanned<u64>),
    /// Open model: arrivals.
    Rate(Spanned<Rate>),
}

/// Arrivals per unit of time; finite, zero or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Per second.
    pub per_second: f64,
}

words! {
    /// How arrivals are spaced.
    Arrivals {
        /// Independent of each other.
        "poisson" => Poisson,
        /// Equal gaps.
        "even" => Even,
    }
}

words! {
    /// What becomes of an arrival when all users are busy.
    WhenBusy {
        /// It waits its turn; the wait is part of its latency.
        "wait" => Wait,
        /// It is counted as dropped.
        "drop" => Drop,
    }
}

/// Ends a run before its stages do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopAfter {
    /// After so many requests were sent, in all.
    Requests(u64),
    /// After so many iterations were begun, in all.
    Iterations(u64),
}
