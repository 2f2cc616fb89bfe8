//! `confab check`: everything that would keep Confab from serving, found before it serves, and what
//! may be a mistake. Mistakes of the configuration itself are told before any command runs.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use anyhow::bail;
use confab_sip::Transport;
use serde_json::{Value, json};

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

fn folder(path: &Path) -> Finding {
    let written = std::fs::create_dir_all(path).and_then(|()| {
        let probe = path.join(".confab-check");
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(probe)
    });
    finding(format!("folder {}", path.display()), written)
}

async fn database(config: &Config) -> Finding {
    let opened = match super::open(config).await {
        Ok(store) => store.ping().await.map_err(|e| e.to_string()),
        Err(e) => Err(format!("{e:#}")),
    };
    // the URL may hold a password
    let kind = config.database_url.split(':').next().unwrap_or_default();
    finding(format!("database ({kind})"), opened)
}
