//! What several tests need.

pub(crate) mod certificates;
pub(crate) mod model;
pub(crate) mod script;
pub(crate) mod server;

use std::path::Path;
use std::sync::Arc;

use http::{StatusCode, Version};
use runner::engine::transport::{Connection, Exchange, Headers, Response, Timing};
use runner::plan::Plan;
use runner::plan::resolve::{Overrides, resolve};
use runner::scenario::{ConfigSources, Diagnostics, Style, load};
use tokio::time::Instant;

/// What a transport tells of a response that has just come, over a connection that was kept alive.
pub(crate) fn answered(status: StatusCode, body: impl Into<Vec<u8>>) -> Exchange {
    let (now, body) = (Instant::now(), body.into());
    Exchange {
        timing: Timing {
            dns: None,
            connect: None,
            tls: None,
            first_byte: Some(now),
            done: now,
        },
        connection: Some(Connection::Reused),
        resent: 0,
        bytes_sent: 100,
        bytes_received: body.len() as u64,
        outcome: Ok(Response {
            status,
            version: Version::HTTP_11,
            headers: Headers::default(),
            body_length: body.len() as u64,
            body,
        }),
    }
}

/// The plan of a scenario's text; a fault of it ends the test with its message.
pub(crate) fn plan_of(yaml: &str) -> Arc<Plan> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("test.yaml");
    std::fs::write(&path, yaml).expect("written");
    plan_at(
        &path,
        &ConfigSources::default(),
        &Overrides {
            random_seed: 1,
            ..Overrides::default()
        },
    )
}

/// The plan of one of the project's scenarios, against a host that does not exist.
pub(crate) fn plan_of_file(path: &str, seed: u64) -> Arc<Plan> {
    let set = [
        "host=https://api.test",
        "api_base_url=/v1/staff-fee-privilege",
        "user=u",
        "password=p",
    ];
    let sources = ConfigSources {
        set: set.map(str::to_owned).to_vec(),
        ..ConfigSources::default()
    };
    let overrides = Overrides {
        seed: Some(seed),
        ..Overrides::default()
    };
    plan_at(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(path),
        &sources,
        &overrides,
    )
}

fn plan_at(path: &Path, sources: &ConfigSources, overrides: &Overrides) -> Arc<Plan> {
    let loaded = load(path, sources).unwrap_or_else(|error| panic!("{error}"));
    let told = |found: Diagnostics| found.render(&loaded.sources, Style::Plain);
    let (plan, _) = resolve(&loaded, overrides).unwrap_or_else(|found| panic!("{}", told(found)));
    Arc::new(plan)
}

/// The `*.yaml` files of a folder, sorted.
pub(crate) fn yaml_files(folder: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("tests run in the root of the repository");
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}
