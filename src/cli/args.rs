//! The command line.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::demo::{MaxOpen, Share, Slow};
use crate::plan::resolve::SearchOverrides;

/// Put an HTTP API under load from a YAML file, and read in words what the numbers mean.
#[derive(Debug, Parser)]
#[command(
    name = "runner",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Exit codes: 0 passed, 1 unexpected, 2 bad arguments or scenario, 3 the run could not be carried out, or \
                  not one request succeeded and no threshold says so, 4 a threshold failed or the scenario was not carried \
                  out as written (of `try`: a request; of a search: \
                  not even the lowest level holds) or a comparison is worse, 130 interrupted (the reports are still written)."
)]
pub(super) struct Cli {
    /// What to do other than run a scenario.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// What to run.
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// What to do other than run a scenario.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Validate scenarios and print what they will do: requests, expected mix, load over time. Sends nothing.
    Check(CheckArgs),
    /// Do every endpoint once, as one user, and print each request and response.
    Try(TryArgs),
    /// Search for the most that the API takes: levels of load chosen while it runs.
    FindCapacity(FindArgs),
    /// Write the reports again from the files of runs.
    Report(ReportArgs),
    /// Show runs that are over as pages, with a list of them, and lay two over each other.
    View(ViewArgs),
    /// Read a table of levels that came from elsewhere.
    Analyze(AnalyzeArgs),
    /// Tell whether new runs are better or worse than those before, in all and by endpoint, with intervals.
    Compare(CompareArgs),
    /// Serve the modelled Staff Fee Privilege API over HTTPS.
    DemoApi(DemoArgs),
    /// Print the JSON Schema of the scenario file.
    Schema,
}

/// A scenario, and where its configuration comes from.
#[derive(Clone, Debug, Args)]
pub(super) struct Input {
    /// The configuration file; without this option `config.yaml` in the current folder, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Sets a configuration key; wins over the environment (`RUNNER_<KEY>`) and the file.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// The host to test, such as `https://localhost:8080`: sets `config.host`; of a `target.url` that is written out it replaces
    /// scheme, host and port.
    #[arg(long, value_name = "URL")]
    pub(super) host: Option<String>,
}

/// What replaces parts of the scenario.
#[derive(Clone, Debug, Args)]
pub(super) struct Replace {
    /// Levels of load in place of the scenario's stages: users, or iterations per second in an open model.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', value_parser = level)]
    pub(super) users: Vec<u32>,
    /// How long each level is held, such as 60s.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) hold: Option<Duration>,
    /// How long the way to each level takes, such as 10s.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) ramp: Option<Duration>,
    /// Fixes data, weights, think times and arrivals: the same seed sends the same requests per user.
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
    /// A search in place of the stages: of `find-capacity` only.
    #[arg(skip)]
    pub(super) search: Option<SearchOverrides>,
}

/// Arguments of a run.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The scenario to run.
    #[arg(required_unless_present = "web", value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(super) input: Input,
    /// What replaces parts of the scenario.
    #[command(flatten)]
    pub(super) replace: Replace,
    /// Also show the run as a page, to look at and to steer, on 127.0.0.1:8089 or the address given (IP:PORT, PORT or IP). Without
    /// FILE nothing is started: scenario, users and host are chosen on the page.
    #[arg(
        long,
        value_name = "ADDRESS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = PAGE,
        value_parser = address
    )]
    pub(super) web: Option<SocketAddr>,
    /// The folder of the run; without this option `reports/<name>-<start>`.
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Also write Locust's four CSV files, whose names begin with this (`PREFIX_stats.csv` and so on).
    #[arg(long, value_name = "PREFIX")]
    pub(super) csv: Option<PathBuf>,
    /// Plain lines in place of the live view.
    #[arg(long)]
    pub(super) no_ui: bool,
    /// Threads that send; without this option as many as the load and the machine suggest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) workers: Option<u16>,
}

