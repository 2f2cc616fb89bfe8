//! `confab check`: everything that would keep Confab from serving, found before it serves, and what
//! may be a mistake. Mistakes of the configuration itself are told before any command runs.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use anyhow::bail;
use confab_sip::Transport;
use nix::unistd::{AccessFlags, access};
use serde_json::{Value, json};

use super::place::{self, Absent};
use super::print_json;
use crate::config::Config;
use crate::media;

struct Finding {
    what: String,
    state: State,
}

enum State {
    Good,
    /// may be meant so
    Doubtful(String),
    Wrong(String),
}

pub(super) async fn run(config: &Config, json: bool) -> anyhow::Result<()> {
    let mut findings = vec![folder(&config.data_dir), folder(&config.recordings_dir())];
    findings.push(database(config).await);
    findings.extend(config.sip_listen.iter().map(|listen| {
        let bound = match listen.transport {
            Transport::Udp => UdpSocket::bind(listen.addr).map(drop),
            Transport::Tcp => TcpListener::bind(listen.addr).map(drop),
        };
        finding(format!("SIP {:?} {}", listen.transport, listen.addr), bound)
    }));
    findings.push(finding(
        format!("RTP from {}", config.media_address),
        UdpSocket::bind((media::bound_at(config.media_address), 0)).map(drop),
    ));
    findings.push(Finding {
        what: format!("sound {:?}", config.media.codecs),
        state: State::Good,
    });
    findings.push(finding(
        format!("portal {}", config.http_listen),
        TcpListener::bind(config.http_listen).map(drop),
    ));
    findings.extend(config.warnings.iter().map(|warning| Finding {
        what: "configuration".to_owned(),
        state: State::Doubtful(warning.clone()),
    }));
    if json {
        print_json(&findings.iter().map(Finding::json).collect());
    } else {
        for finding in &findings {
            println!("{}", finding.words());
        }
    }
    let is_wrong = |finding: &&Finding| matches!(finding.state, State::Wrong(_));
    let wrong = findings.iter().filter(is_wrong).count();
    if wrong > 0 {
        bail!("{wrong} of {} checks failed", findings.len());
    }
    Ok(())
}

impl Finding {
    fn json(&self) -> Value {
        let (warning, wrong) = match &self.state {
            State::Good => (None, None),
            State::Doubtful(why) => (Some(why), None),
            State::Wrong(why) => (None, Some(why)),
        };
        json!({ "what": self.what, "ok": wrong.is_none(), "wrong": wrong, "warning": warning })
    }

    fn words(&self) -> String {
        match &self.state {
            State::Good => format!("{}: good", self.what),
            State::Doubtful(why) => format!("{}: warning: {why}", self.what),
            State::Wrong(why) => format!("{}: {why}", self.what),
        }
    }
}

fn finding<E: std::fmt::Display>(what: String, result: Result<(), E>) -> Finding {
    let state = match result {
        Ok(()) => State::Good,
        Err(error) => State::Wrong(error.to_string()),
    };
    Finding { what, state }
}

/// Can the folder be written, or be made? Makes nothing that stays.
fn folder(path: &Path) -> Finding {
    let written = match path.ancestors().find(|it| it.exists()) {
        Some(there) if there == path => {
            let probe = path.join(".confab-check");
            std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(probe))
        }
        above => {
            // above "data" there is only an empty path, which does not exist
            let above = above.unwrap_or(Path::new("."));
            access(above, AccessFlags::W_OK | AccessFlags::X_OK).map_err(Into::into)
        }
    };
    finding(format!("folder {}", path.display()), written)
}

async fn database(config: &Config) -> Finding {
    // the URL may hold a password
    let kind = config.database_url.split(':').next().unwrap_or_default();
    let what = format!("database ({kind})");
    let opened = match confab_store::is_made(&config.database_url).await {
        Ok(true) => ping(config).await,
        Ok(false) => {
            let state = State::Doubtful(place::nothing_here(config));
            return Finding { what, state };
        }
        Err(error) => Err(error.into()),
    };
    finding(what, opened.map_err(|error| format!("{error:#}")))
}

async fn ping(config: &Config) -> anyhow::Result<()> {
    let store = place::open(config, Absent::Refuse).await?;
    Ok(store.ping().await?)
}
