//! Settings of a room, its PIN, and one's password: what is wrong is explained, nothing is lost.

use std::time::Duration;

use axum::http::StatusCode;
use confab_core::settings::Announce;

use crate::site::{PASSWORD, Site, room};

#[tokio::test]
async fn settings_are_saved() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let form = "announce=name&continue_after_host=+15&billing_code=4242&max_callers=20\
                &guests_may_start=true&record_at_start=true";
    let answer = site.post(&anna, "/rooms/1000/settings", form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let saved = site.store.room("1000").await.unwrap().unwrap().settings;
    assert_eq!(saved.announce, Announce::Name);
    assert_eq!(saved.continue_after_host, Duration::from_secs(15 * 60));
    assert_eq!(saved.billing_code.as_deref(), Some("4242"));
    assert_eq!(saved.max_callers, 20);
    let flags = (
        saved.guests_may_start,
        saved.record_at_start,
        saved.join_muted,
    );
    assert_eq!(flags, (true, true, false));
    site.get(&anna, answer.header("location"))
        .await
        .says(&["The settings are saved."]);

    let form = "announce=nothing&continue_after_host=0&billing_code=&max_callers=20";
    site.post(&anna, "/rooms/1000/settings", form).await;
    let saved = site.store.room("1000").await.unwrap().unwrap().settings;
    assert_eq!((saved.billing_code, saved.guests_may_start), (None, false));
}

#[tokio::test]
async fn what_is_wrong_is_explained_and_kept() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let before = site.store.room("1000").await.unwrap();
    let form = "announce=name&continue_after_host=2h&billing_code=x1&max_callers=1\
                &join_muted=true";
    let answer = site.post(&anna, "/rooms/1000/settings", form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says(&[
        "value=\"2h\"",
        "Please give whole minutes from 0 to 60.",
        "value=\"x1\"",
        "A billing code has 2 to 20 digits.",
        "Please give a number from 2 to 2000.",
        "name=\"join_muted\" value=\"true\" checked",
        "value=\"name\" checked",
        "aria-invalid=\"true\"",
    ]);
    assert_eq!(site.store.room("1000").await.unwrap(), before);
}

#[tokio::test]
async fn a_pin_is_typed_twice() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    for (form, says) in [
        (
            "pin=123&again=123",
            "A PIN has 4 to 20 digits and nothing else.",
        ),
        (
            "pin=12a4&again=12a4",
            "A PIN has 4 to 20 digits and nothing else.",
        ),
        ("pin=&again=", "A PIN has 4 to 20 digits and nothing else."),
        (
            "pin=123456789012345678901&again=123456789012345678901",
            "A PIN has 4 to 20 digits",
        ),
        ("pin=1234&again=1243", "The two PINs are not the same."),
    ] {
        let answer = site.post(&anna, "/rooms/1000/pin", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        answer.says(&[says]);
    }
    assert!(site.store.check_pin(&room("1000"), "4711").await.unwrap());
    let answer = site
        .post(&anna, "/rooms/1000/pin", "pin=98765&again=98765")
        .await;
    assert_eq!(answer.header("location"), "/rooms/1000/settings?done=pin");
    assert!(site.store.check_pin(&room("1000"), "98765").await.unwrap());
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let elsewhere = site.log_in("anna@example.com").await;
    let now = PASSWORD.replace(' ', "+");
    for (form, says) in [
        (
            format!("current={now}&password=abcdefg1&again=abcdefg2"),
            "are not the same",
        ),
        (
            "current=wrong&password=abcdefg1&again=abcdefg1".into(),
            "not your password now",
        ),
        (
            format!("current={now}&password=abc&again=abc"),
            "8 or more characters",
        ),
    ] {
        let answer = site.post(&anna, "/account/password", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        answer.says(&[says]);
    }
    let form = format!("current={now}&password=abcdefg1&again=abcdefg1");
    let answer = site.post(&anna, "/account/password", &form).await;
    assert_eq!(answer.header("location"), "/account?done=password");
    let cookie = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(site.get(&cookie, "/account").await.status, StatusCode::OK);
    assert_eq!(
        site.get(&elsewhere, "/account").await.status,
        StatusCode::SEE_OTHER
    );
    assert!(
        site.store
            .check_login("anna@example.com", "abcdefg1")
            .await
            .unwrap()
            .is_some()
    );
}
