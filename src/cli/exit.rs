//! The exit codes, all of them.

/// How the program ended. Of several that apply to a run the first of 130, 4, 3 is given: one without a success is judged by
/// its thresholds first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done, and every threshold holds.
    Passed = 0,
    /// Something unforeseen, such as a report that could not be written.
    Unexpected = 1,
    /// Wrong arguments, or a scenario or configuration with mistakes. No request was sent.
    BadInput = 2,
    /// The run could not be carried out, or not one of its requests succeeded, so that nothing was measured. Reports are
    /// written of the latter.
    NotCarriedOut = 3,
    /// A threshold failed, or the scenario was not carried out as written (an endpoint that was never sent, say); of `try`: a request failed, or could not be tried; of `compare`: it came out as it must not.
    ThresholdFailed = 4,
    /// Interrupted by Ctrl-C or a signal; the reports are written all the same.
    Interrupted = 130,
}

impl Exit {
    /// Ends the process here and now: what hangs, such as a write to a dead disk, cannot be waited for.
    pub(super) fn at_once(self) -> ! {
        std::process::exit(self as i32)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
