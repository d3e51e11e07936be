//! What was inferred of a table, in words.

use std::fmt;

/// Something that the table does not say itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// *Total requests* holds successes only.
    SuccessesOnly(Fit),
    /// *Total requests* holds the failures too.
    FailuresIncluded(Fit),
    /// It cannot be told which of the two it is.
    FailuresUndecided,
    /// Lines whose percentage is that of neither.
    PercentageOff(Vec<usize>),
    /// Failures are counted from their percentage.
    FailuresFromPercentage,
    /// How long a level was held is estimated.
    LengthEstimated,
    /// Requests are not counted.
    RequestsUnknown,
    /// Of failures nothing is known.
    FailuresUnknown,
    /// The average response time is that of the interactive response time law.
    AverageFromLaw,
    /// Times without a unit are taken as milliseconds.
    Milliseconds,
    /// A document holds further tables of levels, in these lines.
    OtherTables {
        /// The line of the table that was read.
        read: usize,
        /// Those of the others.
        others: Vec<usize>,
    },
    /// Levels are stretches of a history.
    Stretches {
        /// How many.
        levels: usize,
        /// Seconds in them.
        held: u64,
        /// Seconds beside them.
        left_out: u64,
    },
    /// The figures are of whole runs.
    WholeRun,
    /// Think time is not known.
    ThinkUnknown,
}

/// How many percentages fit each meaning of *Total requests*, of those rows that have failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// That are fails / requests.
    pub included: usize,
    /// That are fails / (requests + fails).
    pub excluded: usize,
    /// Rows with failures and a percentage.
    pub of: usize,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SuccessesOnly(Fit { included, excluded, of }) => write!(
                f,
                "Total requests holds successes only: of {of} percentages {excluded} are fails / (requests + fails) and \
                 {included} fails / requests. The failures are added to it here; the average and RPS stay as the table has \
                 them, and may be of successes only as well."
            ),
            Self::FailuresIncluded(Fit { included, excluded, of }) => write!(
                f,
                "Total requests holds the failures too: of {of} percentages {included} are fails / requests and {excluded} \
                 fails / (requests + fails)."
            ),
            Self::FailuresUndecided => f.write_str(
                "Whether Total requests holds the failures cannot be told from the percentages. It is taken to hold them.",
            ),
            Self::PercentageOff(lines) => write!(
                f,
                "The percentage is neither fails / requests nor fails / (requests + fails) in {}. The counts are used.",
                in_lines(lines)
            ),
            Self::FailuresFromPercentage => {
                f.write_str("Failures are not counted in the table: their percentage of the requests stands for them.")
            }
            Self::LengthEstimated => f.write_str(
                "How long a level was held is not in the table: requests / RPS is an estimate of it. RPS stays as the table \
                 has it.",
            ),
            Self::RequestsUnknown => {
                f.write_str("Requests are not counted in the table: RPS stands alone, and shares of failures have no interval.")
            }
            Self::FailuresUnknown => {
                f.write_str("Failures are not in the table, or not with what they are a share of: nothing is said of them.")
            }
            Self::AverageFromLaw => f.write_str(
                "The average response time is not in the table: it is taken as users / RPS less the think time, if one is \
                 given (the interactive response time law).",
            ),
            Self::Milliseconds => f.write_str("Times without a unit are taken as milliseconds."),
            Self::OtherTables { read, others } => write!(
                f,
                "The table in line {read} was read. There are others like it in {}: put one into a file of its own to read it.",
                in_lines(others)
            ),
            Self::Stretches { levels, held, left_out } => {
                let plural = if *levels == 1 { "" } else { "s" };
                write!(
                    f,
                    "Levels are the stretches of 10 s and more with a constant number of users: {levels} level{plural}, {held} s \
                     in all. {left_out} s of ramps and shorter stretches are left out. Requests, failures and averages are \
                     differences of the running totals."
                )
            }
            Self::WholeRun => f.write_str(
                "A summary of k6 is of its whole run, ramps included; its level is the most users that were active (`vus`).",
            ),
            Self::ThinkUnknown => f.write_str(
                "Think time is not known: give it with `--think`, such as `100ms..5s`, and users are checked against \
                 X (R + Z).",
            ),
        }
    }
}

fn in_lines(lines: &[usize]) -> String {
    let shown: Vec<String> = lines.iter().take(5).map(ToString::to_string).collect();
    let more = if lines.len() > 5 { " and more" } else { "" };
    let plural = if lines.len() == 1 { "" } else { "s" };
    format!("line{plural} {}{more}", shown.join(", "))
}
