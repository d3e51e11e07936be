//! Telling what happened to the shell: arguments, commands, exit codes. The only module that prints.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

mod analyze;
mod args;
mod check;
mod compare;
mod demo;
mod exit;
mod folder;
mod habits;
mod input;
mod interrupts;
mod keeper;
mod page;
mod print;
mod report;
mod reports;
mod run;
mod trial;
mod view;

use args::{Cli, Command};
pub use exit::Exit;

use crate::scenario::suggest::nearest;

/// The program: reads the command line, does what it says.
pub fn main() -> ExitCode {
    // Every TLS configuration of this program names its provider; this is for libraries that look for a default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let line = args::with_address(compare::options_first(std::env::args_os()));
    let cli = match Cli::try_parse_from(line) {
        Ok(cli) => cli,
        Err(error) if error.kind() == ErrorKind::ArgumentConflict && several_words() => {
            print::error(&misplaced());
            return Exit::BadInput.into();
        }
        Err(error) => {
            if let Some(advice) = habits::option(&error, &words()) {
                print::error(&advice);
                return Exit::BadInput.into();
            }
            // Help and version are no errors; clap knows which stream each belongs to.
            let printed = error.print();
            if error.use_stderr() {
                return Exit::BadInput.into();
            }
            print::keep(printed);
            return print::outcome(Exit::Passed).into();
        }
    };
    if let (None, Some(advice)) = (&cli.command, unknown_command(&cli)) {
        print::error(&advice);
        return Exit::BadInput.into();
    }
    let exit = match cli.command {
        None => run::run(&cli.run),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Try(args)) => trial::run(&args),
        Some(Command::FindCapacity(args)) => run::find_capacity(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::View(args)) => page::view(&args),
        Some(Command::Analyze(args)) => analyze::run(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::DemoApi(args)) => demo::run(&args),
        Some(Command::Schema) => {
            print::text(&crate::scenario::schema::text());
            Exit::Passed
        }
    };
    print::outcome(exit).into()
}

/// The command line as text.
fn words() -> Vec<String> {
    std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// What to say of a word alone that is a command elsewhere, and no file here.
fn unknown_command(cli: &Cli) -> Option<String> {
    let file = cli.run.file.as_ref().filter(|file| !file.exists())?;
    habits::command(file.to_str()?)
}

/// Whether the command line begins with two words, neither of them an option.
fn several_words() -> bool {
    let word = |at| {
        std::env::args_os()
            .nth(at)
            .is_some_and(|word| !word.to_string_lossy().starts_with('-'))
    };
    word(1) && word(2)
}

/// What to say of two words of which the first is no command.
fn misplaced() -> String {
    let first = std::env::args_os().nth(1).unwrap_or_default();
    let first = first.to_string_lossy();
    let cli = Cli::command();
    let commands = cli.get_subcommands().map(clap::Command::get_name);
    if let Some(advice) = habits::command(&first) {
        advice
    } else if let Some(meant) = nearest(&first, commands) {
        format!("there is no command `{first}`; did you mean `{meant}`?")
    } else {
        format!("one scenario at a time: what follows `{first}` is too much")
    }
}
