//! A small shop beside the modelled API, for `scenarios/shop.yaml`: visitors search and review, customers log in, fill a cart
//! and order.
//!
//! | request, below `/shop` | answer |
//! |---|---|
//! | `GET /products?q=lamp&limit=20` | 200 and the products whose name holds the word |
//! | `POST /reviews` with JSON `product`, `stars` | 201 |
//! | `POST /sessions` with JSON `email`, `pin` | 201 and `{"token": …}` |
//! | `POST /cart` with a session and JSON `product` | 201 and the product |
//! | `POST /orders` with a session and a form | 201 and the order's `location` |
//! | what lacks a part | 400; without a session 401; any other path 404 |
//!
//! It keeps two counters and no other state: a token is the number of its session, so memory does not grow.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

/// Where the shop is.
pub const SHOP_PATH: &str = "/shop";

/// What it sells: product *n* is number *n* modulo their count, and there are [`PRODUCTS`].
const NAMES: [&str; 5] = ["lamp", "chair", "garden gnome", "rug", "clock"];

/// Numbers of products: 1 to this.
const PRODUCTS: u64 = 50;

/// Most products of one listing.
const MOST_LISTED: usize = 100;

/// The shop.
#[derive(Debug, Default)]
pub(super) struct Shop {
    sessions: AtomicU64,
    orders: AtomicU64,
}

/// What a request is answered.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) document: Value,
    /// Of the `location` header.
    pub(super) location: Option<String>,
}

impl Reply {
    fn new(status: StatusCode, document: Value) -> Self {
        Self {
            status,
            document,
            location: None,
        }
    }

    fn refused(status: StatusCode, why: &str) -> Self {
        Self::new(status, json!({ "error": why }))
    }
}

/// A request as the shop sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) method: &'a Method,
    /// Behind [`SHOP_PATH`].
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) authorization: Option<&'a str>,
    pub(super) body: &'a [u8],
}

impl Shop {
    pub(super) fn answer(&self, call: Call<'_>) -> Reply {
        match (call.method.as_str(), call.path) {
            ("GET" | "HEAD", "/products") => products(call.query),
            ("POST", "/reviews") => review(call.body),
            ("POST", "/sessions") => self.log_in(call.body),
            ("POST", "/cart" | "/orders") if !self.knows(call.authorization) => {
                Reply::refused(StatusCode::UNAUTHORIZED, "Log in at /sessions first.")
            }
            ("POST", "/cart") => add_to_cart(call.body),
            ("POST", "/orders") => self.order(call.body),
            _ => Reply::refused(StatusCode::NOT_FOUND, "The shop has no such page."),
        }
    }

    fn log_in(&self, body: &[u8]) -> Reply {
        let body = parsed(body);
        let email = body["email"].as_str().is_some_and(|email| email.contains('@'));
        let pin = body["pin"].is_string() || body["pin"].is_number();
        if !email || !pin {
            return Reply::refused(StatusCode::BAD_REQUEST, "An email and a pin are required.");
        }
        let number = self.sessions.fetch_add(1, Relaxed);
        Reply::new(StatusCode::CREATED, json!({ "token": format!("s{number}") }))
    }

    fn knows(&self, authorization: Option<&str>) -> bool {
        let number = authorization
            .and_then(|value| value.strip_prefix("Bearer s"))
            .and_then(|number| number.parse::<u64>().ok());
        number.is_some_and(|number| number < self.sessions.load(Relaxed))
    }

    fn order(&self, body: &[u8]) -> Reply {
        if !form_urlencoded::parse(body).any(|(name, value)| name == "payment" && !value.is_empty()) {
            return Reply::refused(
                StatusCode::BAD_REQUEST,
                "A form that says how to pay is required.",
            );
        }
        let number = self.orders.fetch_add(1, Relaxed) + 1;
        Reply {
            status: StatusCode::CREATED,
            document: json!({ "order": number }),
            location: Some(format!("{SHOP_PATH}/orders/{number}")),
        }
    }
}

