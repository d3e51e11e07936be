//! One request, one response.

use std::thread::sleep;
use std::time::{Duration, Instant};

use http::{Method, StatusCode, Version};
use runner::engine::transport::{Connection, Failure};

use super::{Kind, at, client, failed, failure, for_both, get, origin, response};
use crate::support::server::Server;

for_both!(
    returns_the_whole_response,
    sends_method_path_headers_and_body,
    a_given_host_wins_and_a_given_length_does_not,
    an_empty_body_has_a_length_where_one_is_usual,
    joins_chunks_and_drops_trailers,
    passes_over_interim_responses,
    knows_the_responses_that_have_no_body,
    reads_a_body_that_ends_with_the_connection,
    understands_http_1_0,
    takes_an_answer_that_comes_before_the_body_was_read,
    reads_a_large_body_and_keeps_its_beginning,
    gives_up_a_body_that_is_too_large,
    counts_bytes,
    an_error_status_is_a_response,
    an_impossible_path_is_a_failure_and_no_panic,
    a_switch_of_protocols_is_a_response_only_if_asked_for,
    a_literal_ipv6_address_will_do,
);

async fn returns_the_whole_response<K: Kind>() {
    let server = Server::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 13\r\n\r\n{\"data\": [1]}",
    );
    let begun = tokio::time::Instant::now();
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    let got = response(&exchange);
    assert_eq!((got.status, got.version), (StatusCode::OK, Version::HTTP_11));
    assert_eq!(got.headers["content-type"], "application/json");
    assert_eq!(got.headers.get_all("x-two").iter().count(), 2);
    assert_eq!((&got.body[..], got.body_length), (&b"{\"data\": [1]}"[..], 13));

    assert_eq!(exchange.connection, Some(Connection::New));
    let timing = exchange.timing;
    assert_eq!((timing.dns, timing.tls), (None, None));
    assert!(timing.connect.is_some());
    let first_byte = timing.first_byte.unwrap();
    assert!(begun <= first_byte && first_byte <= timing.done);
}

async fn sends_method_path_headers_and_body<K: Kind>() {
    let server = Server::answering("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    let exchange = get(&at(&server))
        .method(Method::POST)
        .path("/v1/a%20b?term=201701&x=%C3%A9")
        .header("x-test", "one")
        .header("x-test", "two")
        .body("{\"a\": 1}")
        .of(&mut client::<K>())
        .await;
    assert_eq!(response(&exchange).status, StatusCode::CREATED);
    let requests = server.requests();
    let [got] = &requests[..] else {
        panic!("{requests:?}")
    };
    assert_eq!(got.line(), "POST /v1/a%20b?term=201701&x=%C3%A9 HTTP/1.1");
    assert_eq!(got.header("host").unwrap(), format!("127.0.0.1:{}", server.port));
    assert_eq!(got.header("content-length"), Some("8"));
    assert!(got.head.contains("x-test: one\r\nx-test: two\r\n"));
    assert_eq!(got.body, b"{\"a\": 1}");
    assert_eq!(got.header("user-agent"), None, "nothing is added unasked");
}

async fn a_given_host_wins_and_a_given_length_does_not<K: Kind>() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let exchange = get(&at(&server))
        .method(Method::PUT)
        .header("host", "elsewhere.example")
        .header("content-length", "1000")
        .body("four")
        .of(&mut client::<K>())
        .await;
    assert_eq!(response(&exchange).status, StatusCode::OK);
    let got = &server.requests()[0];
    assert_eq!(got.header("host"), Some("elsewhere.example"));
    assert_eq!(got.header("content-length"), Some("4"));
}

async fn an_empty_body_has_a_length_where_one_is_usual<K: Kind>() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let mut client = client::<K>();
    for (method, length) in [
        (Method::POST, Some("0")),
        (Method::PUT, Some("0")),
        (Method::PATCH, Some("0")),
        (Method::GET, None),
        (Method::DELETE, None),
        (Method::OPTIONS, None),
    ] {
        get(&at(&server)).method(method.clone()).of(&mut client).await;
        let requests = server.requests();
        let got = requests.last().unwrap();
        assert!(got.line().starts_with(method.as_str()));
        assert_eq!(got.header("content-length"), length, "{method}");
        assert_eq!(got.header("transfer-encoding"), None);
    }
}

