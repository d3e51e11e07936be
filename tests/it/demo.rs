//! The demo API as its clients see it: routes, credentials, connections, faults.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use runner::demo::{Demo, Faults, MaxOpen, Options, RESOURCE_PATH, TOKEN_PATH, start};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// So quick that no test waits for the modelled database.
fn quick() -> Options {
    Options {
        speed: 100.0,
        ..Options::default()
    }
}

fn faults(faults: Faults) -> Options {
    Options { faults, ..quick() }
}

/// A verified TLS connection: the certificate is trusted, not ignored.
async fn tls(demo: &Demo) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(demo.certificate_pem().as_bytes()).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(demo.addr()).await?;
    let name = ServerName::from(demo.addr().ip());
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// One kept-alive connection.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn to(demo: &Demo) -> Self {
        let (sender, connection) = handshake(TokioIo::new(tls(demo).await.unwrap())).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Bytes>> {
        self.0.ready().await?;
        let (head, body) = self.0.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    /// `GET` below the resource, as the user `demo`.
    async fn get(&mut self, rest: &str) -> hyper::Result<Response<Bytes>> {
        let path = format!("{RESOURCE_PATH}{rest}");
        self.send(request(Method::GET, &path, Some(&basic("demo:demo")), ""))
            .await
    }
}

fn request(method: Method, path: &str, authorization: Option<&str>, body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header(HOST, "demo");
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()
}

fn basic(credentials: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(credentials))
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// A request as it goes over the wire, for tests that look at the connection itself.
fn raw(path: &str) -> String {
    let authorization = basic("demo:demo");
    format!("GET {RESOURCE_PATH}{path} HTTP/1.1\r\nHost: demo\r\nAuthorization: {authorization}\r\n\r\n")
}

/// Reads until the server ends the connection: what came, and how it ended (`None` for a TLS `close_notify`).
async fn rest_of(stream: &mut TlsStream<TcpStream>) -> (Vec<u8>, Option<ErrorKind>) {
    let mut read = Vec::new();
    let end = stream.read_to_end(&mut read);
    let end = tokio::time::timeout(Duration::from_secs(30), end).await.unwrap();
    (read, end.err().map(|error| error.kind()))
}

#[tokio::test]
async fn every_route_has_the_status_and_body_of_the_original() {
    let demo = start(&quick()).unwrap();
    let mut client = Client::to(&demo).await;
    let cases = [
        ("?term=201701", 200),
        ("?term=209900", 200),
        ("?osuId=931234567", 200),
        ("?osuId=931234567&term=201701", 200),
        ("/?osuId=931234567", 200),
        ("/931234567-201701", 200),
        ("/931234567-209900", 404),
        ("/93123%34567-201701", 200),
        ("/931234567-201701/grades", 404),
        ("s", 404),
        ("", 400),
        ("?term=", 400),
        ("?year=2017", 400),
    ];
    for (path, status) in cases {
        let response = client.get(path).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            response.headers()[CONTENT_TYPE],
            "application/vnd.api+json",
            "{path}"
        );
        let body = json(&response);
        if status == 200 {
            assert_eq!(
                body["data"].is_object(),
                path.starts_with("/9"),
                "one resource for {path}"
            );
        } else {
            assert_eq!(body["errors"][0]["status"], status.to_string(), "{path}");
            assert!((60..160).contains(&response.body().len()), "{path}: {body}");
        }
    }
    assert_eq!(
        json(&client.get("?term=209900").await.unwrap())["data"],
        Value::Array(Vec::new())
    );
    assert_eq!(demo.counters().connections, 1);
    assert_eq!(demo.counters().requests, cases.len() as u64 + 1);
}

#[tokio::test]
async fn the_gateway_path_works_and_other_methods_have_no_route() {
    let demo = start(&quick()).unwrap();
    let mut client = Client::to(&demo).await;
    let auth = basic("demo:demo");
    let gateway = request(
        Method::GET,
        "/v1/staff-fee-privilege/931234567-201701",
        Some(&auth),
        "",
    );
    assert_eq!(client.send(gateway).await.unwrap().status(), 200);
    let head = request(
        Method::HEAD,
        "/v1/staff-fee-privilege?term=201701",
        Some(&auth),
        "",
    );
    let head = client.send(head).await.unwrap();
    assert_eq!((head.status(), head.body().len()), (StatusCode::OK, 0));
    let post = request(Method::POST, RESOURCE_PATH, Some(&auth), "{}");
    assert_eq!(client.send(post).await.unwrap().status(), 404);
    let root = request(Method::GET, "/", Some(&auth), "");
    assert_eq!(client.send(root).await.unwrap().status(), 404);
}

