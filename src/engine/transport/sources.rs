//! The addresses that connections are opened from, and the ports on them.
//!
//! Asked for any free port, Linux tries one after the other, and once half of an address's ports are in use that takes it
//! milliseconds for each connection. So ports are given out in turn here: the one that was used longest ago comes next.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::net::TcpSocket;

/// After so many ports that are in use the system may search.
const TRIES: u32 = 64;

/// Source addresses that take turns.
#[derive(Debug)]
pub(super) struct Sources {
    all: Vec<Source>,
    turn: AtomicUsize,
    /// Ports for outgoing connections, where the system tells.
    ports: Vec<u16>,
}

#[derive(Debug)]
struct Source {
    address: IpAddr,
    /// How many of its ports were given out, from where this process begins.
    given: AtomicU32,
}

impl Sources {
    pub(super) fn new(addresses: &[IpAddr], ports: Vec<u16>) -> Self {
        // Two processes on one address are not to begin at the same port.
        let begin = std::process::id().wrapping_mul(0x9E37_79B9);
        let source = |&address| Source {
            address,
            given: AtomicU32::new(begin),
        };
        Self {
            all: addresses.iter().map(source).collect(),
            turn: AtomicUsize::new(0),
            ports,
        }
    }

    /// Whether there are none: the system takes an address.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Binds a socket to the next address of the IP version of `to`; false when there is none.
    pub(super) fn bind(&self, socket: &TcpSocket, to: SocketAddr) -> io::Result<bool> {
        let Some(source) = self.next(|source| source.address.is_ipv4() == to.is_ipv4()) else {
            return Ok(false);
        };
        for _ in 0..TRIES {
            let Some(port) = self.next_port(source) else { break };
            match socket.bind(SocketAddr::new(source.address, port)) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                bound => return bound.map(|()| true),
            }
        }
        socket.bind(SocketAddr::new(source.address, 0)).map(|()| true)
    }

    /// The next address.
    pub(super) fn next_address(&self) -> Option<IpAddr> {
        self.next(|_| true).map(|source| source.address)
    }

    fn next(&self, fits: impl Fn(&&Source) -> bool) -> Option<&Source> {
        let count = self.all.iter().filter(&fits).count();
        if count == 0 {
            return None;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.all.iter().filter(&fits).nth(turn % count)
    }

    fn next_port(&self, source: &Source) -> Option<u16> {
        let count = u32::try_from(self.ports.len()).ok()?;
        let number = source.given.fetch_add(1, Ordering::Relaxed).checked_rem(count)?;
        self.ports.get(number as usize).copied()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    #[tokio::test]
    async fn each_port_of_an_address_is_given_out_once_before_the_first_comes_again() {
        let address: IpAddr = "127.0.0.77".parse().unwrap();
        let to = "127.0.0.1:9".parse().unwrap();
        let sources = Sources::new(&[address], (40_001..=40_005).collect());
        let bind = || {
            let socket = TcpSocket::new_v4().unwrap();
            sources.bind(&socket, to).map(|_| socket)
        };
        let bound: Vec<_> = (0..5).map(|_| bind().unwrap()).collect();
        let ports: BTreeSet<u16> = bound
            .iter()
            .map(|socket| socket.local_addr().unwrap().port())
            .collect();
        assert_eq!(ports, (40_001..=40_005).collect());
        // All are in use: the system finds one outside.
        assert!(!ports.contains(&bind().unwrap().local_addr().unwrap().port()));
    }

    #[tokio::test]
    async fn addresses_of_the_servers_ip_version_take_turns() {
        let addresses = ["127.0.0.2", "::1", "127.0.0.3"].map(|address| address.parse().unwrap());
        let sources = Sources::new(&addresses, Vec::new());
        let from = |_| {
            let socket = TcpSocket::new_v4().unwrap();
            assert!(sources.bind(&socket, "127.0.0.1:9".parse().unwrap()).unwrap());
            socket.local_addr().unwrap().ip().to_string()
        };
        assert_eq!([0, 1, 2].map(from), ["127.0.0.2", "127.0.0.3", "127.0.0.2"]);
    }

    #[tokio::test]
    async fn a_server_of_another_ip_version_takes_no_turn() {
        let addresses = ["127.0.0.2", "127.0.0.3"].map(|address| address.parse().unwrap());
        let sources = Sources::new(&addresses, Vec::new());
        let from = |_| {
            let socket = TcpSocket::new_v6().unwrap();
            assert!(!sources.bind(&socket, "[::1]:9".parse().unwrap()).unwrap());
            sources.next_address().unwrap().to_string()
        };
        assert_eq!([0, 1, 2].map(from), ["127.0.0.2", "127.0.0.3", "127.0.0.2"]);
    }
}
