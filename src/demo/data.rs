//! What the modelled API knows: the students of 20 terms, and the JSON:API documents that tell of them. The same at every
//! start, whatever the seed.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Serialize;

use super::RESOURCE_PATH;

/// Terms: `20YY0T` for YY in 15..=19 and T in 0..=3.
const TERMS: usize = 20;
/// Students of the smallest and of the largest term: listings of 16 to 72 kB.
const SMALLEST: usize = 46;
const LARGEST: usize = 194;
/// Each term begins so many students after the one before: they come and go, and the longest stay is 19 terms.
const NEW_PER_TERM: usize = 3;
const STUDENTS: usize = NEW_PER_TERM * (TERMS - 1) + LARGEST;

const LAST_NAMES: [&str; 16] = [
    "Anderson",
    "Bartholomew",
    "Castillo-Reyes",
    "Dominguez",
    "Eriksen-Hall",
    "Fitzgerald",
    "Gallagher-Stone",
    "Hernandez",
    "Ishikawa-Moore",
    "Johannesson",
    "Kowalczykowski",
    "Lindqvist",
    "Montgomery-Price",
    "Nakamura-Lee",
    "Okonkwo-Adeyemi",
    "Papadopoulos",
];
const FIRST_NAMES: [&str; 16] = [
    "Alexandra",
    "Benjamin",
    "Christopher",
    "Dominic",
    "Evangeline",
    "Frederick",
    "Gabriella",
    "Harrison",
    "Isabella",
    "Jonathan",
    "Katherine",
    "Leonardo",
    "Margaret",
    "Nathaniel",
    "Octavia",
    "Penelope",
];

/// One student in one term, as a JSON:API resource.
#[derive(Serialize)]
struct Resource {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    links: Links,
    attributes: Attributes,
}

#[derive(Serialize)]
struct Links {
    #[serde(rename = "self")]
    itself: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    term: String,
    student_osu_id: String,
    student_last_name: &'static str,
    student_first_name: &'static str,
    student_middle_name: &'static str,
    employee_osu_id: String,
    employee_last_name: &'static str,
    employee_first_name: &'static str,
}

#[derive(Serialize)]
struct Errors<'a> {
    errors: [ErrorObject<'a>; 1],
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    status: &'a str,
    title: &'a str,
    detail: &'a str,
}

/// Everything that can be asked for, as documents ready to send (about 3 MB).
pub struct Data {
    listings: HashMap<String, (usize, Bytes)>,
    students: HashMap<String, Bytes>,
    /// Resources by id, without the document around them.
    resources: HashMap<String, String>,
}

impl Data {
    /// Makes all data; takes some milliseconds.
    pub fn new() -> Self {
        let mut listings = HashMap::with_capacity(TERMS);
        let mut of_student = vec![Vec::new(); STUDENTS];
        let mut resources = HashMap::new();
        for (index, term) in (0..TERMS).map(|index| (index, term_name(index))) {
            let mut of_term = Vec::new();
            for student in students_of(index) {
                let (id, text) = resource(student, &term);
                of_term.push(text.clone());
                of_student[student].push(text.clone());
                resources.insert(id, text);
            }
            listings.insert(term, (index, listing(&of_term)));
        }
        let students = of_student.iter().enumerate();
        Self {
            listings,
            students: students
                .map(|(student, texts)| (osu_id(student), listing(texts)))
                .collect(),
            resources,
        }
    }

    /// The document with all students of a term (none if the term is unknown), and the index of a known term.
    pub fn by_term(&self, term: &str) -> (Option<usize>, Bytes) {
        match self.listings.get(term) {
            Some((index, document)) => (Some(*index), document.clone()),
            None => (None, listing(&[])),
        }
    }

    /// The document with all terms of a student, or with the given one only; none if the student is unknown.
    pub fn by_osu_id(&self, osu_id: &str, term: Option<&str>) -> Bytes {
        match term {
            None => match self.students.get(osu_id) {
                Some(document) => document.clone(),
                None => listing(&[]),
            },
            Some(term) => match self.resources.get(&format!("{osu_id}-{term}")) {
                Some(text) => listing(std::slice::from_ref(text)),
                None => listing(&[]),
            },
        }
    }

    /// The document with the one resource of this id (`<osu id>-<term>`).
    pub fn by_id(&self, id: &str) -> Option<Bytes> {
        let text = self.resources.get(id)?;
        Some(Bytes::from(format!("{{\"data\":{text}}}")))
    }
}

impl Default for Data {
    fn default() -> Self {
        Self::new()
    }
}

