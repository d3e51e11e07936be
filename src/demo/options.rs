//! What a demo API can be told.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use super::faults::Faults;
use super::model;
use super::server::DemoError;

const POOLS: RangeInclusive<u32> = 1..=10_000;
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SPEEDS: RangeInclusive<f64> = 0.001..=1000.0;

/// How the demo API is to be. The default is the API as it was, on a free port of this machine, warm and without faults.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Where to listen; nothing else is bound. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Connections of the database pool, 1 to 10 000.
    pub pool: u32,
    /// How many times faster than the original the API works, 0.001 to 1000: the times of queries (cold ones too) and of
    /// answers without one are divided by it, so the ceiling of requests per second is multiplied. Nothing else scales:
    /// not `keep_alive`, `cut_after`, `token_lifetime`, nor the times written in `faults`. The timer adds about a
    /// millisecond to every time, which shows from a speed of 10 on.
    pub speed: f64,
    /// Whether the first listing of each term takes 0.8 to 3 s.
    pub cold: bool,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Decides base times and faults: request number n (in order of arrival) has the same in every run.
    pub seed: u64,
    /// Who may ask.
    pub credentials: Credentials,
    /// A connection without a request for so long is closed, from its last response on or from its start.
    pub keep_alive: Duration,
    /// A connection on which nothing moves for so long is closed: a request that is not answered by then, a handshake that
    /// does not end, a response that nobody reads.
    pub cut_after: Duration,
    /// How long a token of the token endpoint is accepted; whole seconds.
    pub token_lifetime: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pool: model::POOL,
            speed: 1.0,
            cold: false,
            faults: Faults::default(),
            seed: 1,
            credentials: Credentials::default(),
            keep_alive: Duration::from_secs(5),
            cut_after: Duration::from_secs(120),
            token_lifetime: Duration::from_secs(3600),
        }
    }
}

impl Options {
    pub(super) fn check(&self) -> Result<(), DemoError> {
        if !POOLS.contains(&self.pool) {
            return Err(DemoError::Pool(self.pool));
        }
        if !SPEEDS.contains(&self.speed) {
            return Err(DemoError::Speed(self.speed));
        }
        let times = [
            ("keep_alive", self.keep_alive),
            ("cut_after", self.cut_after),
            ("token_lifetime", self.token_lifetime),
        ];
        for (name, time) in times {
            if time.is_zero() || time > A_DAY {
                return Err(DemoError::Time { name, time });
            }
        }
        Ok(())
    }
}

/// A user and a password, for HTTP Basic and, as client id and secret, for the token endpoint. Default: `demo`, `demo`.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user, without a colon.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            user: "demo".to_owned(),
            password: "demo".to_owned(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
