//! Making it happen: workers, users, pacing, transports.
