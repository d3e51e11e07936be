//! The same over TLS, and what can be wrong with a certificate.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runner::engine::transport::{Connection, Exchange, Failure, Shared, TransportError};
use runner::plan::target::{ClientCertificate, Origin, TlsOptions, TransportOptions};

use super::{Kind, client_with, failed, failure, for_both, get, origin, response};
use crate::support::certificates::{Authority, Identity};
use crate::support::server::{Peer, Server};

for_both!(
    speaks_to_a_server_whose_authority_is_given,
    times_the_handshake_and_keeps_the_connection,
    counts_bytes_without_those_of_tls,
    an_unknown_authority_is_said,
    a_self_signed_certificate_is_said,
    any_certificate_will_do_without_verification,
    an_expired_certificate_is_said,
    a_certificate_for_another_name_is_said,
    another_name_can_be_asked_for,
    a_self_signed_certificate_can_be_the_authority,
    a_self_signed_authority_is_still_no_other_host,
    a_client_certificate_is_shown,
    a_missing_client_certificate_is_said,
    a_server_without_tls_is_said,
    a_handshake_that_is_closed_is_said,
    a_handshake_that_is_reset_is_a_reset,
    a_connection_cut_without_farewell_is_only_closed,
    no_session_is_resumed,
);

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn answer(peer: &mut Peer) {
    while peer.request().is_some() {
        peer.say(OK);
    }
}

fn serving(identity: &Identity) -> Server {
    Server::tls(identity.server_config(None), answer)
}

fn at(server: &Server) -> Arc<Origin> {
    origin("https", "127.0.0.1", server.port)
}

fn with(tls: TlsOptions) -> TransportOptions {
    TransportOptions {
        tls,
        ..TransportOptions::default()
    }
}

fn trusting(pem: &str) -> TlsOptions {
    TlsOptions {
        ca: Some(pem.as_bytes().to_vec()),
        ..TlsOptions::default()
    }
}

fn careless() -> TlsOptions {
    TlsOptions {
        verify: false,
        ..TlsOptions::default()
    }
}

async fn once<K: Kind>(tls: TlsOptions, server: &Server) -> Exchange {
    get(&at(server)).of(&mut client_with::<K>(&with(tls))).await
}

fn is_answered(exchange: &Exchange) {
    assert_eq!(&response(exchange).body[..], b"ok");
    assert_eq!(exchange.connection, Some(Connection::New));
}

fn is_refused(exchange: &Exchange, words: &str) {
    assert!(matches!(failure(exchange), Failure::Tls(_)), "{exchange:?}");
    assert_eq!(
        failure(exchange).to_string(),
        format!("TLS handshake failed: {words}")
    );
    assert!(failed(exchange).response.is_none());
}

async fn speaks_to_a_server_whose_authority_is_given<K: Kind>() {
    let authority = Authority::new();
    let server = serving(&authority.issue(&["127.0.0.1"]));
    is_answered(&once::<K>(trusting(&authority.pem), &server).await);
}

async fn times_the_handshake_and_keeps_the_connection<K: Kind>() {
    let server = serving(&Identity::self_signed(&["127.0.0.1"]));
    let mut client = client_with::<K>(&with(careless()));
    let exchange = get(&at(&server)).of(&mut client).await;
    let timing = exchange.timing;
    assert!(timing.connect.is_some() && timing.tls.is_some_and(|tls| tls > Duration::ZERO));
    let exchange = get(&at(&server)).of(&mut client).await;
    assert_eq!(exchange.connection, Some(Connection::Reused));
    assert_eq!((exchange.timing.connect, exchange.timing.tls), (None, None));
    assert_eq!(server.connections(), 1);
}

async fn counts_bytes_without_those_of_tls<K: Kind>() {
    let server = serving(&Identity::self_signed(&["127.0.0.1"]));
    let exchange = get(&at(&server))
        .header("accept", "*/*")
        .of(&mut client_with::<K>(&with(careless())))
        .await;
    assert_eq!((exchange.bytes_sent, exchange.bytes_received), server.bytes());
}

