//! From the errors of the system, of TLS and of HTTP to the words of the report.
//!
//! The words are types: no address, no number, nothing that makes each occurrence a type of its own.

use std::io;

use rustls::{AlertDescription, CertificateError};

use super::Failure;

/// What the generator itself ran out of, if that is what the error says.
fn exhausted(error: &io::Error) -> Option<Failure> {
    let words = match error.raw_os_error()? {
        libc::EMFILE => "out of file descriptors (`ulimit -n`)",
        libc::ENFILE => "the system is out of file descriptors",
        libc::EADDRNOTAVAIL | libc::EADDRINUSE => "out of local ports (`target.source_addresses` adds more)",
        libc::ENOBUFS | libc::ENOMEM => "out of memory for sockets",
        _ => return None,
    };
    Some(Failure::Generator(words.to_owned()))
}

/// Why a name was not looked up.
pub(super) fn look_up(error: &io::Error) -> Failure {
    exhausted(error).unwrap_or_else(|| {
        let words = words(error);
        let reason = words.strip_prefix("failed to lookup address information: ");
        Failure::Dns(reason.unwrap_or(&words).to_owned())
    })
}

/// Why a socket could not be bound to one of the source addresses.
pub(super) fn binding(error: &io::Error) -> Failure {
    match error.raw_os_error() {
        // Of a bind without a port this can only mean the address.
        Some(libc::EADDRNOTAVAIL) => {
            Failure::Generator("a source address is not one of this machine's".to_owned())
        }
        _ => connecting(error),
    }
}

/// Why a connection could not be opened.
pub(super) fn connecting(error: &io::Error) -> Failure {
    exhausted(error).unwrap_or_else(|| match error.kind() {
        io::ErrorKind::ConnectionReset => Failure::Reset,
        _ => Failure::Connect(words(error)),
    })
}

/// Why a TLS handshake did not come to its end. A reset keeps its own name, whenever it happens: a server at its limit
/// resets connections as it accepts them.
pub(super) fn shaking_hands(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            Failure::Tls("the connection was closed in the middle of it".to_owned())
        }
        io::ErrorKind::BrokenPipe => Failure::Reset,
        _ => transferring(error),
    }
}

/// What went wrong on an open connection.
pub(super) fn transferring(error: &io::Error) -> Failure {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(error) = inner {
        return of_tls(error);
    }
    match error.kind() {
        io::ErrorKind::ConnectionReset => Failure::Reset,
        _ => exhausted(error).unwrap_or_else(|| Failure::Io(words(error))),
    }
}

/// TLS errors in words that a tester understands.
pub(super) fn of_tls(error: &rustls::Error) -> Failure {
    use rustls::Error;
    Failure::Tls(match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::PeerIncompatible(_) => "no TLS version or cipher in common with the server".to_owned(),
        Error::InvalidMessage(_) => "the server does not speak TLS on this port".to_owned(),
        Error::NoCertificatesPresented => "the server has no certificate".to_owned(),
        Error::DecryptError => "a message could not be decrypted".to_owned(),
        _ => "the server broke the TLS protocol".to_owned(),
    })
}

fn of_certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::UnknownIssuer => "the certificate is not trusted (unknown issuer): name the issuer in `tls.ca_file`, or set `tls.verify: false`",
        E::Expired | E::ExpiredContext { .. } => "the certificate has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "the certificate is not valid yet",
        E::NotValidForName | E::NotValidForNameContext { .. } => "the certificate is for another host name",
        E::Revoked => "the certificate has been revoked",
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "the certificate is not meant for a server",
        E::BadEncoding => "the certificate cannot be read",
        E::BadSignature => "the certificate's signature is wrong",
        // webpki's own errors come as text only; this one is every self-signed certificate of `openssl req -x509`.
        E::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate is not trusted (self-signed): name it in `tls.ca_file`, or set `tls.verify: false`"
        }
        _ => "the certificate is not valid",
    }
    .to_owned()
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "the server asks for a client certificate".to_owned(),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => "the server refuses the client certificate".to_owned(),
        AlertDescription::UnrecognisedName => "the server does not know the host name".to_owned(),
        AlertDescription::ProtocolVersion => "the server refuses the TLS version".to_owned(),
        AlertDescription::HandshakeFailure => {
            "the server refuses it (no cipher in common, or a client certificate is missing)".to_owned()
        }
        AlertDescription::Unknown(_) => "the server answers with an unknown alert".to_owned(),
        other => format!("the server answers with the alert {other:?}"),
    }
}