#[tokio::test]
async fn wrong_or_missing_credentials_are_refused_on_every_route() {
    let demo = start(&quick()).unwrap();
    let mut client = Client::to(&demo).await;
    let wrong = basic("demo:wrong");
    for path in [RESOURCE_PATH, "/api/v1/other"] {
        for authorization in [None, Some(&*wrong), Some("Bearer made-up")] {
            let refused = request(Method::GET, path, authorization, "");
            let refused = client.send(refused).await.unwrap();
            assert_eq!(refused.status(), 401);
            assert!(refused.headers().contains_key(WWW_AUTHENTICATE));
        }
    }
    assert_eq!(demo.counters().queries, 0);
}

#[tokio::test]
async fn a_token_opens_the_api_until_it_expires() {
    let demo = start(&Options {
        token_lifetime: Duration::from_secs(2),
        ..quick()
    })
    .unwrap();
    let mut client = Client::to(&demo).await;
    let form = "grant_type=client_credentials&client_id=demo&client_secret=demo";
    let granted = client
        .send(request(Method::POST, TOKEN_PATH, None, form))
        .await
        .unwrap();
    let answer = json(&granted);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 2);
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let path = format!("{RESOURCE_PATH}?term=201701");
    let used = client
        .send(request(Method::GET, &path, Some(&bearer), ""))
        .await
        .unwrap();
    assert_eq!(used.status(), 200);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let late = client
        .send(request(Method::GET, &path, Some(&bearer), ""))
        .await
        .unwrap();
    assert_eq!(late.status(), 401);

    let refused = client
        .send(request(
            Method::POST,
            TOKEN_PATH,
            None,
            &form.replace("=demo", "=x"),
        ))
        .await
        .unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(json(&refused)["error"], "invalid_client");
    let got = client
        .send(request(Method::GET, TOKEN_PATH, None, ""))
        .await
        .unwrap();
    assert_eq!(got.status(), 405);
}

#[tokio::test]
async fn idle_connections_are_closed_fresh_and_used_ones() {
    let demo = start(&Options {
        keep_alive: Duration::from_millis(400),
        ..quick()
    })
    .unwrap();
    let started = Instant::now();
    let mut fresh = tls(&demo).await.unwrap();
    let (read, end) = rest_of(&mut fresh).await;
    assert_eq!((read.len(), end), (0, Some(ErrorKind::UnexpectedEof)));
    assert!(started.elapsed() >= Duration::from_millis(350));

    let mut used = tls(&demo).await.unwrap();
    used.write_all(raw("").as_bytes()).await.unwrap();
    let started = Instant::now();
    let (read, end) = rest_of(&mut used).await;
    assert!(read.starts_with(b"HTTP/1.1 400 "));
    assert_eq!(end, Some(ErrorKind::UnexpectedEof));
    assert!(started.elapsed() >= Duration::from_millis(350));
}

