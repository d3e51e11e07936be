//! The view in the whole window of a terminal: one thread that looks at keys, snapshots, messages and signals in turn.
//!
//! It waits for nothing but keys, and for those a twentieth of a second at most, so that nothing of it can hold up the end of a run.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Stderr, stderr, stdin};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getpid, getsid, kill_current_process_group, kill_process};
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp, tcgetwinsize};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::flag;

use super::Told;
use crate::engine::{Control, Stop};
use crate::live::progress::Progress;
use crate::live::tui::keys::{Key, keys};
use crate::live::tui::screen::Screen;
use crate::live::tui::state::{Action, Asked, State};
use crate::live::tui::{draw, has_room};
use crate::measure::snapshot::Snapshot;

/// How long a look waits for a key.
const LOOK: Duration = Duration::from_millis(50);

/// So many messages are kept to be printed when the window is left.
const KEPT: usize = 500;

/// Shows the run until it is over, or until the window is lost: then some of it is still to be told.
pub(super) fn show(told: &mut Told, control: &Control) {
    let Ok(signals) = Signals::new() else { return };
    let mut window = Window {
        told,
        control,
        screen: Screen::new(),
        input: Input::open(),
        signals,
        lines: Progress::new(stderr()),
        state: State::default(),
        latest: None,
        unread: VecDeque::new(),
        size: (0, 0),
        began: Instant::now(),
    };
    while window.look() {}
}

struct Window<'a> {
    told: &'a mut Told,
    control: &'a Control,
    screen: Screen,
    /// Where keys come from, as long as it is there.
    input: Option<Input>,
    signals: Signals,
    /// What is written while there is no room for the window, or it is in the background.
    lines: Progress<Stderr>,
    state: State,
    latest: Option<Arc<Snapshot>>,
    /// Messages that were shown in the window only.
    unread: VecDeque<String>,
    /// Columns and rows, as they were last.
    size: (u16, u16),
    began: Instant,
}

