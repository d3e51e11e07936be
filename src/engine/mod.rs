//! Making it happen: workers, users, pacing, transports.

pub mod transport;
