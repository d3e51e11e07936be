//! Whose connections are used, and what happens when one turns out to be closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use http::Method;
use runner::engine::transport::{Client, Connection, Failure, Transport};
use runner::plan::target::{Connections, OnStale, TransportOptions};

use super::{Direct, Kind, Reqwest, at, client, client_with, failure, for_both, get, response, run};
use crate::support::server::Server;

for_both!(
    keeps_a_connection_alive,
    each_user_has_its_own,
    users_of_a_shared_pool_take_what_is_idle,
    per_request_opens_a_new_one_each_time,
    honours_connection_close,
    one_closed_while_idle_is_replaced,
    one_closed_under_the_request_is_a_failure,
    one_reset_under_the_request_is_a_failure,
    an_exchange_that_is_dropped_takes_its_connection_with_it,
    connects_from_the_source_addresses_in_turn,
    other_origins_have_other_connections,
);

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn with(connections: Connections) -> TransportOptions {
    TransportOptions {
        connections,
        ..TransportOptions::default()
    }
}

async fn sends(client: &mut impl Client, server: &Server) -> Option<Connection> {
    let exchange = get(&at(server)).of(client).await;
    assert_eq!(&response(&exchange).body[..], b"ok");
    let new = exchange.connection != Some(Connection::Reused);
    assert_eq!(exchange.timing.connect.is_some(), new);
    exchange.connection
}

async fn keeps_a_connection_alive<K: Kind>() {
    let server = Server::answering(OK);
    let mut client = client::<K>();
    assert_eq!(sends(&mut client, &server).await, Some(Connection::New));
    for _ in 0..20 {
        assert_eq!(sends(&mut client, &server).await, Some(Connection::Reused));
    }
    assert_eq!(server.connections(), 1);
}

async fn each_user_has_its_own<K: Kind>() {
    let server = Server::answering(OK);
    let transport = K::make(&with(Connections::PerUser));
    let mut users = [transport.client(), transport.client(), transport.client()];
    for round in 0..2 {
        for user in &mut users {
            let expected = if round == 0 {
                Connection::New
            } else {
                Connection::Reused
            };
            assert_eq!(sends(user, &server).await, Some(expected));
        }
    }
    assert_eq!(server.connections(), 3);
}

async fn users_of_a_shared_pool_take_what_is_idle<K: Kind>() {
    let server = Server::answering(OK);
    let transport = K::make(&with(Connections::Shared));
    let mut users = [transport.client(), transport.client(), transport.client()];
    for _ in 0..2 {
        for user in &mut users {
            sends(user, &server).await;
        }
    }
    assert_eq!(server.connections(), 1);
    // At the same time each needs one.
    let [a, b, c] = &mut users;
    tokio::join!(sends(a, &server), sends(b, &server), sends(c, &server));
    assert!((2..=3).contains(&server.connections()));
}

async fn per_request_opens_a_new_one_each_time<K: Kind>() {
    let server = Server::answering(OK);
    let mut client = client_with::<K>(&with(Connections::PerRequest));
    for _ in 0..3 {
        assert_eq!(sends(&mut client, &server).await, Some(Connection::New));
    }
    assert_eq!(server.connections(), 3);
}

async fn honours_connection_close<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        peer.hang();
    });
    let mut client = client::<K>();
    for _ in 0..3 {
        assert_eq!(sends(&mut client, &server).await, Some(Connection::New));
    }
    assert_eq!(server.connections(), 3);
}

async fn one_closed_while_idle_is_replaced<K: Kind>() {
    let closing = Arc::new(AtomicBool::new(false));
    let seen = closing.clone();
    let server = Server::plain(move |peer| {
        peer.request();
        peer.say(OK);
        while !seen.load(Ordering::SeqCst) {
            sleep(Duration::from_millis(5));
        }
    });
    let mut client = client::<K>();
    assert_eq!(sends(&mut client, &server).await, Some(Connection::New));
    closing.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let expected = if K::SHOWS_CONNECTIONS {
        Connection::Reopened
    } else {
        Connection::New
    };
    assert_eq!(sends(&mut client, &server).await, Some(expected));
    assert_eq!(server.requests().len(), 2, "nothing was sent twice");
}

