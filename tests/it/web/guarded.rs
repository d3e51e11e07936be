//! Who is answered, and what is never given.

use super::Page;

#[test]
fn only_names_of_this_machine_are_answered() {
    let page = Page::open();
    let (asker, port) = (page.asker(), page.server.address().port());
    for host in ["localhost", "LocalHost", "127.0.0.1", "[::1]"] {
        let answer = asker.raw(&format!("GET / HTTP/1.1\nhost: {host}:{port}"), "");
        assert_eq!(answer.status, 200, "{host}");
    }
    let wrong = [
        format!("evil.example:{port}"),
        format!("localhost.evil.example:{port}"),
        format!("evil.example#localhost:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("127.0.0.1:{}", port.wrapping_add(1)),
        "localhost".to_owned(),
        "127.0.0.1:80".to_owned(),
        String::new(),
    ];
    for path in ["/", "/api/state", "/api/live", "/chart.js"] {
        for host in &wrong {
            let answer = asker.raw(&format!("GET {path} HTTP/1.1\nhost: {host}"), "");
            assert_eq!(answer.status, 421, "{path} of {host}");
            assert!(answer.body.contains("for this machine only"), "{}", answer.body);
        }
    }
    let none = asker.raw("GET / HTTP/1.1\naccept: */*", "");
    assert!(none.status >= 400, "{}", none.head);
    let two = asker.raw(
        &format!("GET / HTTP/1.1\nhost: localhost:{port}\nhost: evil.example"),
        "",
    );
    assert!(two.status >= 400, "{}", two.head);
}

#[test]
fn what_changes_a_run_must_come_from_the_page() {
    let page = Page::open();
    let asker = page.asker();
    let host = page.server.address();
    let json = "content-type: application/json";
    let refused = [
        (403, json.to_owned()),
        (403, format!("{json}\norigin: http://evil.example")),
        (403, format!("{json}\norigin: https://{host}")),
        (403, format!("{json}\norigin: http://127.0.0.1")),
        (403, format!("{json}\norigin: null")),
        (
            403,
            format!("{json}\norigin: http://{host}\norigin: http://{host}"),
        ),
        (
            403,
            format!("{json}\norigin: http://{host}\nsec-fetch-site: cross-site"),
        ),
        (403, format!("{json}\nauthorization: Bearer none-is-needed-here")),
        (415, format!("content-type: text/plain\norigin: http://{host}")),
        (
            415,
            format!("content-type: application/x-www-form-urlencoded\norigin: http://{host}"),
        ),
    ];
    for path in [
        "/api/start",
        "/api/stop",
        "/api/level",
        "/api/pause",
        "/api/resume",
        "/api/reset",
    ] {
        for (status, headers) in &refused {
            let answer = asker.raw(&format!("POST {path} HTTP/1.1\nhost: {host}\n{headers}"), "{}");
            assert_eq!(answer.status, *status, "{path} with {headers}: {}", answer.body);
        }
        assert_eq!(asker.get(path).status, 405, "{path}");
        let large = format!("{{\"file\": \"{}\"}}", "x".repeat(70_000));
        assert_eq!(asker.post(path, &large).status, 413, "{path}");
    }
    let answer = asker.post("/api/stop", "{}");
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (409, "{\"error\":\"there is no run\"}")
    );
    let preflight = asker.raw(
        &format!("OPTIONS /api/stop HTTP/1.1\nhost: {host}\norigin: http://evil.example\naccess-control-request-method: POST"),
        "",
    );
    assert_eq!(preflight.status, 403);
    assert!(!preflight.head.contains("access-control"), "{}", preflight.head);
}

#[test]
fn other_pages_read_nothing_but_may_link_here() {
    let page = Page::open();
    let asker = page.asker();
    let ask = |path: &str, site: &str, mode: &str| {
        let host = page.server.address();
        let head =
            format!("GET {path} HTTP/1.1\nhost: {host}\nsec-fetch-site: {site}\nsec-fetch-mode: {mode}");
        asker.raw(&head, "").status
    };
    assert_eq!(ask("/", "cross-site", "navigate"), 200);
    assert_eq!(ask("/", "cross-site", "no-cors"), 403);
    assert_eq!(ask("/api/live", "cross-site", "cors"), 403);
    assert_eq!(ask("/api/state", "same-site", "cors"), 403);
    assert_eq!(ask("/api/state", "same-origin", "cors"), 200);
    assert_eq!(ask("/api/state", "none", "navigate"), 200);
}

#[test]
fn every_answer_says_what_a_browser_may_do_with_it() {
    let page = Page::open();
    for path in ["/", "/page.js", "/api/state", "/nothing", "/favicon.ico"] {
        let answer = page.asker().get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{policy}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
    }
}

#[test]
fn no_name_leads_out_of_the_runs() {
    let page = Page::open();
    let run = page.leave("one");
    std::fs::write(page.folder.path().join("secret"), "not for the page").unwrap();
    std::fs::write(page.place("beside"), "not for the page").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../../secret", run.join("link")).unwrap();
        std::os::unix::fs::symlink(page.folder.path(), page.place("linked")).unwrap();
    }
    let asker = page.asker();
    assert_eq!(asker.get("/api/runs/one/files/plan.json").status, 200);
    let ids = [
        "..", "%2e%2e", "..%2f..", "one%2f..", ".", "%2f", "linked", "one%2F", "%00", "live", "..%5c..",
    ];
    for id in ids {
        for rest in ["", "/scenario", "/findings", "/files/secret", "/files/plan.json"] {
            let answer = asker.get(&format!("/api/runs/{id}{rest}"));
            assert!(
                (400..500).contains(&answer.status),
                "{id}{rest}: {}",
                answer.status
            );
        }
    }
    for name in [
        "..%2f..%2fsecret",
        "%2e%2e%2fbeside",
        "..%2fbeside",
        "../beside",
        "link",
        "%2e",
        "%2e%2e",
        "failures",
        "plan.json%00.txt",
        "plan.json%2f",
        "PLAN.JSON",
        "%2fetc%2fpasswd",
    ] {
        for kind in ["files", "examples"] {
            let answer = asker.get(&format!("/api/runs/one/{kind}/{name}"));
            assert!(
                (400..500).contains(&answer.status),
                "{kind}/{name}: {}",
                answer.status
            );
            assert!(!answer.body.contains("not for the page"));
        }
    }
}

#[test]
fn many_connections_that_ask_nothing_do_not_keep_others_out() {
    let page = Page::open();
    let idle: Vec<_> = (0..100).map(|_| page.asker().connect()).collect();
    assert_eq!(page.asker().get("/api/state").status, 200);
    drop(idle);
}
