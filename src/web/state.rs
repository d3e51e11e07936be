//! What the page's thread knows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::guard::Guard;
use super::history::History;
use super::live::Live;
use super::now;
use super::shelf::Shelf;
use super::teller::Told;
use super::{Options, Start};

/// So many browsers may watch at once.
const BROWSERS: usize = 100;

/// What the handlers share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) guard: Guard,
    pub(super) shelf: Shelf,
    state: Mutex<State>,
    /// The newest that there is to tell; of what a slow browser missed only this counts.
    newest: watch::Sender<Arc<str>>,
    /// Whether `newest` is behind, as nobody listened.
    behind: AtomicBool,
    /// Browsers that watch.
    browsers: watch::Sender<usize>,
    /// The server is to end.
    pub(super) ended: watch::Sender<bool>,
    /// The form that was sent and not yet taken.
    sent: watch::Sender<Option<Sent>>,
    /// Whether the program waits for a form.
    waits: AtomicBool,
}

/// A form on its way to the program, taken by one.
pub(super) type Sent = Arc<Mutex<Option<Start>>>;

#[derive(Debug, Default)]
struct State {
    live: Option<Live>,
    history: History,
    runs: u64,
    /// Why the run that was asked for last did not even begin.
    failed: Option<String>,
}

impl Shared {
    pub(super) fn new(options: Options, guard: Guard) -> Self {
        Self {
            options,
            guard,
            shelf: Shelf::default(),
            state: Mutex::default(),
            newest: watch::Sender::new(Arc::from("{}")),
            behind: AtomicBool::new(true),
            browsers: watch::Sender::new(0),
            ended: watch::Sender::new(false),
            sent: watch::Sender::new(None),
            waits: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what is told.
    pub(super) fn hear(&self, told: Told) {
        let tells = {
            let mut state = self.state();
            let state = &mut *state;
            match told {
                Told::Begins(begun) => {
                    state.runs += 1;
                    state.history = History::default();
                    state.failed = None;
                    state.live = Some(Live::new(state.runs, begun));
                    true
                }
                Told::Fails(why) if state.live.as_ref().is_none_or(Live::is_over) => {
                    state.failed = Some(why);
                    true
                }
                told => match &mut state.live {
                    Some(live) => live.hear(told, &mut state.history),
                    None => false,
                },
            }
        };
        if tells {
            self.tell();
        }
    }

    /// Tells the browsers how it stands now, if any watch.
    pub(super) fn tell(&self) {
        if self.newest.receiver_count() == 0 {
            self.behind.store(true, Ordering::Relaxed);
            return;
        }
        self.behind.store(false, Ordering::Relaxed);
        let now = self.now();
        self.newest.send_replace(now.into());
    }

    /// How it stands now, as JSON.
    pub(super) fn now(&self) -> String {
        let can_start = self.can_start();
        let mut state = self.state();
        let state = &mut *state;
        if let Some(live) = &state.live {
            let open = live.outline().open;
            state.history.catch_up(open, &live.run.timeline);
        }
        let now = now::now(
            state.live.as_ref(),
            &state.history,
            can_start,
            state.failed.as_deref(),
        );
        serde_json::to_string(&now).unwrap_or_else(|_| "{}".to_owned())
    }

    /// The run under way or over last.
    pub(super) fn live(&self) -> Option<Live> {
        self.state().live.clone()
    }

    /// Reads from it without a copy.
    pub(super) fn with_live<T>(&self, read: impl FnOnce(&Live, &History) -> T) -> Option<T> {
        let mut state = self.state();
        let state = &mut *state;
        let live = state.live.as_ref()?;
        state.history.catch_up(live.outline().open, &live.run.timeline);
        Some(read(live, &state.history))
    }

    /// A browser that watches, if there is room for it: what there is to tell, beginning with how it stands.
    pub(super) fn watch(self: &Arc<Self>) -> Option<(watch::Receiver<Arc<str>>, Watcher)> {
        let mut room = false;
        self.browsers.send_modify(|count| {
            room = *count < BROWSERS;
            *count += 1;
        });
        let watcher = Watcher(Arc::clone(self));
        if !room {
            return None;
        }
        let mut newest = self.newest.subscribe();
        if self.behind.load(Ordering::Relaxed) {
            self.tell();
        }
        newest.mark_changed();
        Some((newest, watcher))
    }

    pub(super) fn browsers(&self) -> usize {
        *self.browsers.borrow()
    }

    /// Whether the program waits for a form.
    pub(super) fn can_start(&self) -> bool {
        self.options.scenarios.is_some() && self.waits.load(Ordering::Acquire)
    }

    /// Hands a form to the program. Whether it took it.
    pub(super) async fn hand(&self, start: Start) -> bool {
        let sent: Sent = Arc::new(Mutex::new(Some(start)));
        let taken = |sent: &Sent| sent.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        // Between two waits of the program there may be a moment.
        for _ in 0..20 {
            if self.can_start() {
                self.sent.send_replace(Some(Arc::clone(&sent)));
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
            if taken(&sent) {
                return true;
            }
        }
        let back = sent.lock().unwrap_or_else(PoisonError::into_inner).take();
        back.is_none()
    }

    /// Waits for a form.
    pub(super) async fn next_start(&self) -> Start {
        let _waiting = Waiting::of(self);
        let mut sent = self.sent.subscribe();
        loop {
            // The form that was taken last is still there, and empty.
            let form = sent.borrow_and_update().clone();
            let form = form.and_then(|form| form.lock().unwrap_or_else(PoisonError::into_inner).take());
            if let Some(start) = form {
                return start;
            }
            if sent.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// While it lives the program waits for a form.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn of(shared: &'a Shared) -> Self {
        shared.waits.store(true, Ordering::Release);
        shared.tell();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waits.store(false, Ordering::Release);
    }
}

/// Counts as a browser while it lives.
#[derive(Debug)]
pub(super) struct Watcher(Arc<Shared>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0
            .browsers
            .send_modify(|count| *count = count.saturating_sub(1));
    }
}