async fn an_unknown_authority_is_said<K: Kind>() {
    let server = serving(&Authority::new().issue(&["127.0.0.1"]));
    let exchange = once::<K>(TlsOptions::default(), &server).await;
    is_refused(
        &exchange,
        "the certificate is not trusted (unknown issuer): name the issuer in `tls.ca_file`, or set `tls.verify: false`",
    );
    assert_eq!(exchange.connection, None);
}

async fn a_self_signed_certificate_is_said<K: Kind>() {
    let server = serving(&Identity::self_signed(&["127.0.0.1"]));
    let exchange = once::<K>(trusting(&Authority::new().pem), &server).await;
    is_refused(
        &exchange,
        "the certificate is not trusted (self-signed): name it in `tls.ca_file`, or set `tls.verify: false`",
    );
}

async fn any_certificate_will_do_without_verification<K: Kind>() {
    let authority = Authority::new();
    for identity in [
        Identity::self_signed(&["elsewhere.example"]),
        authority.issue_expired(&["127.0.0.1"]),
        authority.issue(&["elsewhere.example"]),
    ] {
        is_answered(&once::<K>(careless(), &serving(&identity)).await);
    }
}

async fn an_expired_certificate_is_said<K: Kind>() {
    let authority = Authority::new();
    let server = serving(&authority.issue_expired(&["127.0.0.1"]));
    let exchange = once::<K>(trusting(&authority.pem), &server).await;
    is_refused(&exchange, "the certificate has expired");
}

async fn a_certificate_for_another_name_is_said<K: Kind>() {
    let authority = Authority::new();
    let server = serving(&authority.issue(&["elsewhere.example"]));
    let exchange = once::<K>(trusting(&authority.pem), &server).await;
    is_refused(&exchange, "the certificate is for another host name");
}

async fn another_name_can_be_asked_for<K: Kind>() {
    let authority = Authority::new();
    let server = serving(&authority.issue(&["elsewhere.example"]));
    let tls = TlsOptions {
        server_name: Some("elsewhere.example".to_owned()),
        ..trusting(&authority.pem)
    };
    is_answered(&once::<K>(tls, &server).await);
    // For TLS only: the request still names the host of the URL.
    assert_eq!(
        server.requests()[0].header("host").unwrap(),
        format!("127.0.0.1:{}", server.port)
    );
}

async fn a_self_signed_certificate_can_be_the_authority<K: Kind>() {
    let identity = Identity::self_signed(&["127.0.0.1"]);
    let server = serving(&identity);
    is_answered(&once::<K>(trusting(&identity.chain), &server).await);
}

async fn a_self_signed_authority_is_still_no_other_host<K: Kind>() {
    let identity = Identity::self_signed(&["elsewhere.example"]);
    let server = serving(&identity);
    let exchange = once::<K>(trusting(&identity.chain), &server).await;
    is_refused(&exchange, "the certificate is for another host name");
}

fn asking_for_a_certificate(authority: &Authority) -> Server {
    let identity = authority.issue(&["127.0.0.1"]);
    Server::tls(identity.server_config(Some(authority)), answer)
}

async fn a_client_certificate_is_shown<K: Kind>() {
    let authority = Authority::new();
    let server = asking_for_a_certificate(&authority);
    let identity = authority.issue_to_client();
    let tls = TlsOptions {
        client: Some(ClientCertificate {
            chain: identity.chain.into_bytes(),
            key: identity.key.into_bytes(),
            file: PathBuf::from("client.pem"),
        }),
        ..trusting(&authority.pem)
    };
    is_answered(&once::<K>(tls, &server).await);
}

async fn a_missing_client_certificate_is_said<K: Kind>() {
    let authority = Authority::new();
    let server = asking_for_a_certificate(&authority);
    let exchange = once::<K>(trusting(&authority.pem), &server).await;
    // With TLS 1.3 the client learns of it after the handshake, in place of the response.
    is_refused(&exchange, "the server asks for a client certificate");
}

