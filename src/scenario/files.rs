//! Every file that a scenario names, read before the run: so that `plan` does no I/O and a missing file is told at the name of
//! it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::model::{Body, Data, DataKind, PartContent, Request, Scenario};
use super::span::Spanned;
use super::suggest::near_files;

/// Largest data file or body, in bytes.
const MAX_DATA: u64 = 256_000_000;

/// Largest certificate or key, in bytes.
const MAX_PEM: u64 = 1_000_000;

/// The rows of a CSV file, which may be a million: one text of all fields, and where each ends.
#[derive(Debug, Default)]
pub struct Table {
    /// Names from the header line.
    pub columns: Vec<Arc<str>>,
    fields: String,
    /// Row by row, as many as there are columns. A file has fewer than 2^32 bytes.
    ends: Vec<u32>,
}

impl Table {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.ends.len() / self.columns.len().max(1)
    }

    /// A field by the numbers of its row and its column.
    pub fn field(&self, row: usize, column: usize) -> Option<&str> {
        let number = row * self.columns.len() + column;
        let end = *self.ends.get(number)?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.fields.get(start as usize..end as usize)
    }
}

/// The content of the files that a scenario names, by name as written.
#[derive(Debug, Clone, Default)]
pub struct Files {
    bytes: HashMap<String, Arc<[u8]>>,
    tables: HashMap<(String, u8), Arc<Table>>,
    json: HashMap<String, Arc<Vec<serde_json::Value>>>,
}

impl Files {
    /// A body, certificate or key.
    pub fn bytes(&self, name: &str) -> Option<&Arc<[u8]>> {
        self.bytes.get(name)
    }

    /// A CSV file read with this delimiter (a comma if none was written).
    pub fn table(&self, name: &str, delimiter: Option<u8>) -> Option<&Arc<Table>> {
        self.tables.get(&(name.to_owned(), delimiter.unwrap_or(b',')))
    }

    /// The items of a JSON file; never empty, all scalars or all objects.
    pub fn json(&self, name: &str) -> Option<&Arc<Vec<serde_json::Value>>> {
        self.json.get(name)
    }

    /// Reads all files that a scenario names, relative to `folder`. Problems stand at the names.
    pub(super) fn read(scenario: &Scenario, folder: &Path, out: &mut Diagnostics) -> Self {
        let mut files = Self::default();
        let mut reader = Reader {
            files: &mut files,
            folder,
            out,
        };
        let tls = &scenario.target.tls;
        for name in [&tls.ca_file, &tls.client_cert, &tls.client_key]
            .into_iter()
            .flatten()
        {
            reader.pem(name);
        }
        reader.data(&scenario.data);
        for request in scenario.requests() {
            reader.request(request);
        }
        files
    }
}

struct Reader<'a> {
    files: &'a mut Files,
    folder: &'a Path,
    out: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn load(&mut self, name: &Spanned<String>, what: &str, limit: u64) -> Option<Vec<u8>> {
        match read_limited(&self.folder.join(&name.value), what, limit) {
            Ok(bytes) => Some(bytes),
            Err(mut problem) => {
                problem.span = Some(name.span);
                // The name to write is the one seen from the scenario.
                let folder = self.folder.join("").display().to_string();
                if !folder.is_empty() {
                    for help in &mut problem.help {
                        *help = help.replace(&format!("did you mean `{folder}"), "did you mean `");
                    }
                }
                if Path::new(&name.value).is_relative() {
                    problem
                        .notes
                        .push("file names are relative to the scenario file".to_owned());
                }
                self.out.push(*problem);
                None
            }
        }
    }

    fn keep(&mut self, name: &Spanned<String>, bytes: Vec<u8>) {
        self.files.bytes.insert(name.value.clone(), bytes.into());
    }

    fn pem(&mut self, name: &Spanned<String>) {
        let Some(bytes) = self.load(name, "certificate or key", MAX_PEM) else {
            return;
        };
        if !String::from_utf8_lossy(&bytes).contains("-----BEGIN ") {
            self.out.push(
                Diagnostic::error(name.span, format!("`{}` is not a PEM file", name.value))
                    .label("no line `-----BEGIN …` in it")
                    .help("convert a DER file: `openssl x509 -inform der -in FILE -out FILE.pem`"),
            );
            return;
        }
        self.keep(name, bytes);
    }

    fn request(&mut self, request: &Request) {
        match request.body.as_ref().map(|body| &body.value) {
            Some(Body::File(name)) => self.body(name),
            Some(Body::Multipart(parts)) => {
                for part in parts {
                    if let PartContent::File(name) = &part.content {
                        self.body(name);
                    }
                }
            }
            _ => {}
        }
    }

    fn body(&mut self, name: &Spanned<String>) {
        if let Some(bytes) = self.load(name, "body", MAX_DATA) {
            self.keep(name, bytes);
        }
    }

    fn data(&mut self, data: &[Data]) {
        for source in data {
            match &source.kind.value {
                DataKind::Csv { file, delimiter } => self.table(file, delimiter.map_or(b',', |d| d.value)),
                DataKind::Json(file) => self.json(file),
                DataKind::Combine { with, .. } => self.data(with),
                DataKind::Values(_) | DataKind::Range(..) | DataKind::Captured { .. } | DataKind::Unread => {}
            }
        }
    }

    fn table(&mut self, name: &Spanned<String>, delimiter: u8) {
        let read = |bytes: &[u8]| table(bytes, delimiter);
        if let Some(table) = self.parse(name, "CSV file", read) {
            let key = (name.value.clone(), delimiter);
            self.files.tables.insert(key, Arc::new(table));
        }
    }

    fn json(&mut self, name: &Spanned<String>) {
        if let Some(items) = self.parse(name, "JSON file", items) {
            self.files.json.insert(name.value.clone(), Arc::new(items));
        }
    }

    fn parse<T>(
        &mut self,
        name: &Spanned<String>,
        what: &str,
        parse: impl FnOnce(&[u8]) -> Result<T, (String, String)>,
    ) -> Option<T> {
        let bytes = self.load(name, what, MAX_DATA)?;
        let problem =
            |(message, help)| Diagnostic::error(name.span, format!("`{}` {message}", name.value)).help(help);
        self.out.keep(parse(&bytes).map_err(problem))
    }
}

