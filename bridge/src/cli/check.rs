//! `confab check`: everything that would keep Confab from serving, found before it serves.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use anyhow::bail;
use confab_sip::Transport;
use serde_json::{Value, json};

use super::print_json;
use crate::config::Config;

struct Finding {
    what: String,
    wrong: Option<String>,
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
        UdpSocket::bind((config.media_address, 0)).map(drop),
    ));
    findings.push(Finding {
        what: format!("sound {:?}", config.media.codecs),
        wrong: None,
    });
    findings.push(finding(
        format!("portal {}", config.http_listen),
        TcpListener::bind(config.http_listen).map(drop),
    ));
    let wrong = findings
        .iter()
        .filter(|finding| finding.wrong.is_some())
        .count();
    if json {
        let value =
            |f: &Finding| json!({ "what": f.what, "ok": f.wrong.is_none(), "wrong": f.wrong });
        print_json(&Value::Array(findings.iter().map(value).collect()));
    } else {
        for finding in &findings {
            println!(
                "{}: {}",
                finding.what,
                finding.wrong.as_deref().unwrap_or("good")
            );
        }
    }
    if wrong > 0 {
        bail!("{wrong} of {} checks failed", findings.len());
    }
    Ok(())
}

fn finding<E: std::fmt::Display>(what: String, result: Result<(), E>) -> Finding {
    Finding {
        what,
        wrong: result.err().map(|e| e.to_string()),
    }
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
