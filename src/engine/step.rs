//! One step: the request is filled in, sent, judged, recorded.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::decode::{self, decode};
use super::request::{Prepared, Shown, render, show};
use super::session::{Answer, Limits, Session};
use super::transport::{Client, Connection, Response, Transport};
use super::words::Fault;
use super::worker::Worker;
use crate::measure::health::NEVER_SENT;
use crate::measure::sample::{ConnectionUse, Example, Outcome, Sample};
use crate::plan::check::{CaptureTarget, Received};
use crate::plan::draw::{Draw, Purpose};
use crate::plan::secret::{MASK, is_secret_key};
use crate::plan::template::{SlotId, Values};
use crate::plan::value::Value;
use crate::plan::{RequestPlan, RowId, StageId, Step};

/// How much of a body is kept where nothing but an example of a failure would show it.
const EXAMPLE_BODY: usize = 2048;

/// How much is looked at for that: a secret that stands across the end must be seen whole to be masked.
const LOOKED_AT: usize = 2 * EXAMPLE_BODY;

/// A captured value that is shorter stands in too much text by chance.
const SHORTEST_SECRET: usize = 4;

/// In place of headers where nobody asks for one.
static NOT_LOOKED_AT: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepEnd {
    /// All expectations hold.
    Passed,
    /// One does not, or there was no response: why, in the words of the report.
    Failed(Arc<str>),
    /// The request could not be filled in: why.
    NeverSent(Arc<str>),
}

impl StepEnd {
    /// Why it did not pass.
    pub(super) fn failure(&self) -> Option<&Arc<str>> {
        match self {
            Self::Passed => None,
            Self::Failed(why) | Self::NeverSent(why) => Some(why),
        }
    }
}

/// What came of one request, to be shown to a person: every secret masked.
#[derive(Debug)]
pub struct Trace {
    /// The kind of request, as the reports list it.
    pub name: String,
    /// The request.
    pub request: Shown,
    /// Status line and headers of the response, if one came.
    pub head: Option<String>,
    /// Its body, content codings undone.
    pub body: String,
    /// Bytes of the whole body on the wire; `body` may hold less.
    pub body_length: u64,
    /// Response time.
    pub took: Duration,
    /// Redirects followed.
    pub redirects: u8,
    /// Names and values of what was captured; none where nothing was found.
    pub captured: Vec<(String, Option<String>)>,
    /// What failed.
    pub failure: Option<Fault>,
}

/// What came of a step.
#[derive(Debug)]
struct Performed<'a> {
    answer: &'a Answer,
    captured: Vec<Captured>,
    fault: Option<Fault>,
    /// Response time.
    took: Duration,
}

/// What a capture found.
#[derive(Debug)]
struct Captured {
    name: Arc<str>,
    /// Where it goes; `None`: into a pool, where it is already.
    slot: Option<SlotId>,
    found: Option<Value>,
}

/// What a user sends with.
#[derive(Debug)]
pub(super) struct Sender<C> {
    session: Session<C>,
    /// When the last request was sent, and the stage it was in.
    pub(super) sent: (Duration, StageId),
    /// When it was done.
    pub(super) done: Duration,
}

impl<C: Client> Sender<C> {
    pub(super) fn new(client: C) -> Self {
        Self {
            session: Session::new(client),
            sent: (Duration::ZERO, StageId(0)),
            done: Duration::ZERO,
        }
    }

