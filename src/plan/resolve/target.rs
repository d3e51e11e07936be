//! The API under test: where it is, how it is reached, who is calling.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use url::Url;

use super::Resolver;
use super::names::{Constant, constant};
use super::problems::if_written;
use super::request;
use crate::plan::target::{
    ClientCertificate, Connections, OnStale, Origin, TlsOptions, TransportKind, TransportOptions,
};
use crate::plan::template::Template;
use crate::plan::{Auth, ClientCredentials, SessionRules};
use crate::scenario::diagnostics::Diagnostic;
use crate::scenario::model::{self, Tls};
use crate::scenario::span::{Spanned, Text};

const TIMEOUT: Duration = Duration::from_secs(60);
const REDIRECTS: u64 = 10;
const MAX_BODY: u64 = 100_000_000;

/// What every request needs to know of the target.
pub(super) struct Target {
    pub(super) home: Arc<Origin>,
    /// The path that request paths are appended to; empty or beginning with `/`.
    pub(super) base: String,
    /// The same with masks.
    pub(super) base_shown: String,
    /// The whole URL, without credentials, with masks.
    pub(super) shown: String,
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) timeout: Duration,
    auth: Auth,
}

impl Target {
    /// In place of a target that has an error, so that the requests can still be looked at. Ends in a slash, so that no path
    /// is refused for how it is appended.
    pub(super) fn stand_in() -> Self {
        Self {
            home: Arc::new(Origin {
                tls: true,
                host: "target.invalid".to_owned(),
                port: 443,
                authority: "target.invalid".to_owned(),
            }),
            base: "/".to_owned(),
            base_shown: "/".to_owned(),
            shown: String::new(),
            headers: Vec::new(),
            timeout: TIMEOUT,
            auth: Auth::None,
        }
    }

    pub(super) fn session(self, target: &model::Target) -> SessionRules {
        SessionRules {
            auth: self.auth,
            home: self.home,
            redirects: target.redirects.map_or(REDIRECTS, |most| most.value).min(255) as u8,
            cookies: target.cookies.is_none_or(|cookies| cookies.value),
            compression: target.compression.is_some_and(|compression| compression.value),
            max_body: target.max_body.map_or(MAX_BODY, |most| most.value),
        }
    }
}

