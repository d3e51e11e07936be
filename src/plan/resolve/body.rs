//! What a request sends.

use std::path::Path;

use bytes::Bytes;

use super::Resolver;
use super::problems::{at, in_whole};
use super::request::pairs;
use crate::plan::template::{Escape, JsonTemplate, Scope, Template};
use crate::plan::{BodyPlan, Part, PartContent};
use crate::scenario::diagnostics::Diagnostics;
use crate::scenario::model::{self, Body, Json};
use crate::scenario::span::{Spanned, Text};

/// Between the parts of a multipart body. Fixed, so that the same seed sends the same bytes; long enough to occur in no
/// content by chance.
const BOUNDARY: &str = "----runner-7f3d9a1c5e8b2046";

impl Resolver<'_> {
    /// The body, and the content type it has unless the request says another.
    pub(super) fn body(
        &mut self,
        body: Option<&Spanned<Body>>,
        scope: &Scope,
    ) -> Option<(BodyPlan, Option<String>)> {
        let Some(body) = body else {
            return Some((BodyPlan::None, None));
        };
        Some(match &body.value {
            Body::Json(json) => {
                let template = json_template(json, scope, &mut self.found)?;
                let plan = match template.constant() {
                    Some(text) => BodyPlan::Fixed(Bytes::copy_from_slice(text.as_bytes())),
                    None => BodyPlan::Json(template),
                };
                (plan, Some("application/json".to_owned()))
            }
            Body::Form(fields) => {
                let fields = pairs(fields, scope, Escape::Form, &mut self.found)?;
                let mut form = Template::default();
                for (place, (key, value)) in fields.into_iter().enumerate() {
                    let separator = if place == 0 { "" } else { "&" };
                    form = form
                        .then(Template::literal(&format!("{separator}{key}=")))
                        .then(value);
                }
                (
                    text_body(form),
                    Some("application/x-www-form-urlencoded".to_owned()),
                )
            }
            Body::Text(text) => {
                let template = self.plain(text, scope)?;
                (text_body(template), Some("text/plain; charset=utf-8".to_owned()))
            }
            Body::File(name) => {
                let content = self.input.file(&name.value)?;
                (
                    BodyPlan::Fixed(Bytes::copy_from_slice(content)),
                    Some("application/octet-stream".to_owned()),
                )
            }
            Body::Multipart(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.part(part, scope)).collect();
                let plan = BodyPlan::Multipart {
                    parts: parts.into_iter().collect::<Option<_>>()?,
                    boundary: BOUNDARY.to_owned(),
                };
                (plan, Some(format!("multipart/form-data; boundary={BOUNDARY}")))
            }
        })
    }

    fn part(&mut self, part: &model::Part, scope: &Scope) -> Option<Part> {
        let content_type = part.content_type.as_ref().map(|text| text.text.clone());
        let (content, file_name) = match &part.content {
            model::PartContent::Text(text) => (PartContent::Text(self.plain(text, scope)?), None),
            model::PartContent::File(name) => {
                let content = Bytes::copy_from_slice(self.input.file(&name.value)?);
                let file_name = Path::new(&name.value)
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned());
                (PartContent::Fixed(content), file_name)
            }
        };
        Some(Part {
            name: part.name.value.clone(),
            file_name: part.filename.as_ref().map(|text| text.text.clone()).or(file_name),
            content_type,
            content,
        })
    }

    fn plain(&mut self, text: &Text, scope: &Scope) -> Option<Template> {
        let template = Template::compile(&text.text, scope, Escape::None);
        self.found.keep(template.map_err(|problem| at(text, problem)))
    }
}

/// A text that is the same each time, and no secret, is kept as bytes.
fn text_body(template: Template) -> BodyPlan {
    match template.constant() {
        Some(text) if !template.is_secret() => BodyPlan::Fixed(Bytes::copy_from_slice(text.as_bytes())),
        _ => BodyPlan::Text(template),
    }
}

/// A JSON document with templates in its strings.
pub(super) fn json_template(json: &Json, scope: &Scope, found: &mut Diagnostics) -> Option<JsonTemplate> {
    let mut template = JsonTemplate::default();
    let before = found.errors();
    add(json, &mut template, scope, found);
    (found.errors() == before).then_some(template)
}

fn add(json: &Json, template: &mut JsonTemplate, scope: &Scope, found: &mut Diagnostics) {
    match json {
        Json::Null => template.raw("null"),
        Json::Bool(value) => template.raw(if value.value { "true" } else { "false" }),
        Json::Number(text) => template.raw(&text.text),
        Json::String(text) => {
            found.keep(
                template
                    .string(&text.text, scope)
                    .map_err(|problem| at(text, problem)),
            );
        }
        Json::Array(items) => {
            template.raw("[");
            for (place, item) in items.iter().enumerate() {
                template.raw(if place == 0 { "" } else { "," });
                add(item, template, scope, found);
            }
            template.raw("]");
        }
        Json::Object(members) => {
            template.raw("{");
            for (place, (key, item)) in members.iter().enumerate() {
                template.raw(if place == 0 { "" } else { "," });
                found.keep(
                    template
                        .key(&key.value, scope)
                        .map_err(|problem| in_whole(key, problem)),
                );
                template.raw(":");
                add(item, template, scope, found);
            }
            template.raw("}");
        }
    }
}
