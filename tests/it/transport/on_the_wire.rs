//! What the direct transport decides byte by byte, over real sockets; the rules of framing are tried in
//! `engine::transport::codec`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::sleep;
use std::time::Duration;

use http::Method;
use runner::engine::transport::{Connection, Failure, Transport};
use runner::plan::target::{TlsOptions, TransportOptions};

use super::{Direct, Kind, client, client_with, failure, get, origin, response, run};
use crate::support::certificates::Identity;
use crate::support::server::{Peer, Server};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The same script without and with TLS, and what a client needs for each.
fn both(script: impl Fn(&mut Peer) + Clone + Send + Sync + 'static) -> [(Server, &'static str); 2] {
    let identity = Identity::self_signed(&["127.0.0.1"]);
    [
        (Server::plain(script.clone()), "http"),
        (Server::tls(identity.server_config(None), script), "https"),
    ]
}

fn careless() -> TransportOptions {
    TransportOptions {
        tls: TlsOptions {
            verify: false,
            ..TlsOptions::default()
        },
        ..TransportOptions::default()
    }
}

#[test]
fn a_response_may_come_byte_by_byte() {
    run(async {
        let chunked = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Folded: a\r\n b\r\n\r\n\
                       2;x=y\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n";
        for (server, scheme) in both(move |peer| {
            while peer.request().is_some() {
                for byte in chunked.as_bytes() {
                    peer.say([*byte]);
                }
            }
        }) {
            let mut client = client_with::<Direct>(&careless());
            for connection in [Connection::New, Connection::Reused] {
                let exchange = get(&origin(scheme, "127.0.0.1", server.port))
                    .of(&mut client)
                    .await;
                assert_eq!(&response(&exchange).body[..], b"ok");
                assert_eq!(response(&exchange).headers["x-folded"], "a b");
                assert_eq!(exchange.connection, Some(connection), "{scheme}");
                assert_eq!(exchange.bytes_received, chunked.len() as u64);
            }
        }
    });
}

#[test]
fn large_bodies_go_both_ways() {
    run(async {
        for (server, scheme) in both(|peer| {
            while let Some(request) = peer.request() {
                peer.say(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
                    request.body.len()
                ));
                peer.say(&request.body);
            }
        }) {
            let mut client = client_with::<Direct>(&careless());
            let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
            for length in [16 * 1024, 16 * 1024 + 1, bytes.len()] {
                let body = &bytes[..length];
                let ask = get(&origin(scheme, "127.0.0.1", server.port)).method(Method::POST);
                let exchange = ask.body(body.to_vec()).of(&mut client).await;
                assert!(response(&exchange).body == body, "{length} bytes over {scheme}");
                assert!(exchange.bytes_sent > length as u64);
            }
            assert_eq!(server.connections(), 1);
        }
    });
}

/// Users of a worker share its buffers: one that waits for a slow server must not find another's bytes in its request.
#[test]
fn a_request_that_is_written_slowly_is_not_mixed_with_others() {
    run(async {
        for (server, scheme) in both(|peer| {
            if peer.number == 1 {
                // The other is served meanwhile.
                sleep(Duration::from_millis(200));
            }
            while let Some(request) = peer.request() {
                let intact = request.body.iter().all(|byte| *byte == request.body[0]);
                let word = if intact { "ok" } else { "no" };
                peer.say(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{word}"));
            }
        }) {
            let transport = Direct::make(&careless());
            let origin = origin(scheme, "127.0.0.1", server.port);
            let (mut slow, mut quick) = (transport.client(), transport.client());
            let large = get(&origin).method(Method::POST).body(vec![b's'; 8 << 20]);
            let small = get(&origin).method(Method::POST).body(vec![b'q'; 5000]);
            let (exchange, ()) = tokio::join!(large.of(&mut slow), async {
                for _ in 0..20 {
                    assert_eq!(&response(&small.of(&mut quick).await).body[..], b"ok");
                }
            });
            assert_eq!(&response(&exchange).body[..], b"ok");
        }
    });
}

#[test]
fn what_comes_unasked_spoils_an_idle_connection() {
    run(async {
        for closes in [false, true] {
            let speak = Arc::new(AtomicBool::new(false));
            let (spoken, heard) = mpsc::channel();
            let told = speak.clone();
            for (server, scheme) in both(move |peer| {
                peer.request();
                peer.say(OK);
                if peer.number > 1 {
                    return peer.hang();
                }
                while !told.load(Ordering::SeqCst) {
                    sleep(Duration::from_millis(5));
                }
                if !closes {
                    peer.say("unasked");
                    let _ = spoken.send(());
                    peer.hang();
                }
            }) {
                let mut client = client_with::<Direct>(&careless());
                let ask = get(&origin(scheme, "127.0.0.1", server.port));
                ask.of(&mut client).await;
                speak.store(true, Ordering::SeqCst);
                if !closes {
                    heard.recv_timeout(Duration::from_secs(20)).unwrap();
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
                let exchange = ask.of(&mut client).await;
                assert_eq!(&response(&exchange).body[..], b"ok");
                assert_eq!(exchange.connection, Some(Connection::Reopened), "{scheme}");
                speak.store(false, Ordering::SeqCst);
            }
        }
    });
}

#[test]
fn a_request_that_asks_to_close_has_its_connection_closed() {
    run(async {
        let server = Server::answering(OK);
        let mut client = client::<Direct>();
        for _ in 0..2 {
            let ask = get(&origin("http", "127.0.0.1", server.port)).header("connection", "close");
            assert_eq!(ask.of(&mut client).await.connection, Some(Connection::New));
        }
        assert!(server.requests()[0].head.contains("connection: close\r\n"));
    });
}

#[test]
fn a_part_of_an_interim_response_is_no_response() {
    run(async {
        let server = Server::plain(|peer| {
            peer.request();
            peer.say("HTTP/1.1 100 Contin");
        });
        let exchange = get(&origin("http", "127.0.0.1", server.port))
            .of(&mut client::<Direct>())
            .await;
        assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
        assert_eq!(exchange.timing.first_byte, None);
    });
}

/// A head that is wrong is said to be so at once, though the server goes on.
#[test]
fn a_wrong_head_is_not_waited_for() {
    run(async {
        for (server, scheme) in both(|peer| {
            peer.request();
            peer.say("220 mail.example ESMTP\r\n");
            peer.hang();
        }) {
            let exchange = get(&origin(scheme, "127.0.0.1", server.port))
                .of(&mut client_with::<Direct>(&careless()))
                .await;
            assert_eq!(
                failure(&exchange).to_string(),
                "not a valid HTTP response: invalid HTTP version"
            );
            assert!(exchange.timing.first_byte.is_some() && exchange.bytes_received > 0);
        }
    });
}