impl Resolver<'_> {
    pub(super) fn target(&mut self) -> Option<Target> {
        let written = &self.input.scenario.target;
        let url = self.target_url(&written.url);
        let mut scope = self.names.iteration(&std::collections::BTreeSet::new());
        for reason in scope.elsewhere.values_mut() {
            "these headers go with every request, also with the one that captures it: give this one to the endpoints that need it"
                .clone_into(reason);
        }
        let headers = request::headers(&written.headers, &scope, &mut self.found);
        let auth = match &written.auth {
            Some(auth) => self.auth(auth, url.as_ref().map(|place| &place.url)),
            None => Some(Auth::None),
        };
        let (place, mut headers, mut auth) = (url?, headers?, auth?);
        if let Some(pair) = written
            .headers
            .iter()
            .find(|pair| pair.key.value.eq_ignore_ascii_case("authorization"))
            && let Some(other) = &written.auth
        {
            let message = "credentials are given twice: by `auth` and by a header";
            self.found.push(
                Diagnostic::error(pair.key.span, message)
                    .also(other.span, "here too")
                    .help("leave one out"),
            );
        }
        if let (Auth::None, Some(header)) = (&auth, place.credentials) {
            auth = Auth::Header(header);
        }
        for (name, value) in [
            (header::USER_AGENT, concat!("runner/", env!("CARGO_PKG_VERSION"))),
            (header::ACCEPT, "*/*"),
        ] {
            if !request::has(&headers, &name) {
                headers.push((name, Template::literal(value)));
            }
        }
        Some(Target {
            home: Arc::new(place.origin),
            base: place.base,
            base_shown: place.base_shown,
            shown: place.shown,
            headers,
            timeout: written.timeout.map_or(TIMEOUT, |timeout| timeout.value),
            auth,
        })
    }

    fn target_url(&mut self, text: &Text) -> Option<Place> {
        let written = constant(text, &self.names, &mut self.found)?;
        let place = Place::new(&written, self.overrides.host.as_deref());
        self.found.keep(place.map_err(|message| {
            let example = "write for example `https://localhost:8443/api/v1`";
            let help = if written.value.contains("://") {
                None
            } else {
                Some(example.to_owned())
            };
            // What is secret by its use in `auth` is known of a whole scenario only.
            let shows = text.text.contains("{{") && !written.secret && self.input.partial.is_none();
            let note = shows.then(|| format!("it comes to `{}`", written.shown));
            let diagnostic = Diagnostic::error(text.span, message).help_if(help);
            match note {
                Some(note) => diagnostic.note(note),
                None => diagnostic,
            }
        }))
    }

    fn auth(&mut self, auth: &Spanned<model::Auth>, target: Option<&Url>) -> Option<Auth> {
        Some(match &auth.value {
            model::Auth::Basic { user, password } => {
                let (name, secret) = (self.constant(user), self.constant(password));
                let (name, secret) = (name?, secret?);
                if name.value.contains(':') {
                    let message = "the user name of HTTP Basic cannot hold a colon (RFC 7617)";
                    self.found.push(Diagnostic::error(user.span, message));
                }
                Auth::Header(basic(&name.value, &secret.value)?)
            }
            model::Auth::Bearer(token) => {
                let value = format!("Bearer {}", self.constant(token)?.value);
                let header = HeaderValue::from_str(&value).map_err(|_| {
                    Diagnostic::error(token.span, "this token has characters that a header cannot carry")
                });
                let mut header = self.found.keep(header)?;
                header.set_sensitive(true);
                Auth::Header(header)
            }
            model::Auth::Oauth2ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scope,
            } => {
                let id = self.constant(client_id);
                let secret = self.constant(client_secret);
                let scope = scope.as_ref().map(|scope| self.constant(scope));
                let url = self.constant(token_url)?;
                let parsed = match (Url::parse(&url.value), target) {
                    (Ok(url), _) => Ok(url),
                    (Err(url::ParseError::RelativeUrlWithoutBase), None) => return None,
                    (Err(url::ParseError::RelativeUrlWithoutBase), Some(target)) => target.join(&url.value),
                    (Err(error), _) => Err(error),
                };
                let problem =
                    |error| Diagnostic::error(token_url.span, format!("this is not a URL: {error}"));
                Auth::ClientCredentials(ClientCredentials {
                    token_url: self.found.keep(parsed.map_err(problem))?,
                    client_id: id?.value,
                    client_secret: secret?.value,
                    scope: if_written(scope)?.map(|scope| scope.value),
                })
            }
        })
    }

    pub(super) fn constant(&mut self, text: &Text) -> Option<Constant> {
        constant(text, &self.names, &mut self.found)
    }

    pub(super) fn transport(&mut self) -> Option<TransportOptions> {
        let target = &self.input.scenario.target;
        let http2 = target.http2.filter(|http2| http2.value);
        let kind = match target.transport {
            Some(written) => written.value,
            None if http2.is_some() || target.proxy.is_some() => TransportKind::Reqwest,
            None => TransportKind::Direct,
        };
        let proxy = target.proxy.as_ref().map(|proxy| {
            let url = self.constant(proxy)?.value;
            let problem = |error: String| {
                Diagnostic::error(proxy.span, format!("this is not the URL of a proxy: {error}"))
                    .help("write for example `http://proxy.example:3128`")
            };
            // `proxy:3128` parses as a URL of the scheme `proxy`.
            let checked = if url.contains("://") {
                Url::parse(&url).map(drop).map_err(|error| error.to_string())
            } else {
                Err("`http://` or `https://` is missing".to_owned())
            };
            self.found.keep(checked.map_err(problem))?;
            Some(url)
        });
        let tls = self.tls(&target.tls);
        Some(TransportOptions {
            kind,
            connections: target
                .connections
                .map_or(Connections::PerUser, |written| written.value),
            on_stale: target.on_stale.map_or(OnStale::Fail, |written| written.value),
            tls: tls?,
            source_addresses: target
                .source_addresses
                .iter()
                .map(|address| address.value)
                .collect(),
            http2: http2.is_some(),
            proxy: if_written(proxy)?,
        })
    }

    fn tls(&mut self, tls: &Tls) -> Option<TlsOptions> {
        let client = match (&tls.client_cert, &tls.client_key) {
            (Some(chain), Some(key)) => Some(ClientCertificate {
                chain: self.input.file(&chain.value)?.to_vec(),
                key: self.input.file(&key.value)?.to_vec(),
                file: chain.value.clone().into(),
            }),
            // One without the other was refused when the scenario was read.
            _ => None,
        };
        let input = self.input;
        let ca = tls.ca_file.as_ref().map(|file| input.file(&file.value));
        let server_name = tls.server_name.as_ref().map(|name| self.constant(name));
        Some(TlsOptions {
            // The modelled API signs its own certificate.
            verify: !self.overrides.demo && tls.verify.is_none_or(|verify| verify.value),
            ca: if_written(ca)?.map(<[u8]>::to_vec),
            client,
            server_name: if_written(server_name)?.map(|name| name.value),
        })
    }
}

