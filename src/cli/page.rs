//! `--web` and `runner view`: the page on which runs are started, watched, steered and looked at again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::args::{self, Input, Replace, RunArgs, ViewArgs};
use super::exit::Exit;
use super::folder::REPORTS;
use super::input::{self, Listener, WithoutHost};
use super::interrupts::{Doing, Interrupts};
use super::print;
use super::run::Job;
use crate::scenario::Style;
use crate::web::{self, Form, Options, Server, Start};

/// Where scenarios to choose from are looked for.
const SCENARIOS: &str = "scenarios";

/// A browser that loads the page again is away for less than this.
const AWAY: Duration = Duration::from_secs(3);

/// Runs with a page. With a scenario it is started at once, and the page stays while a browser has it open; without one it waits for
/// someone to start one, to the end. The exit code is that of the last run.
pub(super) fn run(args: &RunArgs, file: Option<&Path>, replace: &Replace, address: SocketAddr) -> Exit {
    let mut page = match Page::open(address, Some(scenarios()), (Vec::new(), Some(reports()))) {
        Ok(page) => page,
        Err(why) => return why,
    };
    let mut exit = Exit::Passed;
    if let Some(file) = file {
        let ready = match input::ready(file, &args.input, replace) {
            Ok(ready) => ready,
            Err(exit) => return exit,
        };
        exit = page.job(ready, args, args.out.as_deref()).run();
        if page.server.browsers() == 0 {
            page.server.stop();
            return exit;
        }
        print::note(&format!(
            "the page stays at {} while a browser has it open; Ctrl-C ends it",
            page.server.url()
        ));
    }
    while let Some(start) = page.next(file.is_some()) {
        if let Some(ended) = page.start(start, args) {
            exit = ended;
        }
    }
    page.server.stop();
    exit
}

/// Shows runs that are over, to the end.
pub(super) fn view(args: &ViewArgs) -> Exit {
    for run in &args.runs {
        if !run.join(crate::measure::journal::RUN).is_file() {
            print::error(&format!("{} is not the folder of a run", run.display()));
            return Exit::BadInput;
        }
    }
    let all = args.runs.is_empty().then(reports);
    let mut page = match Page::open(args.web, None, (args.runs.clone(), all)) {
        Ok(page) => page,
        Err(why) => return why,
    };
    while page.next(false).is_some() {}
    page.server.stop();
    Exit::Passed
}

struct Page {
    server: Server,
    interrupts: Interrupts,
    runtime: tokio::runtime::Runtime,
}

impl Page {
    /// Opens it and says where it is.
    fn open(
        address: SocketAddr,
        scenarios: Option<Vec<PathBuf>>,
        (folders, reports): (Vec<PathBuf>, Option<PathBuf>),
    ) -> Result<Self, Exit> {
        let failed = |error: std::io::Error| {
            print::error(&format!(
                "cannot open the page on {address}: {error}; choose another port with `--web {}:{}`",
                address.ip(),
                address.port().saturating_add(1)
            ));
            Exit::NotCarriedOut
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let interrupts = Interrupts::listen().map_err(failed)?;
        let server = web::serve(Options {
            address,
            scenarios,
            folders,
            reports,
        })
        .map_err(failed)?;
        print::note(&format!("page: {}", server.url()));
        Ok(Self {
            server,
            interrupts,
            runtime,
        })
    }

    fn job<'a>(&'a self, ready: input::Ready, args: &'a RunArgs, out: Option<&'a Path>) -> Job<'a> {
        Job {
            ready,
            args,
            out,
            interrupts: &self.interrupts,
            page: Some(self.server.teller()),
        }
    }

    /// Waits for someone to start a run. `None`: interrupted, or, where `leaves`, no browser has the page open any more.
    fn next(&mut self, leaves: bool) -> Option<Start> {
        let over = Arc::new(Notify::new());
        self.interrupts.now(Doing::Waiting(Arc::clone(&over)));
        let server = &mut self.server;
        let start = self.runtime.block_on(async {
            loop {
                let nobody = server.browsers() == 0;
                tokio::select! {
                    biased;
                    () = over.notified() => break None,
                    start = server.next_start() => break Some(start),
                    () = tokio::time::sleep(AWAY), if leaves => {
                        if nobody && server.browsers() == 0 {
                            break None;
                        }
                    }
                }
            }
        });
        self.interrupts.now(Doing::Nothing);
        start
    }

    /// Starts what the form says, or says on the page what is wrong with it.
    fn start(&self, start: Start, args: &RunArgs) -> Option<Exit> {
        let ready = wanted(&start.form, args);
        // One who has gone does not want to know.
        let _ = start.reply.send(ready.as_ref().map(drop).map_err(String::clone));
        Some(self.job(ready.ok()?, args, None).run())
    }
}

/// The run that the form asks for, or what is wrong with it. The terminal sees it, too.
fn wanted(form: &Form, args: &RunArgs) -> Result<input::Ready, String> {
    let (input, replace) = wish(form, args)?;
    let mut said = String::new();
    let mut listener = Listener {
        style: Style::Plain,
        say: Box::new(|words| {
            print::note(words);
            said = format!("{said}{words}\n");
        }),
    };
    let file = Path::new(&form.file);
    let ready = input::prepare(file, &input, &replace, WithoutHost::Start, &mut listener);
    drop(listener);
    ready.map_err(|_| said)
}

/// What the form replaces, above what the command line does.
fn wish(form: &Form, args: &RunArgs) -> Result<(Input, Replace), String> {
    let (mut input, mut replace) = (args.input.clone(), args.replace.clone());
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let named = |field: &'static str| move |wrong: String| format!("{field}: {wrong}");
    if let Some(host) = given(&form.host) {
        input.host = Some(host);
    }
    if let Some(users) = given(&form.users) {
        let levels = users.split(',').map(args::level);
        replace.users = levels.collect::<Result<_, _>>().map_err(named("users"))?;
    }
    if let Some(ramp) = given(&form.ramp) {
        replace.ramp = Some(args::duration(&ramp).map_err(named("ramp"))?);
    }
    if let Some(hold) = given(&form.hold) {
        replace.hold = Some(args::duration(&hold).map_err(named("hold"))?);
    }
    if let Some(seed) = given(&form.seed) {
        let number = seed.parse().map_err(|_| "seed: a whole number".to_owned())?;
        replace.seed = Some(number);
    }
    Ok((input, replace))
}

/// The scenarios of this folder and of `scenarios/`.
fn scenarios() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in [SCENARIOS, "."] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let is_config = |path: &PathBuf| {
            path.file_stem()
                .is_some_and(|stem| stem.to_string_lossy().starts_with("config"))
        };
        found.extend(paths.filter(|path| is_yaml(path) && !is_config(path)));
    }
    let plain = |path: PathBuf| path.strip_prefix(".").map_or(path.clone(), Path::to_owned);
    let mut found: Vec<PathBuf> = found.into_iter().map(plain).collect();
    found.sort();
    found
}

fn reports() -> PathBuf {
    PathBuf::from(REPORTS)
}