async fn joins_chunks_and_drops_trailers<K: Kind>() {
    let server = Server::plain(|peer| {
        while peer.request().is_some() {
            peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nWiki\r\n");
            sleep(Duration::from_millis(20));
            peer.say("5;name=value\r\npedia\r\n0\r\nX-Sum: 1\r\n\r\n");
        }
    });
    let mut client = client::<K>();
    for connection in [Connection::New, Connection::Reused] {
        let exchange = get(&at(&server)).of(&mut client).await;
        let got = response(&exchange);
        assert_eq!((&got.body[..], got.body_length), (&b"Wikipedia"[..], 9));
        assert!(!got.headers.contains_key("x-sum"));
        assert_eq!(exchange.connection, Some(connection));
    }
}

async fn passes_over_interim_responses<K: Kind>() {
    let pause = Duration::from_millis(100);
    let server = Server::plain(move |peer| {
        while peer.request().is_some() {
            peer.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
            sleep(pause);
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        }
    });
    let mut client = client::<K>();
    for _ in 0..2 {
        let begun = tokio::time::Instant::now();
        let exchange = get(&at(&server)).of(&mut client).await;
        assert_eq!(response(&exchange).status, StatusCode::OK);
        assert_eq!(&response(&exchange).body[..], b"ok");
        let first_byte = exchange.timing.first_byte.unwrap() - begun;
        assert!(
            first_byte >= pause,
            "{first_byte:?} is that of an interim response"
        );
    }
    assert_eq!(server.connections(), 1);
}

async fn knows_the_responses_that_have_no_body<K: Kind>() {
    let server = Server::plain(|peer| {
        while let Some(request) = peer.request() {
            match request.line().split(' ').nth(1) {
                Some("/204") => peer.say("HTTP/1.1 204 No Content\r\n\r\n"),
                Some("/304") => peer.say("HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
                _ => peer.say("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
            }
        }
    });
    let mut client = client::<K>();
    for (method, path, status) in [
        (Method::GET, "/204", 204),
        (Method::GET, "/304", 304),
        (Method::HEAD, "/", 200),
        (Method::GET, "/204", 204),
    ] {
        let exchange = get(&at(&server)).method(method).path(path).of(&mut client).await;
        let got = response(&exchange);
        assert_eq!((got.status.as_u16(), got.body_length), (status, 0));
    }
    assert_eq!(server.connections(), 1);
}

async fn reads_a_body_that_ends_with_the_connection<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\nthe ");
        sleep(Duration::from_millis(20));
        peer.say("end");
    });
    let mut client = client::<K>();
    for _ in 0..2 {
        let exchange = get(&at(&server)).of(&mut client).await;
        assert_eq!(&response(&exchange).body[..], b"the end");
        assert_eq!(exchange.connection, Some(Connection::New));
    }
    assert_eq!(server.connections(), 2);
}

async fn understands_http_1_0<K: Kind>() {
    let server = Server::plain(|peer| {
        while peer.request().is_some() {
            let keep = if peer.number == 1 {
                "Connection: keep-alive\r\n"
            } else {
                ""
            };
            peer.say(format!("HTTP/1.0 200 OK\r\n{keep}Content-Length: 2\r\n\r\nok"));
        }
    });
    let mut client = client::<K>();
    let exchange = get(&at(&server)).of(&mut client).await;
    assert_eq!(response(&exchange).version, Version::HTTP_10);
    assert_eq!(&response(&exchange).body[..], b"ok");
}

async fn takes_an_answer_that_comes_before_the_body_was_read<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.leave_request_unread();
        peer.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nlong");
        // Neither read nor closed: the client must not wait for its body to be taken.
        sleep(Duration::from_secs(1));
    });
    let begun = Instant::now();
    let exchange = get(&at(&server))
        .method(Method::POST)
        .body(vec![b'x'; 16 << 20])
        .of(&mut client::<K>())
        .await;
    let got = response(&exchange);
    assert_eq!((got.status.as_u16(), &got.body[..]), (413, &b"long"[..]));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