    /// Does one step that was due at `due`, and records it. `drawn`: where captures have their random numbers from.
    pub(super) async fn step<T: Transport<Client = C>>(
        &mut self,
        worker: &Worker<T>,
        (step, prepared): (&Step, &Prepared),
        values: &mut Values,
        due: Duration,
        drawn: (Draw, Purpose),
    ) -> StepEnd {
        let measured = step.row != RowId::UNMEASURED;
        let plan = &step.request;
        let request = match render(plan, prepared, values, &worker.plan().session.home) {
            Ok(request) => request,
            Err(words) => {
                self.done = worker.clock.now();
                self.sent = (self.done, worker.stage(self.done));
                let why = format!("{NEVER_SENT}{words}").into();
                return never_sent(worker, self.sent, step, values, why);
            }
        };
        let sent = worker.clock.now();
        let stage = worker.stage(sent);
        self.sent = (sent, stage);
        let flight = measured.then(|| worker.recorder.borrow_mut().begin(step.row, stage, due, sent));
        let rules = &worker.plan().session;
        let limits = Limits {
            timeout: plan.timeout,
            begun: worker.clock.moment(sent),
            keep_body: if plan.needs_body() || worker.show.is_some() {
                rules.max_body as usize
            } else {
                LOOKED_AT
            },
        };
        let authorization = worker.shared.authorization();
        let added = worker.show.as_ref().map(|_| {
            let added = self.session.additions(&request, rules, authorization.as_deref());
            added.collect::<Vec<_>>()
        });
        let answer = self
            .session
            .send(&request, &limits, rules, authorization.as_deref())
            .await;
        self.done = worker.clock.since_start(answer.exchange.timing.done);
        let took = self.done.saturating_sub(sent);
        let performed = judge(worker, plan, values, &answer, took, drawn);
        if let Some(flight) = flight {
            let sample = performed.sample(worker, step, stage, (due, sent, self.done));
            let mut recorder = worker.recorder.borrow_mut();
            recorder.finish(flight, &sample);
            if let Some(fault) = &performed.fault
                && recorder.wants_example(&fault.words)
            {
                recorder.example(performed.example(worker, plan, values, &sample, fault));
            }
        }
        if let Some(show) = &worker.show {
            show.borrow_mut()(performed.trace(worker, step, values, added.as_deref().unwrap_or_default()));
        }
        // Not before the request was shown as it was sent: it may use what it captures.
        performed.keep(values);
        let end = match performed.fault {
            None => StepEnd::Passed,
            Some(fault) => StepEnd::Failed(fault.words),
        };
        self.session.reuse(answer);
        end
    }
}

/// A request that cannot be filled in is never sent: not a request of the API, but a failure of its iteration.
fn never_sent<T: Transport>(
    worker: &Worker<T>,
    (now, stage): (Duration, StageId),
    step: &Step,
    values: &Values,
    words: Arc<str>,
) -> StepEnd {
    if step.row != RowId::UNMEASURED {
        worker
            .recorder
            .borrow_mut()
            .never_sent(now, step.row, stage, &words);
    }
    if let Some(show) = &worker.show {
        let answer = Answer::not_sent(worker.clock.moment(now), Arc::clone(&words));
        let performed = Performed {
            answer: &answer,
            captured: Vec::new(),
            fault: answer.fault.clone(),
            took: Duration::ZERO,
        };
        show.borrow_mut()(performed.trace(worker, step, values, &[]));
    }
    StepEnd::NeverSent(words)
}

/// Judges an answer and takes the captures.
fn judge<'a, T: Transport>(
    worker: &Worker<T>,
    plan: &RequestPlan,
    values: &Values,
    answer: &'a Answer,
    took: Duration,
    drawn: (Draw, Purpose),
) -> Performed<'a> {
    let mut captured = Vec::new();
    let fault = match (&answer.fault, &answer.exchange.outcome) {
        (Some(fault), _) => Some(fault.clone()),
        (None, Err(failed)) => Some(Fault::new(failed.failure.to_string())),
        (None, Ok(response)) => match read(worker, plan, response) {
            Err(words) => Some(Fault::new(words)),
            Ok(body) => {
                let headers = if plan.needs_headers() {
                    response.headers.map()
                } else {
                    &NOT_LOOKED_AT
                };
                let received = Received::new(response.status, headers, &body, took);
                let failed = plan
                    .checks
                    .iter()
                    .find_map(|check| check.judge(&received, values).err());
                match failed {
                    Some(mismatch) => Some(Fault {
                        words: mismatch.words,
                        detail: mismatch.detail,
                    }),
                    None => capture(worker, plan, &received, drawn, &mut captured),
                }
            }
        },
    };
    Performed {
        answer,
        captured,
        fault,
        took,
    }
}

