//! `runner analyze`: every table of `tests/tables` with what is read from it. `UPDATE_EXPECT=1` writes that anew; read it then.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use runner::analysis::level::{Level, Trust};
use runner::analysis::table::{Given, Note, Table, read, text};

/// The think time of the original report, and its pool.
const ORIGINAL: Given = Given {
    think: Some(2.55),
    pool_size: Some(30),
};

fn file(name: &str) -> String {
    let bytes = std::fs::read(Path::new("tests/tables").join(name)).unwrap();
    text(&bytes).unwrap().to_owned()
}

fn table(name: &str, given: &Given) -> Table {
    read(&[&file(name)], given).unwrap()
}

fn near(a: f64, b: f64, relative: f64) {
    assert!((a / b - 1.0).abs() < relative, "{a} is not {b}");
}

/// What the program prints, on either stream, and its exit code.
fn told(files: &[PathBuf], arguments: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .arg("analyze")
        .args(files)
        .args(arguments)
        .output()
        .unwrap();
    let mut told = String::from_utf8(output.stdout).unwrap();
    told.push_str(&String::from_utf8(output.stderr).unwrap());
    (told, output.status.code())
}

fn same_as_expected(path: &Path, found: &str, differences: &mut String) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected != found {
        let _ = writeln!(
            differences,
            "{}: expected\n{expected}\nfound\n{found}",
            path.display()
        );
    }
}

