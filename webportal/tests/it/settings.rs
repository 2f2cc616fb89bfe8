//! Settings of a room, its PIN, and one's password: what is wrong is explained, nothing is lost.

use std::time::Duration;

use axum::http::StatusCode;
use confab_core::settings::{Announce, BadLines, Language, RoomSettings};
use confab_dtmf::layout::Layouts;

use crate::site::{PASSWORD, Site, room};

#[tokio::test]
async fn settings_are_saved() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let form = "announce=name&continue_after_host=+15&billing_code=4242&max_callers=20\
                &guests_may_start=true&record_at_start=true&language=de&layout=star-six\
                &alone_minutes=+30&carrier_limit_minutes=360&security_code=true&dial_out=true\
                &isolate_bad_lines=mute&suppress_noise=true";
    let answer = site.post(&anna, "/rooms/1000/settings", form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    let saved = site.store.room("1000").await.unwrap().unwrap().settings;
    let expected = RoomSettings {
        guests_may_start: true,
        announce: Announce::Name,
        join_muted: false,
        continue_after_host: Duration::from_secs(15 * 60),
        billing_capture: false,
        billing_code: Some("4242".into()),
        language: Language::De,
        record_at_start: true,
        max_callers: 20,
        security_code: true,
        layout: Layouts::shipped().get("star-six").unwrap(),
        hold_music: false,
        alone_limit: Duration::from_secs(30 * 60),
        carrier_limit: Duration::from_secs(360 * 60),
        dial_out: true,
        auto_gain: false,
        bad_lines: BadLines::Mute,
        suppress_noise: true,
    };
    assert_eq!(saved, expected);
    site.get(&anna, answer.header("location")).await.says(&[
        "The settings are saved.",
        "name=\"security_code\" value=\"true\" checked",
        "name=\"hold_music\" value=\"true\"><span>",
        "name=\"dial_out\" value=\"true\" checked",
        "name=\"auto_gain\" value=\"true\"><span>",
        "name=\"suppress_noise\" value=\"true\" checked",
        "name=\"alone_minutes\" value=\"30\"",
        "name=\"carrier_limit_minutes\" value=\"360\"",
        "value=\"star-six\" selected",
        "value=\"mute\" selected",
        "value=\"openvoice\">openvoice: *1 menu, *2 mute, *9 hand, *6 lock<",
        "value=\"de\" lang=\"de\" selected",
        // the layout that the room has now
        "Each can unmute with <kbd>*6</kbd>.",
    ]);

    let form = "announce=nothing&continue_after_host=0&billing_code=&max_callers=20&language=en\
                &layout=openvoice&alone_minutes=0&carrier_limit_minutes=0&hold_music=true\
                &auto_gain=true&isolate_bad_lines=tell";
    site.post(&anna, "/rooms/1000/settings", form).await;
    let saved = site.store.room("1000").await.unwrap().unwrap().settings;
    let expected = RoomSettings {
        announce: Announce::Nothing,
        continue_after_host: Duration::ZERO,
        max_callers: 20,
        ..RoomSettings::default()
    };
    assert_eq!(saved, expected);
}

#[tokio::test]
async fn the_card_is_that_of_the_room() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let card = async |changes: &[(&str, &str)]| {
        site.store
            .set_room_all(&room("1000"), changes)
            .await
            .unwrap();
        site.get(&anna, "/rooms/1000").await
    };
    let mutes = |keys| format!("<dt><kbd>{keys}</kbd></dt><dd>mute or unmute my line</dd>");
    let page = card(&[]).await;
    page.says(&[&mutes("*2"), "Guests hear music until a host is there."]);
    assert!(!page.text().contains("<dd>call a number</dd>"));
    let page = card(&[
        ("layout", "star-six"),
        ("dial_out", "true"),
        ("hold_music", "false"),
    ]);
    page.await.says(&[
        &mutes("*6"),
        "<dd>call a number</dd>",
        "Guests wait in silence until a host is there.",
    ]);
    let page = card(&[("guests_may_start", "true")]).await;
    page.says(&["Guests may begin without the host."]);
    let page = card(&[("security_code", "true")]).await;
    page.says(&["Guests need the security code that the host sets"]);
}

#[tokio::test]
async fn what_is_wrong_is_explained_and_kept() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let before = site.store.room("1000").await.unwrap();
    let form = "announce=name&continue_after_host=2h&billing_code=x1&max_callers=1\
                &join_muted=true&language=it&layout=dvorak&alone_minutes=241&isolate_bad_lines=x\
                &carrier_limit_minutes=14";
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
        "Please choose one of the three languages.",
        "id=\"wrong-bad-lines\" role=\"alert\">Please choose one of the three.",
        "Please choose one of the layouts in the list.",
        "value=\"241\"",
        "Please give whole minutes from 0 to 240.",
        "value=\"14\"",
        "Please give whole minutes from 15 to 1440, or 0 for none.",
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
async fn a_code_is_preset_and_never_shown() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let preset = async || {
        let row = site.store.room("1000").await.unwrap().unwrap();
        row.secrets.preset_code
    };
    for (form, says) in [
        ("code=123&again=123", "A security code has 4 to 20 digits"),
        ("code=73a5&again=73a5", "A security code has 4 to 20 digits"),
        ("", "A security code has 4 to 20 digits"),
        ("code=7351&again=7315", "The two codes are not the same."),
    ] {
        let answer = site.post(&anna, "/rooms/1000/code", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{form}");
        answer.says(&[says, "None is preset"]);
        assert!(!answer.text().contains("735"), "{form}");
    }
    assert_eq!(preset().await, None);
    let form = "code=73519&again=73519";
    let answer = site.post(&anna, "/rooms/1000/code", form).await;
    assert_eq!(
        answer.header("location"),
        "/rooms/1000/settings?done=preset"
    );
    assert!(site.store.fits(preset().await.as_ref(), "73519"));
    assert!(site.store.check_pin(&room("1000"), "4711").await.unwrap());
    let page = site.get(&anna, answer.header("location")).await;
    page.says(&[
        "The security code is preset.",
        "A code is preset. It cannot",
    ]);
    assert!(!page.text().contains("73519"));
    let form = "code=&again=&remove=true";
    let answer = site.post(&anna, "/rooms/1000/code", form).await;
    let to = answer.header("location");
    assert_eq!(to, "/rooms/1000/settings?done=no_preset");
    assert_eq!(preset().await, None);
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
