//! One step: the request is filled in, sent, judged, recorded.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use rand_core::Rng;

use super::decode::decode;
use super::request::{Prepared, Shown, render, show};
use super::session::{Answer, Limits, Session};
use super::transport::{Client, Connection, Response, Transport};
use super::worker::Worker;
use crate::measure::sample::{ConnectionUse, Example, Outcome, Sample};
use crate::plan::check::{CaptureTarget, Received};
use crate::plan::secret::{MASK, is_secret_key};
use crate::plan::template::Values;
use crate::plan::value::Value;
use crate::plan::{RequestPlan, RowId, StageId, Step};

/// How much of a body is kept where nothing but an example of a failure would show it.
const EXAMPLE_BODY: usize = 2048;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepEnd {
    /// All expectations hold.
    Passed,
    /// One does not, or there was no response: why, in the words of the report.
    Failed(Arc<str>),
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
    /// Its body, content codings undone where something reads it.
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
struct Performed {
    answer: Answer,
    /// The body, content codings undone where something reads it.
    body: Bytes,
    /// Names and values of what was captured.
    captured: Vec<(String, Option<Value>)>,
    fault: Option<Fault>,
    /// Response time.
    took: Duration,
}

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The failure's type, in the words of the report.
    pub words: Arc<str>,
    /// What was found in place of what was expected.
    pub detail: Option<String>,
}

impl Fault {
    fn new(words: impl Into<Arc<str>>) -> Self {
        Self {
            words: words.into(),
            detail: None,
        }
    }
}

/// What a user sends with.
#[derive(Debug)]
pub(super) struct Sender<C> {
    session: Session<C>,
}

impl<C: Client> Sender<C> {
    pub(super) fn new(client: C) -> Self {
        Self {
            session: Session::new(client),
        }
    }

    /// Does one step that was due at `due`, and records it.
    pub(super) async fn step<T: Transport<Client = C>>(
        &mut self,
        worker: &Worker<T>,
        (step, prepared): (&Step, &Prepared),
        values: &mut Values,
        due: Duration,
        random: impl Rng,
    ) -> StepEnd {
        let measured = step.row != RowId::UNMEASURED;
        let plan = &step.request;
        let rendered = render(plan, prepared, values, &worker.plan().session.home);
        let sent = worker.clock.now();
        let stage = worker.stage(sent);
        let flight = measured.then(|| worker.recorder.borrow_mut().begin(step.row, stage, due, sent));
        let mut added = Vec::new();
        let answer = match rendered {
            Ok(request) => {
                let rules = &worker.plan().session;
                let keep_body = if plan.needs_body() {
                    rules.max_body as usize
                } else {
                    EXAMPLE_BODY
                };
                let limits = Limits {
                    timeout: plan.timeout,
                    keep_body,
                };
                let authorization = worker.shared.authorization();
                if worker.show.is_some() {
                    let additions = self.session.additions(&request, rules, authorization.as_ref());
                    added.extend(additions);
                }
                self.session
                    .send(request, limits, rules, authorization.as_ref())
                    .await
            }
            Err(words) => Answer::not_sent(worker.clock.moment(sent), words),
        };
        let took = worker.clock.since_start(answer.timing.done).saturating_sub(sent);
        let performed = judge(worker, plan, values, answer, took, random);
        if let Some(flight) = flight {
            let sample = performed.sample(worker, step, stage, due, sent);
            let mut recorder = worker.recorder.borrow_mut();
            recorder.finish(flight, &sample);
            if let Some(fault) = &performed.fault
                && recorder.wants_example(&fault.words)
            {
                recorder.example(performed.example(worker, plan, values, &sample, fault));
            }
        }
        if let Some(show) = &worker.show {
            show.borrow_mut()(performed.trace(worker, step, values, &added));
        }
        match performed.fault {
            None => StepEnd::Passed,
            Some(fault) => StepEnd::Failed(fault.words),
        }
    }
}

