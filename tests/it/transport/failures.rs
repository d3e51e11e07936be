//! Servers that hang, break off and talk nonsense: the right words, in time.

use std::net::TcpListener;
use std::thread::sleep;
use std::time::Duration;

use http::Method;
use runner::engine::transport::{Connection, Failure};
use runner::plan::target::TransportOptions;

use super::{
    Direct, Kind, SHORT, at, client, client_with, failed, failure, for_both, get, origin, response, run,
    times_out,
};
use crate::support::server::{Server, Unanswering};

for_both!(
    a_refused_connection_is_said_in_plain_words,
    an_unknown_name_is_a_failed_look_up,
    a_name_is_looked_up_and_its_addresses_tried,
    a_server_that_hangs_while_connecting_is_given_up,
    a_server_that_hangs_before_the_handshake_is_given_up,
    a_server_that_hangs_before_the_head_is_given_up,
    a_server_that_hangs_in_the_head_is_given_up,
    a_server_that_hangs_in_the_body_is_given_up,
    a_server_that_drips_is_given_up,
    a_server_that_does_not_read_is_given_up,
    closing_without_a_response_is_said,
    a_reset_is_said,
    a_body_that_is_cut_short_is_said,
    a_body_that_is_reset_is_said,
    garbage_is_said,
    a_broken_chunk_is_said,
    an_endless_head_is_given_up,
    a_source_address_of_another_machine_is_the_generators_failure,
);

async fn a_refused_connection_is_said_in_plain_words<K: Kind>() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let exchange = get(&origin("http", "127.0.0.1", port))
        .of(&mut client::<K>())
        .await;
    assert_eq!(
        failure(&exchange),
        &Failure::Connect("Connection refused".to_owned())
    );
    assert_eq!(failure(&exchange).to_string(), "Connection refused");
    assert!(failed(&exchange).response.is_none());
    assert_eq!(exchange.connection, None);
    assert_eq!((exchange.bytes_sent, exchange.bytes_received), (0, 0));
    assert_eq!(exchange.timing.connect, None);
    assert_eq!(exchange.timing.first_byte, None);
}

async fn an_unknown_name_is_a_failed_look_up<K: Kind>() {
    // A label that is too long for a name, so that nothing outside this machine is asked.
    let name = "x".repeat(64);
    let exchange = get(&origin("http", &name, 80)).of(&mut client::<K>()).await;
    assert!(matches!(failure(&exchange), Failure::Dns(_)), "{exchange:?}");
    let words = failure(&exchange).to_string();
    assert!(
        words.starts_with("name look-up failed: ") && !words.contains("xxx"),
        "{words}"
    );
    assert_eq!(exchange.connection, None);
}

async fn a_name_is_looked_up_and_its_addresses_tried<K: Kind>() {
    // `localhost` may be ::1 first, where nobody listens.
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let exchange = get(&origin("http", "localhost", server.port))
        .of(&mut client::<K>())
        .await;
    assert!(exchange.outcome.is_ok(), "{exchange:?}");
    assert!(exchange.timing.dns.is_some() && exchange.timing.connect.is_some());
    assert_eq!(
        server.requests()[0].header("host").unwrap(),
        format!("localhost:{}", server.port)
    );
}

async fn a_server_that_hangs_while_connecting_is_given_up<K: Kind>() {
    let server = Unanswering::new();
    let exchange = times_out(get(&origin("http", "127.0.0.1", server.port)), &mut client::<K>()).await;
    assert_eq!(failure(&exchange).to_string(), "timed out after 300 ms");
    assert_eq!((exchange.connection, exchange.timing.connect), (None, None));
}

async fn a_server_that_hangs_before_the_handshake_is_given_up<K: Kind>() {
    let server = Server::plain(crate::support::server::Peer::hang);
    let exchange = times_out(
        get(&origin("https", "127.0.0.1", server.port)),
        &mut client::<K>(),
    )
    .await;
    assert!(exchange.timing.connect.is_some(), "the connection was open");
    assert_eq!((exchange.connection, exchange.timing.tls), (None, None));
}

async fn a_server_that_hangs_before_the_head_is_given_up<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.hang();
    });
    let mut client = client::<K>();
    let exchange = times_out(get(&at(&server)), &mut client).await;
    assert!(failed(&exchange).response.is_none());
    assert_eq!(exchange.connection, Some(Connection::New));
    assert!(exchange.bytes_sent > 0 && exchange.timing.connect.is_some());
    assert_eq!(exchange.timing.first_byte, None);
    // Its connection is never used again.
    times_out(get(&at(&server)), &mut client).await;
    assert_eq!(server.connections(), 2);
}

async fn a_server_that_hangs_in_the_head_is_given_up<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-");
        peer.hang();
    });
    let exchange = times_out(get(&at(&server)), &mut client::<K>()).await;
    assert!(failed(&exchange).response.is_none());
    // The first byte was there; only the direct transport has seen it.
    assert_eq!(exchange.timing.first_byte.is_some(), K::SHOWS_CONNECTIONS);
}

async fn a_server_that_hangs_in_the_body_is_given_up<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234");
        peer.hang();
    });
    loop {
        let exchange = times_out(get(&at(&server)), &mut client::<K>()).await;
        // On a busy machine the time may be over before the body begins: then it was not this that was tried.
        let Some(partial) = &failed(&exchange).response else {
            continue;
        };
        if partial.body_length > 0 {
            assert_eq!((&partial.body[..], partial.body_length), (&b"1234"[..], 4));
            assert!(exchange.timing.first_byte.unwrap() < exchange.timing.done);
            break;
        }
    }
}