/// The body as the checks see it.
fn read<'r, T: Transport>(
    worker: &Worker<T>,
    plan: &RequestPlan,
    response: &'r Response,
) -> Result<Cow<'r, [u8]>, String> {
    if plan.needs_body() {
        decode(&response.headers, &response.body, worker.plan().session.max_body)
    } else {
        Ok(Cow::Borrowed(&response.body))
    }
}

/// Takes every capture; the first required one that finds nothing is the failure.
fn capture<T: Transport>(
    worker: &Worker<T>,
    plan: &RequestPlan,
    received: &Received<'_>,
    (draw, purpose): (Draw, Purpose),
    captured: &mut Vec<Captured>,
) -> Option<Fault> {
    if plan.captures.is_empty() {
        return None;
    }
    let random = &mut draw.stream(purpose);
    let mut fault = None;
    for capture in &plan.captures {
        let found = capture.values(received, random);
        let slot = match capture.target {
            CaptureTarget::Slot(slot) => Some(slot),
            CaptureTarget::Pool(pool) => {
                for value in &found {
                    worker.shared.pools.add(pool, &value.to_string());
                }
                None
            }
        };
        if found.is_empty() && capture.required && fault.is_none() {
            let missing = capture.missing(received);
            fault = Some(Fault {
                words: missing.words,
                detail: missing.detail,
            });
        }
        captured.push(Captured {
            name: Arc::clone(&capture.name),
            slot,
            found: found.into_iter().next(),
        });
    }
    fault
}