/// Judges an answer and takes the captures.
fn judge<T: Transport>(
    worker: &Worker<T>,
    plan: &RequestPlan,
    values: &mut Values,
    answer: Answer,
    took: Duration,
    mut random: impl Rng,
) -> Performed {
    let mut captured = Vec::new();
    let (body, fault) = match &answer.outcome {
        Err(unanswered) => {
            let body = unanswered.response.as_ref().map(|response| response.body.clone());
            (
                body.unwrap_or_default(),
                Some(Fault {
                    words: unanswered.words.as_str().into(),
                    detail: unanswered.detail.clone(),
                }),
            )
        }
        Ok(response) => match read(worker, plan, response) {
            Err(words) => (response.body.clone(), Some(Fault::new(words))),
            Ok(body) => {
                let received = Received::new(response.status, &response.headers, &body, took);
                let failed = plan
                    .checks
                    .iter()
                    .find_map(|check| check.judge(&received, values).err());
                let fault = match failed {
                    Some(mismatch) => Some(Fault {
                        words: mismatch.words,
                        detail: mismatch.detail,
                    }),
                    None => capture(worker, plan, values, &received, &mut random, &mut captured),
                };
                (body, fault)
            }
        },
    };
    Performed {
        answer,
        body,
        captured,
        fault,
        took,
    }
}

/// The body as the checks see it.
fn read<T: Transport>(worker: &Worker<T>, plan: &RequestPlan, response: &Response) -> Result<Bytes, String> {
    if plan.needs_body() {
        decode(&response.headers, &response.body, worker.plan().session.max_body)
    } else {
        Ok(response.body.clone())
    }
}

/// Takes every capture; the first required one that finds nothing is the failure.
fn capture<T: Transport>(
    worker: &Worker<T>,
    plan: &RequestPlan,
    values: &mut Values,
    received: &Received<'_>,
    random: &mut impl Rng,
    captured: &mut Vec<(String, Option<Value>)>,
) -> Option<Fault> {
    let mut fault = None;
    for capture in &plan.captures {
        let found = capture.values(received, random);
        match capture.target {
            CaptureTarget::Pool(pool) => {
                for value in &found {
                    worker.shared.pools.add(pool, &value.to_string());
                }
            }
            CaptureTarget::Slot(slot) => {
                if let Some(value) = found.first() {
                    values.set(slot, value.clone());
                }
            }
        }
        if found.is_empty() && capture.required && fault.is_none() {
            let missing = capture.missing();
            fault = Some(Fault {
                words: missing.words,
                detail: missing.detail,
            });
        }
        captured.push((capture.name.to_string(), found.into_iter().next()));
    }
    fault
}

impl Performed {
    fn sample<T: Transport>(
        &self,
        worker: &Worker<T>,
        step: &Step,
        stage: StageId,
        due: Duration,
        sent: Duration,
    ) -> Sample {
        let Answer { timing, .. } = self.answer;
        Sample {
            row: step.row,
            stage,
            due,
            sent,
            first_byte: timing.first_byte.map(|at| worker.clock.since_start(at)),
            done: worker.clock.since_start(timing.done),
            dns: timing.dns,
            connect: timing.connect,
            tls: timing.tls,
            connection: connection_use(self.answer.connection),
            bytes_sent: self.answer.bytes_sent,
            bytes_received: self.answer.bytes_received,
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
        let scrub = |text: &str| worker.shared.scrub(text);
        let response = self.answer.response();
        let mut request = show(&step.request, values);
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
        Trace {
            name: worker.name(step),
            request,
            head: response.map(|response| scrub(&head(response))),
            body: scrub(&String::from_utf8_lossy(&self.body)),
            body_length: response.map_or(0, |response| response.body_length),
            took: self.took,
            redirects: self.answer.redirects,
            captured: self
                .captured
                .iter()
                .map(|(name, found)| (name.clone(), found.as_ref().map(|found| value(name, found))))
                .collect(),
            failure: self.fault.as_ref().map(|fault| Fault {
                words: Arc::clone(&fault.words),
                detail: fault.detail.as_deref().map(scrub),
            }),
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
        let scrub = |text: &str| worker.shared.scrub(text);
        let shown = &self.body[..self.body.len().min(EXAMPLE_BODY)];
        let response = self.answer.response();
        Example {
            row: sample.row,
            failure: Arc::clone(&fault.words),
            at: sample.done,
            request: scrub(&show(plan, values).line),
            head: response.map(|response| scrub(&head(response))),
            body: scrub(&String::from_utf8_lossy(shown)).into_bytes(),
            body_length: response.map_or(0, |response| response.body_length),
            detail: fault.detail.as_deref().map(scrub),
        }
    }
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
    for (name, value) in &response.headers {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    text
}
