//! A telephone of strings: writes requests from a template, reads what comes back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long anything may take before the test fails; nothing ever waits this long in a good run.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long silence is listened to before it counts as silence.
pub const SILENCE: Duration = Duration::from_millis(300);

pub enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream, Vec<u8>),
}

/// One received message.
#[derive(Clone, Debug)]
pub struct Got {
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Got {
    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let pair = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        };
        Self {
            start,
            headers: lines.map(pair).collect(),
            body: body.to_owned(),
        }
    }

    pub fn status(&self) -> u16 {
        let code = self
            .start
            .strip_prefix("SIP/2.0 ")
            .and_then(|rest| rest.get(..3));
        code.and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    pub fn must(&self, name: &str) -> &str {
        self.header(name)
            .unwrap_or_else(|| panic!("no {name} in {self:#?}"))
    }
}

/// One end of one call, or of none yet.
pub struct Phone {
    pub wire: Wire,
    pub server: SocketAddr,
    pub local: SocketAddr,
    pub call_id: String,
    pub from_tag: String,
    pub to_tag: Option<String>,
    pub seq: u32,
    pub branch: String,
    pub uri: String,
    pub contact: String,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

pub fn unique(word: &str) -> String {
    format!(
        "{word}{}x{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    )
}

pub const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n";

impl Phone {
    pub async fn udp(server: SocketAddr) -> Self {
        let any = if server.is_ipv4() {
            "127.0.0.1:0"
        } else {
            "[::1]:0"
        };
        let socket = UdpSocket::bind(any).await.unwrap();
        let local = socket.local_addr().unwrap();
        Self::new(Wire::Udp(socket), local, server)
    }

    pub async fn tcp(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.unwrap();
        let local = stream.local_addr().unwrap();
        Self::new(Wire::Tcp(stream, Vec::new()), local, server)
    }

    fn new(wire: Wire, local: SocketAddr, server: SocketAddr) -> Self {
        let transport = if matches!(wire, Wire::Tcp(..)) {
            ";transport=tcp"
        } else {
            ""
        };
        Self {
            wire,
            server,
            local,
            call_id: unique("call"),
            from_tag: unique("from"),
            to_tag: None,
            seq: 0,
            branch: String::new(),
            uri: format!("sip:1000@{server}"),
            contact: format!("<sip:phone@{local}{transport}>"),
        }
    }

    /// A request in the dialog as it is now, with the next CSeq and a fresh branch.
    pub fn request(&mut self, method: &str, extra: &[&str], body: &str) -> String {
        if self.branch.is_empty() || (method != "ACK" && method != "CANCEL") {
            self.seq += 1;
            self.branch = unique("z9hG4bK");
        }
        let branch = if method == "ACK" {
            unique("z9hG4bK")
        } else {
            self.branch.clone()
        };
        let transport = if matches!(self.wire, Wire::Tcp(..)) {
            "TCP"
        } else {
            "UDP"
        };
        let tag = self
            .to_tag
            .as_ref()
            .map(|tag| format!(";tag={tag}"))
            .unwrap_or_default();
        let mut text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{transport} {};branch={branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: \"Anna\" <sip:4912345@phone.example>;tag={}\r\n\
             To: <{}>{tag}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: {}\r\n",
            self.uri, self.local, self.from_tag, self.uri, self.call_id, self.seq, self.contact
        );
        for line in extra {
            text.push_str(line);
            text.push_str("\r\n");
        }
        if !body.is_empty() && !extra.iter().any(|line| line.starts_with("Content-Type")) {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        text
    }

    pub async fn send_raw(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Udp(socket) => {
                socket.send_to(bytes, self.server).await.unwrap();
            }
            Wire::Tcp(stream, _) => stream.write_all(bytes).await.unwrap(),
        }
    }

    pub async fn send(&mut self, method: &str, extra: &[&str], body: &str) -> String {
        let text = self.request(method, extra, body);
        self.send_raw(text.as_bytes()).await;
        text
    }

    /// The next message, or `None` after `wait`.
    pub async fn next_within(&mut self, wait: Duration) -> Option<Got> {
        let text = match &mut self.wire {
            Wire::Udp(socket) => {
                let mut buffer = vec![0; 65_535];
                let (len, _) = timeout(wait, socket.recv_from(&mut buffer))
                    .await
                    .ok()?
                    .unwrap();
                String::from_utf8_lossy(&buffer[..len]).into_owned()
            }
            Wire::Tcp(stream, buffer) => timeout(wait, framed(stream, buffer)).await.ok()??,
        };
        Some(Got::parse(&text))
    }

    pub async fn next(&mut self) -> Got {
        self.next_within(PATIENCE).await.expect("a message in time")
    }

    /// The next message that is no 100.
    pub async fn reply(&mut self) -> Got {
        loop {
            let got = self.next().await;
            if got.status() != 100 {
                return got;
            }
        }
    }

    /// The next message, which must have this status.
    pub async fn expect(&mut self, status: u16) -> Got {
        let got = self.reply().await;
        assert_eq!(got.status(), status, "{got:#?}");
        let tag = got.header("To").and_then(|to| to.split_once(";tag="));
        if let Some((_, tag)) = tag.filter(|_| self.to_tag.is_none() && status != 481) {
            self.to_tag = Some(tag.to_owned());
        }
        got
    }

    /// The next message, which must be a request of this method.
    pub async fn expect_request(&mut self, method: &str) -> Got {
        let got = self.reply().await;
        assert!(got.start.starts_with(&format!("{method} ")), "{got:#?}");
        got
    }

    pub async fn expect_silence(&mut self) {
        let got = self.next_within(SILENCE).await;
        assert!(got.is_none(), "{got:#?}");
    }

    /// Answers a request of the server.
    pub async fn answer(&mut self, request: &Got, status: &str, extra: &[&str]) {
        self.answer_with(request, status, extra, "").await;
    }

    /// Answers a request of the server with SDP.
    pub async fn answer_with(&mut self, request: &Got, status: &str, extra: &[&str], body: &str) {
        let mut text = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            text.push_str(&format!("{name}: {}\r\n", request.must(name)));
        }
        extra
            .iter()
            .for_each(|line| text.push_str(&format!("{line}\r\n")));
        if !body.is_empty() {
            text.push_str("Content-Type: application/sdp\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.send_raw(text.as_bytes()).await;
    }

    /// Closes the connection, if there is one.
    pub async fn close(&mut self) {
        if let Wire::Tcp(stream, _) = &mut self.wire {
            stream.shutdown().await.unwrap();
        }
    }

    /// Goes on over another connection.
    pub fn reopen(&mut self, stream: TcpStream) {
        self.wire = Wire::Tcp(stream, Vec::new());
    }

    pub async fn ack(&mut self, body: &str) {
        self.send("ACK", &[], body).await;
    }

    /// Nothing but 200 to the BYE that must come.
    pub async fn take_bye(&mut self) -> Got {
        let bye = self.expect_request("BYE").await;
        self.answer(&bye, "200 OK", &[]).await;
        bye
    }
}

/// One message off a stream.
async fn framed(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        while buffer.starts_with(b"\r\n") {
            buffer.drain(..2);
        }
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let len: usize = Got::parse(&text).header("Content-Length")?.parse().ok()?;
            let total = head.len() + 4 + len;
            if buffer.len() >= total {
                let message = buffer.drain(..total).collect::<Vec<u8>>();
                return String::from_utf8(message).ok();
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(len) => buffer.extend_from_slice(&chunk[..len]),
        }
    }
}
