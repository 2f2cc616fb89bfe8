//! The ledger: every call with its times and its reason, on both databases, nothing lost while the
//! database is away.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use confab_store::testing::PrivatePostgres;
use serde_json::Value;
use sipp_scenarios::confab::{
    ACCESS_NUMBER, Confab, HOST_EMAIL, Portal, ROOM, Setup, eventually, portal,
};
use sipp_scenarios::phone::{Phone, Plan};

use crate::common::{ANNA, BERT, CARL, SOON, quiet};

/// The conferences of the room, newest first, once the newest has ended.
async fn ended(portal: &Portal, count: usize) -> Result<Vec<Value>> {
    eventually("the conference has ended in the ledger", SOON, || async {
        let all = conferences(portal).await?;
        Ok(all.len() == count && all.iter().all(|c| !c["ended_ms"].is_null()))
    })
    .await?;
    conferences(portal).await
}

async fn conferences(portal: &Portal) -> Result<Vec<Value>> {
    let list = portal.json("/conferences").await?;
    Ok(list["conferences"].as_array().context("a list")?.clone())
}

/// Name, role and reason of each caller, from the CSV of a conference.
async fn callers(portal: &Portal, conference: &Value) -> Result<Vec<(String, String, String)>> {
    let id = conference["id"].as_str().context("an id")?;
    let csv = portal.text(&format!("/usage/{id}/callers.csv")).await?;
    let mut lines = csv
        .lines()
        .map(|l| l.trim_start_matches('\u{feff}').split(',').collect());
    let head: Vec<&str> = lines.next().context("a head")?;
    let place = |name: &str| {
        head.iter()
            .position(|h| *h == name)
            .with_context(|| format!("no {name} in {head:?}"))
    };
    let (name, role, why) = (place("name")?, place("role")?, place("ended_because")?);
    Ok(lines
        .map(|l: Vec<&str>| (l[name].into(), l[role].into(), l[why].into()))
        .collect())
}

