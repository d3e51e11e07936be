//! Every rule by which a response is framed, cut at every byte; and bytes that mean nothing.

use super::*;

use http::header::HeaderMap;
use proptest::collection::vec;
use proptest::prelude::*;

/// What a client makes of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Read {
    /// `None` where no final head came.
    status: Option<u16>,
    headers: HeaderMap,
    body: Vec<u8>,
    end: Result<bool, &'static str>,
    keeps_alive: bool,
    left: usize,
}

/// Reads pieces, then the end of the connection.
fn read<'b>(method: &Method, pieces: impl IntoIterator<Item = &'b [u8]>) -> Read {
    read_knowing(&Rc::default(), method, pieces)
}

fn read_knowing<'b>(known: &Rc<Known>, method: &Method, pieces: impl IntoIterator<Item = &'b [u8]>) -> Read {
    let mut decoder = Decoder::new(method, known);
    let mut read = Read {
        status: None,
        headers: HeaderMap::new(),
        body: Vec::new(),
        end: Ok(false),
        keeps_alive: false,
        left: 0,
    };
    for mut bytes in pieces {
        let result = feed(&mut decoder, &mut bytes, &mut read);
        read.left += bytes.len();
        if let Err(Malformed(words)) = result {
            read.end = Err(words);
            read.left = 0;
            return read;
        }
    }
    read.end = if decoder.is_done() {
        Ok(true)
    } else {
        decoder.close().map_err(|malformed| malformed.0)
    };
    read.keeps_alive = decoder.keeps_alive();
    read
}

fn feed(decoder: &mut Decoder, bytes: &mut &[u8], read: &mut Read) -> Result<(), Malformed> {
    loop {
        let before = bytes.len();
        match decoder.next(bytes)? {
            Event::More => {
                assert!(bytes.is_empty(), "more is wanted, though there is some left");
                return Ok(());
            }
            Event::End => return Ok(()),
            Event::Interim => assert!(read.status.is_none() && bytes.len() < before),
            Event::Head(head) => {
                assert!(read.status.replace(head.status.as_u16()).is_none());
                read.headers = head.headers.map().clone();
            }
            Event::Body(piece) => {
                assert!(!piece.is_empty() && read.status.is_some());
                read.body.extend_from_slice(piece);
            }
        }
    }
}

/// The response in one piece; checked to be the same in two, cut anywhere, and byte by byte, and to be the same where its
/// head came before.
fn get(response: &str) -> Read {
    ask(&Method::GET, response)
}

fn ask(method: &Method, response: &str) -> Read {
    let bytes = response.as_bytes();
    let whole = read(method, [bytes]);
    for cut in 0..=bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(read(method, [first, second]), whole, "{response:?} cut at {cut}");
    }
    assert_eq!(read(method, bytes.chunks(1)), whole, "{response:?} byte by byte");
    let known = Rc::default();
    // One that asks otherwise, and may frame it otherwise, comes before.
    for method in [&Method::HEAD, &Method::CONNECT, method, method] {
        let again = read_knowing(&known, method, [bytes]);
        assert_eq!(again, read(method, [bytes]), "{response:?} once more");
    }
    whole
}

fn whole(read: &Read) -> (Option<u16>, &str, bool) {
    assert_eq!(read.end, Ok(true), "{read:?}");
    (
        read.status,
        std::str::from_utf8(&read.body).unwrap(),
        read.keeps_alive,
    )
}

#[test]
fn a_length_says_where_the_body_ends() {
    let got = get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\nx-two: b\r\n\r\nhello");
    assert_eq!(whole(&got), (Some(200), "hello", true));
    let two: Vec<_> = got.headers.get_all("x-two").iter().collect();
    assert_eq!(two, ["a", "b"]);
    assert_eq!(
        whole(&get("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n")),
        (Some(404), "", true)
    );
    // The same length twice is one; RFC 9112, section 6.3, rule 5.
    assert_eq!(
        whole(&get(
            "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nok"
        )),
        (Some(200), "ok", true)
    );
}

