//! Which figure a column holds, from its title: case, spaces, punctuation and filling words do not matter.

/// What a table of levels must hold; advice beneath what is missing.
pub(super) const WANTED: &str = "a table of levels has the columns `Concurrent Users | Total requests | Total Fails | \
    Failures Percentage | Average (ms) | RPS` (CSV or Markdown); Locust's `_stats_history.csv` and k6's JSON summary are read \
    too";

/// A figure of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// The level: users.
    Users,
    /// The level, if the cells say so: `10 users`.
    Load,
    /// The level: arrivals per second.
    Arrivals,
    /// Requests.
    Requests,
    /// Failures.
    Fails,
    /// Failures in percent.
    Percentage,
    /// Failures in percent, if the cells say so.
    FailRate,
    /// Mean response time.
    Average,
    /// Median.
    P50,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
    /// Requests per second.
    Rate,
    /// How long it was measured.
    Length,
    /// Why our own `summary.csv` took the seconds it took.
    Window,
    /// Think time.
    Think,
    /// Requests in flight.
    InFlight,
    /// Requests per second and connection of the pool.
    PerConnection,
}

/// What a title says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Title {
    /// The figure below it.
    pub(super) figure: Figure,
    /// The unit of a time, in seconds, where the title has one.
    pub(super) unit: Option<f64>,
}

/// What is in flight at once, rather than how many there were in all.
const CONCURRENT: [&str; 3] = ["concurrent requests", "parallel requests", "concurrency level"];

/// A unit of time in seconds.
pub(super) fn time_unit(name: &str) -> Option<f64> {
    match word(name) {
        "us" => Some(1e-6),
        "ms" => Some(1e-3),
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

/// Whether a word means users.
pub(super) fn is_users(noun: &str) -> bool {
    word(&noun.to_lowercase()) == "users"
}

/// The figure below a title; `None` if it is of no use here.
pub(super) fn title(text: &str) -> Option<Title> {
    let spaced = spaced(text);
    if CONCURRENT.contains(&spaced.trim()) {
        let figure = Figure::Users;
        return Some(Title { figure, unit: None });
    }
    let mut words: Vec<&str> = spaced
        .split_whitespace()
        .map(|word| word.trim_end_matches('.'))
        .map(word)
        .filter(|word| !is_filler(word))
        .collect();
    let per = words.iter().rev().nth(1) == Some(&"per");
    let unit = words.last().and_then(|last| time_unit(last)).filter(|_| !per);
    if unit.is_some() {
        words.pop();
    }
    let figure = figure(&words, unit.is_some())?;
    let is_time = matches!(
        figure,
        Figure::Average | Figure::P50 | Figure::P95 | Figure::P99 | Figure::Length | Figure::Think
    );
    (is_time || unit.is_none()).then_some(Title { figure, unit })
}

fn figure(words: &[&str], has_unit: bool) -> Option<Figure> {
    let joined = words.join(" ");
    let figure = match joined.as_str() {
        "users" => Figure::Users,
        "load" => Figure::Load,
        "arrivals per s" | "arrivals rate" | "arrivals" => Figure::Arrivals,
        "requests" => Figure::Requests,
        "fails" | "fails requests" | "requests fails" => Figure::Fails,
        "fails %" | "% fails" | "fails rate %" | "fails requests %" | "% fails requests" => {
            Figure::Percentage
        }
        "fails rate" => Figure::FailRate,
        "average" | "average response" | "response average" | "response" | "average duration"
        | "average requests" => Figure::Average,
        "rps"
        | "rps per s"
        | "rps rps"
        | "requests per s"
        | "requests rate"
        | "rps requests per s"
        | "average rps"
        | "average requests per s" => Figure::Rate,
        "window" if !has_unit => Figure::Window,
        "window" | "length" | "duration" | "test duration" | "run duration" => Figure::Length,
        "think" => Figure::Think,
        "in flight" => Figure::InFlight,
        "rps per connection" => Figure::PerConnection,
        _ => return percentile(words),
    };
    Some(figure)
}

/// `p95`, `95%`, `95%ile`, `95th percentile`, `p(95)`, `median`, with or without "response time".
fn percentile(words: &[&str]) -> Option<Figure> {
    let mut marked = false;
    let mut number = None;
    for word in words {
        let (mark, digits) = match word.strip_prefix('p') {
            Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => (true, digits),
            _ => (word.ends_with("th"), word.trim_end_matches("th")),
        };
        match digits {
            "median" => (marked, number) = (true, number.xor(Some("50"))),
            "p" | "%" | "ile" | "percentile" | "line" => marked = true,
            "response" => {}
            _ if number.is_none() => (marked, number) = (marked || mark, Some(digits)),
            _ => return None,
        }
    }
    match number.filter(|_| marked)? {
        "50" => Some(Figure::P50),
        "95" => Some(Figure::P95),
        "99" => Some(Figure::P99),
        _ => None,
    }
}

/// Words parted by spaces: `avgMs` is `avg ms`, `req/s` is `req per s`, `p(95)` is `p 95`.
fn spaced(text: &str) -> String {
    let mut spaced = String::new();
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '/' => spaced.push_str(" per "),
            '%' => spaced.push_str(" % "),
            c if c.is_alphanumeric() || c == '.' => {
                if before.is_lowercase() && c.is_uppercase() {
                    spaced.push(' ');
                }
                spaced.extend(c.to_lowercase());
            }
            _ => spaced.push(' '),
        }
        before = c;
    }
    spaced
}

