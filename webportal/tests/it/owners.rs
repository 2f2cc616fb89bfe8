//! Whose is what: somebody else's room, conference or recording is not there, on any route.

use axum::http::{Request, StatusCode, header};

use crate::site::{ANNAS, ANNAS_SOUND, Site};

/// Every route that names something of Anna's, with what a POST sends.
fn routes() -> Vec<(String, Option<&'static str>)> {
    let get = |path: String| (path, None);
    let post = |path: String, form| (path, Some(form));
    vec![
        get("/rooms/1000".into()),
        get("/rooms/1000/events".into()),
        get("/rooms/1000/settings".into()),
        get("/api/v1/rooms/1000".into()),
        get(format!("/usage/{ANNAS}")),
        get(format!("/usage/{ANNAS}/callers.csv")),
        get(format!("/recordings/{ANNAS_SOUND}/audio")),
        get(format!("/recordings/{ANNAS_SOUND}/download")),
        post("/rooms/1000/commands".into(), "command=lock"),
        post(
            "/rooms/1000/settings".into(),
            "announce=chime&continue_after_host=1&billing_code=&max_callers=5&language=en\
             &layout=openvoice&alone_minutes=0&carrier_limit_minutes=0&isolate_bad_lines=tell",
        ),
        post("/rooms/1000/pin".into(), "pin=987654&again=987654"),
        post("/rooms/1000/code".into(), "code=987654&again=987654"),
        post(format!("/usage/{ANNAS}/billing-code"), "code=99"),
        post("/billing/default".into(), "room=1000&code=99"),
        post(format!("/recordings/{ANNAS_SOUND}/title"), "title=Mine"),
        post(format!("/recordings/{ANNAS_SOUND}/hold"), "held=true"),
        post(format!("/recordings/{ANNAS_SOUND}/delete"), ""),
    ]
}

#[tokio::test]
async fn what_is_annas_is_not_there_for_bert() {
    let mut site = Site::open().await;
    let bert = site.log_in("bert@example.com").await;
    let before = site.store.room("1000").await.unwrap();
    for (path, form) in routes() {
        let answer = match form {
            None => site.get(&bert, &path).await,
            Some(form) => site.post(&bert, &path, form).await,
        };
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let json = Request::post("/api/v1/rooms/1000/commands")
        .header(header::COOKIE, &bert)
        .header(header::CONTENT_TYPE, "application/json");
    let answer = site.ask(json, r#"{"command":"lock"}"#).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(site.commands.try_recv().is_err());
    assert_eq!(site.store.room("1000").await.unwrap(), before);
    assert!(
        site.store
            .check_pin(&crate::site::room("1000"), "4711")
            .await
            .unwrap()
    );
    let sound = site.store.recording(ANNAS_SOUND).await.unwrap().unwrap();
    assert!(sound.title.is_empty() && !sound.held && sound.deleted.is_none());
    for (path, not) in [
        ("/rooms", "1000"),
        ("/usage", ANNAS),
        ("/recordings", ANNAS_SOUND),
        ("/api/v1/rooms", "1000"),
        ("/api/v1/conferences", ANNAS),
        ("/api/v1/recordings", ANNAS_SOUND),
        ("/usage/conferences.csv", ANNAS),
    ] {
        let answer = site.get(&bert, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(!answer.text().contains(not), "{path} shows {not}");
    }
}

#[tokio::test]
async fn an_administrator_sees_all() {
    let site = Site::open().await;
    let ada = site.log_in("ada@example.com").await;
    for (path, form) in routes() {
        if path.ends_with("/events") || path.ends_with("/commands") {
            continue;
        }
        let answer = match form {
            None => site.get(&ada, &path).await,
            Some(form) => site.post(&ada, &path, form).await,
        };
        let fine = matches!(answer.status, StatusCode::OK | StatusCode::SEE_OTHER);
        assert!(fine, "{path}: {}", answer.status);
    }
    site.get(&ada, "/rooms")
        .await
        .says(&["Room 1000", "Room 2000", "bert@example.com"]);
}

#[tokio::test]
async fn billing_codes_are_ones_own() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let bert = site.log_in("bert@example.com").await;
    let anna_id = site.store.room("1000").await.unwrap().unwrap().owner;
    let add = format!("owner={anna_id}&code=77&name=Stolen");
    site.post(&bert, "/billing", &add).await;
    assert!(!site.get(&anna, "/billing").await.text().contains("Stolen"));
    site.get(&bert, &format!("/billing?owner={anna_id}"))
        .await
        .says(&["Stolen"]);
}