async fn one_closed_under_the_request_is_a_failure<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say(OK);
        // The next one is read and not answered.
        peer.request();
    });
    let mut client = client::<K>();
    sends(&mut client, &server).await;
    let exchange = get(&at(&server)).of(&mut client).await;
    assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
    assert_eq!(
        failure(&exchange).to_string(),
        "Remote end closed connection without response"
    );
    assert_eq!(exchange.connection, Some(Connection::Reused));
    assert_eq!(exchange.timing.first_byte, None);
    assert!(exchange.bytes_sent > 0);
    assert_eq!(server.requests().len(), 2, "it was not sent again");
    assert_eq!(sends(&mut client, &server).await, Some(Connection::New));
}

async fn one_reset_under_the_request_is_a_failure<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say(OK);
        peer.leave_request_unread();
    });
    let mut client = client::<K>();
    sends(&mut client, &server).await;
    let exchange = get(&at(&server)).of(&mut client).await;
    assert_eq!(failure(&exchange), &Failure::Reset);
    assert_eq!(failure(&exchange).to_string(), "Connection reset by peer");
    assert_eq!(exchange.connection, Some(Connection::Reused));
    assert_eq!(server.connections(), 1);
}

/// Only the direct transport can be told to.
#[test]
fn a_stale_connection_is_reopened_when_the_scenario_says_so() {
    run(async {
        for reset in [false, true] {
            let server = Server::plain(move |peer| {
                peer.request();
                peer.say(OK);
                if peer.number > 1 {
                    peer.hang();
                } else if reset {
                    peer.leave_request_unread();
                } else {
                    peer.request();
                }
            });
            let options = TransportOptions {
                on_stale: OnStale::Reconnect,
                ..TransportOptions::default()
            };
            let mut client = client_with::<Direct>(&options);
            let first = get(&at(&server)).of(&mut client).await;
            let exchange = get(&at(&server)).of(&mut client).await;
            assert_eq!(&response(&exchange).body[..], b"ok");
            assert_eq!(
                (exchange.connection, exchange.resent),
                (Some(Connection::Reopened), 1)
            );
            assert_eq!(
                exchange.bytes_sent,
                2 * first.bytes_sent,
                "what was sent in vain counts too"
            );
            assert_eq!(exchange.bytes_received, first.bytes_received);
            assert_eq!(server.connections(), 2);
        }
    });
}

/// The race of the seed: the server closes while the client does not look. The test's thread is blocked meanwhile, so
/// that the client learns of it only after it has written (or tried to). The first case is a close, the second a reset.
#[test]
fn a_connection_closed_unseen_is_a_failure_or_reopened() {
    for (leftover, expected) in [("", Failure::ClosedWithoutResponse), ("unread", Failure::Reset)] {
        for on_stale in [OnStale::Fail, OnStale::Reconnect, OnStale::ReconnectAny] {
            run(async {
                let closed = Arc::new(AtomicBool::new(false));
                let tell = closed.clone();
                let server = Server::plain(move |peer| {
                    peer.request_without_body();
                    peer.say(OK);
                    if peer.number > 1 {
                        peer.hang();
                    }
                    sleep(Duration::from_millis(50));
                    // And closes as the script ends.
                    tell.store(true, Ordering::SeqCst);
                });
                let options = TransportOptions {
                    on_stale,
                    ..TransportOptions::default()
                };
                let mut client = client_with::<Direct>(&options);
                let ask = get(&at(&server)).method(Method::POST).body(leftover);
                assert_eq!(&response(&ask.of(&mut client).await).body[..], b"ok");
                while !closed.load(Ordering::SeqCst) {
                    sleep(Duration::from_millis(5));
                }
                sleep(Duration::from_millis(200));
                let exchange = ask.of(&mut client).await;
                if on_stale == OnStale::ReconnectAny {
                    assert_eq!(&response(&exchange).body[..], b"ok");
                    assert_eq!(exchange.connection, Some(Connection::Reopened));
                } else {
                    assert_eq!(
                        exchange.resent, 0,
                        "a POST is not sent twice unless that is asked for"
                    );
                    assert_eq!(failure(&exchange), &expected);
                    assert_eq!(exchange.connection, Some(Connection::Reused));
                    assert_eq!(server.connections(), 1);
                }
            });
        }
    }
}

/// Once more is once more.
#[test]
fn a_request_that_fails_on_the_new_connection_too_is_a_failure() {
    run(async {
        let server = Server::plain(|peer| {
            if peer.number == 1 {
                peer.request();
                peer.say(OK);
            }
            peer.request();
        });
        let options = TransportOptions {
            on_stale: OnStale::Reconnect,
            ..TransportOptions::default()
        };
        let mut client = client_with::<Direct>(&options);
        get(&at(&server)).of(&mut client).await;
        let exchange = get(&at(&server)).of(&mut client).await;
        assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
        assert_eq!(exchange.connection, Some(Connection::Reopened));
        assert_eq!(server.connections(), 2);
    });
}

