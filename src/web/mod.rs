//! The page: runs are started, watched, steered and looked at again in a browser.
//!
//! One thread with a runtime of its own serves it, so that nothing here can hold up the load: the program tells of a run
//! through [`Teller`], whose every call is a message into a channel. What costs more than a moment (reading a journal,
//! findings of a run under way) is done one at a time on a second thread, at the lowest priority the system gives, and kept.
//!
//! A run under way and one that is over have the same shape in JSON (`view`), so that one page shows both. Who may ask says
//! `guard`; nothing is ever read by a path that came from a browser (`shelf`, `files`).

mod files;
mod guard;
mod history;
mod listen;
mod live;
mod now;
mod routes;
mod serve;
mod shelf;
mod state;
mod steer;
mod stream;
mod teller;
mod view;

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use tokio::sync::oneshot;

pub use serve::{Server, serve};
pub use teller::{Begun, Over, Teller};

/// What a page offers, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. On any but a loopback address a token is asked for.
    pub address: SocketAddr,
    /// Scenarios to choose from; others can be typed. `None`: nothing can be started.
    pub scenarios: Option<Vec<PathBuf>>,
    /// Folders of runs to show.
    pub folders: Vec<PathBuf>,
    /// A folder whose subfolders with a journal are runs, listed anew each time.
    pub reports: Option<PathBuf>,
}

/// What was typed to start a run; empty: as the scenario says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// The scenario's file.
    pub file: String,
    /// In place of the scenario's host.
    pub host: String,
    /// Levels: `10,50,100`.
    pub users: String,
    /// How long the way to each takes.
    pub ramp: String,
    /// How long each is held.
    pub hold: String,
    /// The seed.
    pub seed: String,
}

/// A run is asked for.
#[derive(Debug)]
pub struct Start {
    /// What was typed.
    pub form: Form,
    /// Whether it begins; if not, why, as many lines as it takes. The page waits for it.
    pub reply: oneshot::Sender<Result<(), String>>,
}
