//! `scenarios/shop.yaml` against a small shop: JSON bodies, a journey with a session, a CSV file, arrivals at a rate.

use std::collections::HashSet;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::server::{Received, Server};

/// What the shop remembers.
#[derive(Default)]
struct Shop {
    sessions: HashSet<String>,
    customers: HashSet<String>,
    in_carts: u32,
    orders: u32,
    refused: Vec<String>,
}

impl Shop {
    fn answer(&mut self, request: &Received) -> (u16, String, Value) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let line = request.line().to_owned();
        let signed_in = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "))
            .is_some_and(|token| self.sessions.contains(token));
        let nothing = String::new();
        match line.rsplit_once(' ').map_or("", |(what, _)| what) {
            what if what.starts_with("GET /shop/products?q=") && what.ends_with("&limit=20") => {
                (200, nothing, json!({ "products": [] }))
            }
            "POST /shop/reviews" if body["product"].is_u64() && body["text"].is_string() => {
                (201, nothing, json!({}))
            }
            "POST /shop/sessions" if body["email"].as_str().is_some_and(|email| email.contains('@')) => {
                self.customers.insert(body["email"].to_string());
                let token = format!("t{}", self.sessions.len());
                self.sessions.insert(token.clone());
                (201, nothing, json!({ "token": token }))
            }
            "POST /shop/cart" if signed_in && body["product"].is_u64() => {
                self.in_carts += 1;
                (201, nothing, json!({ "product": body["product"] }))
            }
            "POST /shop/orders" if signed_in && request.body == b"payment=invoice" => {
                self.orders += 1;
                (201, format!("location: /orders/{}\r\n", self.orders), json!({}))
            }
            _ => {
                self.refused.push(format!("{line} {body}"));
                (400, nothing, json!({}))
            }
        }
    }
}

#[test]
fn the_shop_scenario_runs_against_a_shop_of_ones_own() {
    let shop = Arc::new(Mutex::new(Shop::default()));
    let state = Arc::clone(&shop);
    let server = Server::plain(move |peer| {
        while let Some(request) = peer.request() {
            let (status, headers, body) = state.lock().unwrap().answer(&request);
            let body = body.to_string();
            peer.say(format!(
                "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
                body.len()
            ));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .args([
            "scenarios/shop.yaml",
            "--ramp",
            "1s",
            "--hold",
            "3s",
            "--seed",
            "5",
            "--out",
        ])
        .arg(&out)
        .arg("--host")
        .arg(format!("http://127.0.0.1:{}", server.port))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let shop = shop.lock().unwrap();
    assert!(shop.refused.is_empty(), "{:?}", shop.refused);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{told}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let run: Value = serde_json::from_slice(&std::fs::read(out.join("run.json")).unwrap()).unwrap();
    let endpoint = run["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .find(|endpoint| endpoint["name"] == "buy")
        .unwrap();
    let bought = endpoint["iterations"].as_u64().unwrap();
    assert!(bought > 5, "{bought}");
    // A journey that the end of the run cut off may have left things in a cart.
    assert_eq!(u64::from(shop.orders), bought);
    assert!(shop.in_carts >= 2 * shop.orders);
    // `shuffle` takes each customer of the file once before any comes again.
    let customers = std::fs::read_to_string("scenarios/shop/customers.csv")
        .unwrap()
        .lines()
        .count()
        - 1;
    assert_eq!(shop.customers.len(), customers.min(bought as usize));
    // Arrivals come at the rate that the stages say: 2.5 + 15 + 12.5 + 60, Poisson with a deviation of 9.5.
    let iterations: u64 = run["endpoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|endpoint| endpoint["iterations"].as_u64().unwrap())
        .sum();
    assert!((50..=130).contains(&iterations), "{iterations}");
}

/// As the README says: without a host, against what is built in.
#[test]
fn the_shop_scenario_runs_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_runner"))
        .arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/shop.yaml"))
        .args(["--ramp", "1s", "--hold", "4s", "--seed", "5", "--out"])
        .arg(&out)
        .env_remove("RUNNER_HOST")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(0), "{said}");
    let run: Value = serde_json::from_slice(&std::fs::read(out.join("run.json")).unwrap()).unwrap();
    assert_eq!(run["failures"], json!([]), "{said}");
}
