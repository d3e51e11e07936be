//! Reads a body once and keeps only what a plain path finds in it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::{Found, Step};

/// All that the steps find in a text, in order; `None` when it is not JSON, or only its tree can tell.
pub(super) fn finds<'a>(steps: &[Step], body: &'a [u8]) -> Option<Vec<Found<'a>>> {
    let mut found = Vec::new();
    let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(body).ok()?);
    let reader = Reader {
        steps: Some(steps),
        found: &mut found,
    };
    reader.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(found)
}

/// Reads one value, and keeps what the steps find in it. What they pass over is read like the rest, not by
/// `IgnoredAny`: that takes numbers out of range, halves of surrogate pairs and any depth for JSON, which a tree does
/// not.
struct Reader<'f, 's, 'a> {
    /// The steps still to go; `None` where they do not lead.
    steps: Option<&'s [Step]>,
    found: &'f mut Vec<Found<'a>>,
}

impl<'a> DeserializeSeed<'a> for Reader<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        if self.steps.is_some_and(<[_]>::is_empty) {
            self.found.push(json.deserialize_any(Keep)?);
            Ok(())
        } else {
            json.deserialize_any(self)
        }
    }
}

impl<'a> Visitor<'a> for Reader<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        let step = self.steps.and_then(<[_]>::split_first);
        let mut place = 0;
        loop {
            let steps = match step {
                Some((Step::Every, rest)) => Some(rest),
                Some((Step::Index(index), rest)) if *index == place => Some(rest),
                _ => None,
            };
            let found = &mut *self.found;
            if items.next_element_seed(Reader { steps, found })?.is_none() {
                return Ok(());
            }
            place += 1;
        }
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let (name, rest) = match self.steps.and_then(<[_]>::split_first) {
            Some((Step::Name(name), rest)) => (Some(name.as_str()), Some(rest)),
            // Which members there are is known only with all names at hand: of two with one name, the last counts.
            Some((Step::Every, _)) => return Err(A::Error::custom("left to the tree")),
            _ => (None, None),
        };
        let before = self.found.len();
        while let Some(named) = members.next_key_seed(Named(name))? {
            if named {
                // A member of the same name that came earlier does not count.
                self.found.truncate(before);
            }
            let steps = rest.filter(|_| named);
            let found = &mut *self.found;
            members.next_value_seed(Reader { steps, found })?;
        }
        Ok(())
    }
}

/// Reads a member's name, and tells whether it is this one.
struct Named<'s>(Option<&'s str>);

impl<'a> DeserializeSeed<'a> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, name: D) -> Result<bool, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Named<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        // `serde_json` gives names of its own a meaning when it makes a tree.
        if name.starts_with("$serde_json::") {
            return Err(E::custom("left to the tree"));
        }
        Ok(self.0 == Some(name))
    }
}

/// Reads a value to keep.
struct Keep;

fn other<'a>(json: impl Into<Json>) -> Found<'a> {
    Found::Json(Cow::Owned(json.into()))
}

impl<'a> Visitor<'a> for Keep {
    type Value = Found<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Found<'a>, E> {
        Ok(other(()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Found<'a>, E> {
        Ok(other(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Found<'a>, E> {
        Ok(other(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Found<'a>, E> {
        Ok(other(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Found<'a>, E> {
        Ok(other(value))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Found<'a>, E> {
        Ok(Found::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Found<'a>, E> {
        Ok(Found::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, items: A) -> Result<Found<'a>, A::Error> {
        Json::deserialize(SeqAccessDeserializer::new(items)).map(other)
    }

    fn visit_map<A: MapAccess<'a>>(self, members: A) -> Result<Found<'a>, A::Error> {
        Json::deserialize(MapAccessDeserializer::new(members)).map(other)
    }
}
