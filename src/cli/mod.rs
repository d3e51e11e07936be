//! Telling what happened to the shell: arguments, commands, exit codes. The only module that prints.

use std::process::ExitCode;

use clap::Parser;

mod analyze;
mod args;
mod check;
mod compare;
mod demo;
mod exit;
mod folder;
mod input;
mod print;
mod report;
mod reports;
mod run;
mod trial;
mod view;

use args::{Cli, Command};
pub use exit::Exit;

/// The program: reads the command line, does what it says.
pub fn main() -> ExitCode {
    // Every TLS configuration of this program names its provider; this is for libraries that look for a default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse_from(compare::options_first(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each belongs to.
            let _ = error.print();
            let code = if error.use_stderr() {
                Exit::BadInput
            } else {
                Exit::Passed
            };
            return code.into();
        }
    };
    let exit = match cli.command {
        None => run::run(&cli.run),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Try(args)) => trial::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Analyze(args)) => analyze::run(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::DemoApi(args)) => demo::run(&args),
        Some(Command::Schema) => {
            print::text(&crate::scenario::schema::text());
            Exit::Passed
        }
    };
    exit.into()
}