/// The target's URL, taken apart.
struct Place {
    url: Url,
    origin: Origin,
    base: String,
    base_shown: String,
    shown: String,
    credentials: Option<HeaderValue>,
}

impl Place {
    /// Takes a URL apart; `host` replaces its origin.
    fn new(written: &Constant, host: Option<&str>) -> Result<Self, String> {
        let mut url = parsed(&written.value)?;
        if url.query().is_some() || written.value.contains('?') {
            return Err("the target's URL ends before the `?`: parameters belong to the requests".to_owned());
        }
        if url.fragment().is_some() {
            return Err("what follows `#` is never sent to a server".to_owned());
        }
        // The path as written: `Url` would give `/` for none, to which `/users` could not be appended.
        let (mut base, mut base_shown) = (path_of(&written.value), path_of(&written.shown));
        if let Some(host) = host {
            let other = parsed(host)?;
            let above = path_of(host);
            let above = above.trim_end_matches('/');
            let same =
                url.host() == other.host() && url.port_or_known_default() == other.port_or_known_default();
            if !(same && base.starts_with(above)) {
                base = format!("{above}{base}");
                base_shown = format!("{above}{base_shown}");
            }
            url = other;
        }
        let origin = Origin::of(&url).ok_or("this URL has no host")?;
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => {
                let decode = |text: &str| {
                    percent_encoding::percent_decode_str(text)
                        .decode_utf8_lossy()
                        .into_owned()
                };
                basic(&decode(user), &decode(password.unwrap_or_default()))
            }
        };
        Ok(Self {
            shown: format!("{origin}{base_shown}"),
            url,
            origin,
            base,
            base_shown,
            credentials,
        })
    }
}

fn parsed(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::RelativeUrlWithoutBase => {
            "this is not a URL: `https://` or `http://` is missing".to_owned()
        }
        other => format!("this is not a URL: {other}"),
    })?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        // `localhost:8080` parses as a URL of the scheme `localhost`.
        other if !text.contains("://") => Err(format!("`https://` or `http://` is missing before `{other}`")),
        other => Err(format!("`{other}` is neither `https` nor `http`")),
    }
}

fn path_of(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at + 3);
    let path = url[host..].find('/').map_or("", |at| &url[host + at..]);
    let mut legal = String::new();
    crate::plan::template::Escape::Path.literal(path, &mut legal);
    legal
}

/// HTTP Basic (RFC 7617), in UTF-8.
fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    let mut header = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}