async fn a_server_that_drips_is_given_up<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while peer.try_say(b".").is_ok() {
            sleep(Duration::from_millis(30));
        }
    });
    loop {
        let exchange = times_out(get(&at(&server)), &mut client::<K>()).await;
        // On a busy machine the time may be over before the first drop: then it was not this that was tried.
        if failed(&exchange)
            .response
            .as_ref()
            .is_some_and(|partial| partial.body_length > 0)
        {
            break;
        }
    }
}

async fn a_server_that_does_not_read_is_given_up<K: Kind>() {
    let server = Server::plain(|_| sleep(SHORT * 2));
    let ask = get(&at(&server)).method(Method::POST).body(vec![b'x'; 16 << 20]);
    times_out(ask, &mut client::<K>()).await;
}

async fn closing_without_a_response_is_said<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
    });
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
    assert_eq!(exchange.connection, Some(Connection::New));
    assert_eq!(server.requests().len(), 1);
}

async fn a_reset_is_said<K: Kind>() {
    let server = Server::plain(crate::support::server::Peer::leave_request_unread);
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert_eq!(failure(&exchange), &Failure::Reset);
    assert_eq!(server.connections(), 1);
}

async fn a_body_that_is_cut_short_is_said<K: Kind>() {
    for head in [
        "Content-Length: 10\r\n\r\n1234",
        "Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n",
    ] {
        let server = Server::plain(move |peer| {
            peer.request();
            peer.say(format!("HTTP/1.1 200 OK\r\n{head}"));
        });
        let exchange = get(&at(&server)).of(&mut client::<K>()).await;
        assert_eq!(failure(&exchange), &Failure::Truncated);
        let partial = failed(&exchange).response.as_ref().unwrap();
        assert_eq!((partial.status.as_u16(), &partial.body[..]), (200, &b"1234"[..]));
    }
}

/// The head alone is not a response either; reqwest cannot tell that it had begun.
#[test]
fn a_head_that_is_cut_short_is_said() {
    run(async {
        let server = Server::plain(|peer| {
            peer.request();
            peer.say("HTTP/1.1 200 OK\r\nContent-Le");
        });
        let exchange = get(&at(&server)).of(&mut client::<Direct>()).await;
        assert_eq!(failure(&exchange), &Failure::Truncated);
        assert!(failed(&exchange).response.is_none());
    });
}

async fn a_body_that_is_reset_is_said<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.leave_request_unread();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1234");
        sleep(Duration::from_millis(100));
    });
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert_eq!(failure(&exchange), &Failure::Reset);
    assert_eq!(failed(&exchange).response.as_ref().unwrap().body_length, 4);
}

async fn garbage_is_said<K: Kind>() {
    for (bytes, words) in [
        (
            "SSH-2.0-OpenSSH_9.6\r\n\r\n",
            "not a valid HTTP response: invalid HTTP version",
        ),
        (
            "HTTP/1.1 abc OK\r\n\r\n",
            "not a valid HTTP response: invalid HTTP status-code",
        ),
        (
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "not a valid HTTP response: invalid HTTP header",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "not a valid HTTP response: invalid content-length",
        ),
    ] {
        let server = Server::plain(move |peer| {
            peer.request();
            peer.say(bytes);
        });
        let exchange = get(&at(&server)).of(&mut client::<K>()).await;
        assert!(matches!(failure(&exchange), Failure::Invalid(_)), "{exchange:?}");
        let said = failure(&exchange).to_string();
        assert!(said.starts_with(words.split(": ").next().unwrap()), "{said}");
        assert_eq!(said, words);
    }
}

async fn a_broken_chunk_is_said<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nxyz\r\n");
        peer.hang();
    });
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert!(matches!(failure(&exchange), Failure::Invalid(_)), "{exchange:?}");
    assert_eq!(&failed(&exchange).response.as_ref().unwrap().body[..], b"Wiki");
}

async fn an_endless_head_is_given_up<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nX-Long: ");
        while peer.try_say(&[b'x'; 4096]).is_ok() {}
    });
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert_eq!(
        failure(&exchange).to_string(),
        "not a valid HTTP response: message head is too large"
    );
}

async fn a_source_address_of_another_machine_is_the_generators_failure<K: Kind>() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let options = TransportOptions {
        // Reserved for documentation; no machine has it.
        source_addresses: vec!["192.0.2.1".parse().unwrap()],
        ..TransportOptions::default()
    };
    let exchange = get(&at(&server)).of(&mut client_with::<K>(&options)).await;
    assert!(
        matches!(failure(&exchange), Failure::Generator(_)),
        "{exchange:?}"
    );
}

/// An answer that came before the server closed is read, though the rest of the request could not be written. reqwest
/// reports whichever of the two it meets first.
#[test]
fn an_early_answer_is_read_even_from_a_server_that_closes() {
    run(async {
        let server = Server::plain(|peer| {
            peer.leave_request_unread();
            peer.say("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlong");
        });
        let exchange = get(&at(&server))
            .method(Method::POST)
            .body(vec![b'x'; 16 << 20])
            .of(&mut client::<Direct>())
            .await;
        assert_eq!(response(&exchange).status.as_u16(), 413);
        assert_eq!(&response(&exchange).body[..], b"long");
    });
}