/// The document of an error.
pub fn error(status: u16, title: &str, detail: &str) -> Bytes {
    let status = status.to_string();
    json(&Errors {
        errors: [ErrorObject {
            status: &status,
            title,
            detail,
        }],
    })
    .into()
}

/// `201500` to `201903`.
fn term_name(index: usize) -> String {
    format!("20{}0{}", 15 + index / 4, index % 4)
}

/// A step of 7 visits all sizes once, and puts no two neighbouring sizes side by side.
fn students_of(term: usize) -> std::ops::Range<usize> {
    let rank = term * 7 % TERMS;
    let count = SMALLEST + (LARGEST - SMALLEST) * rank / (TERMS - 1);
    let first = term * NEW_PER_TERM;
    first..first + count
}

/// Nine digits; 931234567 is in term 201701. The step shares no factor with 10⁷, so no two students have one id.
fn osu_id(student: usize) -> String {
    let place = (student + STUDENTS - 95) % STUDENTS;
    format!("93{:07}", (1_234_567 + place * 26_183) % 10_000_000)
}

fn resource(student: usize, term: &str) -> (String, String) {
    let student_osu_id = osu_id(student);
    let id = format!("{student_osu_id}-{term}");
    let last_name = LAST_NAMES[student * 5 % 16];
    let resource = Resource {
        kind: "staffFeePrivileges",
        links: Links {
            itself: format!("{RESOURCE_PATH}/{id}"),
        },
        attributes: Attributes {
            term: term.to_owned(),
            student_osu_id,
            student_last_name: last_name,
            student_first_name: FIRST_NAMES[student * 3 % 16],
            student_middle_name: FIRST_NAMES[(student / 16 + 7 * student + 1) % 16],
            employee_osu_id: format!("93{:07}", (7_654_321 + student * 31_337) % 10_000_000),
            employee_last_name: last_name,
            employee_first_name: FIRST_NAMES[(student / 16 + 9 * student + 5) % 16],
        },
        id: id.clone(),
    };
    (id, json(&resource))
}

fn listing(resources: &[String]) -> Bytes {
    Bytes::from(format!("{{\"data\":[{}]}}", resources.join(",")))
}

/// Structs of strings always have a JSON form; were there none, an empty text would show it.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn parsed(document: &Bytes) -> serde_json::Value {
        serde_json::from_slice(document).unwrap()
    }

    #[test]
    fn listings_have_the_sizes_of_the_original() {
        let data = Data::new();
        let sizes: Vec<usize> = (0..TERMS)
            .map(|term| data.by_term(&term_name(term)).1.len())
            .collect();
        let (least, most) = (*sizes.iter().min().unwrap(), *sizes.iter().max().unwrap());
        assert!((16_000..17_500).contains(&least), "{least}");
        assert!((68_000..=72_000).contains(&most), "{most}");

        let students: Vec<usize> = data.students.values().map(Bytes::len).collect();
        let most = *students.iter().max().unwrap();
        assert!((6_000..=7_168).contains(&most), "{most}");

        let resources: Vec<usize> = data
            .resources
            .keys()
            .map(|id| data.by_id(id).unwrap().len())
            .collect();
        let mean = resources.iter().sum::<usize>() / resources.len();
        assert!((364..=384).contains(&mean), "{mean}");
    }

    #[test]
    fn a_resource_is_found_by_term_by_student_and_by_id() {
        let data = Data::new();
        let one = &parsed(&data.by_id("931234567-201701").unwrap())["data"];
        assert_eq!(one["id"], "931234567-201701");
        assert_eq!(one["type"], "staffFeePrivileges");
        assert_eq!(one["attributes"]["studentOsuId"], "931234567");
        let (index, of_term) = data.by_term("201701");
        assert_eq!(index, Some(9));
        assert!(parsed(&of_term)["data"].as_array().unwrap().contains(one));
        let of_student = parsed(&data.by_osu_id("931234567", None));
        assert!(of_student["data"].as_array().unwrap().contains(one));
        let both = parsed(&data.by_osu_id("931234567", Some("201701")));
        assert_eq!(both["data"], serde_json::json!([one]));
    }

    #[test]
    fn what_is_unknown_is_empty() {
        let data = Data::new();
        assert_eq!(data.by_term("209900"), (None, Bytes::from("{\"data\":[]}")));
        assert_eq!(data.by_osu_id("1", None), "{\"data\":[]}");
        assert_eq!(data.by_osu_id("931234567", Some("209900")), "{\"data\":[]}");
        assert_eq!(data.by_id("931234567-209900"), None);
    }

    #[test]
    fn no_two_students_share_an_id() {
        assert_eq!(Data::new().students.len(), STUDENTS);
    }
}
