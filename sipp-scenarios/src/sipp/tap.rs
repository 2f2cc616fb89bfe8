//! A tap on SIPp's line. SIPp talks to the tap; the tap passes its messages to the server and puts
//! its own media addresses into the session descriptions, so that the sound passes it too.
//!
//! SIPp -> tap -> server for requests and sound; what the server says to SIPp ends in the tap's
//! ear, for SIPp has none.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rtp::packet::Packet;
use tokio::task::JoinHandle;
use webrtc_util::marshal::Unmarshal;

use crate::phone::{Ear, Sdp, port_pair};
use crate::sound::words::Language;

/// The tap; closed when dropped.
#[derive(Debug)]
pub struct Tap {
    /// what the call hears
    pub ear: Ear,
    line: Arc<Line>,
    address: SocketAddr,
    signalling: JoinHandle<()>,
}

#[derive(Debug)]
struct Line {
    server: SocketAddr,
    sip: tokio::net::UdpSocket,
    /// towards the server: named in what SIPp offers
    outer: UdpSocket,
    /// towards SIPp: named in what the server answers
    inner: UdpSocket,
    server_rtp: OnceLock<SocketAddr>,
    /// where SIPp is, and the Call-ID of its call
    caller: Mutex<Option<(SocketAddr, String)>>,
    closed: AtomicBool,
    /// SIPp takes the same NOTIFY twice for a retransmission
    cues: AtomicU32,
}

impl Tap {
    pub(super) async fn open(server: SocketAddr, name: &str, language: Language) -> Result<Self> {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (outer, _) = port_pair(here)?;
        let (inner, _) = port_pair(here)?;
        let sip = tokio::net::UdpSocket::bind((here, 0)).await?;
        let address = sip.local_addr()?;
        let line = Arc::new(Line {
            server,
            sip,
            outer,
            inner,
            server_rtp: OnceLock::new(),
            caller: Mutex::default(),
            closed: AtomicBool::new(false),
            cues: AtomicU32::new(1),
        });
        let ear = Ear::new(name, language);
        line.clone().hear(ear.clone())?;
        line.clone().speak()?;
        let signalling = tokio::spawn({
            let line = line.clone();
            async move { line.signal().await }
        });
        Ok(Self {
            ear,
            line,
            address,
            signalling,
        })
    }

    /// Where SIPp sends its requests.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets a scenario go on that waits for a NOTIFY.
    ///
    /// # Errors
    /// Before the call has begun.
    pub async fn cue(&self) -> Result<()> {
        let caller = self
            .line
            .caller
            .lock()
            .expect("nobody panics while holding it")
            .clone();
        let (sipp, call_id) = caller.context("SIPp has not called yet")?;
        let tap = self.address;
        let number = self.line.cues.fetch_add(1, Ordering::Relaxed);
        let notify = format!(
            "NOTIFY sip:sipp@{sipp} SIP/2.0\r\nVia: SIP/2.0/UDP {tap};branch=z9hG4bKcue{number}\r\n\
             From: <sip:tap@{tap}>;tag=cue\r\nTo: <sip:sipp@{sipp}>\r\nCall-ID: {call_id}\r\n\
             CSeq: {number} NOTIFY\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
        );
        self.line.sip.send_to(notify.as_bytes(), sipp).await?;
        Ok(())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.signalling.abort();
        self.line.closed.store(true, Ordering::Relaxed);
    }
}

impl Line {
    /// Passes messages both ways.
    async fn signal(&self) {
        let mut datagram = vec![0; 65_536];
        loop {
            let Ok((length, from)) = self.sip.recv_from(&mut datagram).await else {
                continue;
            };
            let message = String::from_utf8_lossy(&datagram[..length]).into_owned();
            let (to, passed) = if from == self.server {
                let caller = self
                    .caller
                    .lock()
                    .expect("nobody panics while holding it")
                    .clone();
                let Some((sipp, _)) = caller else { continue };
                if let Some(theirs) = sdp(&message) {
                    // a later answer names the same address, or the scenario is at fault
                    let _ = self.server_rtp.set(theirs.rtp);
                }
                (sipp, with_media_at(&message, &self.inner))
            } else {
                let call_id = header(&message, "Call-ID").unwrap_or_default();
                *self.caller.lock().expect("nobody panics while holding it") =
                    Some((from, call_id));
                (self.server, with_media_at(&message, &self.outer))
            };
            // like any network, a tap may lose what cannot be sent
            let _ = self.sip.send_to(passed.as_bytes(), to).await;
        }
    }

    /// Server to ear.
    fn hear(self: Arc<Self>, ear: Ear) -> Result<()> {
        self.outer
            .set_read_timeout(Some(Duration::from_millis(100)))?;
        spawn("tap-ear", move || {
            let mut datagram = [0; 2_048];
            while !self.closed.load(Ordering::Relaxed) {
                let Ok((length, _)) = self.outer.recv_from(&mut datagram) else {
                    continue;
                };
                let mut bytes = &datagram[..length];
                if let Ok(packet) = Packet::unmarshal(&mut bytes) {
                    ear.take(&packet, Instant::now());
                }
            }
        })
    }

    /// SIPp to server.
    fn speak(self: Arc<Self>) -> Result<()> {
        self.inner
            .set_read_timeout(Some(Duration::from_millis(100)))?;
        spawn("tap-mouth", move || {
            let mut datagram = [0; 2_048];
            while !self.closed.load(Ordering::Relaxed) {
                let Ok((length, _)) = self.inner.recv_from(&mut datagram) else {
                    continue;
                };
                if let Some(server) = self.server_rtp.get() {
                    // a call that is over has no port any more
                    let _ = self.outer.send_to(&datagram[..length], server);
                }
            }
        })
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new().name(name.into()).spawn(run)?;
    Ok(())
}

fn header(message: &str, name: &str) -> Option<String> {
    message.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

fn sdp(message: &str) -> Option<Sdp> {
    let (_, body) = message.split_once("\r\n\r\n")?;
    Sdp::parse(body).ok()
}

/// The message with the address of a socket in its session description, if it has one.
fn with_media_at(message: &str, socket: &UdpSocket) -> String {
    let (Some(theirs), Ok(ours)) = (sdp(message), socket.local_addr()) else {
        return message.to_owned();
    };
    let Some((head, body)) = message.split_once("\r\n\r\n") else {
        return message.to_owned();
    };
    let (from, to) = (
        format!("m=audio {} ", theirs.rtp.port()),
        format!("m=audio {} ", ours.port()),
    );
    let body = body.replace(&from, &to);
    let lines = head.split("\r\n").filter(|line| !is_content_length(line));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn is_content_length(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default().trim();
    name.eq_ignore_ascii_case("Content-Length") || name == "l"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_moved_and_the_length_is_right() {
        let body = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 6000 RTP/AVP 0\r\na=x:6000\r\n";
        let message = format!(
            "SIP/2.0 200 OK\r\nContent-Length: {}\r\nX: y\r\n\r\n{body}",
            body.len()
        );
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let moved = with_media_at(&message, &socket);
        let port = socket.local_addr().expect("it is bound").port();
        assert_eq!(sdp(&moved).expect("still an SDP").rtp.port(), port);
        let (_, moved_body) = moved.split_once("\r\n\r\n").expect("head and body");
        let length = header(&moved, "content-length").expect("a length");
        assert_eq!(length, moved_body.len().to_string());
        assert!(moved_body.contains("a=x:6000") && moved.contains("X: y\r\n"));
        let bye = "BYE sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(with_media_at(bye, &socket), bye);
    }
}
