//! `runner demo-api`: the modelled API, until it is interrupted.

use std::net::{Ipv4Addr, SocketAddr};

use super::args::DemoArgs;
use super::exit::Exit;
use super::print;
use crate::demo::{self, Credentials, Faults, Options};

/// Serves until Ctrl-C.
pub(super) fn run(args: &DemoArgs) -> Exit {
    let listen = args
        .listen
        .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)));
    let options = Options {
        listen,
        pool: args.pool,
        speed: args.speed,
        cold: args.cold,
        faults: Faults {
            fail: args.fail.unwrap_or_default(),
            reset: args.reset.unwrap_or_default(),
            slow: args.slow.unwrap_or_default(),
            max_open: args.max_open.unwrap_or_default(),
        },
        seed: args.seed,
        credentials: Credentials {
            user: args.user.clone(),
            password: args.password.clone(),
        },
        ..Options::default()
    };
    match demo::start(&options) {
        Ok(demo) => {
            print::line(&format!(
                "the modelled Staff Fee Privilege API is at {}, self-signed; Ctrl-C ends it",
                demo.url()
            ));
            demo.wait();
            Exit::Passed
        }
        Err(error) => {
            print::error(&error.to_string());
            Exit::BadInput
        }
    }
}
