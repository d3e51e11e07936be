//! `JSONPath`s (RFC 9535) and regular expressions, with words for their mistakes.

use regex::Regex;

use super::JsonPath;
use crate::plan::problem::{Problem, nesting};

/// Brackets and parentheses in each other, at most: the parser descends once for each, and tries some more than once.
const DEEPEST: usize = 10;

/// Reads a `JSONPath`.
pub fn json_path(text: &str) -> Result<JsonPath, Problem> {
    if nesting(text) > DEEPEST {
        let message = format!("a JSONPath is nested {DEEPEST} brackets deep at most");
        return Err(Problem::new(0..text.len(), message));
    }
    let error = match JsonPath::parse(text) {
        Ok(path) => return Ok(path),
        Err(error) => error,
    };
    if !text.starts_with('$') {
        let rest = text.trim_start_matches(['.', '/']).replace('/', ".");
        let join = if rest.starts_with('[') || rest.is_empty() {
            ""
        } else {
            "."
        };
        let suggestion = format!("${join}{rest}");
        let problem = Problem::new(0..text.len(), "a JSONPath begins with `$`");
        return Err(match JsonPath::parse(&suggestion) {
            Ok(_) => problem.help(format!("write `{suggestion}`")),
            Err(_) => problem.help("write for example `$.data[0].id`"),
        });
    }
    // The parser's position is near the part it could not read; that part begins at a dot or bracket.
    let begins = text
        .match_indices(['.', '['])
        .map(|(at, _)| at)
        .take_while(|&at| at < error.position());
    let start = begins.last().unwrap_or(0);
    let rest = &text[start..];
    let problem = Problem::new(start..text.len(), "this is not a JSONPath (RFC 9535)");
    let member = rest
        .trim_start_matches('.')
        .split(['.', '['])
        .next()
        .unwrap_or_default();
    Err(if member.contains('-') && !member.contains(['\'', '"', '?']) {
        problem.help(format!("a name with `-` in it is written `['{member}']`"))
    } else if rest.ends_with('.') {
        problem.help("a path does not end in a dot")
    } else if rest.contains('=') && !rest.contains("==") {
        problem.help("a filter compares with `==`: `$.data[?@.status == 'open']`")
    } else {
        problem.help("write for example `$.data[*].id`, `$['odd-name']` or `$.data[?@.open == true].id`")
    })
}

/// Reads a regular expression.
pub fn regex(text: &str) -> Result<Regex, Problem> {
    Regex::new(text).map_err(|error| match error {
        regex::Error::Syntax(message) => {
            // The last line names the mistake; those above draw it.
            let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let problem = Problem::new(0..text.len(), format!("this is not a regular expression: {reason}"));
            if message.contains("look-around") || message.contains("backreferences") {
                problem.help("look-around and backreferences are not supported; a group `( )` takes the part that is wanted")
            } else {
                problem
            }
        }
        _ => Problem::new(0..text.len(), "this regular expression is too large"),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_a_path_come_with_the_way_to_write_it() {
        for (text, help) in [
            ("data[*].id", "write `$.data[*].id`"),
            (".data.id", "write `$.data.id`"),
            ("/data/id", "write `$.data.id`"),
            ("[0]", "write `$[0]`"),
            ("", "write `$`"),
            (
                "$.first-name",
                "a name with `-` in it is written `['first-name']`",
            ),
            ("$.data.", "a path does not end in a dot"),
            (
                "$.a[?@.b = 1]",
                "a filter compares with `==`: `$.data[?@.status == 'open']`",
            ),
            (
                "$[",
                "write for example `$.data[*].id`, `$['odd-name']` or `$.data[?@.open == true].id`",
            ),
            ("ä.ö ü", "write for example `$.data[0].id`"),
        ] {
            let problem = json_path(text).unwrap_err();
            assert_eq!(problem.help.as_deref(), Some(help), "{text}");
            assert!(text.get(problem.range).is_some(), "{text}");
        }
    }

    #[test]
    fn mistakes_in_a_regular_expression_are_one_line() {
        assert_eq!(
            regex("[0-9").unwrap_err().message,
            "this is not a regular expression: unclosed character class"
        );
        assert!(regex("(?=a)").unwrap_err().help.is_some());
        assert!(regex("^[0-9]{9}").is_ok());
    }

    #[test]
    fn deep_nesting_is_refused_and_does_no_harm() {
        for text in ["$[?", "$[?@[", "$["].map(|start| format!("{start}{}", "(".repeat(20_000))) {
            assert!(json_path(&text).is_err());
        }
        assert!(json_path(&format!("$[?{}@.a{}]", "!(".repeat(20_000), ")".repeat(20_000))).is_err());
        assert!(json_path(&format!("$[?{}@.a]", "!".repeat(20_000))).is_err());
        assert!(json_path(&format!("$[?{}@.a", "(".repeat(DEEPEST - 1))).is_err());
        assert!(json_path(&format!("$[?{}0]", "length(".repeat(DEEPEST - 1))).is_err());
        assert!(regex(&"(".repeat(20_000)).is_err());
        let deep = format!(
            "$[?{}@.a == 1{}]",
            "(".repeat(DEEPEST - 1),
            ")".repeat(DEEPEST - 1)
        );
        assert!(json_path(&deep).is_ok());
        assert!(json_path("$[?@.a[0] == 'x' && (@.b != 2 || !(@.c))].d['e'][1:2]").is_ok());
    }
}
