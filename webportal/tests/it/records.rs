//! What was: usage and its files, recordings and their sound, billing codes.

use axum::http::{Request, StatusCode, header};

use crate::site::{ANNAS, ANNAS_SOUND, Site, query_of, snapshot};

#[tokio::test]
async fn usage_as_a_file() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let answer = site.get(&anna, "/usage/conferences.csv?months=1").await;
    assert!(answer.header("content-type").starts_with("text/csv"));
    assert!(answer.header("content-disposition").contains(".csv\""));
    let text = answer.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    let headings =
        "conference,room,started,ended,callers,caller_minutes,billing_code,ended_because";
    assert_eq!(lines[0], headings);
    assert!(
        lines[1].starts_with(&format!("{ANNAS},1000,20")),
        "{}",
        lines[1]
    );
    assert!(
        lines[1].ends_with("Z,2,20.0,4242,everybody had left"),
        "{}",
        lines[1]
    );
    assert_eq!(lines[2..], [""]);

    let answer = site
        .get(&anna, &format!("/usage/{ANNAS}/callers.csv"))
        .await;
    answer.says(&[
        "number,name,role,dialled,call_type,country,joined,left,minutes,ended_because\r\n",
        "+4930111,Hana,host,1000,tollfree,DE,20",
        ",10.0,hung up\r\n",
        "+4930222,<script>alert(1)</script>,guest,1000,voip,,20",
    ]);
}

#[tokio::test]
async fn a_caller_cannot_be_a_script() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let answer = site.get(&anna, &format!("/usage/{ANNAS}")).await;
    answer.says(&[
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "toll-free, DE",
        "internet",
    ]);
    assert!(!answer.text().contains("<script>alert"));
}

#[tokio::test]
async fn a_past_conference_gets_a_billing_code() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let path = format!("/usage/{ANNAS}/billing-code");
    let answer = site.post(&anna, &path, "code=12x4").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says(&["A billing code has 2 to 20 digits.", "value=\"12x4\""]);
    let answer = site.post(&anna, &path, "code=+1234+").await;
    site.get(&anna, answer.header("location"))
        .await
        .says(&["value=\"1234\"", "has its billing"]);
    site.get(&anna, "/billing").await.says(&["1234"]);
}

#[tokio::test]
async fn sound_comes_in_ranges() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let path = format!("/recordings/{ANNAS_SOUND}/audio");
    for (range, status, content_range, first, count) in [
        ("", 200, "", 0, 1_000),
        ("bytes=0-", 206, "bytes 0-999/1000", 0, 1_000),
        ("bytes=10-19", 206, "bytes 10-19/1000", 10, 10),
        ("bytes=-4", 206, "bytes 996-999/1000", 996, 4),
        ("bytes=1000-", 416, "bytes */1000", 0, 0),
        ("bytes=5-1", 200, "", 0, 1_000),
    ] {
        let mut request = Request::get(&path)
            .header(header::COOKIE, &anna)
            .header(header::ACCEPT_ENCODING, "gzip");
        if !range.is_empty() {
            request = request.header(header::RANGE, range);
        }
        let answer = site.ask(request, "").await;
        assert_eq!(answer.status.as_u16(), status, "{range}");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
        assert_eq!(answer.bytes.len(), count, "{range}");
        if status != 416 {
            let bytes: Vec<u8> = (0..=255).cycle().skip(first % 256).take(count).collect();
            assert_eq!(answer.bytes, bytes, "{range}");
            assert_eq!(answer.header("content-type"), "audio/mpeg");
            assert_eq!(answer.header("accept-ranges"), "bytes");
            assert_eq!(answer.header("content-encoding"), "");
        }
    }
}