async fn one_conference_with_every_reason(confab: &Confab) -> Result<()> {
    let portal = confab.portal().await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    let carl = confab.guest(Plan::humming("Carl", CARL)).await?;
    let dora = confab
        .guest(Plan {
            name: "Dora".into(),
            ..Plan::default()
        })
        .await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    let lost = Phone::call(confab.sip(), ACCESS_NUMBER, Plan::default()).await?;
    lost.hang_up().await?;
    dora.hang_up().await?;
    let leg = portal.leg(ROOM, "Bert").await?;
    portal.command(ROOM, "drop", Some(&leg)).await?;
    bert.ended_by_them(SOON).await?;
    carl.die();
    confab.until_callers(ROOM, 1).await?;
    portal
        .post(
            &format!("/rooms/{ROOM}/commands"),
            &[("command", "billing_code"), ("code", "4711")],
        )
        .await?
        .error_for_status()?;
    portal.command(ROOM, "end", None).await?;
    host.ended_by_them(SOON).await?;
    let log = confab.log();
    for asked in ["drop leg-", "set the billing code", "end the conference"] {
        let mut lines = log
            .lines()
            .filter_map(|line| line.split_once("portal command"));
        let is_said = lines.any(|(_, said)| {
            [HOST_EMAIL, ROOM, asked]
                .iter()
                .all(|word| said.contains(word))
                && !said.contains("4711")
        });
        assert!(is_said, "nobody asked to {asked} in the log");
    }

    let conferences = ended(portal, 1).await?;
    assert_eq!(conferences[0]["callers"], 4);
    assert_eq!(conferences[0]["billing_code"], "4711");
    assert_eq!(conferences[0]["end_reason"], "ended_by_host");
    // the last calls are still being hung up when their conference is over
    for (name, role, why) in [
        ("Host", "host", "onference"),
        ("Bert", "guest", "ropped"),
        ("Carl", "guest", "ead"),
        ("Dora", "guest", "ung up"),
    ] {
        let what = format!("a row of {name}, {role}, {why}");
        eventually(&what, SOON, || async {
            let told = callers(portal, &conferences[0]).await?;
            let is_there = |(n, r, w): &(String, String, String)| {
                n.contains(name) && r.contains(role) && w.contains(why)
            };
            ensure!(told.iter().any(is_there), "{told:#?}");
            Ok(true)
        })
        .await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_has_a_row_with_its_reason_in_sqlite() -> Result<()> {
    let confab = Confab::start_with(quiet().env("CONFAB_DEAD_LINE_SECONDS", "3")).await?;
    one_conference_with_every_reason(&confab).await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_has_a_row_with_its_reason_in_postgres() -> Result<()> {
    let Some(postgres) = PrivatePostgres::start() else {
        return Ok(());
    };
    let setup = Setup {
        database_url: Some(postgres.fresh_database()),
        ..quiet()
    };
    let confab = Confab::start_with(setup.env("CONFAB_DEAD_LINE_SECONDS", "3")).await?;
    one_conference_with_every_reason(&confab).await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_go_on_without_the_database_and_nothing_is_lost() -> Result<()> {
    let Some(mut postgres) = PrivatePostgres::start() else {
        return Ok(());
    };
    let setup = Setup {
        database_url: Some(postgres.fresh_database()),
        ..quiet()
    };
    let confab = Confab::start_with(setup).await?;
    let portal = confab.portal().await?;
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    let bert = confab.guest(Plan::humming("Bert", BERT)).await?;
    host.ear.wait_until_hears(BERT, SOON).await?;
    postgres.stop();

    // a call in progress does not notice: sound, keys, hanging up
    bert.hum(None);
    host.ear.wait_until_silent_of(BERT, SOON).await?;
    bert.hum(Some(BERT));
    host.ear.wait_until_hears(BERT, SOON).await?;
    let mark = bert.ear.mark();
    bert.key("*2").await?;
    bert.ear
        .wait_for_prompt("you-are-muted", mark, SOON)
        .await?;
    // a room that is known is entered without the database
    let carl = confab.call_room(ROOM, Plan::humming("Carl", CARL)).await?;
    carl.key("#").await?;
    host.ear
        .wait_until_hears(CARL, Duration::from_secs(25))
        .await?;
    bert.hang_up().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    carl.hang_up().await?;
    host.ear.wait_until_silent_of(CARL, SOON).await?;
    assert!(
        confab.metric("confab_ledger_waiting").await? > Some(0.0),
        "nothing waits"
    );
    postgres.start_again();
    host.hang_up().await?;

    let conferences = ended(portal, 1).await?;
    assert_eq!(conferences[0]["callers"], 3);
    let told = callers(portal, &conferences[0]).await?;
    let mut names: Vec<&str> = told.iter().map(|(name, ..)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Bert", "Carl", "Host"]);
    assert!(
        told.iter()
            .all(|(.., why)| why.to_lowercase().contains("hung up")),
        "{told:?}"
    );
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_spool_the_ledger_is_written_and_the_health_says_so() -> Result<()> {
    let mut confab = Confab::start_with(quiet()).await?;
    confab.stop().await?;
    let spool = confab.data_dir().join("ledger.spool");
    std::fs::remove_file(&spool)?;
    std::fs::create_dir(&spool)?;
    confab.serve().await?;
    let health = async || -> Result<(Value, Value)> {
        let text = portal::get(&confab.url("/health")).await?;
        let health: Value = serde_json::from_str(&text)?;
        Ok((health["status"].clone(), health["ledger_spool"].clone()))
    };
    assert_eq!(health().await?, ("degraded".into(), "failing".into()));
    let host = confab.host(Plan::humming("Host", ANNA)).await?;
    host.hang_up().await?;
    let conferences = ended(confab.portal().await?, 1).await?;
    assert_eq!(conferences[0]["callers"], 1);

    std::fs::remove_dir(&spool)?;
    eventually("the spool is well again", SOON, || async {
        Ok(health().await? == ("ok".into(), "ok".into()))
    })
    .await?;
    assert_eq!(confab.metric("confab_ledger_lost_total").await?, Some(0.0));
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conference_is_billed_to_its_room_when_nobody_says_otherwise() -> Result<()> {
    let settings = [
        "guests_may_start=true",
        "announce=nothing",
        "billing_code=8150",
    ];
    let confab = Confab::start_with(Setup::with_room(&settings)).await?;
    let guest = confab.guest(Plan::humming("Anna", ANNA)).await?;
    guest.hang_up().await?;
    let conferences = ended(confab.portal().await?, 1).await?;
    assert_eq!(conferences[0]["billing_code"], "8150");
    confab.finish().await
}
