//! Every page is there, in one design, with the protecting headers.

use axum::http::{Request, StatusCode};

use crate::site::{ANNAS, Site, snapshot};

#[tokio::test]
async fn every_page_is_there() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let conference = format!("/usage/{ANNAS}");
    for busy in [false, true] {
        site.publish(if busy {
            vec![snapshot("1000", &[(1, "Hana")])]
        } else {
            vec![]
        });
        for (path, says) in [
            ("/rooms", "Room 1000"),
            ("/rooms/1000", "<h1>Room 1000</h1>"),
            ("/rooms/1000/settings", "Settings of room 1000"),
            ("/usage", "1 conference"),
            ("/usage?months=6", "20.0"),
            (
                "/usage?from=2020-01-01&to=2020-12-31",
                "No conference in this time",
            ),
            ("/usage?from=2020-12-31&to=2020-01-01", "lies after"),
            (conference.as_str(), "hung up"),
            ("/recordings", "Conference in room 1000"),
            ("/recordings?page=99", "Conference in room 1000"),
            ("/billing", "4242"),
            ("/account", "anna@example.com"),
        ] {
            let answer = site.get(&anna, path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            answer.says(&[
                says,
                "<!doctype html>",
                "</html>",
                "Log out",
                "aria-current=\"page\"",
            ]);
            let policy = answer.header("content-security-policy");
            assert!(
                policy.contains("script-src 'self'") && !policy.contains("unsafe"),
                "{policy}"
            );
            assert!(policy.contains("frame-ancestors 'none'"));
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("referrer-policy"), "same-origin");
            assert_eq!(answer.header("cache-control"), "no-store");
            let page = answer.text();
            assert!(
                !page.contains("style=\"") && !page.contains("onclick"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn the_start_leads_to_the_only_room_or_to_the_list() {
    let site = Site::open().await;
    for (email, to) in [
        ("anna@example.com", "/rooms/1000"),
        ("ada@example.com", "/rooms"),
    ] {
        let cookie = site.log_in(email).await;
        assert_eq!(site.get(&cookie, "/").await.header("location"), to);
    }
}

#[tokio::test]
async fn nothing_is_seen_without_a_login() {
    let site = Site::open().await;
    for path in [
        "/",
        "/rooms",
        "/rooms/1000",
        "/rooms/1000/events",
        "/usage",
        "/recordings",
    ] {
        let answer = site.get("", path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert!(
            answer.header("location").starts_with("/login?next=/"),
            "{path}"
        );
    }
    for path in ["/api/v1/rooms", "/api/v1/rooms/1000", "/api/v1/conferences"] {
        let answer = site.get("", path).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(answer.json()["error"], "You are not logged in.");
    }
}

#[tokio::test]
async fn errors_are_pages_too() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    for (path, status, says) in [
        (
            "/nowhere",
            StatusCode::NOT_FOUND,
            "There is nothing at this address",
        ),
        (
            "/rooms/9999",
            StatusCode::NOT_FOUND,
            "There is nothing at this address",
        ),
        (
            "/rooms/%27;--",
            StatusCode::NOT_FOUND,
            "There is nothing at this address",
        ),
        (
            "/assets/../secret",
            StatusCode::NOT_FOUND,
            "There is nothing at this address",
        ),
        (
            "/logout",
            StatusCode::METHOD_NOT_ALLOWED,
            "That cannot be done here.",
        ),
    ] {
        let answer = site.get(&anna, path).await;
        assert_eq!(answer.status, status, "{path}");
        answer.says(&[says, "Confab</title>"]);
    }
    let answer = site.post(&anna, "/rooms/1000/commands", "leg=1").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says(&["The request could not be read.", "Confab</title>"]);
    let large = "x".repeat(70_000);
    let answer = site.post(&anna, "/rooms/1000/commands", &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.says(&["That was too large."]);
}

#[tokio::test]
async fn assets_may_be_kept_for_ever() {
    let site = Site::open().await;
    let login = site.get("", "/login").await.text();
    let urls: Vec<&str> = login
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert_eq!(urls.len(), 3, "{urls:?}");
    for url in urls {
        let answer = site.get("", url).await;
        assert_eq!(answer.status, StatusCode::OK, "{url}");
        assert!(answer.header("cache-control").contains("immutable"));
        assert!(!answer.bytes.is_empty());
    }
}

#[tokio::test]
async fn times_are_in_the_zone_of_the_browser() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    for (cookie, zone) in [
        ("", "UTC"),
        ("; confab_zone=Not/There", "UTC"),
        ("; confab_zone=UTC", "UTC"),
    ] {
        let request = Request::get("/usage").header("cookie", format!("{anna}{cookie}"));
        site.ask(request, "")
            .await
            .says(&[&format!("data-zone=\"{zone}\""), " UTC</time>"]);
    }
}