/// Arguments of `find-capacity`.
#[derive(Debug, Args)]
#[command(
    mut_arg("users", |users| users.hide(true)),
    after_help = "A scenario with `load: { find_capacity: ... }` says the rest itself. One with stages is searched from its lowest level \
                  to its highest, and its thresholds are the limits. Exit code 4: not even the lowest level holds."
)]
pub(super) struct FindArgs {
    /// A limit of every level, such as "p95 < 500ms" or "failures < 1%"; may be given several times.
    #[arg(long, value_name = "LIMIT")]
    pub(super) slo: Vec<String>,
    /// The first level: users, or iterations per second in an open model.
    #[arg(long, value_name = "N", value_parser = level)]
    pub(super) start: Option<u32>,
    /// The highest level that is tried.
    #[arg(long, value_name = "N", value_parser = level)]
    pub(super) at_most: Option<u32>,
    /// The run.
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The scenarios to check.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(super) input: Input,
    /// What replaces parts of the scenario.
    #[command(flatten)]
    pub(super) replace: Replace,
}

/// Arguments of `try`.
#[derive(Debug, Args)]
pub(super) struct TryArgs {
    /// The scenario to try.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Where the configuration comes from.
    #[command(flatten)]
    pub(super) input: Input,
    /// Fixes what is drawn.
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
    /// Show whole response bodies, not only their beginning.
    #[arg(long)]
    pub(super) full: bool,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Folders of runs. Several become one table.
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// Also write Locust's four CSV files.
    #[arg(long, value_name = "PREFIX")]
    pub(super) csv: Option<PathBuf>,
}

/// Arguments of `view`.
#[derive(Debug, Args)]
pub(super) struct ViewArgs {
    /// Folders of runs; without any all in `reports`.
    #[arg(value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
    /// Where the page is: IP:PORT, PORT or IP.
    #[arg(long, value_name = "ADDRESS", default_value = PAGE, value_parser = address)]
    pub(super) web: SocketAddr,
}

/// Arguments of `analyze`.
#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// Tables: the six columns of a report as CSV or Markdown, `summary.csv` of a run, Locust's `_stats_history.csv`, or JSON
    /// summaries of k6, one level each.
    #[arg(required = true, value_name = "TABLE")]
    pub(super) tables: Vec<PathBuf>,
    /// Connections of the pool behind the API.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) pool_size: Option<u32>,
    /// Think time for each request where the table does not tell it, such as 2s, or 100ms..5s for the mean of a range.
    #[arg(long, value_name = "TIME", value_parser = mean_think)]
    pub(super) think: Option<Duration>,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(
    override_usage = "runner compare [OPTIONS] <BASE> <NEW>\n       runner compare [OPTIONS] <BASE>... -- <NEW>..."
)]
pub(super) struct CompareArgs {
    /// Folders of the runs before.
    #[arg(required = true, value_name = "BASE")]
    pub(super) base: Vec<PathBuf>,
    /// Folders of the new runs; with several a side after `--`.
    #[arg(last = true, value_name = "NEW")]
    pub(super) new: Vec<PathBuf>,
    /// The least ratio of mean response times that counts as worse (its inverse as better).
    #[arg(long, default_value_t = 1.05, value_name = "RATIO", value_parser = at_least)]
    pub(super) at_least: f64,
    /// Ends with exit code 4 when anything is: in all, an endpoint or a level.
    #[arg(long, value_name = "VERDICT")]
    pub(super) fail_on: Option<FailOn>,
    /// Also writes the comparison to a file.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// What a comparison may not come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Worse.
    Worse,
}

