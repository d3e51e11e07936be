//! TLS as all users of a run have it: one set-up, certificates read once.
//!
//! No session is resumed. A user is one browser, so one user must never profit from another's session; and a user that
//! resumed its own would make the handshake's time a mixture of two kinds. Every new connection pays for a whole
//! handshake, as with Locust, k6 and wrk: the dearer case for the server, and the same in every run.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::TransportError;
use crate::plan::target::{ClientCertificate, TlsOptions};

/// The set-up for HTTP/1.1.
pub(super) fn config(options: &TlsOptions) -> Result<ClientConfig, TransportError> {
    // Said here rather than taken from the process, so that nothing depends on what `main` has installed.
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(options, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::SetUp(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &options.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let (chain, key) = client_certificate(client)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| match error {
                    Error::InconsistentKeys(_) => {
                        unusable(client, "the private key belongs to another certificate")
                    }
                    error => unusable(client, &error.to_string()),
                })?
        }
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(
    options: &TlsOptions,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TransportError> {
    let extra = match &options.ca {
        Some(pem) => certificates(pem).map_err(TransportError::Ca)?,
        None => Vec::new(),
    };
    if !options.verify {
        return Ok(Arc::new(Unverified {
            provider: provider.clone(),
            accept: true,
        }));
    }
    let mut roots = RootCertStore::empty();
    // What the system cannot read of its own store is left out, as its other programs do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in &extra {
        roots
            .add(certificate.clone())
            .map_err(|error| TransportError::Ca(error.to_string()))?;
    }
    if roots.is_empty() {
        // A machine without certificates, and none given: nothing can be verified, and each handshake will say so.
        return Ok(Arc::new(Unverified {
            provider: provider.clone(),
            accept: false,
        }));
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| TransportError::SetUp(error.to_string()))?;
    Ok(Arc::new(Verify { inner, extra }))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`, is expected)".to_owned());
    }
    Ok(certificates)
}

fn client_certificate(
    client: &ClientCertificate,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TransportError> {
    let chain = certificates(&client.chain).map_err(|reason| unusable(client, &reason))?;
    let key = PrivateKeyDer::from_pem_slice(&client.key)
        .map_err(|_| unusable(client, "no private key (PEM, without a passphrase, is expected)"))?;
    Ok((chain, key))
}

fn unusable(client: &ClientCertificate, reason: &str) -> TransportError {
    TransportError::ClientCertificate {
        file: client.file.clone(),
        reason: reason.to_owned(),
    }
}

/// `verify: true`: by the system's certificates and the additional ones.
#[derive(Debug)]
struct Verify {
    inner: Arc<WebPkiServerVerifier>,
    /// Trusted as they are: `openssl req -x509` marks the certificate of a server as one of an authority, which webpki
    /// refuses of a server, though the user said to trust exactly this one.
    extra: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verify {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.inner
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.extra.iter().any(|trusted| trusted == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Verifies nothing: with `verify: false` any certificate will do; where there is nothing to verify with, none will.
#[derive(Debug)]
struct Unverified {
    provider: Arc<CryptoProvider>,
    accept: bool,
}

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.accept {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    // Whose key it is does not matter where the certificate itself was not verified.
    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
