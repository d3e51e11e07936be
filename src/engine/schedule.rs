//! The load as it is planned now: a stage may end before its time, and a person may change the load by hand. The coordinator
//! decides it and tells the workers.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::plan::StageId;
use crate::plan::course::StageKind;
use crate::plan::outline::{Outline, StageOutline};
use crate::plan::profile::{Model, Profile, Stage};

/// The stages as they were and, from now on, will be.
#[derive(Clone, Debug)]
pub(super) struct Course {
    stages: Vec<StageOutline>,
    /// The same as arithmetic: who comes when.
    pub(super) profile: Profile,
}

impl Course {
    fn of(outline: &Outline, model: Model) -> Self {
        Self {
            stages: outline.stages.clone(),
            profile: Profile {
                stages: outline.stages.iter().map(Stage::from).collect(),
                model,
            },
        }
    }

    /// The stage that a moment belongs to, where it belongs to `from` or a later one.
    pub(super) fn stage_from(&self, from: StageId, now: Duration) -> StageId {
        let mut at = usize::from(from.0);
        while at + 1 < self.stages.len() && now >= self.stages[at].end {
            at += 1;
        }
        StageId(at as u16)
    }

    /// Whether anything of it is a pause.
    fn has_pause(&self) -> bool {
        self.stages.iter().any(|stage| stage.kind == StageKind::Pause)
    }

    /// Until when a stage is a pause, if it is one.
    pub(super) fn pause(&self, stage: StageId) -> Option<Duration> {
        let stage = self.stages.get(usize::from(stage.0))?;
        (stage.kind == StageKind::Pause).then_some(stage.end)
    }
}

/// Where the coordinator tells the workers of it.
#[derive(Debug)]
pub(super) struct Schedule(watch::Sender<Arc<Course>>);

impl Schedule {
    /// The plan's own course.
    pub(super) fn new(outline: &Outline, model: Model) -> Self {
        Self(watch::Sender::new(Arc::new(Course::of(outline, model))))
    }

    /// From now on the stages are these.
    pub(super) fn turn(&self, outline: &Outline) {
        let model = self.0.borrow().profile.model;
        self.0.send_replace(Arc::new(Course::of(outline, model)));
    }

    /// How it stands.
    pub(super) fn course(&self) -> Arc<Course> {
        Arc::clone(&self.0.borrow())
    }

    /// For one who goes by it.
    pub(super) fn follow(&self) -> Follower {
        let receiver = self.0.subscribe();
        let course = Arc::clone(&receiver.borrow());
        Follower {
            has_pause: course.has_pause(),
            receiver,
            course,
            waited_for: None,
        }
    }
}

/// Knows the course.
#[derive(Debug)]
pub(super) struct Follower {
    receiver: watch::Receiver<Arc<Course>>,
    course: Arc<Course>,
    /// Whether anything of it is a pause: hardly ever, and asked before each iteration.
    has_pause: bool,
    /// The moment of the course that it waited for last.
    pub(super) waited_for: Option<Duration>,
}

impl Follower {
    /// How it stands. Costs one atomic read where nothing has changed.
    pub(super) fn course(&mut self) -> &Arc<Course> {
        // The sender lives as long as the run.
        if self.receiver.has_changed().unwrap_or(false) {
            self.take();
        }
        &self.course
    }

    /// Whether anything of it is a pause.
    pub(super) fn has_pause(&mut self) -> bool {
        self.course();
        self.has_pause
    }

    fn take(&mut self) {
        self.course = Arc::clone(&self.receiver.borrow_and_update());
        self.has_pause = self.course.has_pause();
    }

    /// Waits until it changes.
    pub(super) async fn changed(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.take();
    }
}
