//! The prompts page: who sees it, what it sends on, what it says about a bad file.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::http::{Request, StatusCode, header};
use confab_core::settings::Language;
use confab_portal::{PromptDesk, PromptLine, PromptPlace, UPLOAD_BYTES_MAX};

use crate::site::{Answer, Site};

/// Two prompts a language, and whatever was sent for them.
#[derive(Debug, Default)]
pub struct Desk(Mutex<HashMap<PromptPlace, Vec<u8>>>);

const PROMPTS: [(&str, &str); 2] = [
    ("welcome", "Welcome <to> Confab."),
    ("enter-pin", "Please enter your host PIN."),
];

impl Desk {
    fn has(&self, place: &PromptPlace) -> bool {
        self.0.lock().unwrap().contains_key(place)
    }
}

impl PromptDesk for Desk {
    fn lines(&self, language: Language) -> Vec<PromptLine> {
        let line = |(key, text): (&str, &str)| PromptLine {
            own: self.has(&PromptPlace::Spoken(language, key.into())),
            key: key.into(),
            text: text.into(),
        };
        PROMPTS.map(line).to_vec()
    }

    fn music_is_own(&self) -> bool {
        self.has(&PromptPlace::Music)
    }

    fn file(&self, place: &PromptPlace) -> Option<(&'static str, Vec<u8>)> {
        let known = match place {
            PromptPlace::Spoken(_, key) => PROMPTS.iter().any(|(k, _)| k == key),
            PromptPlace::Music => true,
        };
        let own = self.0.lock().unwrap().get(place).cloned();
        known.then(|| ("audio/wav", own.unwrap_or_else(|| (0..100).collect())))
    }

    fn replace(&self, place: &PromptPlace, file: Vec<u8>) -> Result<(), String> {
        if file.starts_with(b"panic") {
            panic!("a decoder's bug");
        }
        if !file.starts_with(b"RIFF") {
            return Err("This is <not> a sound file.".into());
        }
        self.0.lock().unwrap().insert(place.clone(), file);
        Ok(())
    }

    fn restore(&self, place: &PromptPlace) -> Result<(), String> {
        self.0.lock().unwrap().remove(place);
        Ok(())
    }
}

fn welcome() -> PromptPlace {
    PromptPlace::Spoken(Language::Fr, "welcome".into())
}