/// What is read on a reused connection may have been carried out. With each request that was sent once more counted, the
/// server's log has what the client says.
async fn only_what_may_be_sent_twice_is<K: Kind>() {
    use OnStale::{Fail, Reconnect, ReconnectAny};
    for (on_stale, method, resent) in [
        (Fail, Method::GET, 0),
        (Fail, Method::POST, 0),
        (Reconnect, Method::GET, 1),
        (Reconnect, Method::PUT, 1),
        (Reconnect, Method::DELETE, 1),
        (Reconnect, Method::POST, 0),
        (Reconnect, Method::PATCH, 0),
        (ReconnectAny, Method::POST, 1),
        (ReconnectAny, Method::PATCH, 1),
    ] {
        let server = Server::plain(|peer| {
            peer.request();
            peer.say(OK);
            if peer.number == 1 {
                // Reads, works, and closes.
                peer.request();
                sleep(Duration::from_millis(50));
            }
        });
        let options = TransportOptions {
            on_stale,
            ..TransportOptions::default()
        };
        let mut client = client_with::<K>(&options);
        get(&at(&server)).of(&mut client).await;
        let exchange = get(&at(&server)).method(method.clone()).of(&mut client).await;
        assert_eq!(exchange.resent, resent, "{on_stale:?} {method}");
        assert_eq!(
            server.requests().len(),
            2 + resent as usize,
            "{on_stale:?} {method}"
        );
        if resent == 0 {
            assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
        } else {
            assert_eq!(&response(&exchange).body[..], b"ok");
            assert_eq!(exchange.connection, Some(Connection::Reopened));
        }
    }
}

#[test]
fn only_what_may_be_sent_twice_is_by_either_transport() {
    run(only_what_may_be_sent_twice_is::<Direct>());
    run(only_what_may_be_sent_twice_is::<Reqwest>());
}

/// Bytes that nobody asked for make a connection useless, not the next request a failure.
#[test]
fn one_that_speaks_unasked_is_replaced() {
    run(async {
        let server = Server::plain(|peer| {
            while peer.request().is_some() {
                peer.say(format!("{OK}and more"));
            }
        });
        let mut client = client::<Direct>();
        for _ in 0..3 {
            assert_ne!(sends(&mut client, &server).await, Some(Connection::Reused));
        }
        assert_eq!(server.requests().len(), 3);
    });
}

async fn an_exchange_that_is_dropped_takes_its_connection_with_it<K: Kind>() {
    let server = Server::plain(|peer| {
        while let Some(request) = peer.request() {
            if request.line().contains("slow") {
                peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
                peer.hang();
            } else {
                peer.say(OK);
            }
        }
    });
    let mut client = client::<K>();
    sends(&mut client, &server).await;
    let slow = get(&at(&server)).path("/slow");
    let dropped = tokio::time::timeout(Duration::from_millis(100), slow.of(&mut client)).await;
    assert!(dropped.is_err());
    assert_eq!(sends(&mut client, &server).await, Some(Connection::New));
}

async fn connects_from_the_source_addresses_in_turn<K: Kind>() {
    let server = Server::answering(OK);
    let options = TransportOptions {
        source_addresses: vec!["127.0.0.2".parse().unwrap(), "127.0.0.3".parse().unwrap()],
        ..TransportOptions::default()
    };
    let transport = K::make(&options);
    for _ in 0..4 {
        sends(&mut transport.client(), &server).await;
    }
    let from: Vec<String> = server
        .requests()
        .iter()
        .map(|got| got.from.ip().to_string())
        .collect();
    // Where the turn begins does not matter.
    assert!(from.windows(2).all(|two| two[0] != two[1]), "{from:?}");
    assert!(
        from.iter().all(|ip| ip == "127.0.0.2" || ip == "127.0.0.3"),
        "{from:?}"
    );
}

async fn other_origins_have_other_connections<K: Kind>() {
    let servers = [Server::answering(OK), Server::answering(OK)];
    let mut client = client::<K>();
    for expected in [Connection::New, Connection::Reused] {
        for server in &servers {
            assert_eq!(sends(&mut client, server).await, Some(expected));
        }
    }
}