/// Parses CSV with a header line. The error is what follows the file's name, and advice.
fn table(bytes: &[u8], delimiter: u8) -> Result<Table, (String, String)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.is_empty() {
        return Err((
            "is empty".to_owned(),
            "its first line names the columns, each further line is one value".to_owned(),
        ));
    }
    if let Some(line) = unclosed_quote(bytes, delimiter) {
        return Err((
            format!("has a quote in line {line} that is never closed"),
            "add the closing `\"`; a quote within a value is written twice, the value in quotes".to_owned(),
        ));
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
    let header = reader.headers().map_err(|error| malformed(&error))?;
    let columns: Vec<Arc<str>> = header.iter().map(|name| name.trim().into()).collect();
    if let Some(at) = columns.iter().position(|name| name.is_empty()) {
        let help = "the first line names the columns, and `{{ name.column }}` takes one".to_owned();
        return Err((
            format!("has no name for column {} in its first line", at + 1),
            help,
        ));
    }
    if let Some(twice) = columns
        .iter()
        .enumerate()
        .find(|(n, name)| columns[..*n].contains(name))
    {
        return Err((
            format!("has two columns named `{}`", twice.1),
            "give one of them another name".to_owned(),
        ));
    }
    let mut fields = String::with_capacity(bytes.len());
    let mut ends = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader
        .read_record(&mut record)
        .map_err(|error| malformed(&error))?
    {
        for field in &record {
            fields.push_str(field);
            ends.push(fields.len() as u32);
        }
    }
    fields.shrink_to_fit();
    ends.shrink_to_fit();
    if ends.is_empty() {
        let help = format!(
            "below the line of column names (`{}`) write one line for each value",
            columns.join(",")
        );
        return Err(("has no rows".to_owned(), help));
    }
    Ok(Table {
        columns,
        fields,
        ends,
    })
}

/// The line of a quote that begins a field and is never closed: the rest of the file would be that field.
fn unclosed_quote(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let mut line = 1;
    let mut opened = None;
    let mut field_begins = true;
    for &byte in bytes {
        line += usize::from(byte == b'\n');
        match (opened, byte) {
            // A doubled quote closes and opens again.
            (Some(_), b'"') => {
                opened = None;
                field_begins = true;
            }
            (Some(_), _) => {}
            (None, b'"') if field_begins => opened = Some(line),
            (None, _) => field_begins = byte == delimiter || matches!(byte, b'\n' | b'\r'),
        }
    }
    opened
}

fn malformed(error: &csv::Error) -> (String, String) {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            let fields = |n: u64| {
                if n == 1 {
                    "1 field".to_owned()
                } else {
                    format!("{n} fields")
                }
            };
            (
                format!("has {} in line {line}, where the first line has {expected_len}", fields(*len)),
                "put a value that holds the delimiter in double quotes; another delimiter is told by `delimiter: \";\"`"
                    .to_owned(),
            )
        }
        csv::ErrorKind::Utf8 { .. } => (
            format!("is not UTF-8 in line {line}"),
            "save it as UTF-8".to_owned(),
        ),
        _ => (
            format!("cannot be read as CSV: {error}"),
            "check it in a spreadsheet".to_owned(),
        ),
    }
}

