//! Getting in, staying out, and getting out.

use axum::http::{Request, StatusCode, header};

use crate::site::{Answer, PASSWORD, Site};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn the_right_password_opens() {
    let site = Site::open().await;
    let password = PASSWORD.replace(' ', "+");
    for (form, to, lasts) in [
        (
            format!("email=anna@example.com&password={password}"),
            "/",
            false,
        ),
        (
            format!("email=+Anna@Example.com&password={password}&remember=on"),
            "/",
            true,
        ),
        (
            format!("email=anna@example.com&password={password}&next=/usage"),
            "/usage",
            false,
        ),
        (
            format!("email=anna@example.com&password={password}&next=//evil.example"),
            "/",
            false,
        ),
    ] {
        let answer = site.post("", "/login", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{form}");
        assert_eq!(answer.header("location"), to);
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"),
            "{cookie}"
        );
        assert_eq!(cookie.contains("Max-Age=2592000"), lasts, "{cookie}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_opens_nothing() {
    let site = Site::open().await;
    for form in [
        "email=anna@example.com&password=wrong",
        "email=nobody@example.com&password=wrong",
        "email=anna@example.com&password=",
    ] {
        let answer = site.post("", "/login", form).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{form}");
        assert_eq!(answer.header("set-cookie"), "");
        let email = form.split(['=', '&']).nth(1).unwrap();
        answer.says(&[
            "E-mail address and password do not fit.",
            &format!("value=\"{email}\""),
        ]);
        assert!(
            !answer.text().contains("wrong"),
            "the password must not come back"
        );
    }
    let answer = site
        .get("confab_session=0123456789abcdef", "/usage?months=3")
        .await;
    assert_eq!(answer.header("location"), "/login?next=/usage%3Fmonths%3D3");
}

/// Somebody at an address, with these cookies.
async fn try_from(site: &Site, address: &str, cookie: &str, email: &str, pass: &str) -> Answer {
    let request = Request::post("/login")
        .header("x-forwarded-for", address)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, FORM);
    let pass = pass.replace(' ', "+");
    site.ask(request, &format!("email={email}&password={pass}"))
        .await
}

/// Fails until it must wait; how often it failed before.
async fn fail_until_it_must_wait(site: &Site, address: &str, email: &str) -> usize {
    for failed in 0..50 {
        let answer = try_from(site, address, "", email, "wrong 1").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            answer.says(&["Too many failed logins from here. Please try again in "]);
            return failed;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        answer.says(&["E-mail address and password do not fit."]);
    }
    panic!("it may fail for ever");
}

#[tokio::test]
async fn who_fails_waits_and_colleagues_at_the_same_address_do_not() {
    let site = Site::open().await;
    // the same for an account that there is and for one that there is not
    for email in ["anna@example.com", "nobody@example.com"] {
        let failed = fail_until_it_must_wait(&site, "192.0.2.7", email).await;
        assert!(failed >= 11, "{email} had {failed} tries");
    }
    for (address, email) in [
        ("192.0.2.7", "bert@example.com"),
        ("198.51.100.1", "anna@example.com"),
    ] {
        let answer = try_from(&site, address, "", email, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{email} at {address}");
    }
}

#[tokio::test]
async fn a_browser_that_logged_in_before_stands_behind_no_stranger() {
    let site = Site::open().await;
    let answer = try_from(&site, "192.0.2.7", "", "anna@example.com", PASSWORD).await;
    let lines: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let mark = lines[1].to_str().unwrap();
    assert!(mark.starts_with("confab_known_"), "{mark}");
    assert!(mark.contains("; HttpOnly") && mark.contains("; Max-Age=31536000"));
    let mark = mark.split(';').next().unwrap();

    fail_until_it_must_wait(&site, "192.0.2.7", "anna@example.com").await;
    let answer = try_from(&site, "192.0.2.7", mark, "anna@example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    // the mark opens nothing by itself, and its failures are counted as well
    let mut last = StatusCode::OK;
    for _ in 0..50 {
        let answer = try_from(&site, "192.0.2.7", mark, "anna@example.com", "wrong 1").await;
        last = answer.status;
        if last != StatusCode::UNAUTHORIZED {
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        site.get(mark, "/account").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn logging_out_ends_the_session() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    assert_eq!(site.get(&anna, "/account").await.status, StatusCode::OK);
    let answer = site.post(&anna, "/logout", "").await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    site.get("", answer.header("location"))
        .await
        .says(&["You are logged out."]);
    let answer = site.get(&anna, "/account").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_another_site_sends_is_not_done() {
    let mut site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for path in [
            "/rooms/1000/commands",
            "/logout",
            "/rooms/1000/pin",
            "/login",
        ] {
            let request = Request::post(path)
                .header(header::COOKIE, &anna)
                .header(header::HOST, "confab.example")
                .header(header::CONTENT_TYPE, FORM)
                .header(name, value);
            let answer = site.ask(request, "command=lock&pin=1234&again=1234").await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} {name}: {value}"
            );
            answer.says(&["sent by a page of another web site"]);
        }
    }
    assert!(site.commands.try_recv().is_err());
    assert_eq!(site.get(&anna, "/account").await.status, StatusCode::OK);
}

#[tokio::test]
async fn programs_may_use_basic() {
    let site = Site::open().await;
    // printf 'anna@example.com:correct horse 1' | base64
    let good = "Basic YW5uYUBleGFtcGxlLmNvbTpjb3JyZWN0IGhvcnNlIDE=";
    for (path, value, status) in [
        ("/api/v1/rooms", good, StatusCode::OK),
        ("/api/v1/rooms", "Basic YW5uYTp4", StatusCode::UNAUTHORIZED),
        ("/api/v1/rooms", "Basic ???", StatusCode::UNAUTHORIZED),
        ("/api/v1/rooms", "Bearer YW5uYTp4", StatusCode::UNAUTHORIZED),
        ("/usage", good, StatusCode::SEE_OTHER),
    ] {
        let answer = site
            .ask(Request::get(path).header("authorization", value), "")
            .await;
        assert_eq!(answer.status, status, "{path} {value}");
        let basic = answer.header("www-authenticate").starts_with("Basic ");
        assert_eq!(basic, status == StatusCode::UNAUTHORIZED);
    }
}
