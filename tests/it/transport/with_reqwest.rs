//! What only the reqwest transport does: HTTP/2 and proxies.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;

use http::{StatusCode, Version};
use runner::engine::transport::{Connection, Failure, ReqwestTransport, Shared, TransportError};
use runner::plan::target::{TlsOptions, TransportOptions};

use super::{Reqwest, client_with, failure, get, origin, response, run};
use crate::support::certificates::Identity;
use crate::support::server::{Peer, Server};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn answer(peer: &mut Peer) {
    while peer.request().is_some() {
        peer.say(OK);
    }
}

fn options(http2: bool, proxy: Option<String>) -> TransportOptions {
    TransportOptions {
        tls: TlsOptions {
            verify: false,
            ..TlsOptions::default()
        },
        http2,
        proxy,
        ..TransportOptions::default()
    }
}

/// Passes bytes both ways until both sides have ended.
fn relay(client: &TcpStream, server: &TcpStream) {
    fn pass(mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
    let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let upwards = thread::spawn(move || pass(up, down));
    pass(server.try_clone().unwrap(), client.try_clone().unwrap());
    let _ = upwards.join();
}

/// A server that speaks HTTP/2 alone, without TLS and, with a configuration, with it.
fn http2_server(tls: Option<Arc<rustls::ServerConfig>>) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    // On the test's own runtime, and ended with it.
    tokio::spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        while let Ok((tcp, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => serve_http2(tcp).await,
                    Some(config) => {
                        if let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(tcp).await {
                            serve_http2(stream).await;
                        }
                    }
                }
            });
        }
    });
    port
}

async fn serve_http2(io: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static) {
    let service = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
        let said = match (request.uri().path(), request.uri().authority()) {
            ("/named", Some(authority)) => format!("{authority}, {:?}", request.headers().get("host")),
            (path, _) => format!("{} {path}", request.method()),
        };
        Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Full::new(
            bytes::Bytes::from(said),
        )))
    });
    let _ = hyper::server::conn::http2::Builder::new(hyper_util::rt::TokioExecutor::new())
        .serve_connection(hyper_util::rt::TokioIo::new(io), service)
        .await;
}

#[test]
fn http_2_is_presumed_without_tls() {
    run(async {
        let port = http2_server(None);
        let mut client = client_with::<Reqwest>(&options(true, None));
        for expected in [Connection::New, Connection::Reused] {
            let exchange = get(&origin("http", "127.0.0.1", port))
                .path("/a")
                .of(&mut client)
                .await;
            let got = response(&exchange);
            assert_eq!((got.version, &got.body[..]), (Version::HTTP_2, &b"GET /a"[..]));
            assert_eq!(exchange.connection, Some(expected));
        }
    });
}

#[test]
fn a_host_of_ones_own_is_the_authority_of_http_2() {
    run(async {
        let port = http2_server(None);
        let mut client = client_with::<Reqwest>(&options(true, None));
        let here = origin("http", "127.0.0.1", port);
        let own = format!("127.0.0.1:{port}");
        let with_port = format!("shop.example:{port}");
        for host in ["shop.example", "other.example", &with_port, &own] {
            let exchange = get(&here)
                .path("/named")
                .header("host", host)
                .of(&mut client)
                .await;
            assert_eq!(response(&exchange).body, format!("{host}, None").as_bytes());
        }
        // What would be connected to as it stands, is not.
        for host in ["127.0.0.2", "127.0.0.1", "shop.example:1"] {
            let exchange = get(&here)
                .path("/named")
                .header("host", host)
                .of(&mut client)
                .await;
            assert!(
                failure(&exchange)
                    .to_string()
                    .contains("a `host` header has to be a name")
            );
        }
    });
}

