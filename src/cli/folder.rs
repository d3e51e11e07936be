//! The folder of a run: where it is made, and that `reports/latest` points at it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where runs are kept unless the command line says otherwise.
pub(super) const REPORTS: &str = "reports";

/// Makes the folder of a new run. Without a wish: `reports/<name>-<start>`, numbered where that exists already.
pub(super) fn make(name: &str, wish: Option<&Path>) -> io::Result<PathBuf> {
    let base = wish.unwrap_or(Path::new(REPORTS));
    if base.exists() && !base.is_dir() {
        return Err(io::Error::other("it exists and is not a folder"));
    }
    if let Some(wish) = wish {
        if wish.is_dir() && wish.read_dir()?.next().is_some() {
            return Err(io::Error::other("the folder is not empty"));
        }
        std::fs::create_dir_all(wish)?;
        return Ok(wish.to_owned());
    }
    let base = format!("{}-{}", file_name(name), stamp(SystemTime::now()));
    std::fs::create_dir_all(REPORTS)?;
    for number in 1..1000 {
        let suffix = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let path = Path::new(REPORTS).join(format!("{base}{suffix}"));
        match std::fs::create_dir(&path) {
            Ok(()) => {
                point_latest(&path);
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("a thousand runs in one second"))
}

/// The name with every character that a file system could mind replaced.
fn file_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    match safe.trim_matches(['.', '-']) {
        "" => "run".to_owned(),
        safe => safe.to_owned(),
    }
}

/// `2026-11-23T21-15-33Z`: sorts by time, and no file system minds it.
fn stamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let whole = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    humantime::format_rfc3339_seconds(whole)
        .to_string()
        .replace(':', "-")
}

/// `reports/latest` is a convenience: where links cannot be made there is none.
fn point_latest(path: &Path) {
    #[cfg(unix)]
    if let Some(name) = path.file_name() {
        let link = Path::new(REPORTS).join("latest");
        let fresh = Path::new(REPORTS).join(format!(".latest-{}", std::process::id()));
        // Renamed into place, so that the link is never missing.
        if std::os::unix::fs::symlink(name, &fresh).is_ok() && std::fs::rename(&fresh, &link).is_err() {
            let _ = std::fs::remove_file(&fresh);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn names_become_names_of_folders() {
        assert_eq!(file_name("term heavy/../é"), "term-heavy");
        assert_eq!(file_name("../.."), "run");
        assert_eq!(file_name("mixed"), "mixed");
    }

    #[test]
    fn starts_sort_by_time() {
        assert_eq!(
            stamp(UNIX_EPOCH + Duration::from_millis(1_795_468_533_400)),
            "2026-11-23T21-15-33Z"
        );
    }
}