#[test]
fn every_table_is_read_as_frozen() {
    let range = ["--pool-size", "30", "--think", "100ms..5s"];
    let cases: [(&str, &[&str], &[&str]); 11] = [
        ("report", &["report.csv"], &range),
        ("report_alone", &["report.csv"], &[]),
        ("document", &["document.md"], &range),
        (
            "locust",
            &["locust_stats_history.csv"],
            &["--think", "100ms..900ms"],
        ),
        (
            "k6",
            &["k6_summary.json", "k6_export.json"],
            &["--think", "250ms"],
        ),
        ("summary", &["summary.csv"], &[]),
        ("semicolons", &["semicolons.csv"], &["--think", "750ms"]),
        ("arrivals", &["arrivals.csv"], &[]),
        ("units", &["units.md"], &[]),
        ("few_columns", &["few_columns.csv"], &[]),
        ("open_and_closed", &["arrivals.csv", "report.csv"], &[]),
    ];
    let mut differences = String::new();
    for (name, files, arguments) in cases {
        let folder = Path::new("tests/tables");
        let paths: Vec<PathBuf> = files.iter().map(|file| folder.join(file)).collect();
        let (found, code) = told(&paths, arguments);
        assert_eq!(
            code,
            Some(if name == "open_and_closed" { 2 } else { 0 }),
            "{name}: {found}"
        );
        same_as_expected(&folder.join(name).with_extension("txt"), &found, &mut differences);
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn every_wrong_file_gives_its_exact_message() {
    let entries = std::fs::read_dir("tests/tables/bad").unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension != "expected"));
    files.sort();
    let mut differences = String::new();
    for path in &files {
        let (found, code) = told(std::slice::from_ref(path), &[]);
        assert_eq!(code, Some(2), "{}: {found}", path.display());
        let beside = format!("{}.expected", path.display());
        same_as_expected(Path::new(&beside), &found, &mut differences);
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(files.len() >= 20, "only {} files", files.len());
}

#[test]
fn what_cannot_be_a_table_is_refused() {
    for (path, word) in [
        ("tests/tables", "directory"),
        ("tests/tables/none.csv", "cannot be read"),
    ] {
        let (found, code) = told(&[PathBuf::from(path)], &[]);
        assert!(code == Some(2) && found.contains(word), "{found}");
    }
    for think in ["5s..100ms", "5", "..", "-1s"] {
        let (found, code) = told(
            &[PathBuf::from("tests/tables/report.csv")],
            &[&format!("--think={think}")],
        );
        assert!(code == Some(2) && found.contains("--think"), "{found}");
    }
}

/// SEED.md: the law holds for the rows up to 1000 users within about 13 %; those of 1500 and 2000 are too short or miss it.
#[test]
fn the_original_report_is_steady_up_to_1000_users() {
    let table = table("report.csv", &ORIGINAL);
    assert_eq!(
        (table.levels.len(), table.open, table.pool_size),
        (13, false, Some(30))
    );
    for level in &table.levels {
        assert_eq!(level.is_trusted(), level.load <= 1000.0, "{level:?}");
    }
    // 32/s × 43.844 s = 1403 of 1500 users: the law holds, but 2628 requests at 32/s are 82 s, not two cycles.
    let short = &table.levels[7].trust;
    assert!(
        matches!(short, Trust::TooShort { cycles, needed } if *cycles < 2.0 && (needed - 438.44).abs() < 0.01),
        "{short:?}"
    );
    // 19.7/s × 42.527 s = 838 of 2000 users.
    let missed = &table.levels[12].trust;
    assert!(
        matches!(missed, Trust::LawMissed { accounted } if (accounted - 837.8).abs() < 0.1),
        "{missed:?}"
    );
}

#[test]
fn the_percentages_tell_what_total_requests_holds() {
    let notes = |text: &str| read(&[text], &Given::default()).unwrap();
    let original = table("report.csv", &ORIGINAL);
    assert!(
        matches!(&original.notes[0], Note::SuccessesOnly(fit) if (fit.included, fit.excluded, fit.of) == (10, 12, 12))
    );
    let worst = original.levels.last().unwrap();
    assert_eq!((worst.requests, worst.failures), (3128 + 847, 847));
    near(worst.failure_share.value, 847.0 / 3975.0, 1e-12);
    // RPS goes with the requests as the table counts them.
    near(worst.length.unwrap(), 3128.0 / 19.7, 1e-12);
    let included = notes("users,requests,fails,%failed,avg ms,rps\n10,200,50,25%,100,5\n");
    assert!(matches!(included.notes[0], Note::FailuresIncluded(_)));
    assert_eq!(included.levels[0].requests, 200);
    let undecided = notes("users,requests,fails,avg ms,rps\n10,200,50,100,5\n");
    assert_eq!(undecided.notes[0], Note::FailuresUndecided);
    assert_eq!(undecided.levels[0].requests, 200);
    let off = notes("users,requests,fails,failures %,avg,rps\n10,200,50,70,100,5\n20,200,50,25,100,5\n");
    assert!(off.notes.contains(&Note::PercentageOff(vec![2])) && off.notes.contains(&Note::Milliseconds));
    let shares = notes("users,requests,error %,avg ms,rps\n10,200,2.5,100,5\n");
    assert_eq!(
        (shares.levels[0].failures, &shares.notes[0]),
        (5, &Note::LengthEstimated)
    );
    assert_eq!(shares.notes[1], Note::FailuresFromPercentage);
}

#[test]
fn a_document_gives_the_same_levels_as_its_table_alone() {
    assert_eq!(
        table("document.md", &ORIGINAL).levels,
        table("report.csv", &ORIGINAL).levels
    );
}

#[test]
fn the_reports_of_this_program_are_tables() {
    for (name, users) in [
        ("../golden/merged.md", vec![10.0, 10.0, 50.0, 100.0, 500.0]),
        ("../golden/matrix/report.md", vec![10.0, 50.0, 100.0, 500.0]),
    ] {
        let loads: Vec<f64> = table(name, &ORIGINAL)
            .levels
            .iter()
            .map(|level| level.load)
            .collect();
        assert_eq!(loads, users, "{name}");
    }
}

/// A run ended before its third stage; the second was too short to be judged for a warm-up.
#[test]
fn what_our_own_summary_could_not_judge_is_not_relied_on() {
    let table = table("../golden/hostile/summary.csv", &Given::default());
    let trust: Vec<&Trust> = table.levels.iter().map(|level| &level.trust).collect();
    assert!(table.open && matches!(trust[1], Trust::TooShort { needed, .. } if *needed >= 50.0));
    assert_eq!((trust[0], trust[2]), (&Trust::Steady, &Trust::NeverHeld));
}

/// 5 users, then 20, think time 0.1 to 0.9 s, responses of 20 to 80 ms: X = N / (R + Z).
#[test]
fn a_history_of_locust_is_two_levels() {
    let think = Some(0.5);
    let table = table(
        "locust_stats_history.csv",
        &Given {
            think,
            pool_size: None,
        },
    );
    let loads: Vec<f64> = table.levels.iter().map(|level| level.load).collect();
    assert_eq!(loads, [5.0, 20.0]);
    for level in &table.levels {
        assert!(level.is_trusted() && level.length > Some(25.0));
        let mean = level.mean.unwrap().value;
        near(mean, 0.05, 0.1);
        near(level.rate.value, level.load / (mean + 0.5), 0.1);
        assert!(level.failure_share.interval.unwrap().holds(0.02));
    }
}

/// Totals after three seconds of ramp and twelve of one level: 10 requests/s of 200 ms in it, whatever there was before.
#[test]
fn a_stretch_of_a_history_is_the_difference_of_its_ends() {
    let mut history =
        "Timestamp,User Count,Name,Total Request Count,Total Failure Count,Total Average Response Time\n"
            .to_owned();
    history.push_str("100,1,Aggregated,0,0,N/A\n101,2,Aggregated,5,5,900\n");
    for second in 0..=12 {
        let requests = 20 + second * 10;
        let average = (20.0 * 900.0 + f64::from(second * 10) * 200.0) / f64::from(requests);
        let _ = writeln!(
            history,
            "{},4,Aggregated,{requests},{},{average}",
            102 + second,
            5 + second
        );
        let _ = writeln!(history, "{},4,/other,1,0,1", 102 + second);
    }
    // Statistics were reset: another stretch, too short to count.
    history.push_str("115,4,Aggregated,3,0,1\n");
    let table = read(&[&history], &Given::default()).unwrap();
    let [level]: [Level; 1] = table.levels.try_into().unwrap();
    assert_eq!(
        (level.requests, level.failures, level.length),
        (120, 12, Some(12.0))
    );
    near(level.rate.value, 10.0, 1e-12);
    near(level.mean.unwrap().value, 0.2, 1e-9);
    assert_eq!(
        table.notes[0],
        Note::Stretches {
            levels: 1,
            held: 12,
            left_out: 3
        }
    );
}

#[test]
fn both_shapes_of_a_k6_summary_say_the_same() {
    let given = Given {
        think: Some(0.25),
        pool_size: None,
    };
    let [export, summary] = ["k6_export.json", "k6_summary.json"].map(file);
    let table = read(&[&summary, &export], &given).unwrap();
    let figures: Vec<_> = table
        .levels
        .iter()
        .map(|l| (l.load, l.requests, l.failures, l.trust.clone()))
        .collect();
    assert_eq!(
        figures,
        [
            (20.0, 7198, 72, Trust::Steady),
            (100.0, 12004, 1201, Trust::Steady)
        ]
    );
    near(table.levels[1].p99.unwrap().value, 1.4904, 1e-12);
    near(table.levels[1].length.unwrap(), 120.389, 1e-4);
}

#[test]
fn our_own_summary_tells_windows_think_times_and_the_pool() {
    let table = table("summary.csv", &Given::default());
    assert_eq!((table.levels.len(), table.pool_size), (9, Some(30)));
    let hundred = &table.levels[4];
    assert_eq!((hundred.load, &hundred.trust), (100.0, &Trust::NotSteady));
    assert_eq!(hundred.length, Some(240.0));
    assert!(
        table
            .levels
            .iter()
            .all(|level| level.p95.is_some() && level.think.is_some())
    );
    assert!(table.notes.is_empty(), "{:?}", table.notes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*|[0-9,;|\n\"%.:{}-]*") {
        let _ = read(&[&text], &ORIGINAL);
    }

    #[test]
    fn no_change_of_a_table_makes_it_panic(which in 0..7_usize, at in 0.0..1.0_f64, cut in 0..40_usize, with in "\\PC{0,4}|[0-9.,;|\n\"%-]{0,4}") {
        let names = ["report.csv", "document.md", "semicolons.csv", "summary.csv", "k6_export.json", "k6_summary.json", "locust_stats_history.csv"];
        let text: Vec<char> = file(names[which]).chars().collect();
        let at = (at * text.len() as f64) as usize;
        let changed: String = text[..at].iter().copied().chain(with.chars()).chain(text[(at + cut).min(text.len())..].iter().copied()).collect();
        if let Ok(table) = read(&[&changed], &ORIGINAL) {
            for level in table.levels {
                prop_assert!(level.load > 0.0 && level.failures <= level.requests && level.rate.value.is_finite());
                prop_assert!(level.length.is_none_or(f64::is_finite) && level.mean.is_none_or(|mean| mean.value.is_finite()));
            }
        }
    }

    #[test]
    fn problems_point_into_the_file(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let lossy = String::from_utf8_lossy(&bytes);
        for problem in read(&[&lossy], &ORIGINAL).err().unwrap_or_default() {
            prop_assert!(problem.at.is_none_or(|at| lossy.get(at).is_some()));
        }
        let _ = text(&bytes);
    }
}
