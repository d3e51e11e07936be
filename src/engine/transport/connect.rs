//! Opening a connection: look-up, TCP, TLS, each of them timed.

use std::cell::RefCell;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::secure::Secure;
use super::wire::{Buffers, Stream};
use super::{Failure, Shared, failure};
use crate::plan::target::Origin;

/// How long the parts of opening a connection took, as far as they came to their end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phases {
    pub(super) dns: Option<Duration>,
    pub(super) connect: Option<Duration>,
    pub(super) tls: Option<Duration>,
}

/// Opens a connection to `origin`. What is done goes into `phases` at once, so that a time-out finds it there.
pub(super) async fn open(
    shared: &Shared,
    origin: &Origin,
    buffers: &RefCell<Buffers>,
    phases: &mut Phases,
) -> Result<Stream, Failure> {
    let stream = match origin.host.parse::<IpAddr>() {
        Ok(address) => {
            let begun = Instant::now();
            let stream = to_address(shared, SocketAddr::new(address, origin.port)).await?;
            phases.connect = Some(begun.elapsed());
            stream
        }
        Err(_) => by_name(shared, origin, phases).await?,
    };
    if !origin.tls {
        return Ok(Stream::Plain(stream));
    }
    let name = match &shared.server_name {
        Some(name) => name.clone(),
        None => ServerName::try_from(origin.host.clone())
            .map_err(|_| Failure::Tls("the host's name cannot stand in a certificate".to_owned()))?,
    };
    let begun = Instant::now();
    let shake_hands = async {
        let mut secure = Box::new(Secure::new(shared.tls.clone(), name, stream)?);
        poll_fn(|cx| secure.poll_handshake(cx, &mut buffers.borrow_mut().incoming)).await?;
        Ok(secure)
    };
    let secure = shake_hands
        .await
        .map_err(|error: std::io::Error| failure::shaking_hands(&error))?;
    phases.tls = Some(begun.elapsed());
    Ok(Stream::Tls(secure))
}

/// Lets the addresses of a name take turns, so that connections are spread over them: those of the IP version that the system
/// puts first; the others stay behind.
pub(super) fn in_turn(mut addresses: Vec<SocketAddr>, turn: &AtomicUsize) -> Vec<SocketAddr> {
    if let Some(first) = addresses.first().copied() {
        addresses.sort_by_key(|address| address.is_ipv4() != first.is_ipv4());
        let alike = addresses.partition_point(|address| address.is_ipv4() == first.is_ipv4());
        addresses[..alike].rotate_left(turn.fetch_add(1, Ordering::Relaxed) % alike);
    }
    addresses
}

/// Looks the name up anew and tries its addresses in turn; of several failures the last is told.
async fn by_name(shared: &Shared, origin: &Origin, phases: &mut Phases) -> Result<TcpStream, Failure> {
    let begun = Instant::now();
    let addresses = tokio::net::lookup_host((origin.host.as_str(), origin.port))
        .await
        .map_err(|error| failure::look_up(&error))?;
    let addresses = in_turn(addresses.collect(), &shared.turn);
    phases.dns = Some(begun.elapsed());

    let begun = Instant::now();
    let mut last = Failure::Dns("the name has no address".to_owned());
    for address in addresses {
        match to_address(shared, address).await {
            Ok(stream) => {
                phases.connect = Some(begun.elapsed());
                return Ok(stream);
            }
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

async fn to_address(shared: &Shared, address: SocketAddr) -> Result<TcpStream, Failure> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }
    .map_err(|error| failure::connecting(&error))?;
    if !shared.sources.is_empty() {
        let bound = shared.sources.bind(&socket, address);
        if !bound.map_err(|error| failure::binding(&error))? {
            let words = "no source address is of the same IP version as the server's";
            return Err(Failure::Generator(words.to_owned()));
        }
    }
    let stream = socket
        .connect(address)
        .await
        .map_err(|error| failure::connecting(&error))?;
    // A request is written in one piece or two; nothing must wait for the server's acknowledgement of the first. The
    // only way this can fail is a connection that is closed already, which the request itself will find.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_first_version_take_turns() {
        let all: Vec<SocketAddr> = ["10.0.0.1:80", "[::1]:80", "10.0.0.2:80", "10.0.0.3:80"]
            .map(|address| address.parse().unwrap())
            .into();
        let turn = AtomicUsize::new(0);
        let firsts: Vec<_> = (0..4)
            .map(|_| in_turn(all.clone(), &turn)[0].to_string())
            .collect();
        assert_eq!(
            firsts,
            ["10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.1:80"]
        );
        assert_eq!(in_turn(all.clone(), &turn)[3], all[1]);
        assert!(in_turn(Vec::new(), &turn).is_empty());
    }
}