#[test]
fn a_length_that_cannot_be_one_is_an_error() {
    for lengths in [
        "many",
        "-1",
        "+1",
        "1 1",
        "",
        "1,",
        "1, 2",
        "0x10",
        "18446744073709551616",
        "1\r\nContent-Length: 2",
        "2\r\nContent-Length: many",
    ] {
        let got = get(&format!("HTTP/1.1 200 OK\r\nContent-Length: {lengths}\r\n\r\nok"));
        assert_eq!(got.end, Err("invalid content-length"), "{lengths}");
    }
}

#[test]
fn chunks_are_joined_and_trailers_dropped() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n",
        "4;a=b;c=\"d\"\r\nWiki\r\n005 \t\r\npedia\r\n000;last\r\n\r\n",
        "9\r\nWikipedia\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n",
    ] {
        let got = get(&format!("{head}{body}"));
        assert_eq!(whole(&got), (Some(200), "Wikipedia", true), "{body}");
        assert!(!got.headers.contains_key("x-sum"));
    }
    assert_eq!(whole(&get(&format!("{head}0\r\n\r\n"))), (Some(200), "", true));
    let long = "x".repeat(0x1ab);
    assert_eq!(
        whole(&get(&format!("{head}1aB\r\n{long}\r\n0\r\n\r\n"))).1,
        long,
        "digits are hexadecimal, in either case"
    );
}

#[test]
fn what_is_wrong_with_a_chunk_is_said() {
    let many = "x".repeat(20_000);
    let trailers = "a: b\r\n".repeat(101);
    for (body, words) in [
        ("xyz\r\n", "Invalid chunk size line: missing size digit"),
        ("\r\n", "Invalid chunk size line: missing size digit"),
        ("4x\r\n", "Invalid chunk size line: Invalid Size"),
        ("4\n", "Invalid chunk size line: Invalid Size"),
        ("4 4\r\n", "Invalid chunk size linear white space"),
        ("4;a\n", "invalid chunk extension contains newline"),
        ("4\rx", "Invalid chunk size LF"),
        ("1\r\nab", "Invalid chunk body CR"),
        ("1\r\na\rb", "Invalid chunk body LF"),
        ("0\r\n\rx", "Invalid chunk end LF"),
        ("0\r\nA: b\rc", "Invalid trailer end LF"),
        ("0\r\nno colon\r\n\r\n", "invalid trailer"),
        ("11111111111111111\r\n", "invalid chunk size: overflow"),
        (&format!("1;{many}"), "chunk extensions over limit"),
        (&format!("0\r\nA: {many}"), "chunk trailers bytes over limit"),
        (&format!("0\r\n{trailers}\r\n"), "chunk trailers count overflow"),
    ] {
        let response = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let got = if body.len() > 1000 {
            read(&Method::GET, response.as_bytes().chunks(100))
        } else {
            get(&response)
        };
        assert_eq!(got.end, Err(words), "{body:.20}");
    }
}

