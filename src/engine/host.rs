//! What this machine gives the load generator: processor time, open files, local ports.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::measure::health::Generator;
use crate::measure::run::{FORMAT, Host, RunInfo};
use crate::measure::units::micros;
use crate::plan::Plan;

/// Seconds that the system keeps a closed connection: what was there before the run is gone then.
const KEPT_CLOSED: u64 = 60;

/// Counting open files walks a directory: where there are many, it is done only every so many seconds.
const COUNT_MANY_EVERY: u64 = 5;

/// So many are many.
const MANY_FILES: u64 = 2_000;

/// Files that are open beside connections: the program's own, reports, the page and its readers.
const OTHER_FILES: u64 = 200;

/// Raises the limit of open files for so many users, each with a connection: to what the system lets this process have, and
/// beyond that where it may change that, too. Gives words of warning where that is not enough.
pub(super) fn raise_file_limit(users: u32) -> Option<String> {
    let needed = u64::from(users) + OTHER_FILES;
    let before = getrlimit(Resource::Nofile);
    let allowed = before.maximum.unwrap_or(u64::MAX);
    // Some systems say that there is no limit, and yet have one.
    for limit in [
        allowed.max(needed),
        allowed,
        allowed.min(needed).max(before.current.unwrap_or(0)),
    ] {
        let asked = Rlimit {
            current: Some(limit),
            maximum: if limit > allowed {
                Some(limit)
            } else {
                before.maximum
            },
        };
        if setrlimit(Resource::Nofile, asked).is_ok() {
            break;
        }
    }
    let limit = getrlimit(Resource::Nofile).current?;
    (limit < needed).then(|| too_few_files(users, limit, needed))
}

fn too_few_files(users: u32, limit: u64, needed: u64) -> String {
    format!(
        "{users} users need about {needed} open files, one for each connection, but this process may have {limit}: requests \
         may fail for want of them. Allow it more before the run: `ulimit -n {needed}`, or `LimitNOFILE={needed}` for a \
         service"
    )
}

/// What this thread has used of its processor since it was looked at last.
pub(super) struct ThreadMeter {
    /// This is one of so many workers.
    workers: u32,
    at: Duration,
    used: Duration,
}

impl ThreadMeter {
    /// Begins now.
    pub(super) fn new(workers: u64, now: Duration) -> Self {
        Self {
            workers: u32::try_from(workers).unwrap_or(u32::MAX).max(1),
            at: now,
            used: thread_time(),
        }
    }

    /// What was used since the last call.
    pub(super) fn read(&mut self, now: Duration) -> Generator {
        let used = thread_time();
        let seen = Generator {
            cpu: micros(used.saturating_sub(self.used)),
            wall: micros(now.saturating_sub(self.at) / self.workers),
            ..Generator::default()
        };
        (self.at, self.used) = (now, used);
        seen
    }
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.try_into().unwrap_or_default()
}

/// Reads the process's use of the machine, once a second.
#[derive(Default)]
pub(super) struct Sampler {
    samples: u64,
    /// What was counted last.
    counted: Generator,
    /// The fewest closed connections that the system still kept: those of other programs, from before the run.
    least_closed: Option<u64>,
    /// Connections that the run opened so far.
    opened: u64,
}

impl Sampler {
    /// Looks at the machine when so many more connections were opened.
    pub(super) fn sample(&mut self, opened: u64) -> Generator {
        self.opened = self.opened.saturating_add(opened);
        let many = self.counted.open_files.is_some_and(|files| files >= MANY_FILES);
        if !many || self.samples.is_multiple_of(COUNT_MANY_EVERY) {
            let files = open_files();
            // Both are of one moment: connections that close go from the one to the other.
            self.counted = Generator {
                open_files: files,
                local_ports: files.and_then(|files| self.ports_in_use(files)),
                ..Generator::default()
            };
        }
        self.samples += 1;
        self.counted
    }

    /// Local ports that this process uses at most: its open sockets, and those of closed connections that the system still
    /// keeps (`TIME_WAIT`; it does not tell whose they were, but this run closed no more than it opened).
    fn ports_in_use(&mut self, open_files: u64) -> Option<u64> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/net/{name}"));
        let four = read("sockstat").ok()?;
        let six = read("sockstat6").unwrap_or_default();
        let open = count(&four, "TCP:", "inuse")? + count(&six, "TCP6:", "inuse").unwrap_or(0);
        Some(open.min(open_files) + self.closed_since(count(&four, "TCP:", "tw")?))
    }

    /// How many of so many closed connections may be of this run.
    fn closed_since(&mut self, closed: u64) -> u64 {
        if self.samples > KEPT_CLOSED {
            return closed.min(self.opened);
        }
        let least = self.least_closed.get_or_insert(closed);
        *least = closed.min(*least);
        (closed - *least).min(self.opened)
    }
}

