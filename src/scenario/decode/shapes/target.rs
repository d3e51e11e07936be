//! The target.

use super::scalars::{DURATION, FILE, POSITIVE, REDIRECTS, SIZE, TEXT, TEXTS};
use super::{Rule, Shape, Type, advice, keys, words};
use crate::scenario::model::{Connections, OnStale, Transport};

pub(crate) static TARGET: Shape = Shape {
    name: "Target",
    about: "Where the requests go, and how.",
    what: "the target",
    example: "target: { url: \"https://localhost:8443/api\" }",
    keys: &[keys! {
        /// Base URL; the paths of requests are appended to it as they stand.
        url required: Type::Such(&TEXT, &["https://localhost:8443/api", "{{ config.host }}{{ config.api_base_url }}"]),
            "host base_url base";
        /// Credentials sent with every request; never shown anywhere.
        auth: Type::Block(&AUTH);
        tls: Type::Block(&TLS), "verify insecure";
        /// Longest time a request may take. Default: 60s.
        timeout: DURATION;
        /// Connections in the API's database pool: the report then gives figures per connection.
        pool_size: POSITIVE, "pool";
        /// Who shares connections. Default: `per_user`, each its own, kept alive, as a browser has.
        connections: Type::Word(words::<Connections>), "keep_alive";
        /// What a kept-alive connection that the server closed means. Default: fail.
        on_stale: Type::Word(words::<OnStale>);
        /// Most redirects followed; false for none. Default: 10.
        redirects: REDIRECTS, "follow_redirects max_redirects";
        /// Whether each user keeps cookies. Default: true.
        cookies: Type::Boolean;
        /// Whether to ask for compressed responses. Default: false.
        compression: Type::Boolean, "gzip";
        /// Headers sent with every request.
        headers: Type::Map(&TEXTS), "hdrs";
        /// Speak HTTP/2. Default: false.
        http2: Type::Boolean;
        /// URL of a proxy. Never taken from the environment.
        proxy: TEXT;
        /// Longest response body read; a longer one is a failure. Default: 100MB.
        max_body: SIZE;
        /// Which client: `direct` shows everything (default), `reqwest` knows HTTP/2 and proxies.
        transport: Type::Word(words::<Transport>);
        /// Local addresses to connect from, taken in turn.
        source_addresses: Type::OneOrMore(&Type::String, 0);
    }],
    rule: Rule::None,
    advice: &[advice! {
        "endpoints stages data thresholds": "it stands at the top of the file, in the column of `target`";
        "basic": "write `auth: { basic: … }`";
        "bearer": "write `auth: { bearer: … }`";
        "verify insecure": "write `tls: { verify: false }`";
        "keep_alive":
            "each user keeps its connection alive; `connections: per_request` opens a new one for each request";
    }],
};

pub(crate) static AUTH: Shape = Shape {
    name: "Auth",
    about: "One kind of credentials.",
    what: "`auth`",
    example: "auth: { basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" } }",
    keys: &[keys! {
        basic: Type::Block(&BASIC);
        /// `Authorization: Bearer …`.
        bearer: TEXT, "token";
        oauth2_client_credentials: Type::Block(&OAUTH2), "oauth2 oauth";
    }],
    rule: Rule::One,
    advice: &[],
};

pub(crate) static BASIC: Shape = Shape {
    name: "Basic",
    about: "HTTP Basic, sent unasked.",
    what: "`basic`",
    example: "basic: { user: \"{{ config.user }}\", password: \"{{ config.password }}\" }",
    keys: &[keys! {
        /// The name of the user.
        user required: TEXT, "username login";
        /// Their password.
        password required: TEXT, "pass pwd";
    }],
    rule: Rule::None,
    advice: &[],
};

pub(crate) static OAUTH2: Shape = Shape {
    name: "Oauth2",
    about: "A token of an OAuth2 server, shared by all users, renewed ahead of its end.",
    what: "`oauth2_client_credentials`",
    example: "{ token_url: \"https://host/oauth2/token\", client_id: \"{{ config.client_id }}\", client_secret: \"{{ config.client_secret }}\" }",
    keys: &[keys! {
        /// Where to fetch the token.
        token_url required: TEXT, "url";
        /// Who asks for it.
        client_id required: TEXT, "id";
        /// Their secret.
        client_secret required: TEXT, "secret";
        /// Scopes, separated by spaces.
        scope: TEXT, "scopes";
    }],
    rule: Rule::None,
    advice: &[],
};

pub(crate) static TLS: Shape = Shape {
    name: "Tls",
    about: "TLS settings.",
    what: "`tls`",
    example: "tls: { verify: false }",
    keys: &[keys! {
        /// Whether the server's certificate is verified. Default: true.
        verify: Type::Boolean, "insecure";
        /// PEM file of further roots.
        ca_file: FILE, "ca cacert";
        /// PEM file of our certificate.
        client_cert: FILE, "cert";
        /// PEM file of its key.
        client_key: FILE, "key";
        /// Name to ask for and verify in place of the URL's host.
        server_name: TEXT, "sni";
    }],
    rule: Rule::Other(
        r#"{ "dependencies": { "client_cert": ["client_key"], "client_key": ["client_cert"] } }"#,
    ),
    advice: &[advice! {
        "insecure": "write `verify: false`";
    }],
};