#[test]
fn a_transfer_coding_comes_before_a_length() {
    let got =
        get("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    assert_eq!(whole(&got), (Some(200), "ok", true));
    let got = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    assert_eq!(whole(&got), (Some(200), "ok", true));
    // Nobody asked for another, and nobody could undo it.
    let got = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nanything");
    assert_eq!(got.end, Err("it has a transfer-encoding other than `chunked`"));
    // This one is none.
    let got = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\nContent-Length: 2\r\n\r\nok");
    assert_eq!(whole(&got), (Some(200), "ok", true));
    let got = get("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(got.end, Err("unexpected transfer-encoding"));
}

#[test]
fn many_small_headers_are_no_large_head() {
    for (count, end) in [
        (99, None),
        (150, None),
        (998, None),
        (1_001, Some("message head is too large")),
    ] {
        let headers = "a: b\r\n".repeat(count);
        let got = get(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{headers}\r\nok"
        ));
        match end {
            None => assert_eq!(whole(&got), (Some(200), "ok", true)),
            Some(words) => assert_eq!(got.end, Err(words)),
        }
    }
}

#[test]
fn without_either_the_body_ends_with_the_connection() {
    let got = get("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nthe end");
    assert_eq!(whole(&got), (Some(200), "the end", false));
    assert_eq!(whole(&get("HTTP/1.1 200 OK\r\n\r\n")), (Some(200), "", false));
}

#[test]
fn some_responses_have_no_body_whatever_their_headers_say() {
    for (method, status) in [(Method::HEAD, 200), (Method::GET, 204), (Method::GET, 304)] {
        for headers in [
            "Content-Length: 1000\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: x\r\n",
            "",
        ] {
            let got = ask(&method, &format!("HTTP/1.1 {status} Words\r\n{headers}\r\n"));
            assert_eq!(whole(&got), (Some(status), "", true), "{headers}");
        }
    }
}

#[test]
fn interim_responses_are_passed_over() {
    let got = get(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n\
         HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    assert_eq!(whole(&got), (Some(200), "ok", true));
    assert!(!got.headers.contains_key("link"));
    let got = get("HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!((got.status, got.end), (None, Ok(false)));
}

#[test]
fn another_protocol_is_not_read_on() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\nother";
    let tunnel = "HTTP/1.1 200 Connected\r\nContent-Length: 3\r\n\r\nother";
    for (method, response, status) in [(Method::GET, switch, 101), (Method::CONNECT, tunnel, 200)] {
        let got = ask(&method, response);
        assert_eq!(whole(&got), (Some(status), "", false));
        assert_eq!(got.left, "other".len());
    }
}

#[test]
fn whether_the_connection_is_kept_is_the_servers_to_say() {
    for (version, headers, kept) in [
        ("1.1", "", true),
        ("1.1", "Connection: Close\r\n", false),
        ("1.1", "Connection: upgrade, close\r\n", false),
        ("1.1", "Connection: close\r\nConnection: keep-alive\r\n", false),
        ("1.1", "Connection: closed\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let got = get(&format!(
            "HTTP/{version} 200 OK\r\n{headers}Content-Length: 2\r\n\r\nok"
        ));
        assert_eq!(whole(&got), (Some(200), "ok", kept), "{version} {headers}");
    }
}

#[test]
fn what_follows_a_response_is_left() {
    for (response, left) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", 9),
        ("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1", 8),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\r\n",
            2,
        ),
    ] {
        assert_eq!(get(response).left, left, "{response}");
    }
}

#[test]
fn folded_lines_are_joined() {
    let got =
        get("HTTP/1.1 200 OK\r\nX-Folded: one,\r\n\t two\r\n   three\r\nContent-Length:\r\n 2\r\n\r\nok");
    assert_eq!(whole(&got), (Some(200), "ok", true));
    assert_eq!(got.headers["x-folded"], "one, two three");
    assert_eq!(got.headers["content-length"], "2");
    // The only fold, and before the value.
    let got = get("HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok");
    assert_eq!(whole(&got), (Some(200), "ok", true));
    assert_eq!(got.headers["content-length"], "2");
}

#[test]
fn odd_heads_that_are_none_the_less_heads() {
    for response in [
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 \r\nContent-Length: \t2 \r\n\r\nok",
        "HTTP/1.1 200 \u{fc}ber\r\ncontent-LENGTH:2\r\nX-Odd: \u{fc}\r\nX-None:\r\n\r\nok",
    ] {
        assert_eq!(whole(&get(response)), (Some(200), "ok", true), "{response:?}");
    }
}

