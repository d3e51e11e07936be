//! HTTP as bytes, so that anything can be asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// No answer takes longer, however slow the machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Asker(pub(super) SocketAddr);

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A header's value; names are in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Asker {
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a whole head, lines by `\n`, and a body.
    pub(super) fn raw(&self, head: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let head = head.trim().replace('\n', "\r\n");
        let request = format!(
            "{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        // It may have answered and gone before it has read all.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = if head.contains("transfer-encoding: chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        Answer {
            status: status.unwrap_or(0),
            head: head.replace("\r\n", "\n"),
            body,
        }
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.raw(&format!("GET {path} HTTP/1.1\nhost: {}", self.0), "")
    }

    pub(super) fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// As our page does it.
    pub(super) fn post(&self, path: &str, body: &str) -> Answer {
        let host = self.0;
        self.raw(
            &format!(
                "POST {path} HTTP/1.1\nhost: {host}\norigin: http://{host}\ncontent-type: application/json"
            ),
            body,
        )
    }

    /// Watches the run.
    pub(super) fn watch(&self) -> Watch {
        let mut stream = self.connect();
        let head = format!("GET /api/live HTTP/1.1\r\nhost: {}\r\n\r\n", self.0);
        stream.write_all(head.as_bytes()).unwrap();
        Watch(BufReader::new(stream))
    }
}

/// Text without the lengths between its chunks; all of it in ASCII here.
fn unchunked(mut rest: &str) -> String {
    let mut text = String::new();
    while let Some((length, more)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap_or(0);
        if length == 0 || more.len() < length {
            break;
        }
        text.push_str(&more[..length]);
        rest = more[length..].trim_start_matches("\r\n");
    }
    text
}

/// Server-sent events.
pub(super) struct Watch(BufReader<TcpStream>);

impl Watch {
    /// The next; `None` when the server has ended.
    pub(super) fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }

    /// The first of those to come that passes a test.
    pub(super) fn until(&mut self, test: impl Fn(&Value) -> bool) -> Value {
        loop {
            let now = self.next().expect("the server goes on");
            if test(&now) {
                return now;
            }
        }
    }
}
