//! The modelled Staff Fee Privilege API: an HTTPS server to try a scenario on without any server of one's own.
//!
//! It behaves as the API that the project was first used on: a Node server in front of a slow database with a pool of
//! 30 connections. What is modelled, and what is not:
//!
//! - **Time** ([`model`]): a query waits in line for a pool connection and gets slower the more of them are at work;
//!   answers that need no database take 2 ms. A query goes on when its client has gone away, as it does in Node.
//! - **Data** ([`data`]): the same students at every start.
//! - **Connections**: HTTP/1.1 over TLS, a certificate made at start, kept-alive connections closed after 5.0 s without
//!   a request, requests cut after 120 s. Connections are closed as Node closes them: by a plain TCP close, without the
//!   TLS `close_notify`.
//! - **Faults** ([`faults`]): errors, resets, slow answers, and a limit of open connections.
//!
//! Routes, below `/api/v1` and below `/v1`, all behind HTTP Basic or a bearer token:
//!
//! | request | answer |
//! |---|---|
//! | `GET /staff-fee-privilege?term=201701` | 200 and the students of the term, none for an unknown term |
//! | `GET /staff-fee-privilege?osuId=931234567` | 200 and the terms of the student (with `term` too: both must fit) |
//! | `GET /staff-fee-privilege` | 400 |
//! | `GET /staff-fee-privilege/931234567-201701` | 200 with one resource, or 404 |
//! | anything else, other methods too | 404, as Express answers where no route fits |
//! | any of these without valid credentials | 401 |
//!
//! Below `/shop` there is a small [`shop`], without credentials.
//!
//! `POST /oauth2/token` is the token endpoint (client credentials, RFC 6749 section 4.4); it is free of faults and its
//! client is the Basic user. `HEAD` is answered wherever `GET` is.
//!
//! The module stands apart: it uses no other module of this crate.

mod cert;
mod connection;
pub mod data;
pub mod faults;
pub mod model;
mod options;
mod server;
mod service;
pub mod shop;
#[cfg(test)]
mod simulation;
mod token;

pub use faults::{FaultError, Faults, MaxOpen, Share, Slow};
pub use options::{Credentials, Options};
pub use server::{Counters, Demo, DemoError, start};

/// Path of the resource, for `config.api_base_url`: the demo's address and this make the URL that a scenario targets.
pub const RESOURCE_PATH: &str = "/api/v1/staff-fee-privilege";

/// Path of the token endpoint.
pub const TOKEN_PATH: &str = "/oauth2/token";
