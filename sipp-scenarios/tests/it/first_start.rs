//! The first start by program: the card works as it says, and a start that fails shows none.

use std::net::{TcpListener, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sipp_scenarios::confab::{Confab, Portal, eventually};
use sipp_scenarios::phone::{Phone, Plan};

use crate::common::{ANNA, BERT, SOON};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_card_says_works() -> Result<()> {
    let mut confab = Confab::fresh()?;
    confab.serve().await?;
    let card = confab.card().await?;
    if cfg!(target_env = "gnu") {
        let pid = confab.pid().context("it runs")?;
        let environment = std::fs::read(format!("/proc/{pid}/environ"))?;
        let asked = String::from_utf8_lossy(&environment).contains("glibc.malloc.hugetlb=1");
        ensure!(asked, "it has not asked for large pages");
    }
    let (email, password) = &card.host;
    let portal = Portal::log_in(&confab.url(""), email, password).await?;
    let (email, password) = &card.administrator;
    Portal::log_in(&confab.url(""), email, password).await?;

    // one keys the room at the voice menu, the other dials it and comes in as its host
    let guest = Phone::call(confab.sip(), "0", Plan::humming("guest", ANNA)).await?;
    guest
        .ear
        .wait_for_prompt("enter-room-number", 0, SOON)
        .await?;
    guest.key(&format!("{}#", card.room)).await?;
    guest.key("#").await?;
    let host = Phone::call(confab.sip(), &card.room, Plan::humming("host", BERT)).await?;
    host.key(&format!("*{}#", card.pin)).await?;
    eventually("both are in the room", SOON, || async {
        Ok(portal.legs(&card.room).await?.len() == 2)
    })
    .await?;
    guest.ear.wait_until_hears(BERT, SOON).await?;
    host.ear.wait_until_hears(ANNA, SOON).await?;
    guest.hang_up().await?;
    host.hang_up().await?;

    // the second start is nothing new
    confab.stop().await?;
    let before = confab.log().matches("administrator").count();
    confab.serve().await?;
    ensure!(confab.log().matches("administrator").count() == before);
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_named_and_makes_nobody() -> Result<()> {
    let mut confab = Confab::fresh()?;
    let sip = UdpSocket::bind(confab.sip())?;
    let said = confab.refuses_to_serve().await?;
    ensure!(said.contains(&confab.sip().to_string()), "{said}");
    ensure!(!said.contains("administrator"), "{said}");
    drop(sip);
    let http = TcpListener::bind(confab.http())?;
    let said = confab.refuses_to_serve().await?;
    ensure!(said.contains(&confab.http().to_string()), "{said}");
    ensure!(!said.contains("administrator"), "{said}");
    drop(http);
    // nobody was made by the starts that failed: the card is still to come
    confab.serve().await?;
    let card = confab.card().await?;
    let (email, password) = &card.host;
    Portal::log_in(&confab.url(""), email, password).await?;
    confab.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_folder_serves_one_program() -> Result<()> {
    let first = Confab::start().await?;
    let second = Confab::fresh_on(&first.data_dir())?;
    let said = second.refuses_to_serve().await?;
    ensure!(said.contains("another confab"), "{said}");
    // the first has noticed nothing
    let anna = first.guest(Plan::humming("Anna", ANNA)).await?;
    tokio::time::timeout(Duration::from_secs(5), anna.hang_up()).await??;
    first.finish().await
}