impl Window<'_> {
    /// Looks at everything once. Whether there is more to see.
    fn look(&mut self) -> bool {
        let typed = self.typed();
        let mut changed = !typed.is_empty() | self.listen();
        let Ok(news) = self.told.snapshots.has_changed() else {
            self.told.snapshots.mark_unchanged();
            return false;
        };
        if news {
            self.latest.clone_from(&self.told.snapshots.borrow_and_update());
            changed = true;
        }
        for key in typed {
            self.press(key);
        }
        changed |= self.gathered() | self.notice();
        if self.signals.stop.swap(false, Ordering::SeqCst) {
            self.suspend();
        }
        if self.signals.go_on.swap(false, Ordering::SeqCst) && self.screen.is_entered() {
            // The shell may have set the terminal otherwise meanwhile.
            changed = true;
            if self.screen.enter().is_err() {
                return false;
            }
        }
        self.show(changed) && !self.screen.has_panicked()
    }

    /// Draws what is new, once there is something to draw and room for it. Whether there still is a terminal.
    fn show(&mut self, changed: bool) -> bool {
        let Some(snapshot) = &self.latest else { return true };
        let entered = self.screen.is_entered();
        let may = entered || (has_room(self.size) && in_foreground());
        if !may {
            // What cannot be written has nobody to be told to.
            let _ = self.lines.show(snapshot);
            return true;
        }
        if !entered && self.screen.enter().is_err() {
            return false;
        }
        if entered && !changed {
            return true;
        }
        let state = &self.state;
        self.screen
            .draw(|frame| draw::draw(frame, snapshot, state))
            .is_ok()
    }

    /// The keys that were typed since the last look.
    fn typed(&mut self) -> Vec<Key> {
        if let Some(input) = self.input.as_ref().filter(|_| self.screen.is_entered()) {
            match input.read(LOOK) {
                Ok(keys) => return keys,
                Err(_) => self.input = None,
            }
        }
        std::thread::sleep(LOOK);
        Vec::new()
    }

    fn press(&mut self, key: Key) {
        if let Some(snapshot) = &self.latest
            && let Some(action) = self.state.press(key, self.began.elapsed(), snapshot)
        {
            self.act(action);
        }
    }

    /// Whether a change of level is asked for now.
    fn gathered(&mut self) -> bool {
        let due = self
            .latest
            .as_ref()
            .and_then(|snapshot| self.state.due(self.began.elapsed(), snapshot));
        due.map(|action| self.act(action)).is_some()
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Stop if self.control.asked() == Stop::Run => {
                self.say("stopping: users finish what they are at; once more stops at once".to_owned());
                self.control.stop(Stop::Gently);
            }
            Action::Stop => self.control.stop(Stop::Now),
            Action::Change(change) => self.control.change(change),
            // Of those who lead their session nobody would hear, nor make them go on.
            Action::Suspend if getsid(None).is_ok_and(|leader| leader == getpgrp()) => {
                self.state.say(self.at(), "there is no shell to go back to");
            }
            // With all that the shell started together. It comes back to us as a signal.
            Action::Suspend => {
                let _ = kill_current_process_group(Signal::TSTP);
            }
            Action::Redraw => self.signals.go_on.store(true, Ordering::SeqCst),
        }
    }

    /// Takes messages. Whether there were any.
    fn listen(&mut self) -> bool {
        let mut any = false;
        while let Ok(words) = self.told.said.try_recv() {
            self.say(words);
            any = true;
        }
        any
    }

    /// Notices how the run was asked to end, and how large the window is now. Whether either is new.
    fn notice(&mut self) -> bool {
        let asked = match self.control.asked() {
            Stop::Run => Asked::No,
            Stop::Gently => Asked::Gently,
            Stop::Now => Asked::Now,
        };
        let size = tcgetwinsize(stderr()).map_or((0, 0), |size| (size.ws_col, size.ws_row));
        let before = (self.state.asked, self.size);
        (self.state.asked, self.size) = (asked, size);
        before != (asked, size)
    }

    fn say(&mut self, words: String) {
        if !self.screen.is_entered() {
            let _ = self.lines.say(&words);
            return;
        }
        self.state.say(self.at(), words.clone());
        if self.unread.len() == KEPT {
            self.unread.pop_front();
        }
        self.unread.push_back(words);
    }

    fn at(&self) -> Duration {
        self.latest
            .as_ref()
            .map_or(Duration::ZERO, |snapshot| snapshot.at)
    }

    /// Stops this process until a shell makes it go on. The terminal is taken again in the next look.
    fn suspend(&mut self) {
        self.leave();
        let _ = kill_process(getpid(), Signal::STOP);
    }

    /// Gives the terminal back, and prints what was to be read in the window only.
    fn leave(&mut self) {
        if let Some(input) = self.input.as_ref().filter(|_| self.screen.is_entered()) {
            // Keys that were meant for the window are not for the shell.
            let _ = tcflush(input.as_fd(), QueueSelector::IFlush);
        }
        self.screen.leave();
        for words in self.unread.drain(..) {
            let _ = self.lines.say(&words);
        }
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        self.leave();
        self.signals.over.store(true, Ordering::SeqCst);
    }
}

/// Whether the terminal is ours: a process in the background that sets or reads one is stopped.
fn in_foreground() -> bool {
    tcgetpgrp(stderr()).is_ok_and(|group| group == getpgrp())
}

/// What the shell tells, noted until the next look.
struct Signals {
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
    /// From then on the signals do what they do by default.
    over: Arc<AtomicBool>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let signals = Self {
            stop: Arc::default(),
            go_on: Arc::default(),
            over: Arc::default(),
        };
        flag::register_conditional_default(SIGTSTP, Arc::clone(&signals.over))?;
        flag::register(SIGTSTP, Arc::clone(&signals.stop))?;
        flag::register(SIGCONT, Arc::clone(&signals.go_on))?;
        Ok(signals)
    }
}

/// Where keys come from: standard input, or the terminal behind it where that is a file or a pipe.
enum Input {
    Standard,
    Terminal(File),
}

impl Input {
    fn open() -> Option<Self> {
        if stdin().is_terminal() {
            return Some(Self::Standard);
        }
        File::open("/dev/tty").ok().map(Self::Terminal)
    }

    /// What was typed, waiting for it at most so long. An error: the terminal is gone.
    fn read(&self, wait: Duration) -> io::Result<Vec<Key>> {
        let fd = self.as_fd();
        let mut polled = [PollFd::new(&fd, PollFlags::IN)];
        let wait = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        match poll(&mut polled, Some(&wait)) {
            Ok(0) | Err(Errno::INTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 256];
        match rustix::io::read(fd, &mut bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(keys(&bytes[..count])),
            Err(Errno::INTR | Errno::AGAIN) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Standard => rustix::stdio::stdin(),
            Self::Terminal(file) => file.as_fd(),
        }
    }
}
