//! Any bytes as a response: no panic, no endless loop, and the same result however they are cut, and when they come again.
//!
//! `cargo +nightly fuzz run response`

#![no_main]

use std::rc::Rc;

use http::Method;
use libfuzzer_sys::fuzz_target;
use runner::engine::transport::codec::{Decoder, Event, Known, Malformed};

/// What a client makes of a response: status, length of the body, bytes left over, and whether it is whole.
#[derive(Debug, Default, PartialEq)]
struct Read {
    status: Option<u16>,
    body: usize,
    left: usize,
    end: Option<Result<bool, Malformed>>,
    keeps_alive: bool,
}

fn read<'b>(known: &Rc<Known>, method: &Method, pieces: impl Iterator<Item = &'b [u8]>) -> Read {
    let mut decoder = Decoder::new(method, known);
    let mut read = Read::default();
    for mut bytes in pieces {
        if let Err(malformed) = feed(&mut decoder, &mut bytes, &mut read) {
            read.left = 0;
            read.end = Some(Err(malformed));
            return read;
        }
        read.left += bytes.len();
    }
    read.end = Some(if decoder.is_done() { Ok(true) } else { decoder.close() });
    read.keeps_alive = decoder.keeps_alive();
    read
}

fn feed(decoder: &mut Decoder, bytes: &mut &[u8], read: &mut Read) -> Result<(), Malformed> {
    // Each turn uses a byte, or is one of the few that end something.
    let mut turns = 2 * bytes.len() + 8;
    loop {
        assert!(turns > 0, "an endless loop");
        turns -= 1;
        match decoder.next(bytes)? {
            Event::More | Event::End => return Ok(()),
            Event::Interim => assert_eq!(read.status, None),
            Event::Head(head) => {
                let _ = head.headers.map();
                assert_eq!(read.status.replace(head.status.as_u16()), None);
            }
            Event::Body(piece) => {
                assert!(!piece.is_empty());
                read.body += piece.len();
            }
        }
    }
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (method, size, bytes) = input;
    let method = [Method::GET, Method::HEAD, Method::CONNECT][usize::from(method % 3)].clone();
    let known = Rc::default();
    let whole = read(&known, &method, std::iter::once(bytes));
    assert!(whole.body + whole.left <= bytes.len());
    // Once more, now that its head came before.
    assert_eq!(read(&known, &method, std::iter::once(bytes)), whole);
    assert_eq!(read(&known, &method, bytes.chunks(usize::from(size).max(1))), whole);
});
