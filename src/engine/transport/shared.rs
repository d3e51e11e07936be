//! What the transports of all workers have in common, built once per run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use super::super::host;
use super::sources::Sources;
use super::tls;
use crate::plan::target::TransportOptions;

/// What the transports of all workers have in common: the options and the TLS set-up, whose certificates are read once.
#[derive(Debug)]
pub struct Shared {
    pub(super) options: TransportOptions,
    pub(super) tls: Arc<ClientConfig>,
    /// In place of the host, for TLS.
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) sources: Sources,
    /// Which address of a name comes first for the next connection.
    pub(super) turn: Arc<AtomicUsize>,
}

/// Why the transport cannot be set up. Found before the run.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The additional CA certificates cannot be read.
    #[error("the CA file cannot be used: {0}")]
    Ca(String),
    /// The client certificate or its key cannot be read, or they do not belong together.
    #[error("the client certificate {} cannot be used: {reason}", file.display())]
    ClientCertificate {
        /// Where it stands.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No certificate can be valid for such a name.
    #[error("`{0}` is not a server name for TLS")]
    ServerName(String),
    /// The proxy's URL is wrong.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// Options that exclude each other.
    #[error("{0}")]
    Conflict(&'static str),
    /// The TLS library or reqwest refuses the set-up.
    #[error("the HTTP client cannot be set up: {0}")]
    SetUp(String),
}

impl Shared {
    /// Reads certificates (the system's too, when the server's is to be verified) and checks the options.
    pub fn new(options: &TransportOptions) -> Result<Arc<Self>, TransportError> {
        let server_name = match &options.tls.server_name {
            Some(name) => Some(
                ServerName::try_from(name.clone()).map_err(|_| TransportError::ServerName(name.clone()))?,
            ),
            None => None,
        };
        Ok(Arc::new(Self {
            tls: Arc::new(tls::config(&options.tls)?),
            server_name,
            options: options.clone(),
            sources: Sources::new(&options.source_addresses, host::outgoing_ports()),
            turn: Arc::default(),
        }))
    }
}