#[test]
fn what_is_no_head_is_said() {
    for (response, words) in [
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", "invalid HTTP version"),
        ("HTTP/2 200\r\n\r\n", "invalid HTTP version"),
        ("HTTP/1.1 abc OK\r\n\r\n", "invalid HTTP status-code"),
        ("HTTP/1.1 099 OK\r\n\r\n", "invalid HTTP status-code"),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "invalid HTTP header"),
        ("HTTP/1.1 200 OK\r\nSpace : a\r\n\r\n", "invalid HTTP header"),
        ("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", "invalid HTTP header"),
        (
            &format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(1_001)),
            "message head is too large",
        ),
    ] {
        assert_eq!(get(response).end, Err(words), "{response:?}");
    }
}

#[test]
fn a_head_may_be_as_large_as_the_bound_and_no_larger() {
    let head = |filling: usize| format!("HTTP/1.1 204 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(filling));
    let fits = MOST_HEAD - head(0).len();
    for size in [1, 7, 1000, MOST_HEAD * 2] {
        let pieces = |filling| head(filling).into_bytes();
        let end = |bytes: Vec<u8>| read(&Method::GET, bytes.chunks(size)).end;
        assert_eq!(end(pieces(fits)), Ok(true), "pieces of {size}");
        assert_eq!(
            end(pieces(fits + 1)),
            Err("message head is too large"),
            "pieces of {size}"
        );
        // Wrong long before the bound, and without an end.
        let mut broken = pieces(6000);
        broken.truncate(6000);
        broken[5000] = 0;
        assert_eq!(end(broken), Err("invalid HTTP header"), "pieces of {size}");
    }
}

#[test]
fn the_first_byte_is_that_of_the_final_response() {
    for (pieces, begun) in [
        (&["H"][..], [true].as_slice()),
        (&["HTTP/1.1 200", " OK\r\n\r\n"], &[true, true]),
        (&["HTTP/1.1 1", "00"], &[true, false]),
        (&["HTTP/1.1 100 Continue\r\n\r", "\n", "H"], &[false, false, true]),
        (&["HTTP/1.1 101 Switch", "ing\r\n\r\n"], &[true, true]),
        (&["HTTP/1.1 103 Early\n\nHTTP/1.1 2"], &[true]),
    ] {
        let mut decoder = Decoder::new(&Method::GET, &Rc::default());
        for (piece, begun) in pieces.iter().zip(begun) {
            let mut bytes = piece.as_bytes();
            while !matches!(decoder.next(&mut bytes).unwrap(), Event::More | Event::End) {}
            assert_eq!(decoder.has_begun(), *begun, "{pieces:?} {piece}");
        }
    }
}

/// Bytes of which responses are made, in any order.
fn pieces_of_responses() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(vec![
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 404 No\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n",
            "Content-Length: 5\r\n",
            "Content-Length: 18446744073709551615\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Connection: close\r\n",
            "X-Folded: a\r\n b\r\n",
            "\r\n",
            "\n",
            "5\r\nhello\r\n",
            "0\r\n\r\n",
            "0\r\nA: b\r\n\r\n",
            "ffffffffffffffff\r\n",
            "hello",
            ";a=b",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn methods() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::HEAD, Method::CONNECT])
}

proptest! {
    /// Whatever comes, and however it is cut, the decoder makes the same of it.
    #[test]
    fn any_bytes_mean_the_same_however_they_are_cut(
        bytes in pieces_of_responses(),
        method in methods(),
        cuts in vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let whole = read(&method, [&bytes[..]]);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        let mut pieces = Vec::new();
        let mut begin = 0;
        for place in places {
            pieces.push(&bytes[begin..place]);
            begin = place;
        }
        pieces.push(&bytes[begin..]);
        prop_assert_eq!(read(&method, pieces), whole);
    }

    /// Bytes that mean nothing at all: no panic, no endless loop.
    #[test]
    fn random_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..300), method in methods()) {
        let read = read(&method, [&bytes[..]]);
        prop_assert!(read.body.len() + read.left <= bytes.len());
    }
}
