//! Takes the terminal for the view, and gives it back as it was: at the end, on the way to the shell, and before a panic is told.

use std::io::{self, BufWriter, Stderr, Write, stderr};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{Frame, Terminal};

/// How long a panic waits for a frame that is being written, and how often.
const PATIENCE: (u32, Duration) = (20, Duration::from_millis(5));

/// The terminal, whose alternate screen is ours while it is entered. Dropping it leaves.
#[derive(Debug)]
pub struct Screen {
    hold: Arc<Hold>,
    terminal: Option<Terminal<CrosstermBackend<Patient>>>,
}

/// Shared with the hook that is called on a panic of any thread.
#[derive(Debug, Default)]
struct Hold {
    entered: AtomicBool,
    /// Locked while a frame is written, so that a panic is not told in the middle of it.
    writing: Mutex<()>,
    panicked: AtomicBool,
    /// The terminal takes nothing any more.
    gone: AtomicBool,
}

impl Screen {
    /// Nothing is done to the terminal yet. From now on a panic gives it back before it is told.
    pub fn new() -> Self {
        let hold = Arc::new(Hold::default());
        let shared = Arc::clone(&hold);
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            shared.panicked.store(true, Ordering::SeqCst);
            let _frame = shared.wait_for_frame();
            shared.leave();
            before(info);
        }));
        Self { hold, terminal: None }
    }

    /// Whether it is entered.
    pub fn is_entered(&self) -> bool {
        self.hold.entered.load(Ordering::SeqCst)
    }

    /// Whether some thread panicked since: then the terminal was given back, for good.
    pub fn has_panicked(&self) -> bool {
        self.hold.panicked.load(Ordering::SeqCst)
    }

    /// Takes the terminal. Where it is taken already, what a shell may have changed meanwhile is set again.
    pub fn enter(&mut self) -> io::Result<()> {
        let hold = Arc::clone(&self.hold);
        let _frame = hold.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.has_panicked() {
            return Ok(());
        }
        // Else it would not be set where it is thought to be.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.hold.entered.store(true, Ordering::SeqCst);
        let taken = execute!(stderr(), EnterAlternateScreen, Hide, Clear(ClearType::All))
            .and_then(|()| Terminal::new(CrosstermBackend::new(Patient::new(&hold))));
        match taken {
            // A new one knows nothing of what is drawn already, and draws everything.
            Ok(terminal) => self.terminal = Some(terminal),
            Err(error) => {
                self.hold.leave();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Gives it back.
    pub fn leave(&mut self) {
        let hold = Arc::clone(&self.hold);
        let _frame = hold.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.terminal = None;
        self.hold.leave();
    }

    /// Draws a frame. An error: the terminal is gone.
    pub fn draw(&mut self, frame: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let hold = Arc::clone(&self.hold);
        let _frame = hold.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(terminal) = self
            .terminal
            .as_mut()
            .filter(|_| hold.entered.load(Ordering::SeqCst))
        {
            terminal.draw(frame)?;
        }
        if hold.gone.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Hold {
    /// Where it is the view itself that panicked in a frame, or the terminal takes nothing, waiting has an end.
    fn wait_for_frame(&self) -> Option<std::sync::MutexGuard<'_, ()>> {
        let (times, each) = PATIENCE;
        for _ in 0..times {
            match self.writing.try_lock() {
                Ok(frame) => return Some(frame),
                Err(TryLockError::Poisoned(frame)) => return Some(frame.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(each),
            }
        }
        None
    }

    /// What cannot be given back is gone.
    fn leave(&self) {
        if self.entered.swap(false, Ordering::SeqCst) {
            let _ = execute!(stderr(), LeaveAlternateScreen, Show);
            let _ = disable_raw_mode();
        }
    }
}

/// Writes a frame at once, and keeps an error for [`Screen::draw`]: ratatui would tell of some of them on the very terminal that
/// is gone, which panics.
#[derive(Debug)]
struct Patient {
    inner: BufWriter<Stderr>,
    hold: Arc<Hold>,
}

impl Patient {
    fn new(hold: &Arc<Hold>) -> Self {
        Self {
            inner: BufWriter::with_capacity(64 * 1024, stderr()),
            hold: Arc::clone(hold),
        }
    }

    fn noted(&self, done: &io::Result<()>) {
        if done.is_err() {
            self.hold.gone.store(true, Ordering::SeqCst);
        }
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.inner.write_all(bytes);
        self.noted(&done);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.inner.flush();
        self.noted(&done);
        Ok(())
    }
}
