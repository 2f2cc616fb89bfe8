//! Connections to the portal: how many one address gets, how long they may be of no use, and what
//! happens when the system has none left.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use confab::web::{self, Limits, Visits};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// How long anything may take: the machine may be busy.
const SOON: Duration = Duration::from_secs(20);
/// Longer than any test.
const HOUR: Duration = Duration::from_secs(3_600);
const BRIEF: Duration = Duration::from_millis(100);

/// The first address of a client, and another.
const ONE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const OTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

const HEALTH: &str = "GET /health HTTP/1.1\r\nHost: confab\r\n\r\n";

struct Server {
    addr: SocketAddr,
    visits: Arc<Visits>,
    /// lets the page `/slow` answer
    go_on: Arc<Notify>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind((ONE, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let go_on = Arc::new(Notify::new());
        let waits = go_on.clone();
        let slow = || async move {
            waits.notified().await;
            "at last"
        };
        let who = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let pages = Router::new()
            .route("/health", get(who))
            .route("/slow", get(slow))
            .route("/upload", post(|body: String| async { body }));
        let visits = Visits::new(limits);
        tokio::spawn(web::serve(listener, pages, visits.clone()));
        Self {
            addr,
            visits,
            go_on,
        }
    }

    async fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(self.addr).await.unwrap()
    }

    /// A request on a connection of its own; all that comes back.
    async fn ask(&self, from: Ipv4Addr, request: &str) -> String {
        let mut stream = self.connect(from).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        rest(&mut stream).await
    }

    async fn until(&self, what: &str, holds: impl Fn(&Visits) -> bool) {
        let waits = async {
            while !holds(&self.visits) {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(SOON, waits).await.expect(what);
    }
}

/// Everything up to the end of the connection; a reset is an end as well.
async fn rest(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let ended = timeout(SOON, stream.read_to_end(&mut all)).await;
    assert!(ended.is_ok(), "the connection is never closed");
    String::from_utf8_lossy(&all).into_owned()
}

fn limits() -> Limits {
    Limits {
        all: 20,
        per_address: 8,
        idle: HOUR,
        stalled: HOUR,
    }
}

#[tokio::test]
async fn one_address_cannot_take_every_connection() {
    let server = Server::start(limits()).await;
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(server.connect(ONE).await);
    }
    server
        .until("22 are refused", |visits| visits.refused() == 22)
        .await;
    assert_eq!(server.visits.open(), 8);
    let answer = server.ask(OTHER, HEALTH).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.2"),
        "{answer}"
    );
    // who is refused is told so, and gets in again when others have gone
    drop(idle.split_off(10));
    let answer = server.ask(ONE, HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("Retry-After") && answer.ends_with("again in a minute.\n"));
    drop(idle);
    server
        .until("places are given back", |visits| visits.open() == 0)
        .await;
    let answer = server.ask(ONE, HEALTH).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn all_addresses_together_have_a_limit() {
    let server = Server::start(limits()).await;
    let mut idle = Vec::new();
    for last in 1..=4 {
        for _ in 0..6 {
            idle.push(server.connect(Ipv4Addr::new(127, 0, 0, last)).await);
        }
    }
    server
        .until("the last four are refused", |visits| visits.refused() == 4)
        .await;
    assert_eq!(server.visits.open(), 20);
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let server = Server::start(Limits {
        idle: BRIEF,
        ..limits()
    })
    .await;
    let mut busy = server.connect(ONE).await;
    let request = HEALTH.replace("/health", "/slow");
    busy.write_all(request.as_bytes()).await.unwrap();
    // silent, within a head, and after an answer
    let (before, head) = ("", &HEALTH[..20]);
    for sent in [before, head, HEALTH] {
        let mut stream = server.connect(OTHER).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert_eq!(answer.contains("200 OK"), sent == HEALTH, "{answer}");
    }
    server
        .until("only the busy one is left", |visits| visits.open() == 1)
        .await;
    server.go_on.notify_one();
    assert!(rest(&mut busy).await.ends_with("at last"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::start(Limits {
        stalled: BRIEF,
        ..limits()
    })
    .await;
    let mut stream = server.connect(ONE).await;
    let head = "POST /upload HTTP/1.1\r\nHost: confab\r\nContent-Length: 100\r\n\r\nbut little";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

/// Lowers the limit of the whole process: nextest gives each test one of its own. One thread serves
/// and asks, so that nothing is accepted before the limit is there.
#[tokio::test(flavor = "current_thread")]
async fn without_files_it_waits_for_some() {
    let server = Server::start(limits()).await;
    let mut client = std::net::TcpStream::connect(server.addr).unwrap();
    client.write_all(HEALTH.as_bytes()).unwrap();
    client.set_nonblocking(true).unwrap();
    let mut client = TcpStream::from_std(client).unwrap();
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let next_free = std::fs::File::open("/dev/null").unwrap().as_raw_fd();
    let limit = u64::try_from(next_free).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, limit, hard).unwrap();
    server
        .until("accept fails", |visits| visits.accept_failures() >= 2)
        .await;
    // one failure for each pause, however often this thread looked
    assert!(server.visits.accept_failures() <= 3);
    setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
    client.shutdown().await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