/// Arguments of `demo-api`.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The port to listen on, on 127.0.0.1.
    #[arg(long, default_value_t = 8443, value_name = "PORT")]
    pub(super) port: u16,
    /// The address to listen on, in place of 127.0.0.1 and --port.
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "port")]
    pub(super) listen: Option<SocketAddr>,
    /// Connections of the database pool.
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) pool: u32,
    /// How many times faster than the real API it answers.
    #[arg(long, default_value_t = 1.0, value_name = "FACTOR")]
    pub(super) speed: f64,
    /// The first listing of each term is slow, as with a cold cache.
    #[arg(long)]
    pub(super) cold: bool,
    /// Share of requests answered with status 500, such as 1%.
    #[arg(long, value_name = "SHARE")]
    pub(super) fail: Option<Share>,
    /// Share of requests whose connection is reset, such as 0.5%.
    #[arg(long, value_name = "SHARE")]
    pub(super) reset: Option<Share>,
    /// Share of requests that take longer, and how much, such as 2%:3s.
    #[arg(long, value_name = "SHARE:TIME")]
    pub(super) slow: Option<Slow>,
    /// Open connections beyond which new ones are reset.
    #[arg(long, value_name = "N")]
    pub(super) max_open: Option<MaxOpen>,
    /// The user name that is let in.
    #[arg(long, default_value = "demo", env = "RUNNER_USER", value_name = "NAME")]
    pub(super) user: String,
    /// Its password.
    #[arg(
        long,
        default_value = "demo",
        env = "RUNNER_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD"
    )]
    pub(super) password: String,
    /// Seed of data, service times and faults.
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(super) seed: u64,
}

/// Where the page is unless the command line says otherwise.
const PAGE: &str = "127.0.0.1:8089";

/// An address to listen on: what is left out is that of [`PAGE`].
fn address(text: &str) -> Result<SocketAddr, String> {
    let (ip, port) = (Ipv4Addr::LOCALHOST, 8089);
    let text = text.replace("localhost", "127.0.0.1");
    text.parse::<SocketAddr>()
        .or_else(|_| text.parse::<u16>().map(|port| (ip, port).into()))
        .or_else(|_| text.parse::<IpAddr>().map(|ip| (ip, port).into()))
        .map_err(|_| "an address is IP:PORT, such as 127.0.0.1:8089, or only one of the two".to_owned())
}

/// `--web ADDRESS` as `--web=ADDRESS`: without an address the word behind it is the scenario.
pub(super) fn with_address(line: Vec<OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(line.len());
    for word in line {
        match joined.last_mut() {
            Some(last) if last == "--web" && word.to_str().is_some_and(|word| address(word).is_ok()) => {
                last.push("=");
                last.push(&word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

/// A level of load, as large as the scenario file allows.
pub(super) fn level(text: &str) -> Result<u32, String> {
    let text = text.trim();
    match text.parse() {
        Ok(level) if level <= 1_000_000 => Ok(level),
        Ok(level) => Err(format!(
            "{level} users are more than one machine can be; at most 1000000"
        )),
        Err(_) if text.is_empty() => {
            Err("a number is missing beside the comma; for example 10,20,50".to_owned())
        }
        Err(_) => Err("a level is a whole number up to 1000000; for example 10,20,50".to_owned()),
    }
}

/// A duration with its unit, as in the scenario file.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    crate::scenario::units::duration(text).map_err(|error| match error.help {
        Some(help) => format!("{}; {help}", error.message),
        None => error.message,
    })
}

/// A think time, or the mean of a range of them.
fn mean_think(text: &str) -> Result<Duration, String> {
    let Some((shortest, longest)) = text.split_once("..") else {
        return duration(text);
    };
    let (shortest, longest) = (duration(shortest)?, duration(longest)?);
    if longest < shortest {
        return Err("the range ends before it begins; write the shorter time first".to_owned());
    }
    Ok((shortest + longest) / 2)
}

/// The least ratio that counts.
fn at_least(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (1.0..100.0).contains(&ratio) => Ok(ratio),
        _ => Err("a ratio such as 1.05, which is 5% slower; at least 1".to_owned()),
    }
}