async fn upload(site: &Site, cookie: &str, path: &str, field: &str, file: &[u8]) -> Answer {
    let head = format!(
        "--b0undary\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"../x.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--b0undary--\r\n"].concat();
    let request = Request::post(path).header(header::COOKIE, cookie).header(
        header::CONTENT_TYPE,
        "multipart/form-data; boundary=b0undary",
    );
    site.ask_with(request, body).await
}

#[tokio::test]
async fn only_administrators_see_it() {
    let site = Site::open().await;
    for (email, status) in [
        ("anna@example.com", StatusCode::NOT_FOUND),
        ("ada@example.com", StatusCode::OK),
    ] {
        let cookie = site.log_in(email).await;
        assert_eq!(
            site.get(&cookie, "/prompts").await.status,
            status,
            "{email}"
        );
        let sound = site.get(&cookie, "/prompts/en/welcome/sound").await;
        assert_eq!(sound.status, status, "{email}");
        let linked = site
            .get(&cookie, "/rooms")
            .await
            .text()
            .contains("href=\"/prompts\"");
        assert_eq!(linked, status == StatusCode::OK, "{email}");
    }
    let cookie = site.log_in("bert@example.com").await;
    let sent = upload(&site, &cookie, "/prompts/fr/welcome", "file", b"RIFF").await;
    assert_eq!(sent.status, StatusCode::NOT_FOUND);
    let reset = site.post(&cookie, "/prompts/fr/welcome/default", "").await;
    assert_eq!(reset.status, StatusCode::NOT_FOUND);
    assert!(!site.desk.has(&welcome()));
    assert_eq!(site.get("", "/prompts").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn found_by_language_words_and_key() {
    let site = Site::open().await;
    let cookie = site.log_in("ada@example.com").await;
    let all = site.get(&cookie, "/prompts?language=de").await;
    all.says(&[
        "Welcome &#60;to&#62; Confab.",
        "Hold music",
        "/prompts/de/enter-pin/sound",
        "<option value=\"de\" selected>",
        "2 prompts",
    ]);
    let some = site.get(&cookie, "/prompts?q=HOST+pin").await;
    some.says(&["Please enter your host PIN.", "1 prompt."]);
    assert!(!some.text().contains("Welcome"));
    let none = site.get(&cookie, "/prompts?own=true&page=77").await;
    none.says(&["0 prompts"]);
    assert!(!none.text().contains("Hold music"));
}

#[tokio::test]
async fn a_sound_goes_in_and_out_again() {
    let site = Site::open().await;
    let cookie = site.log_in("ada@example.com").await;
    let sent = upload(&site, &cookie, "/prompts/fr/welcome", "file", b"RIFF sound").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(
        sent.header("location"),
        "/prompts?language=fr&q=welcome&done=prompt"
    );
    assert!(site.desk.has(&welcome()));
    let page = site.get(&cookie, sent.header("location")).await;
    page.says(&[
        "your own",
        "/prompts/fr/welcome/default",
        "from the next time on",
    ]);
    let heard = site.get(&cookie, "/prompts/fr/welcome/sound").await;
    assert_eq!(&heard.bytes[..], b"RIFF sound");
    assert_eq!(heard.header("content-type"), "audio/wav");
    assert!(heard.header("cache-control").contains("no-store"));
    let back = site.post(&cookie, "/prompts/fr/welcome/default", "").await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    assert!(!site.desk.has(&welcome()));
    let music = upload(
        &site,
        &cookie,
        "/prompts/sounds/hold-music",
        "file",
        b"RIFF",
    )
    .await;
    assert_eq!(music.status, StatusCode::SEE_OTHER);
    assert!(site.desk.has(&PromptPlace::Music));
}

#[tokio::test]
async fn a_bad_file_is_told_and_changes_nothing() {
    let site = Site::open().await;
    let cookie = site.log_in("ada@example.com").await;
    let path = "/prompts/fr/welcome";
    let bad = upload(&site, &cookie, path, "file", b"%PDF").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    bad.says(&[
        "role=\"alert\"",
        "This is &#60;not&#62; a sound file.",
        "Nothing was changed",
    ]);
    let none = upload(&site, &cookie, path, "other", b"RIFF").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    none.says(&["Please choose a file."]);
    let large = vec![b'R'; UPLOAD_BYTES_MAX + 128 * 1024];
    let large = upload(&site, &cookie, path, "file", &large).await;
    assert_eq!(
        large.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        large.text()
    );
    large.says(&["too large: 32 MB at most"]);
    let bug = upload(&site, &cookie, path, "file", b"panic").await;
    assert_eq!(bug.status, StatusCode::CONFLICT);
    bug.says(&["the log says what"]);
    let form = site.post(&cookie, path, "file=RIFF").await;
    assert!(form.status.is_client_error());
    assert!(!site.desk.has(&welcome()));
    // Elsewhere a form stays small.
    let long = "x".repeat(100_000);
    let elsewhere = site
        .post(&cookie, "/prompts/fr/welcome/default", &long)
        .await;
    assert_ne!(elsewhere.status, StatusCode::OK);
}

#[tokio::test]
async fn other_sites_cannot_send() {
    let site = Site::open().await;
    let cookie = site.log_in("ada@example.com").await;
    for path in ["/prompts/fr/welcome", "/prompts/fr/welcome/default"] {
        let request = Request::post(path)
            .header(header::COOKIE, &cookie)
            .header("sec-fetch-site", "cross-site");
        assert_eq!(
            site.ask(request, "").await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let site = Site::open().await;
    let cookie = site.log_in("ada@example.com").await;
    for path in [
        "/prompts/xx/welcome/sound",
        "/prompts/en/no-such-prompt/sound",
        "/prompts/en/..%2F..%2Fconfab.db/sound",
        "/prompts/sounds/beep/sound",
    ] {
        assert_eq!(
            site.get(&cookie, path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let part = Request::get("/prompts/en/welcome/sound")
        .header(header::COOKIE, &cookie)
        .header(header::RANGE, "bytes=10-19");
    let part = site.ask(part, "").await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.header("content-range"), "bytes 10-19/100");
    assert_eq!(part.bytes[..], (10..20).collect::<Vec<u8>>()[..]);
}