/// Parses a JSON list. The error is what follows the file's name, and advice.
fn items(bytes: &[u8]) -> Result<Vec<serde_json::Value>, (String, String)> {
    use serde_json::Value;
    let help = || "write a list of values, `[1, 2]`, or of objects, `[{\"id\": 1}, {\"id\": 2}]`".to_owned();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| (format!("is not JSON: {error}"), help()))?;
    let Value::Array(items) = value else {
        return Err(("does not hold a list".to_owned(), help()));
    };
    if items.is_empty() {
        return Err(("holds an empty list".to_owned(), help()));
    }
    let objects = items.iter().filter(|item| item.is_object()).count();
    if items.iter().any(Value::is_array) || (objects != 0 && objects != items.len()) {
        return Err(("mixes values, objects or lists".to_owned(), help()));
    }
    Ok(items)
}

/// Reads a file that must exist, be a file and not be larger than `limit` bytes. The problem has no place yet.
pub(super) fn read_limited(path: &Path, what: &str, limit: u64) -> Result<Vec<u8>, Box<Diagnostic>> {
    let shown = path.display();
    let failed = |error: &std::io::Error| match error.kind() {
        ErrorKind::NotFound => missing(path),
        ErrorKind::PermissionDenied => Diagnostic::without_place(format!("no permission to read `{shown}`")),
        ErrorKind::IsADirectory => {
            Diagnostic::without_place(format!("`{shown}` is a directory, not a {what}"))
        }
        _ => Diagnostic::without_place(format!("cannot read `{shown}`: {error}")),
    };
    let about = std::fs::metadata(path).map_err(|error| failed(&error).boxed())?;
    if about.is_dir() {
        return Err(
            Diagnostic::without_place(format!("`{shown}` is a directory, not a {what}"))
                .help_if(inside(path))
                .boxed(),
        );
    }
    // A device or a pipe may never end, and says nothing of its size.
    if !about.is_file() {
        return Err(Diagnostic::without_place(format!("`{shown}` is not a regular file")).boxed());
    }
    let too_large = |size: u64| {
        let mega = |bytes: u64| format!("{} MB", bytes.div_ceil(1_000_000));
        Diagnostic::without_place(format!(
            "`{shown}` is too large: {}, and the limit is {}",
            mega(size),
            mega(limit)
        ))
        .help_if((what == "scenario").then(|| "keep long lists of values in a CSV or JSON file".to_owned()))
    };
    if about.len() > limit {
        return Err(too_large(about.len()).boxed());
    }
    let mut bytes = Vec::with_capacity(about.len() as usize + 1);
    let file = File::open(path).map_err(|error| failed(&error).boxed())?;
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(&error).boxed())?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64).boxed());
    }
    Ok(bytes)
}

fn missing(path: &Path) -> Diagnostic {
    let diagnostic = Diagnostic::without_place(format!("no such file: `{}`", path.display()));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if !parent.exists() => diagnostic.help(format!(
            "the directory `{}` does not exist either",
            parent.display()
        )),
        _ => diagnostic.help_if(near_files(path)),
    }
}

/// The first scenarios in a directory that was named in place of one.
fn inside(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?.take(1000);
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml")
        })
        .collect();
    found.sort();
    let first = found.first()?;
    Some(format!(
        "name one of the files in it, such as `{}`",
        first.display()
    ))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn reads_a_table_with_a_byte_order_mark() {
        let found = table(b"\xEF\xBB\xBFid,name\n1,Ann\n2,\"B, C\"\n", b',').unwrap();
        assert_eq!(found.columns, ["id".into(), "name".into()]);
        assert_eq!(found.rows(), 2);
        let fields = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)].map(|(row, column)| found.field(row, column));
        assert_eq!(fields, [Some("1"), Some("Ann"), Some("2"), Some("B, C"), None]);
    }

    #[test]
    fn says_which_line_of_a_table_is_wrong() {
        let (message, _) = table(b"id,name\n1,Ann\n2\n", b',').unwrap_err();
        assert_eq!(message, "has 1 field in line 3, where the first line has 2");
        assert!(
            table(b"", b',').is_err()
                && table(b"id\n", b',').is_err()
                && table(b"id,id\n1,2\n", b',').is_err()
        );
    }

    #[test]
    fn a_json_file_is_a_list_of_one_kind() {
        assert_eq!(items(b"[1, \"a\"]").unwrap().len(), 2);
        for text in ["{}", "[]", "[1, {}]", "[[1]]", "nonsense", ""] {
            assert!(items(text.as_bytes()).is_err(), "{text}");
        }
    }
}