/// A count of Linux's socket statistics: lines of a protocol, then names and numbers in turn.
fn count(statistics: &str, protocol: &str, name: &str) -> Option<u64> {
    let line = statistics.lines().find_map(|line| line.strip_prefix(protocol))?;
    let mut words = line.split_whitespace();
    words.find(|word| *word == name)?;
    words.next()?.parse().ok()
}

fn open_files() -> Option<u64> {
    let listing = std::fs::read_dir("/proc/self/fd")
        .or_else(|_| std::fs::read_dir("/dev/fd"))
        .ok()?;
    Some(listing.count() as u64)
}

/// What is known of a run at its start.
pub(super) fn run_info(plan: &Plan, workers: u16) -> Arc<RunInfo> {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Arc::new(RunInfo {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_unix_micros: started.as_micros() as u64,
        host: Host {
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cores: std::thread::available_parallelism().map_or(1, usize::from) as u32,
            workers,
            open_files_limit: getrlimit(Resource::Nofile).current,
            local_ports: local_ports(plan.transport.source_addresses.len()),
        },
        outline: Arc::clone(&plan.outline),
    })
}

/// How many local ports outgoing connections to one address can have, where the system tells (Linux). Each of the source
/// addresses has a range of its own; without any the system takes one.
fn local_ports(sources: usize) -> Option<u64> {
    let ports = outgoing_ports().len() * sources.max(1);
    (ports > 0).then_some(ports as u64)
}

/// The ports for outgoing connections; none where the system does not tell (Linux does).
pub(super) fn outgoing_ports() -> Vec<u16> {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
    ports_in(&read("ip_local_port_range"), &read("ip_local_reserved_ports"))
}

/// The ports of a range, written as its first and last, without the reserved ones, written as `8080,9000-9099`.
fn ports_in(range: &str, reserved: &str) -> Vec<u16> {
    let mut ends = range.split_whitespace().map_while(|end| end.parse::<u16>().ok());
    let (Some(first), Some(last)) = (ends.next(), ends.next()) else {
        return Vec::new();
    };
    let reserved: Vec<RangeInclusive<u16>> = reserved
        .split(',')
        .filter_map(|part| {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            Some(from.trim().parse().ok()?..=to.trim().parse().ok()?)
        })
        .collect();
    (first..=last)
        .filter(|port| !reserved.iter().any(|range| range.contains(port)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{KEPT_CLOSED, Sampler, count, local_ports, ports_in, raise_file_limit, too_few_files};

    #[test]
    fn counts_are_found_by_protocol_and_name() {
        let text = "sockets: used 24\nTCP: inuse 7 orphan 0 tw 31 alloc 9 mem 1\nUDP: inuse 2 mem 0\n";
        assert_eq!(count(text, "TCP:", "inuse"), Some(7));
        assert_eq!(count(text, "TCP:", "tw"), Some(31));
        assert_eq!(count(text, "UDP:", "tw"), None);
        assert_eq!(count("", "TCP:", "tw"), None);
    }

    #[test]
    fn only_where_the_limit_cannot_be_raised_enough_there_are_words() {
        assert_eq!(raise_file_limit(0), None);
        // More than any system gives.
        let words = raise_file_limit(u32::MAX);
        assert!(
            words.is_some_and(|words| words.starts_with("4294967295 users need about 4294967495 open files"))
        );
        assert!(too_few_files(2000, 1024, 2200).contains("may have 1024: "));
    }

    #[test]
    fn connections_that_were_closed_before_the_run_are_not_its_own() {
        let mut sampler = Sampler {
            opened: 1_000,
            ..Sampler::default()
        };
        let closed = [50_000, 50_100, 20_000, 20_700, 0, 900];
        let own = closed.map(|closed| sampler.closed_since(closed));
        assert_eq!(own, [0, 100, 0, 700, 0, 900]);
        sampler.samples = KEPT_CLOSED + 1;
        assert_eq!(sampler.closed_since(900), 900);
    }

    #[test]
    fn a_run_closed_no_more_connections_than_it_opened() {
        let mut sampler = Sampler {
            opened: 504,
            ..Sampler::default()
        };
        assert_eq!([0, 24_781].map(|closed| sampler.closed_since(closed)), [0, 504]);
        sampler.samples = KEPT_CLOSED + 1;
        assert_eq!(sampler.closed_since(24_781), 504);
    }

    #[test]
    fn each_source_address_has_all_local_ports() {
        assert!(ports_in("32768\t60999\n", "\n").into_iter().eq(32_768..=60_999));
        assert_eq!(ports_in("10 20", "80,12-18, 20\n"), [10, 11, 19]);
        assert!(ports_in("9 1", "").is_empty());
        assert!(ports_in("", "").is_empty());
        assert_eq!(local_ports(0), local_ports(1));
        assert_eq!(local_ports(3), local_ports(1).map(|ports| ports * 3));
    }
}
