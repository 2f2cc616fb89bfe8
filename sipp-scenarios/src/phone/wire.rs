//! Carries SIP messages over UDP or TCP (RFC 3261, 18), one conversation partner a phone.
//! Knows no dialog.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::Mutex;

/// UDP or TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A datagram a message; requests are sent again until they are answered.
    #[default]
    Udp,
    /// A stream, cut into messages by Content-Length.
    Tcp,
}

impl Transport {
    /// As it stands in a Via header.
    pub fn token(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
        }
    }
}

/// The end that sends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    transport: Transport,
    local: SocketAddr,
    out: Out,
}

#[derive(Clone, Debug)]
enum Out {
    Udp(Arc<UdpSocket>),
    Tcp(Arc<Mutex<OwnedWriteHalf>>),
}

/// The end that receives.
#[derive(Debug)]
pub enum Receiver {
    /// Datagrams.
    Udp(Arc<UdpSocket>),
    /// A stream and what was read of the next message.
    Tcp(OwnedReadHalf, SocketAddr, Vec<u8>),
}

/// Opens a way to `remote` from a free port of the same address family.
///
/// # Errors
/// When no socket can be had, or nobody listens at the other end of a TCP connection.
pub async fn open(transport: Transport, remote: SocketAddr) -> Result<(Sender, Receiver)> {
    match transport {
        Transport::Udp => {
            let any = SocketAddr::new(remote.ip(), 0);
            let socket = Arc::new(UdpSocket::bind(any).await.context("bind a SIP port")?);
            Ok(udp(socket)?)
        }
        Transport::Tcp => {
            let stream = TcpStream::connect(remote).await.context("connect by TCP")?;
            tcp(stream)
        }
    }
}

/// A way for whoever calls this UDP socket.
pub fn udp(socket: Arc<UdpSocket>) -> Result<(Sender, Receiver)> {
    let local = socket.local_addr()?;
    let out = Out::Udp(socket.clone());
    Ok((
        Sender {
            transport: Transport::Udp,
            local,
            out,
        },
        Receiver::Udp(socket),
    ))
}

fn tcp(stream: TcpStream) -> Result<(Sender, Receiver)> {
    stream.set_nodelay(true)?;
    let (local, remote) = (stream.local_addr()?, stream.peer_addr()?);
    let (read, write) = stream.into_split();
    let out = Out::Tcp(Arc::new(Mutex::new(write)));
    let sender = Sender {
        transport: Transport::Tcp,
        local,
        out,
    };
    Ok((sender, Receiver::Tcp(read, remote, Vec::new())))
}

impl Sender {
    /// The address to name in Via and Contact.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// UDP or TCP.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Sends one message. What the network does not take is lost, as on any network.
    pub async fn send(&self, message: &[u8], to: SocketAddr) {
        let sent = match &self.out {
            Out::Udp(socket) => socket.send_to(message, to).await.map(|_| ()),
            Out::Tcp(stream) => stream.lock().await.write_all(message).await,
        };
        if let Err(error) = sent {
            eprintln!("phone at {}: cannot send: {error}", self.local);
        }
    }
}

impl Receiver {
    /// The next message and who sent it; none when the connection is closed.
    pub async fn next(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        match self {
            Receiver::Udp(socket) => {
                let mut datagram = vec![0; 65_536];
                loop {
                    // an ICMP error of an earlier datagram is not the end of the socket
                    if let Ok((length, from)) = socket.recv_from(&mut datagram).await {
                        datagram.truncate(length);
                        return Some((datagram, from));
                    }
                }
            }
            Receiver::Tcp(stream, remote, rest) => loop {
                if let Some(length) = message_length(rest) {
                    let tail = rest.split_off(length);
                    let message = std::mem::replace(rest, tail);
                    return Some((message, *remote));
                }
                match stream.read_buf(rest).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            },
        }
    }
}

/// Length of the first whole message in the stream, if it is all there.
fn message_length(stream: &[u8]) -> Option<usize> {
    let head = stream.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&stream[..head]).ok()?;
    let body = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim();
        let is_length = name.eq_ignore_ascii_case("content-length") || name == "l";
        is_length.then(|| value.trim().parse::<usize>().ok())?
    });
    let length = head + body.unwrap_or(0);
    (stream.len() >= length).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_by_content_length() {
        let whole = b"BYE sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabcOPTIONS";
        for (stream, length) in [
            (&whole[..], Some(43)),
            (&whole[..42], None),
            (&whole[..20], None),
            (b"BYE sip:a SIP/2.0\r\n\r\n", Some(21)),
        ] {
            assert_eq!(message_length(stream), length);
        }
    }
}