#[tokio::test]
async fn a_kept_alive_connection_lives_as_long_as_it_is_used() {
    let demo = start(&Options {
        keep_alive: Duration::from_secs(2),
        ..quick()
    })
    .unwrap();
    let mut client = Client::to(&demo).await;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        assert_eq!(client.get("").await.unwrap().status(), 400);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(demo.counters().connections, 1);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut_without_a_response() {
    let slow = Faults {
        slow: "100%:60s".parse().unwrap(),
        ..Faults::default()
    };
    let demo = start(&Options {
        cut_after: Duration::from_millis(500),
        ..faults(slow)
    })
    .unwrap();
    let mut stream = tls(&demo).await.unwrap();
    stream.write_all(raw("").as_bytes()).await.unwrap();
    let (read, end) = rest_of(&mut stream).await;
    assert_eq!((read.len(), end), (0, Some(ErrorKind::UnexpectedEof)));
}

#[tokio::test]
async fn a_reset_on_purpose_is_a_reset_on_the_wire() {
    let demo = start(&faults(Faults {
        reset: "100%".parse().unwrap(),
        ..Faults::default()
    }))
    .unwrap();
    let mut stream = tls(&demo).await.unwrap();
    stream.write_all(raw("").as_bytes()).await.unwrap();
    let (read, end) = rest_of(&mut stream).await;
    assert_eq!((read.len(), end), (0, Some(ErrorKind::ConnectionReset)));
    assert_eq!(demo.counters().reset, 1);
}

#[tokio::test]
async fn the_same_seed_fails_the_same_requests() {
    let options = faults(Faults {
        fail: "40%".parse().unwrap(),
        ..Faults::default()
    });
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let demo = start(&Options {
            seed,
            ..options.clone()
        })
        .unwrap();
        let mut client = Client::to(&demo).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(client.get("").await.unwrap().status().as_u16());
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    for status in [400, 500, 503] {
        assert!(runs[0].contains(&status), "{status} in {:?}", runs[0]);
    }
}

#[tokio::test]
async fn slow_answers_come_late() {
    let demo = start(&faults(Faults {
        slow: "100%:300ms".parse().unwrap(),
        ..Faults::default()
    }))
    .unwrap();
    let started = Instant::now();
    assert_eq!(Client::to(&demo).await.get("").await.unwrap().status(), 400);
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert_eq!(demo.counters().slowed, 1);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_reset() {
    let max_open: MaxOpen = "1".parse().unwrap();
    let demo = start(&faults(Faults {
        max_open,
        ..Faults::default()
    }))
    .unwrap();
    let mut first = Client::to(&demo).await;
    assert_eq!(first.get("").await.unwrap().status(), 400);
    let refused = tls(&demo).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionReset);
    assert_eq!(first.get("").await.unwrap().status(), 400);
    assert_eq!(demo.counters().refused, 1);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_may_wait_for_a_place() {
    let max_open: MaxOpen = "1:30s".parse().unwrap();
    let demo = start(&faults(Faults {
        max_open,
        ..Faults::default()
    }))
    .unwrap();
    let mut first = Client::to(&demo).await;
    assert_eq!(first.get("").await.unwrap().status(), 400);
    let waiting = async {
        let mut second = Client::to(&demo).await;
        second.get("").await.unwrap().status()
    };
    let leaving = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(first);
    };
    let (status, ()) = tokio::join!(waiting, leaving);
    assert_eq!(status, 400);
    assert_eq!(demo.counters().refused, 0);
}

#[tokio::test]
async fn queries_share_the_pool() {
    let demo = start(&Options {
        pool: 5,
        ..Options::default()
    })
    .unwrap();
    let mut clients = Vec::new();
    for _ in 0..30 {
        clients.push(Client::to(&demo).await);
    }
    let queries = clients.into_iter().map(|mut client| {
        tokio::spawn(async move { client.get("?osuId=931234567").await.unwrap().status() })
    });
    for query in queries.collect::<Vec<_>>() {
        assert_eq!(query.await.unwrap(), 200);
    }
    let counters = demo.counters();
    assert_eq!((counters.queries, counters.connections), (30, 30));
    assert_eq!(counters.most_busy, 5);
}

#[tokio::test]
async fn a_pool_of_one_serves_one_query_at_a_time() {
    let demo = start(&Options {
        pool: 1,
        ..Options::default()
    })
    .unwrap();
    let (mut one, mut two) = (Client::to(&demo).await, Client::to(&demo).await);
    let started = Instant::now();
    let (one, two) = tokio::join!(one.get("?term=201701"), two.get("?term=201702"));
    assert_eq!(
        (one.unwrap().status(), two.unwrap().status()),
        (StatusCode::OK, StatusCode::OK)
    );
    // two listings of 100 to 300 ms
    assert!(started.elapsed() >= Duration::from_millis(200));
    assert_eq!(demo.counters().most_busy, 1);
}

#[tokio::test]
async fn an_abandoned_query_keeps_its_connection() {
    let demo = start(&Options {
        pool: 1,
        cold: true,
        speed: 2.0,
        ..Options::default()
    })
    .unwrap();
    let mut leaving = tls(&demo).await.unwrap();
    let mut staying = Client::to(&demo).await;
    leaving.write_all(raw("?term=201701").as_bytes()).await.unwrap();
    while demo.counters().queries == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let started = Instant::now();
    drop(leaving);
    assert_eq!(staying.get("?osuId=931234567").await.unwrap().status(), 200);
    // the cold listing takes 400 ms at least; a query alone 100 ms at most
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn speed_divides_the_times_of_the_model() {
    let mut taken = Vec::new();
    for speed in [2.0, 200.0] {
        let demo = start(&Options {
            speed,
            cold: true,
            ..Options::default()
        })
        .unwrap();
        let mut client = Client::to(&demo).await;
        let started = Instant::now();
        assert_eq!(client.get("?term=201701").await.unwrap().status(), 200);
        taken.push(started.elapsed());
    }
    assert!(taken[0] >= Duration::from_millis(400), "{taken:?}");
    assert!(taken[1] < Duration::from_millis(400), "{taken:?}");
}

#[tokio::test]
async fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let demo = start(&quick()).unwrap();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(demo.addr()).await.unwrap());
    }
    assert_eq!(Client::to(&demo).await.get("").await.unwrap().status(), 400);
}

