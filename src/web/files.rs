//! The files of a run: what there is, and handing it out. A name that came from a browser is only ever compared with the names that
//! are there.

use std::io;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use tokio::io::AsyncReadExt;

use super::guard::refuse;

/// More files are not listed.
const MOST: usize = 1000;

/// So much of a file is read at once.
const CHUNK: usize = 64 * 1024;

/// A report of somebody else may run its own scripts, but neither ask anything of anybody nor be one of our pages.
const FOREIGN: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri \
                       'none'; form-action 'none'; frame-ancestors 'none'";

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) size: u64,
}

/// The files of a folder, by name. Neither folders nor links, nor what is hidden or half written.
pub(super) fn list(folder: &Path) -> Vec<File> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<File> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            // Of the entry itself: a link is none.
            let found = entry.metadata().ok()?;
            let half = Path::new(&name).extension().is_some_and(|end| end == "part");
            let shown = found.is_file() && !name.starts_with('.') && !half;
            shown.then_some(File {
                name,
                size: found.len(),
            })
        })
        .take(MOST)
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The file of that name, if it is one that [`list`] gives.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    list(folder)
        .into_iter()
        .find(|file| file.name == name)
        .map(|file| folder.join(file.name))
}

/// How a file is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// To be kept.
    Download,
    /// To be looked at, which only `report.html` is.
    Look,
}

/// Hands out the file of that name.
pub(super) async fn give(folder: PathBuf, name: String, how: How) -> Response {
    let found = tokio::task::spawn_blocking(move || {
        let path = find(&folder, &name)?;
        let file = std::fs::File::open(&path).ok()?;
        let size = file.metadata().ok()?.len();
        Some((file, size, name))
    });
    let Ok(Some((file, size, name))) = found.await else {
        return refuse(StatusCode::NOT_FOUND, "there is no such file");
    };
    let looks = how == How::Look && name == "report.html";
    let kind = if looks {
        "text/html; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    let disposition = if looks {
        "inline".to_owned()
    } else {
        format!(
            "attachment; filename*=UTF-8''{}",
            utf8_percent_encode(&name, NON_ALPHANUMERIC)
        )
    };
    let mut response = (
        [(header::CONTENT_TYPE, kind)],
        [(header::CONTENT_LENGTH, size.to_string())],
        Body::from_stream(chunks(tokio::fs::File::from_std(file), size)),
    )
        .into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    if looks {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FOREIGN));
    }
    response
}

/// The first `left` bytes: a journal that grows meanwhile is given as it was.
fn chunks(file: tokio::fs::File, left: u64) -> impl stream::Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, left), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
        let read = file.read(&mut chunk).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        chunk.truncate(read);
        Ok(Some((Bytes::from(chunk), (file, left - read as u64))))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn only_plain_files_are_listed_and_found() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("run");
        std::fs::create_dir_all(folder.join("failures")).unwrap();
        for name in ["b.csv", "a.md", ".hidden", "c.part", "failures/1.txt"] {
            std::fs::write(folder.join(name), "text").unwrap();
        }
        std::fs::write(place.path().join("secret"), "text").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("../secret", folder.join("link")).unwrap();
        let names: Vec<_> = list(&folder).into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["a.md", "b.csv"]);
        assert_eq!(find(&folder, "a.md"), Some(folder.join("a.md")));
        for name in [
            "../secret",
            "link",
            ".",
            "..",
            "",
            "failures/1.txt",
            "failures",
            ".hidden",
            "a.md/",
            "./a.md",
        ] {
            assert_eq!(find(&folder, name), None, "{name}");
        }
    }
}