fn products(query: &str) -> Reply {
    let (mut word, mut limit) = (String::new(), MOST_LISTED);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "q" => word = value.into_owned(),
            "limit" => match value.parse::<usize>() {
                Ok(most) => limit = most.min(MOST_LISTED),
                Err(_) => return Reply::refused(StatusCode::BAD_REQUEST, "limit is a whole number."),
            },
            _ => {}
        }
    }
    let found: Vec<Value> = (1..=PRODUCTS)
        .filter(|number| name(*number).contains(word.as_str()))
        .take(limit)
        .map(product)
        .collect();
    Reply::new(StatusCode::OK, json!({ "products": found }))
}

fn review(body: &[u8]) -> Reply {
    let body = parsed(body);
    match (sold(&body["product"]), body["stars"].as_u64()) {
        (Some(number), Some(1..=5)) => {
            Reply::new(StatusCode::CREATED, json!({ "product": number, "thanks": true }))
        }
        _ => Reply::refused(
            StatusCode::BAD_REQUEST,
            "A product and one to five stars are required.",
        ),
    }
}

fn add_to_cart(body: &[u8]) -> Reply {
    let body = parsed(body);
    match sold(&body["product"]) {
        Some(number) => Reply::new(
            StatusCode::CREATED,
            json!({ "product": number, "count": body["count"].as_u64().unwrap_or(1) }),
        ),
        None => Reply::refused(
            StatusCode::BAD_REQUEST,
            "A product that the shop sells is required.",
        ),
    }
}

fn sold(number: &Value) -> Option<u64> {
    number.as_u64().filter(|number| (1..=PRODUCTS).contains(number))
}

fn name(number: u64) -> &'static str {
    NAMES[(number % NAMES.len() as u64) as usize]
}

fn product(number: u64) -> Value {
    json!({ "product": number, "name": name(number), "price": 5 + number % 37 })
}

/// The document, or null.
fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The path behind [`SHOP_PATH`], decoded; `None`: it is another one's.
pub(super) fn path_within(path: &str) -> Option<String> {
    let rest = path.strip_prefix(SHOP_PATH)?;
    (rest.is_empty() || rest.starts_with('/'))
        .then(|| percent_decode_str(rest).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(shop: &Shop, method: &Method, path: &str, session: Option<&str>, body: &str) -> Reply {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        shop.answer(Call {
            method,
            path,
            query,
            authorization: session,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn a_customer_logs_in_fills_a_cart_and_orders() {
        let shop = Shop::default();
        let post = Method::POST;
        let item = r#"{"product":7,"count":2}"#;
        assert_eq!(
            ask(&shop, &post, "/cart", Some("Bearer s0"), item).status,
            StatusCode::UNAUTHORIZED
        );
        let session = ask(
            &shop,
            &post,
            "/sessions",
            None,
            r#"{"email":"a@b.example","pin":"0815"}"#,
        );
        assert_eq!(session.document["token"], "s0");
        let cart = ask(&shop, &post, "/cart", Some("Bearer s0"), item);
        assert_eq!(
            (cart.status, cart.document),
            (StatusCode::CREATED, json!({ "product": 7, "count": 2 }))
        );
        let order = ask(&shop, &post, "/orders", Some("Bearer s0"), "payment=invoice");
        assert_eq!(order.location.as_deref(), Some("/shop/orders/1"));
        assert_eq!(
            ask(&shop, &post, "/orders", Some("Bearer s0"), "").status,
            StatusCode::BAD_REQUEST
        );
    }

    #[test]
    fn visitors_find_products_by_a_word_of_their_name() {
        let shop = Shop::default();
        let found = ask(
            &shop,
            &Method::GET,
            "/products?q=garden%20gnome&limit=3",
            None,
            "",
        );
        let numbers: Vec<_> = found.document["products"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|product| product["product"].as_u64())
            .collect();
        assert_eq!(numbers, [Some(2), Some(7), Some(12)]);
        let odd = ask(&shop, &Method::GET, "/products?limit=all", None, "");
        assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn what_is_not_the_shops_is_left_to_others() {
        assert_eq!(path_within("/shop/products").as_deref(), Some("/products"));
        assert_eq!(path_within("/shopping"), None);
        let shop = Shop::default();
        assert_eq!(
            ask(&shop, &Method::GET, "/nothing", None, "").status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            ask(
                &shop,
                &Method::POST,
                "/reviews",
                None,
                r#"{"product":51,"stars":5}"#
            )
            .status,
            StatusCode::BAD_REQUEST
        );
    }
}
