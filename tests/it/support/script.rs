//! A transport that answers by a rule and remembers what it was asked.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use http::{HeaderMap, StatusCode, Version};
use runner::engine::transport::{
    Client, Connection, Exchange, Failed, Failure, Request, Response, Timing, Transport,
};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout_at};

/// One request as it was asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// Since the transport was made.
    pub(crate) at: Duration,
    /// Which client, in the order in which they were made.
    pub(crate) client: usize,
    /// Method, origin and path.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// What the rule says.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) after: Duration,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) failure: Option<Failure>,
    /// What the program then takes for itself before it goes on.
    pub(crate) handled: Duration,
}

impl Answer {
    /// 200 with a body, after so many milliseconds.
    pub(crate) fn ok(after_ms: u64, body: impl Into<String>) -> Self {
        let after = Duration::from_millis(after_ms);
        Self {
            after,
            status: 200,
            headers: Vec::new(),
            body: body.into(),
            failure: None,
            handled: Duration::ZERO,
        }
    }

    /// The program then takes so many milliseconds for itself.
    pub(crate) fn handled(mut self, ms: u64) -> Self {
        self.handled = Duration::from_millis(ms);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Rule = Box<dyn Fn(&Asked) -> Answer>;

/// The transport.
#[derive(Clone)]
pub(crate) struct ScriptTransport {
    inner: Rc<Inner>,
}

struct Inner {
    begun: Instant,
    rule: Rule,
    asked: RefCell<Vec<Asked>>,
    clients: RefCell<usize>,
}

impl ScriptTransport {
    pub(crate) fn new(rule: impl Fn(&Asked) -> Answer + 'static) -> Self {
        let (asked, clients) = (RefCell::default(), RefCell::default());
        Self {
            inner: Rc::new(Inner {
                begun: Instant::now(),
                rule: Box::new(rule),
                asked,
                clients,
            }),
        }
    }

    /// All requests so far, in order.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.borrow().clone()
    }

    /// Method, origin and path of all requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.inner
            .asked
            .borrow()
            .iter()
            .map(|asked| asked.line.clone())
            .collect()
    }
}

impl Transport for ScriptTransport {
    type Client = ScriptClient;

    fn client(&self) -> ScriptClient {
        let mut clients = self.inner.clients.borrow_mut();
        *clients += 1;
        ScriptClient {
            inner: Rc::clone(&self.inner),
            number: *clients - 1,
        }
    }
}

pub(crate) struct ScriptClient {
    inner: Rc<Inner>,
    number: usize,
}

impl Client for ScriptClient {
    async fn exchange(&mut self, request: &Request<'_>) -> Exchange {
        let asked = Asked {
            at: self.inner.begun.elapsed(),
            client: self.number,
            line: format!("{} {}{}", request.method, request.origin, request.path),
            headers: headers_of(request),
            body: String::from_utf8_lossy(request.body).into_owned(),
        };
        let answer = (self.inner.rule)(&asked);
        self.inner.asked.borrow_mut().push(asked);
        if answer.after.is_zero() {
            // It is there as soon as the system is asked.
            yield_now().await;
        }
        let in_time = timeout_at(request.deadline(), sleep(answer.after)).await.is_ok();
        let done = Instant::now();
        sleep(answer.handled).await;
        let failed = |failure| {
            Err(Box::new(Failed {
                failure,
                response: None,
            }))
        };
        let outcome = match answer.failure {
            _ if !in_time => failed(Failure::TimedOut(request.timeout)),
            Some(failure) => failed(failure),
            None => Ok(Response {
                status: StatusCode::from_u16(answer.status).expect("a status"),
                version: Version::HTTP_11,
                headers: headers(&answer).into(),
                body_length: answer.body.len() as u64,
                body: answer.body.into(),
            }),
        };
        Exchange {
            timing: Timing {
                dns: None,
                connect: None,
                tls: None,
                first_byte: outcome.is_ok().then_some(done),
                done,
            },
            connection: Some(Connection::Reused),
            resent: 0,
            bytes_sent: 10,
            bytes_received: 20,
            outcome,
        }
    }
}

fn headers_of(request: &Request<'_>) -> HeaderMap {
    let mut headers = HeaderMap::clone(request.headers);
    for (name, value) in request.added {
        headers.append(name, value.clone());
    }
    headers
}

fn headers(answer: &Answer) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        headers.append(*name, value.parse().expect("a header value"));
    }
    headers
}
