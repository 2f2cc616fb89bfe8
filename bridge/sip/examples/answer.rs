//! Answers every call and prints the counters when it is told to stop: something for SIPp to talk
//! to. Takes the address to listen on, UDP and TCP, and ends at the end of its input.

use std::net::SocketAddr;

use confab_sip::{Config, Listen, MediaWishes, SipCommand, SipEvent, Transport, start};
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let addr: SocketAddr = std::env::args()
        .nth(1)
        .and_then(|arg| arg.parse().ok())
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 5060)));
    let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr });
    let config = Config {
        listen: listen.to_vec(),
        advertise: addr.ip(),
        source_rate_per_s: 100_000,
        media: MediaWishes::default(),
        trunk: None,
    };
    let (sender, mut events) = mpsc::channel(1024);
    let handle = match start(config, sender).await {
        Ok(handle) => handle,
        Err(error) => return eprintln!("{error}"),
    };
    let mut end = tokio::io::stdin();
    let mut ignored = [0; 1];
    let rtp = SocketAddr::new(addr.ip(), 20_000);
    loop {
        let event = tokio::select! {
            read = end.read(&mut ignored) => match read {
                Ok(len) if len > 0 => continue,
                _ => break,
            },
            event = events.recv() => event,
        };
        if let Some(SipEvent::Invite { leg, .. }) = event {
            // Fails only when the SIP side has stopped, and then there is nothing to answer.
            let _ = handle.commands.send(SipCommand::Ring(leg)).await;
            let _ = handle.commands.send(SipCommand::Answer { leg, rtp }).await;
        }
    }
    for (word, count) in handle.counters.read() {
        println!("{word} {count}");
    }
}