#[test]
fn a_server_without_http_2_is_told_as_such() {
    run(async {
        let server = Server::plain(|peer| {
            // The preface of HTTP/2 begins as a request does; an answer before it meets a client that is not yet listening.
            peer.request();
            let _ = peer.try_say(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            peer.hang();
        });
        let mut client = client_with::<Reqwest>(&options(true, None));
        let exchange = get(&origin("http", "127.0.0.1", server.port))
            .of(&mut client)
            .await;
        assert_eq!(
            failure(&exchange).to_string(),
            "not a valid HTTP response: it is HTTP/1.1, and `target.http2` asks for HTTP/2"
        );
    });
}

#[test]
fn http_2_is_negotiated_over_tls() {
    run(async {
        let identity = Identity::self_signed(&["127.0.0.1"]);
        let mut config = (*identity.server_config(None)).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let port = http2_server(Some(Arc::new(config)));
        let mut client = client_with::<Reqwest>(&options(true, None));
        let exchange = get(&origin("https", "127.0.0.1", port))
            .path("/b")
            .of(&mut client)
            .await;
        assert_eq!(response(&exchange).version, Version::HTTP_2);
        assert!(exchange.timing.tls.is_some());

        let server = Server::tls(identity.server_config(None), answer);
        let exchange = get(&origin("https", "127.0.0.1", server.port))
            .of(&mut client)
            .await;
        assert_eq!(
            response(&exchange).version,
            Version::HTTP_11,
            "a server without it gets HTTP/1.1"
        );
    });
}

#[test]
fn a_server_that_closes_under_http_2_is_said() {
    run(async {
        // It takes the request, and with the first bytes of it the client's greeting, and is gone.
        let server = Server::plain(|peer| {
            let mut socket = peer.socket();
            socket.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
            socket
                .set_read_timeout(Some(std::time::Duration::from_millis(200)))
                .unwrap();
            while socket.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {}
        });
        let mut client = client_with::<Reqwest>(&options(true, None));
        let exchange = get(&origin("http", "127.0.0.1", server.port))
            .of(&mut client)
            .await;
        assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn plain_requests_go_to_a_proxy_whole() {
    run(async {
        let proxy = Server::plain(answer);
        let url = format!("http://someone:secret@127.0.0.1:{}", proxy.port);
        let mut client = client_with::<Reqwest>(&options(false, Some(url)));
        let exchange = get(&origin("http", "api.example", 8080))
            .path("/x?y=1")
            .of(&mut client)
            .await;
        assert_eq!(response(&exchange).status, StatusCode::OK);
        let got = &proxy.requests()[0];
        assert_eq!(got.line(), "GET http://api.example:8080/x?y=1 HTTP/1.1");
        assert_eq!(got.header("host"), Some("api.example:8080"));
        assert_eq!(
            got.header("proxy-authorization"),
            Some("Basic c29tZW9uZTpzZWNyZXQ=")
        );
    });
}

#[test]
fn requests_over_tls_go_through_a_tunnel() {
    run(async {
        let server = Server::tls(Identity::self_signed(&["127.0.0.1"]).server_config(None), answer);
        let target = server.port;
        let proxy = Server::plain(move |peer| {
            peer.request();
            peer.say("HTTP/1.1 200 Connection established\r\n\r\n");
            relay(
                &peer.socket(),
                &TcpStream::connect(("127.0.0.1", target)).unwrap(),
            );
        });
        let url = format!("http://127.0.0.1:{}", proxy.port);
        let mut client = client_with::<Reqwest>(&options(false, Some(url)));
        for expected in [Connection::New, Connection::Reused] {
            let exchange = get(&origin("https", "127.0.0.1", target)).of(&mut client).await;
            assert_eq!(&response(&exchange).body[..], b"ok");
            assert_eq!(exchange.connection, Some(expected));
        }
        assert_eq!(
            proxy.requests()[0].line(),
            format!("CONNECT 127.0.0.1:{target} HTTP/1.1")
        );
        assert_eq!((proxy.requests().len(), server.requests().len()), (1, 2));
    });
}

#[test]
fn a_proxy_that_refuses_is_said() {
    run(async {
        let wants = "it wants other credentials (407; they stand in the URL of `target.proxy`)";
        for (answer, scheme, words) in [
            (
                "407 Proxy Authentication Required",
                "https",
                format!("the proxy did not connect: {wants}"),
            ),
            (
                "407 Proxy Authentication Required",
                "http",
                format!("the proxy did not take the request: {wants}"),
            ),
            (
                "502 Bad Gateway",
                "https",
                "the proxy did not connect: it refused".to_owned(),
            ),
        ] {
            let proxy = Server::answering(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n"));
            let url = format!("http://127.0.0.1:{}", proxy.port);
            let mut client = client_with::<Reqwest>(&options(false, Some(url)));
            let exchange = get(&origin(scheme, "127.0.0.1", 1)).of(&mut client).await;
            assert_eq!(failure(&exchange).to_string(), words);
            assert!(matches!(failure(&exchange), Failure::Connect(_)));
        }
    });
}

#[test]
fn a_proxy_that_is_not_there_is_not_taken_for_the_server() {
    run(async {
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        // A label that is too long for a name, so that nothing outside this machine is asked.
        let unknown = "x".repeat(64);
        for (proxy, words) in [
            (
                format!("http://127.0.0.1:{port}"),
                "the proxy could not be reached: Connection refused",
            ),
            (
                format!("socks5://127.0.0.1:{port}"),
                "the proxy could not be reached",
            ),
            (
                format!("http://{unknown}:80"),
                "the proxy could not be reached: name look-up failed: ",
            ),
        ] {
            let mut client = client_with::<Reqwest>(&options(false, Some(proxy.clone())));
            for scheme in ["http", "https"] {
                let exchange = get(&origin(scheme, "127.0.0.1", 1)).of(&mut client).await;
                let said = failure(&exchange).to_string();
                assert!(said.starts_with(words), "{proxy} {scheme}: {said}");
            }
        }
    });
}

#[test]
fn a_server_that_fails_behind_its_proxy_is_not_taken_for_the_proxy() {
    run(async {
        let proxy = Server::plain(|peer| {
            peer.request();
            peer.say("HTTP/1.1 200 Connection established\r\n\r\n");
            peer.leave_request_unread();
        });
        let url = format!("http://127.0.0.1:{}", proxy.port);
        let mut client = client_with::<Reqwest>(&options(false, Some(url)));
        let exchange = get(&origin("https", "127.0.0.1", 1)).of(&mut client).await;
        assert_eq!(failure(&exchange), &Failure::Reset);
    });
}

#[test]
fn a_socks_proxy_is_spoken_to() {
    run(async {
        let server = Server::answering(OK);
        let target = server.port;
        let proxy = Server::plain(move |peer| {
            let mut socket = peer.socket();
            let mut greeting = [0; 3];
            socket.read_exact(&mut greeting).unwrap();
            assert_eq!(greeting, [5, 1, 0]);
            socket.write_all(&[5, 0]).unwrap();
            let mut wanted = [0; 10];
            socket.read_exact(&mut wanted).unwrap();
            assert_eq!(wanted[..8], [5, 1, 0, 1, 127, 0, 0, 1]);
            socket.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).unwrap();
            relay(&socket, &TcpStream::connect(("127.0.0.1", target)).unwrap());
        });
        let url = format!("socks5://127.0.0.1:{}", proxy.port);
        let mut client = client_with::<Reqwest>(&options(false, Some(url)));
        let exchange = get(&origin("http", "127.0.0.1", target)).of(&mut client).await;
        assert_eq!(&response(&exchange).body[..], b"ok");
        assert_eq!((proxy.connections(), server.requests().len()), (1, 1));
    });
}

#[test]
fn a_wrong_proxy_is_said_before_the_run_and_without_its_password() {
    let shared = Shared::new(&options(false, Some("nonsense://someone:secret@".to_owned()))).unwrap();
    let error = ReqwestTransport::new(&shared).unwrap_err().to_string();
    assert!(error.starts_with("the ") && !error.contains("secret"), "{error}");

    let mut both = options(false, Some("http://127.0.0.1:1".to_owned()));
    both.tls.server_name = Some("elsewhere.example".to_owned());
    let error = ReqwestTransport::new(&Shared::new(&both).unwrap()).unwrap_err();
    assert!(matches!(error, TransportError::Conflict(_)));
}
