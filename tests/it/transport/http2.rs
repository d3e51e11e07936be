//! HTTP/2 as servers end it: frames written by hand.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use http::{Method, StatusCode};
use runner::engine::transport::{Connection, Failure};
use runner::plan::target::{OnStale, Origin, TransportOptions};

use super::{Reqwest, client_with, failure, get, origin, response, run};

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A response of status 200 without a body.
fn ok(stream: u32) -> Vec<u8> {
    frame(1, 0x5, stream, &[0x88])
}

fn refused(stream: u32) -> Vec<u8> {
    frame(3, 0, stream, &7_u32.to_be_bytes())
}

fn go_away(last: u32, code: u32, debug: &str) -> Vec<u8> {
    let mut payload = last.to_be_bytes().to_vec();
    payload.extend(code.to_be_bytes());
    payload.extend(debug.as_bytes());
    frame(7, 0, 0, &payload)
}

/// What a server does with a request: what it says, and whether it closes then.
type Script = fn(connection: usize, stream: u32) -> (Vec<u8>, bool);

/// Connection and stream of each request that a server saw.
type Log = Mutex<Vec<(usize, u32)>>;

/// A server, and where it notes its requests.
fn server(script: Script) -> (Arc<Origin>, Arc<Log>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = origin("http", "127.0.0.1", listener.local_addr().unwrap().port());
    let log = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&log);
    thread::spawn(move || {
        for (index, tcp) in listener.incoming().enumerate() {
            let log = Arc::clone(&log);
            thread::spawn(move || serve(&mut tcp.unwrap(), index + 1, script, &log));
        }
    });
    (at, kept)
}

fn serve(tcp: &mut TcpStream, connection: usize, script: Script, log: &Log) -> Option<()> {
    tcp.read_exact(&mut [0; 24]).ok()?;
    tcp.write_all(&frame(4, 0, 0, &[])).ok()?;
    loop {
        let mut head = [0; 9];
        tcp.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        tcp.read_exact(&mut vec![0; length as usize]).ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match (head[3], head[4] & 1) {
            (4, 0) => tcp.write_all(&frame(4, 1, 0, &[])).ok()?,
            (1, _) => {
                log.lock().unwrap().push((connection, stream));
                let (answer, closes) = script(connection, stream);
                tcp.write_all(&answer).ok()?;
                if closes {
                    return None;
                }
            }
            _ => {}
        }
    }
}

fn options(on_stale: OnStale) -> TransportOptions {
    TransportOptions {
        http2: true,
        on_stale,
        ..TransportOptions::default()
    }
}

#[test]
fn what_the_server_has_not_begun_with_is_sent_again_whatever_it_is() {
    run(async {
        let scripts: [Script; 2] = [
            |connection, stream| match (connection, stream) {
                (1, 3) => (go_away(1, 0, ""), true),
                _ => (ok(stream), false),
            },
            |connection, stream| match (connection, stream) {
                (1, 3) => (refused(3), false),
                _ => (ok(stream), false),
            },
        ];
        for script in scripts {
            let (url, log) = server(script);
            let mut client = client_with::<Reqwest>(&options(OnStale::Fail));
            for resent in [0, 1, 0] {
                let exchange = get(&url).method(Method::POST).of(&mut client).await;
                assert_eq!(response(&exchange).status, StatusCode::OK);
                assert_eq!(exchange.resent, resent);
            }
            assert_eq!(
                log.lock().unwrap().len(),
                4,
                "three requests, and one that went out twice"
            );
        }
    });
}

#[test]
fn what_is_never_begun_with_is_given_up() {
    run(async {
        let (url, log) = server(|_, stream| (refused(stream), false));
        let mut client = client_with::<Reqwest>(&options(OnStale::Fail));
        let exchange = get(&url).of(&mut client).await;
        assert_eq!(
            failure(&exchange).to_string(),
            "the server ended the HTTP/2 stream (RST_STREAM, REFUSED_STREAM)"
        );
        assert_eq!(log.lock().unwrap().len(), 1 + exchange.resent as usize);
    });
}

#[test]
fn what_the_server_may_have_begun_with_follows_on_stale() {
    use OnStale::{Fail, Reconnect, ReconnectAny};
    run(async {
        for (on_stale, method, resent) in [
            (Fail, Method::GET, 0),
            (Reconnect, Method::GET, 1),
            (Reconnect, Method::POST, 0),
            (ReconnectAny, Method::POST, 1),
        ] {
            let (url, log) = server(|connection, stream| match (connection, stream) {
                // The request is below the last one: it may have been carried out.
                (1, 3) => (go_away(3, 0, ""), true),
                _ => (ok(stream), false),
            });
            let mut client = client_with::<Reqwest>(&options(on_stale));
            get(&url).of(&mut client).await;
            let exchange = get(&url).method(method).of(&mut client).await;
            assert_eq!(exchange.resent, resent);
            assert_eq!(log.lock().unwrap().len(), 2 + resent as usize);
            if resent == 0 {
                assert_eq!(failure(&exchange), &Failure::ClosedWithoutResponse);
            } else {
                assert_eq!(exchange.connection, Some(Connection::Reopened));
            }
        }
    });
}

#[test]
fn what_the_server_writes_beside_a_code_is_not_told() {
    run(async {
        let scripts: [(Script, &str); 3] = [
            (
                |_, stream| (frame(3, 0, stream, &2_u32.to_be_bytes()), false),
                "(RST_STREAM, INTERNAL_ERROR)",
            ),
            (
                |_, stream| (frame(3, 0, stream, &0xbeef_u32.to_be_bytes()), false),
                "(RST_STREAM, an unknown code)",
            ),
            (
                |_, _| (go_away(0, 11, "Bearer secret"), true),
                "(GOAWAY, ENHANCE_YOUR_CALM)",
            ),
        ];
        for (script, words) in scripts {
            let (url, _) = server(script);
            let mut client = client_with::<Reqwest>(&options(OnStale::Fail));
            let exchange = get(&url).of(&mut client).await;
            let told = failure(&exchange).to_string();
            assert!(told.ends_with(words) && !told.contains("secret"), "{told}");
        }
    });
}