/// Errors of HTTP/2, by their codes: what a server writes beside a code, and any code of its own, is not for the report.
/// `begun`: there is a part of a response.
pub(super) fn of_http2(error: &h2::Error, begun: bool) -> Option<Failure> {
    let reason = error.reason()?;
    let code = code(reason);
    Some(if error.is_remote() && error.is_go_away() {
        Failure::Io(format!("the server ended the HTTP/2 connection (GOAWAY, {code})"))
    } else if error.is_remote() {
        Failure::Io(format!("the server ended the HTTP/2 stream (RST_STREAM, {code})"))
    } else if !begun && reason == h2::Reason::FRAME_SIZE_ERROR {
        // "HTTP/1.1" read as the head of a frame says that five million bytes follow.
        Failure::Invalid("it is HTTP/1.1, and `target.http2` asks for HTTP/2".to_owned())
    } else {
        Failure::Invalid(format!("the server broke the HTTP/2 protocol ({code})"))
    })
}

/// Whether the server told that it had not begun with the request (RFC 9113, sections 6.8 and 8.7): of the streams whose error
/// is its GOAWAY, h2 gives that to those above the last one only.
pub(super) fn is_unprocessed(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// The name of an error code (RFC 9113, section 7).
fn code(reason: h2::Reason) -> &'static str {
    const NAMES: [&str; 14] = [
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY",
        "HTTP_1_1_REQUIRED",
    ];
    let number = usize::try_from(u32::from(reason)).unwrap_or(usize::MAX);
    NAMES.get(number).copied().unwrap_or("an unknown code")
}

/// What hyper says of a head that it cannot read.
pub(super) fn of_parse(error: &hyper::Error) -> Failure {
    let words = error.to_string();
    Failure::Invalid(words.strip_suffix(" parsed").unwrap_or(&words).to_owned())
}

/// An error of the system as the system words it, without its number.
pub(super) fn words(error: &io::Error) -> String {
    let words = error.to_string();
    match words.find(" (os error ") {
        Some(end) => words[..end].to_owned(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(code: i32) -> io::Error {
        io::Error::from_raw_os_error(code)
    }

    #[test]
    fn errors_of_the_system_are_said_without_number_and_address() {
        for (failure, words) in [
            (connecting(&os(libc::ECONNREFUSED)), "Connection refused"),
            (connecting(&os(libc::EHOSTUNREACH)), "No route to host"),
            (connecting(&os(libc::ENETUNREACH)), "Network is unreachable"),
            (connecting(&os(libc::ETIMEDOUT)), "Connection timed out"),
            (connecting(&os(libc::ECONNRESET)), "Connection reset by peer"),
            (transferring(&os(libc::ECONNRESET)), "Connection reset by peer"),
            (shaking_hands(&os(libc::ECONNRESET)), "Connection reset by peer"),
            (
                connecting(&os(libc::EMFILE)),
                "the load generator could not send: out of file descriptors (`ulimit -n`)",
            ),
            (
                connecting(&os(libc::EADDRNOTAVAIL)),
                "the load generator could not send: out of local ports (`target.source_addresses` adds more)",
            ),
            (
                binding(&os(libc::EADDRNOTAVAIL)),
                "the load generator could not send: a source address is not one of this machine's",
            ),
            (
                binding(&os(libc::EADDRINUSE)),
                "the load generator could not send: out of local ports (`target.source_addresses` adds more)",
            ),
        ] {
            assert_eq!(failure.to_string(), words);
        }
    }

    #[test]
    fn a_failed_look_up_is_said_without_its_preamble() {
        let error = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(
            look_up(&error).to_string(),
            "name look-up failed: Name or service not known"
        );
    }
}