impl Performed<'_> {
    /// Hands what was captured to the user. What found nothing leaves nothing: no value of an earlier step or repetition.
    fn keep(&self, values: &mut Values) {
        for captured in &self.captured {
            match (captured.slot, &captured.found) {
                (Some(slot), Some(value)) => values.set(slot, value.clone()),
                (Some(slot), None) => values.unset(slot),
                (None, _) => {}
            }
        }
    }

    /// Text for a person, without any secret of the run, nor one that a response gave: in `values`, or captured just now.
    fn scrub<T: Transport>(&self, worker: &Worker<T>, values: &Values, text: &str) -> String {
        let slots = &worker.plan().slots;
        let held = slots
            .iter()
            .filter_map(|(slot, name)| Some((name, values.get(slot)?)));
        let found = self.captured.iter();
        let found = found.filter_map(|captured| Some((&captured.name, captured.found.as_ref()?)));
        let mut text = worker.shared.scrub(text);
        for (_, value) in held.chain(found).filter(|(name, _)| is_secret_key(name)) {
            if let Value::Text(secret) = value
                && secret.len() >= SHORTEST_SECRET
            {
                text = text.replace(&**secret, MASK);
            }
        }
        text
    }

    /// The beginning of the body as a person reads it: content codings undone.
    fn readable(&self, most: usize) -> Vec<u8> {
        self.answer
            .response()
            .map(|response| decode::beginning(&response.headers, &response.body, most))
            .unwrap_or_default()
    }

    fn sample<T: Transport>(
        &self,
        worker: &Worker<T>,
        step: &Step,
        stage: StageId,
        (due, sent, done): (Duration, Duration, Duration),
    ) -> Sample {
        let exchange = &self.answer.exchange;
        let timing = &exchange.timing;
        Sample {
            row: step.row,
            stage,
            due,
            sent,
            first_byte: match timing.first_byte {
                // Most responses come in one piece.
                Some(at) if at == timing.done => Some(done),
                at => at.map(|at| worker.clock.since_start(at)),
            },
            done,
            dns: timing.dns,
            connect: timing.connect,
            tls: timing.tls,
            connection: connection_use(exchange.connection),
            resent: exchange.resent,
            bytes_sent: exchange.bytes_sent,
            bytes_received: exchange.bytes_received,
            body_bytes: self.answer.response().map_or(0, |response| response.body_length),
            redirects: self.answer.redirects,
            status: self.answer.response().map(|response| response.status.as_u16()),
            outcome: match &self.fault {
                None => Outcome::Success,
                Some(fault) => Outcome::Failure(Arc::clone(&fault.words)),
            },
        }
    }

    /// `added`: the headers that came from the session.
    fn trace<T: Transport>(
        &self,
        worker: &Worker<T>,
        step: &Step,
        values: &Values,
        added: &[(HeaderName, HeaderValue)],
    ) -> Trace {
        let scrub = |text: &str| self.scrub(worker, values, text);
        let response = self.answer.response();
        let mut request = self.shown(worker, &step.request, values);
        request.headers.extend(added.iter().map(|(name, value)| {
            let value = if name == AUTHORIZATION {
                MASK.to_owned()
            } else {
                // A cookie is the server's own, and stands in its response too.
                scrub(&String::from_utf8_lossy(value.as_bytes()))
            };
            (name.to_string(), value)
        }));
        let value = |name: &str, value: &Value| {
            if is_secret_key(name) {
                MASK.to_owned()
            } else {
                scrub(&value.to_string())
            }
        };
        let body = self.readable(worker.plan().session.max_body as usize);
        Trace {
            name: worker.name(step),
            request,
            head: response.map(|response| scrub(&head(response))),
            body: scrub(&String::from_utf8_lossy(&body)),
            body_length: response.map_or(0, |response| response.body_length),
            took: self.took,
            redirects: self.answer.redirects,
            captured: self
                .captured
                .iter()
                .map(|captured| {
                    let found = captured.found.as_ref();
                    let found = found.map(|found| value(&captured.name, found));
                    (captured.name.to_string(), found)
                })
                .collect(),
            failure: self.fault.as_ref().map(|fault| Fault {
                words: Arc::clone(&fault.words),
                detail: fault.detail.as_deref().map(scrub),
            }),
        }
    }

    /// The request as a person may see it.
    fn shown<T: Transport>(&self, worker: &Worker<T>, plan: &RequestPlan, values: &Values) -> Shown {
        let scrub = |text: &str| self.scrub(worker, values, text);
        let shown = show(plan, values, &worker.plan().session.home);
        Shown {
            line: scrub(&shown.line),
            headers: shown
                .headers
                .into_iter()
                .map(|(name, value)| (name, scrub(&value)))
                .collect(),
            body: scrub(&shown.body),
        }
    }

    /// What is kept of a failed request to be looked at. A response may echo what was sent to it, so it is searched
    /// for every secret in every encoding.
    fn example<T: Transport>(
        &self,
        worker: &Worker<T>,
        plan: &RequestPlan,
        values: &Values,
        sample: &Sample,
        fault: &Fault,
    ) -> Example {
        let scrub = |text: &str| self.scrub(worker, values, text);
        let response = self.answer.response();
        let request = self.shown(worker, plan, values);
        let (sent, _) = cut(request.body, EXAMPLE_BODY);
        let headers = request.headers.iter();
        let headers = headers.fold(String::new(), |all, (name, value)| {
            format!("{all}{name}: {value}\n")
        });
        let whole = self.readable(LOOKED_AT);
        let (body, shortened) = cut(scrub(&String::from_utf8_lossy(&whole)), EXAMPLE_BODY);
        let length = response.map_or(0, |response| response.body_length);
        let kept = response.map_or(0, |response| response.body.len() as u64);
        Example {
            row: sample.row,
            failure: Arc::clone(&fault.words),
            at: sample.done,
            request: request.line,
            request_headers: headers,
            request_body: sent,
            head: response.map(|response| scrub(&head(response))),
            body: body.into_bytes(),
            body_length: length,
            body_cut: shortened || kept < length,
            detail: fault.detail.as_deref().map(scrub),
        }
    }
}

/// At most so many bytes of a text, whole characters, and whether that is less than all.
fn cut(mut text: String, most: usize) -> (String, bool) {
    let whole = text.len();
    let end = (0..=most.min(whole)).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    let shorter = text.len() < whole;
    (text, shorter)
}

fn connection_use(connection: Option<Connection>) -> ConnectionUse {
    match connection {
        None => ConnectionUse::None,
        Some(Connection::New) => ConnectionUse::New,
        Some(Connection::Reused) => ConnectionUse::Reused,
        Some(Connection::Reopened) => ConnectionUse::Reopened,
    }
}

/// Status line and headers as text.
fn head(response: &Response) -> String {
    let mut text = format!("{:?} {}\n", response.version, response.status);
    for (name, value) in response.headers.map() {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text
}
