//! The only lines that reach the shell: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};

/// Writes a line of a result. A reader that went away (`| head`) is no error of ours.
pub(super) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Writes text as it stands.
pub(super) fn text(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Writes a note beside the result.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Writes an error in one line.
pub(super) fn error(text: &str) {
    let _ = writeln!(std::io::stderr(), "error: {text}");
}

/// Whether errors may be coloured.
pub(super) fn colour() -> bool {
    std::io::stderr().is_terminal() && plain_wanted().is_none()
}

/// Why plain text is wanted in place of colour and redrawing: `NO_COLOR` (no-color.org) or a terminal that can neither.
pub(super) fn plain_wanted() -> Option<&'static str> {
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Some("NO_COLOR");
    }
    std::env::var_os("TERM")
        .is_some_and(|value| value == "dumb")
        .then_some("TERM=dumb")
}