#[tokio::test]
async fn heads_and_bodies_are_bounded() {
    let demo = start(&quick()).unwrap();
    let long = "x".repeat(20_000);
    let head = Client::to(&demo)
        .await
        .get(&format!("?term={long}"))
        .await
        .unwrap();
    assert_eq!(head.status(), 431);
    let form = request(Method::POST, TOKEN_PATH, None, &long);
    let form = Client::to(&demo).await.send(form).await.unwrap();
    assert_eq!(form.status(), 413);
}

#[tokio::test]
async fn garbage_is_refused_and_harms_nobody() {
    let demo = start(&quick()).unwrap();
    let mut plain = TcpStream::connect(demo.addr()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut stream = tls(&demo).await.unwrap();
    stream.write_all(b"\0\x01\x02 nonsense\r\n\r\n").await.unwrap();
    assert!(rest_of(&mut stream).await.0.starts_with(b"HTTP/1.1 400 "));
    assert_eq!(Client::to(&demo).await.get("").await.unwrap().status(), 400);
}

#[tokio::test]
async fn stopping_ends_connections_queries_and_the_port() {
    let demo = start(&Options {
        cold: true,
        ..Options::default()
    })
    .unwrap();
    let addr = demo.addr();
    let mut stream = tls(&demo).await.unwrap();
    stream.write_all(raw("?term=201701").as_bytes()).await.unwrap();
    while demo.counters().queries == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    demo.stop();
    let (read, end) = rest_of(&mut stream).await;
    assert!(read.is_empty() && end.is_some());
    let refused = TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let again = start(&Options {
        listen: addr,
        ..quick()
    });
    assert_eq!(again.unwrap().addr(), addr);
}

#[tokio::test]
async fn what_cannot_be_is_said_in_words() {
    let demo = start(&quick()).unwrap();
    let said = |options: Options| start(&options).unwrap_err().to_string();
    assert_eq!(
        said(Options {
            listen: demo.addr(),
            ..quick()
        }),
        format!(
            "the demo API cannot listen on {}: the port is in use; stop what uses it, or choose another (0 takes a free \
             one)",
            demo.addr()
        )
    );
    let elsewhere: SocketAddr = "192.0.2.1:0".parse().unwrap();
    assert_eq!(
        said(Options {
            listen: elsewhere,
            ..quick()
        }),
        "the demo API cannot listen on 192.0.2.1:0: this machine has no such address"
    );
    assert!(said(Options { pool: 0, ..quick() }).starts_with("a pool of 0 connections cannot be"));
    for speed in [0.0, -1.0, f64::NAN] {
        assert!(said(Options { speed, ..quick() }).contains("cannot be: it needs 0.001 to 1000"));
    }
    let keep_alive = Duration::ZERO;
    assert!(
        said(Options {
            keep_alive,
            ..quick()
        })
        .starts_with("keep_alive of 0s cannot be")
    );
}