async fn reads_a_large_body_and_keeps_its_beginning<K: Kind>() {
    const PIECE: usize = 1 << 20;
    const PIECES: usize = 64;
    let server = Server::plain(|peer| {
        peer.request();
        peer.say(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            PIECE * PIECES
        ));
        for _ in 0..PIECES {
            peer.say(vec![b'z'; PIECE]);
        }
    });
    let exchange = get(&at(&server)).keep(1000).of(&mut client::<K>()).await;
    let got = response(&exchange);
    assert_eq!(got.body_length, (PIECE * PIECES) as u64);
    assert_eq!(&got.body[..], [b'z'; 1000]);
    assert!(exchange.bytes_received > got.body_length);
}

async fn gives_up_a_body_that_is_too_large<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        // For ever, until the client has enough.
        while peer.try_say(b"a\r\n0123456789\r\n").is_ok() {}
    });
    let mut client = client::<K>();
    let exchange = get(&at(&server)).keep(15).at_most(1000).of(&mut client).await;
    assert_eq!(failure(&exchange), &Failure::TooLarge(1000));
    assert_eq!(failure(&exchange).to_string(), "response body larger than 1 kB");
    let partial = failed(&exchange).response.as_ref().unwrap();
    assert_eq!(
        (partial.status.as_u16(), &partial.body[..]),
        (200, &b"012345678901234"[..])
    );
    assert!(partial.body_length > 1000);
    // What is left of it is nobody's response.
    assert_eq!(
        get(&at(&server)).at_most(1000).of(&mut client).await.connection,
        Some(Connection::New)
    );
}

async fn counts_bytes<K: Kind>() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    let mut client = client::<K>();
    let ask = get(&at(&server))
        .method(Method::POST)
        .header("accept", "*/*")
        .body("12345678");
    let (mut sent, mut received) = (0, 0);
    for _ in 0..2 {
        let exchange = ask.of(&mut client).await;
        assert_eq!(response(&exchange).status, StatusCode::OK);
        sent += exchange.bytes_sent;
        received += exchange.bytes_received;
    }
    // Exact for both here, where nothing is chunked and the server writes headers as hyper would.
    assert_eq!((sent, received), server.bytes());
}

async fn an_error_status_is_a_response<K: Kind>() {
    let server = Server::answering("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert_eq!(response(&exchange).status, StatusCode::SERVICE_UNAVAILABLE);
    let server = Server::answering("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
    let exchange = get(&at(&server)).of(&mut client::<K>()).await;
    assert_eq!(
        response(&exchange).status,
        StatusCode::FOUND,
        "no redirect is followed"
    );
    assert_eq!(server.requests().len(), 1);
}

async fn an_impossible_path_is_a_failure_and_no_panic<K: Kind>() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let long = format!("/{}", "x".repeat(70_000));
    let exchange = get(&at(&server)).path(&long).of(&mut client::<K>()).await;
    assert!(exchange.outcome.is_err());
}

async fn a_switch_of_protocols_is_a_response_only_if_asked_for<K: Kind>() {
    let server = Server::plain(|peer| {
        peer.request();
        peer.say(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\nother bytes",
        );
        peer.hang();
    });
    let mut client = client::<K>();
    for _ in 0..2 {
        let exchange = get(&at(&server)).of(&mut client).await;
        assert_eq!(
            failure(&exchange).to_string(),
            "not a valid HTTP response: the server switches to another protocol (101), which the request did not ask for"
        );
        assert_eq!(exchange.connection, Some(Connection::New));
    }
    let exchange = get(&at(&server)).header("upgrade", "other").of(&mut client).await;
    assert_eq!(response(&exchange).status, StatusCode::SWITCHING_PROTOCOLS);
}

async fn a_literal_ipv6_address_will_do<K: Kind>() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    // Not every machine has IPv6.
    let Some(server) = Server::on_ipv6(answer) else {
        return;
    };
    let exchange = get(&origin("http", "[::1]", server.port))
        .of(&mut client::<K>())
        .await;
    assert_eq!(response(&exchange).status, StatusCode::OK);
    assert_eq!(exchange.timing.dns, None);
    let host = format!("[::1]:{}", server.port);
    assert_eq!(server.requests()[0].header("host"), Some(host.as_str()));
}