async fn a_server_without_tls_is_said<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.leave_request_unread();
        peer.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.hang();
    });
    let exchange = once::<K>(careless(), &server).await;
    is_refused(&exchange, "the server does not speak TLS on this port");
}

async fn a_handshake_that_is_closed_is_said<K: Kind>() {
    let server = Server::plain(|peer| {
        // Enough of it that nothing is left unread, which would make a reset of it.
        let mut socket = peer.socket();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        while std::io::Read::read(&mut socket, &mut [0; 4096]).is_ok_and(|count| count > 0) {}
    });
    let exchange = once::<K>(careless(), &server).await;
    is_refused(&exchange, "the connection was closed in the middle of it");
}

async fn a_handshake_that_is_reset_is_a_reset<K: Kind>() {
    let server = Server::plain(Peer::leave_request_unread);
    let exchange = once::<K>(careless(), &server).await;
    assert_eq!(failure(&exchange), &Failure::Reset);
}

async fn a_connection_cut_without_farewell_is_only_closed<K: Kind>() {
    let identity = Identity::self_signed(&["127.0.0.1"]);
    let cutting = |script: fn(&mut Peer)| Server::tls(identity.server_config(None), script);

    let server = cutting(|peer| {
        peer.request();
        peer.cut();
    });
    assert_eq!(
        failure(&once::<K>(careless(), &server).await),
        &Failure::ClosedWithoutResponse
    );

    let server = cutting(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234");
        peer.cut();
    });
    assert_eq!(
        failure(&once::<K>(careless(), &server).await),
        &Failure::Truncated
    );

    let server = cutting(|peer| {
        peer.request();
        peer.say(OK);
        peer.cut();
    });
    let mut client = client_with::<K>(&with(careless()));
    get(&at(&server)).of(&mut client).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let exchange = get(&at(&server)).of(&mut client).await;
    assert_eq!(&response(&exchange).body[..], b"ok");
    assert_ne!(exchange.connection, Some(Connection::Reused));
}

async fn no_session_is_resumed<K: Kind>() {
    let identity = Identity::self_signed(&["127.0.0.1"]);
    let server = Server::tls(identity.server_config(None), |peer| {
        peer.request();
        let kind = format!("{:?}", peer.handshake());
        peer.say(format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{kind}",
            kind.len()
        ));
    });
    let mut client = client_with::<K>(&with(careless()));
    for _ in 0..3 {
        let exchange = get(&at(&server)).of(&mut client).await;
        let kind = String::from_utf8_lossy(&response(&exchange).body).into_owned();
        assert!(kind.contains("Full") && !kind.contains("Resumed"), "{kind}");
    }
}

#[test]
fn what_cannot_be_used_is_said_before_the_run() {
    let identity = Authority::new().issue(&["127.0.0.1"]);
    let other = Authority::new().issue(&["127.0.0.1"]);
    let client = |chain: &str, key: &str| {
        Some(ClientCertificate {
            chain: chain.as_bytes().to_vec(),
            key: key.as_bytes().to_vec(),
            file: PathBuf::from("client.pem"),
        })
    };
    let refused = |tls: TlsOptions| Shared::new(&with(tls)).unwrap_err();

    let error = refused(trusting("no PEM at all"));
    assert_eq!(
        error.to_string(),
        "the CA file cannot be used: no certificate in it (PEM, `-----BEGIN CERTIFICATE-----`, is expected)"
    );
    let error = refused(TlsOptions {
        client: client(&identity.chain, "no key"),
        ..TlsOptions::default()
    });
    assert_eq!(
        error.to_string(),
        "the client certificate client.pem cannot be used: no private key (PEM, without a passphrase, is expected)"
    );
    let error = refused(TlsOptions {
        client: client(&identity.chain, &other.key),
        ..TlsOptions::default()
    });
    assert!(
        matches!(error, TransportError::ClientCertificate { .. }),
        "{error}"
    );
    let error = refused(TlsOptions {
        server_name: Some("not a name".to_owned()),
        ..TlsOptions::default()
    });
    assert_eq!(error.to_string(), "`not a name` is not a server name for TLS");
}
