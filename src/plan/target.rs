//! The API under test, as the transports need to know it.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

pub use crate::scenario::model::{Connections, OnStale, Transport as TransportKind};

/// Scheme, host and port: what a connection is made to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// `https` rather than `http`.
    pub tls: bool,
    /// Host name or literal address; an IPv6 address without brackets.
    pub host: String,
    /// The port, the scheme's default filled in.
    pub port: u16,
    /// As the `host` header says it: with brackets where needed, the port only when it is not the scheme's default.
    pub authority: String,
}

impl Origin {
    /// The origin of an absolute `http` or `https` URL; `None` for any other scheme.
    pub fn of(url: &url::Url) -> Option<Self> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let written = url.host_str()?;
        let port = url.port_or_known_default()?;
        let authority = match url.port() {
            Some(port) => format!("{written}:{port}"),
            None => written.to_owned(),
        };
        let host = written.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self {
            tls,
            host,
            port,
            authority,
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}",
            if self.tls { "https" } else { "http" },
            self.authority
        )
    }
}

/// What a transport must know of the target; the same for every transport.
#[derive(Clone)]
pub struct TransportOptions {
    /// Which transport is used.
    pub kind: TransportKind,
    /// Own connection for each user, one pool for all, or a new one for each request.
    pub connections: Connections,
    /// What to do when a kept-alive connection turns out to be closed before the response began.
    pub on_stale: OnStale,
    /// TLS settings.
    pub tls: TlsOptions,
    /// Local addresses to connect from, taken in turn; empty: the system chooses.
    pub source_addresses: Vec<IpAddr>,
    /// HTTP/2 (reqwest transport only).
    pub http2: bool,
    /// Proxy URL (reqwest transport only).
    pub proxy: Option<String>,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            kind: TransportKind::Direct,
            connections: Connections::PerUser,
            on_stale: OnStale::Fail,
            tls: TlsOptions::default(),
            source_addresses: Vec::new(),
            http2: false,
            proxy: None,
        }
    }
}

impl fmt::Debug for TransportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the proxy, whose URL may hold a password.
        f.debug_struct("TransportOptions")
            .field("kind", &self.kind)
            .field("connections", &self.connections)
            .field("on_stale", &self.on_stale)
            .field("tls", &self.tls)
            .field("source_addresses", &self.source_addresses)
            .field("http2", &self.http2)
            .finish_non_exhaustive()
    }
}

/// TLS settings. Files are read by `scenario::load`; here is their content.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// Whether the server's certificate is verified.
    pub verify: bool,
    /// Certificates to trust in addition to the system's, PEM.
    pub ca: Option<Vec<u8>>,
    /// Client certificate chain and key, PEM.
    pub client: Option<ClientCertificate>,
    /// The name to ask for and verify, in place of the URL's host; for every `https` origin connected to.
    pub server_name: Option<String>,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            verify: true,
            ca: None,
            client: None,
            server_name: None,
        }
    }
}

/// A client certificate.
#[derive(Clone)]
pub struct ClientCertificate {
    /// Certificate chain, PEM.
    pub chain: Vec<u8>,
    /// Private key, PEM.
    pub key: Vec<u8>,
    /// Where the files stand, for messages.
    pub file: PathBuf,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
