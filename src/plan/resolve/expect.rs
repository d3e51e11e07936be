//! What is asked of a response: expectations and captures.

use http::HeaderName;

use super::Resolver;
use super::body::json_template;
use super::problems::{at, if_written, in_whole};
use crate::plan::check::{self, Capture, CaptureTarget, Check, Expected, Extract, Pick, StatusSet, TextTest};
use crate::plan::template::{Escape, Scope, Template};
use crate::scenario::diagnostics::{Diagnostic, Diagnostics};
use crate::scenario::model::{self, Expect, Json, TextCheck};
use crate::scenario::span::Spanned;

impl Resolver<'_> {
    /// The expectations in the order in which they name a failure: the status first, the time last.
    pub(super) fn checks(&mut self, expect: Option<&Expect>, scope: &Scope) -> Option<Vec<Check>> {
        let before = self.found.errors();
        let found = &mut self.found;
        let Some(expect) = expect else {
            return Some(vec![Check::status(StatusSet::default())]);
        };
        let mut checks = vec![Check::status(statuses(&expect.status, found))];
        for (name, test) in &expect.header {
            if let Some(name) = found.keep(header_name(name)) {
                for (test, written) in text_tests(test, scope, found) {
                    checks.push(Check::header(name.clone(), test, &written));
                }
            }
        }
        for (path, value) in &expect.json {
            let path = found.keep(check::json_path(&path.value).map_err(|problem| in_whole(path, problem)));
            if let (Some(path), Some(expected)) = (path, expected(value, scope, found)) {
                checks.push(Check::json(path, expected, &written(value)));
            }
        }
        for (test, written) in expect.body.iter().flat_map(|test| text_tests(test, scope, found)) {
            checks.push(Check::body(test, &written));
        }
        checks.extend(expect.within.as_ref().map(|within| Check::within(within.value)));
        (self.found.errors() == before).then_some(checks)
    }

    /// The captures; their names are known already.
    pub(super) fn captures(&mut self, captures: &[model::Capture]) -> Option<Vec<Capture>> {
        let resolved: Vec<_> = captures.iter().map(|capture| self.capture(capture)).collect();
        resolved.into_iter().collect()
    }

    fn capture(&mut self, capture: &model::Capture) -> Option<Capture> {
        let found = &mut self.found;
        let from = match &capture.from {
            model::Extract::Json(path) => check::json_path(&path.value)
                .map(Extract::Json)
                .map_err(|problem| in_whole(path, problem)),
            model::Extract::Regex(regex) => check::regex(&regex.value)
                .map(Extract::Regex)
                .map_err(|problem| in_whole(regex, problem)),
            model::Extract::Header(name) => {
                header_name(name).map(Extract::Header).map_err(|problem| *problem)
            }
            model::Extract::Cookie(name) => Ok(Extract::Cookie(name.value.clone())),
        };
        let from = found.keep(from);
        let narrow = capture
            .regex
            .as_ref()
            .map(|text| found.keep(check::regex(&text.value).map_err(|problem| in_whole(text, problem))));
        let name = capture.into.value.as_str();
        // A name without a slot has been told already.
        let target = match self.names.pools.get(name) {
            Some(pool) => CaptureTarget::Pool(*pool),
            None => CaptureTarget::Slot(self.names.captured(name)?),
        };
        let pick = capture.pick.map_or(Pick::First, |pick| pick.value);
        if let (Pick::All, CaptureTarget::Slot(_), Some(written)) = (pick, target, capture.pick)
            && !self.names.has_unread()
        {
            found.push(
                Diagnostic::error(written.span, format!("`{name}` holds one value, not all")).help(format!(
                    "pick `first`, `last` or `random`, or make `{name}` a captured pool under `data`"
                )),
            );
        }
        Some(Capture {
            target,
            required: capture.required.is_some_and(|required| required.value),
            name: name.into(),
            from: from?,
            regex: if_written(narrow)?,
            pick,
        })
    }
}

fn statuses(written: &[Spanned<String>], found: &mut Diagnostics) -> StatusSet {
    if written.is_empty() {
        return StatusSet::default();
    }
    let mut set = StatusSet::empty();
    for text in written {
        found.keep(set.add(&text.value).map_err(|problem| in_whole(text, problem)));
    }
    set
}

/// A header's name, or why it is none.
pub(super) fn header_name(name: &Spanned<String>) -> Result<HeaderName, Box<Diagnostic>> {
    HeaderName::from_bytes(name.value.as_bytes()).map_err(|_| {
        let problem = Diagnostic::error(name.span, format!("`{}` is not the name of a header", name.value))
            .help("a name has letters, digits and `-`, such as `x-request-id`");
        problem.into()
    })
}

fn text_tests(test: &TextCheck, scope: &Scope, found: &mut Diagnostics) -> Vec<(TextTest, String)> {
    let mut tests = Vec::new();
    let equals = test
        .equals
        .iter()
        .map(|text| (text, TextTest::Equals as fn(Template) -> TextTest));
    let contains = test
        .contains
        .iter()
        .map(|text| (text, TextTest::Contains as fn(Template) -> TextTest));
    for (text, test) in equals.chain(contains) {
        let template =
            Template::compile(&text.text, scope, Escape::None).map_err(|problem| at(text, problem));
        if let Some(template) = found.keep(template) {
            tests.push((test(template), text.text.clone()));
        }
    }
    for text in &test.matches {
        let regex = check::regex(&text.value).map_err(|problem| in_whole(text, problem));
        if let Some(regex) = found.keep(regex) {
            tests.push((TextTest::Matches(regex), text.value.clone()));
        }
    }
    tests
}

fn expected(value: &Json, scope: &Scope, found: &mut Diagnostics) -> Option<Expected> {
    let template = json_template(value, scope, found)?;
    let fixed = template
        .constant()
        .and_then(|text| serde_json::from_str(text).ok());
    Some(fixed.map_or(Expected::Rendered(template), Expected::Fixed))
}

/// A value as in the file: templates unrendered, so that failures of one expectation have one name.
fn written(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.value.to_string(),
        Json::Number(text) => text.text.clone(),
        Json::String(text) => format!("\"{}\"", text.text),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) => {
            let member =
                |(key, item): &(Spanned<String>, Json)| format!("\"{}\": {}", key.value, written(item));
            let members: Vec<_> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}