#[tokio::test]
async fn a_growing_recording_can_be_heard() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let mut room = snapshot("1000", &[(1, "Hana")]);
    room.conference.0 = ANNAS.to_owned();
    site.publish(vec![room]);
    let file = site.dir.path().join(format!("{ANNAS_SOUND}.mp3"));
    std::fs::write(file, vec![7_u8; 1_500]).unwrap();
    let path = format!("/recordings/{ANNAS_SOUND}/audio");
    assert_eq!(site.get(&anna, &path).await.bytes.len(), 1_500);
    site.get(&anna, "/recordings")
        .await
        .says(&["the conference goes on", "1 kB so far"]);
    let answer = site
        .post(&anna, &format!("/recordings/{ANNAS_SOUND}/delete"), "")
        .await;
    assert_eq!(query_of(answer.header("location"))["refused"], "running");
    assert!(
        site.store
            .recording(ANNAS_SOUND)
            .await
            .unwrap()
            .unwrap()
            .deleted
            .is_none()
    );
}

#[tokio::test]
async fn a_recording_is_renamed_held_and_deleted() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    let path = |what: &str| format!("/recordings/{ANNAS_SOUND}/{what}");
    site.get(&anna, "/recordings")
        .await
        .says(&["365 days left", "5:00"]);
    site.post(&anna, &path("title"), "title=Plan%2FB+%3Cb%3E")
        .await;
    site.get(&anna, "/recordings")
        .await
        .says(&["Plan/B &#60;b&#62;"]);
    let answer = site.get(&anna, &path("download")).await;
    let name = answer.header("content-disposition");
    assert!(
        name.starts_with("attachment; filename=\"Plan_B _b_ 20"),
        "{name}"
    );
    let long = format!("title={}", "x".repeat(121));
    let answer = site.post(&anna, &path("title"), &long).await;
    assert_eq!(query_of(answer.header("location"))["refused"], "title");

    site.post(&anna, &path("hold"), "held=true").await;
    site.get(&anna, "/recordings")
        .await
        .says(&["on hold, kept for good"]);
    let answer = site.post(&anna, &path("delete"), "").await;
    assert_eq!(query_of(answer.header("location"))["refused"], "held");
    let file = site.dir.path().join(format!("{ANNAS_SOUND}.mp3"));
    assert!(file.exists());

    site.post(&anna, &path("hold"), "held=false").await;
    let answer = site.post(&anna, &path("delete"), "").await;
    assert_eq!(query_of(answer.header("location"))["done"], "deleted");
    assert!(!file.exists());
    let row = site.store.recording(ANNAS_SOUND).await.unwrap().unwrap();
    assert_eq!(row.deleted.unwrap().1, "host");
    site.get(&anna, "/recordings")
        .await
        .says(&["deleted by the host"]);
    assert_eq!(
        site.get(&anna, &path("audio")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn billing_codes_are_named_used_and_removed() {
    let site = Site::open().await;
    let anna = site.log_in("anna@example.com").await;
    site.get(&anna, "/billing").await.says(&["4242", "20.0"]);
    site.post(&anna, "/billing", "code=4242&name=Customer+%22A%22")
        .await;
    site.post(&anna, "/billing", "code=555&name=Unused").await;
    let answer = site.post(&anna, "/billing", "code=5&name=short").await;
    assert_eq!(query_of(answer.header("location"))["refused"], "code");
    site.get(&anna, "/billing")
        .await
        .says(&["Customer &#34;A&#34;", "Unused"]);
    let csv = site.get(&anna, "/billing/codes.csv").await.text();
    assert_eq!(
        csv,
        "billing_code,name,conferences,caller_minutes\r\n\
         4242,\"Customer \"\"A\"\"\",1,20.0\r\n555,Unused,0,0.0\r\n"
    );
    site.post(&anna, "/billing/default", "room=1000&code=555")
        .await;
    let room = site.store.room("1000").await.unwrap().unwrap();
    assert_eq!(room.settings.billing_code.as_deref(), Some("555"));
    for code in ["555", "4242", "4242"] {
        let answer = site
            .post(&anna, "/billing/remove", &format!("code={code}"))
            .await;
        assert_eq!(query_of(answer.header("location"))["done"], "code_removed");
    }
    let page = site.get(&anna, "/billing").await;
    assert!(!page.text().contains("Unused"));
    page.says(&["4242", "<option value=\"555\" selected>555</option>"]);
}