/// One word for all that mean the same.
fn word(word: &str) -> &str {
    match word {
        "user" | "vu" | "vus" | "thread" | "threads" | "client" | "clients" | "connections"
        | "concurrency" => "users",
        "request" | "req" | "reqs" | "sample" | "samples" | "transaction" | "transactions" | "operations"
        | "ops" | "hits" | "queries" => "requests",
        "fail" | "failed" | "failure" | "failures" | "error" | "errors" => "fails",
        "arrival" => "arrivals",
        "percent" | "percentage" | "pct" => "%",
        "avg" | "mean" => "average",
        "med" => "median",
        "latency" => "response",
        "throughput" | "tps" | "qps" => "rps",
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "µs" | "μs" | "usec" | "microsecond" | "microseconds" => "us",
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hour" | "hours" => "h",
        other => other,
    }
}

fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "total"
            | "number"
            | "no"
            | "no."
            | "of"
            | "count"
            | "concurrent"
            | "virtual"
            | "simulated"
            | "active"
            | "http"
            | "all"
            | "the"
            | "time"
            | "times"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_titles_are_known() {
        for (figure, titles) in [
            (
                Figure::Users,
                "Concurrent Users,concurrent_users,VUs,threads,# users,Number of users,User Count,connections,Concurrent requests,Simulated Users",
            ),
            (Figure::Arrivals, "arrivals_per_second,Arrivals/s,arrival rate"),
            (
                Figure::Requests,
                "Total requests,total_requests,# reqs,Requests,Samples,request count,totalRequests",
            ),
            (
                Figure::Fails,
                "Total Fails,failures,Errors,failed requests,# fails,Failure Count",
            ),
            (
                Figure::Percentage,
                "Failures Percentage,failures_percentage,Error %,% failed,error rate (%)",
            ),
            (
                Figure::Average,
                "Average (ms),average_ms,avg,Mean [s],Average response time,Avg. Response Time,response time (ms),latency,avgMs",
            ),
            (Figure::FailRate, "error rate,Failure Rate"),
            (Figure::P50, "p50,median,50%,p50_ms,med,Median response time"),
            (
                Figure::P95,
                "p95,P95 (ms),95%,95%ile,95th percentile,p(95),p95_ms,95% Line,p95 latency",
            ),
            (Figure::P99, "p99,99%"),
            (
                Figure::Rate,
                "RPS,req/s,Requests/s,requests per second,Throughput,reqs/sec,TPS,QPS,Throughput (req/s),Throughput/sec,ops/sec,Transactions/s",
            ),
            (Figure::Length, "window_s,duration (s),Length,test duration"),
            (Figure::Think, "think_ms,Think time (s)"),
        ] {
            for text in titles.split(',') {
                assert_eq!(title(text).map(|title| title.figure), Some(figure), "{text}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_it_is_left_alone() {
        for text in [
            "",
            "Time",
            "Failures/s",
            "Throughput (kB/s)",
            "average_success_ms",
            "p99_9_ms",
            "p90",
            "max_ms",
            "min_ms",
            "window_from_s",
            "requests_in_ramp",
            "users (ms)",
            "95",
            "level",
            "Average Content Size",
            "stage",
            "Run",
        ] {
            assert_eq!(title(text), None, "{text}");
        }
    }

    #[test]
    fn units_of_titles_are_seconds() {
        let unit = |text: &str| title(text).and_then(|title| title.unit);
        assert_eq!(unit("Average (ms)"), Some(1e-3));
        assert_eq!(unit("mean response time [sec]"), Some(1.0));
        assert_eq!(unit("avg"), None);
        assert_eq!(unit("Requests/s"), None);
    }
}
