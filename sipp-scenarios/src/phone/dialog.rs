//! The signalling of one call: sends requests until they are answered, answers what comes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rsip::headers::UntypedHeader;
use rsip::message::HeadersExt;
use rsip::{Method, Request, Response, SipMessage};
use tokio::sync::{mpsc, watch};

use super::call::{CallState, Plan, locked};
use super::codec::Codec;
use super::media::MediaPort;
use super::message::{self, Content, Dialog, Here};
use super::mouth::Format;
use super::sdp::{Direction, Sdp};
use super::seal::Crypto;
use super::wire::{Receiver, Sender, Transport};
use crate::sound::g711::Law;

/// First interval between retransmissions (RFC 3261, T1).
const T1: Duration = Duration::from_millis(500);

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long whoever called waits before it asks again for a change (RFC 3261, 14.1).
const AFTER_491: Duration = Duration::from_millis(2_100);

/// Times that a change is asked for.
const REINVITES: u32 = 3;

/// Answers to one request that nobody has taken yet; more than this is a broken server, and the
/// rest is dropped.
const ANSWERS: usize = 32;

/// One call's signalling.
#[derive(Debug)]
pub struct Session {
    pub(super) plan: Plan,
    /// codecs offered and answered with
    codecs: Mutex<Vec<Codec>>,
    /// the key it sends with; none: not encrypted
    crypto: Mutex<Option<Crypto>>,
    out: Sender,
    dialog: Mutex<Dialog>,
    media: Mutex<MediaPort>,
    state: watch::Sender<CallState>,
    waiting: Mutex<HashMap<(u32, String), mpsc::Sender<Response>>>,
    /// ACKs by the number of their INVITE, to be sent again when the 200 comes again
    acks: Mutex<HashMap<u32, Vec<u8>>>,
    /// branch of the first INVITE, which CANCEL and a refusal's ACK share
    branch: Mutex<String>,
    version: AtomicU32,
    their_sdp: Mutex<Option<Sdp>>,
    our_tag: String,
}

/// A word that is never given twice by this process, and hardly by another.
pub fn new_token() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = now.map_or(0, |d| d.as_micros() as u64);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{:x}-{count:x}",
        micros ^ u64::from(std::process::id()) << 40
    )
}

impl Session {
    pub(super) fn new(
        plan: Plan,
        out: Sender,
        dialog: Dialog,
        media: MediaPort,
        state: watch::Sender<CallState>,
    ) -> Self {
        Self {
            codecs: Mutex::new(plan.codecs.clone()),
            crypto: Mutex::new(plan.srtp.map(Crypto::fresh)),
            plan,
            out,
            dialog: Mutex::new(dialog),
            media: Mutex::new(media),
            state,
            waiting: Mutex::default(),
            acks: Mutex::default(),
            branch: Mutex::default(),
            version: AtomicU32::new(1),
            their_sdp: Mutex::default(),
            our_tag: new_token(),
        }
    }

    fn here(&self) -> Here {
        Here {
            transport: self.out.transport(),
            local: self.out.local(),
        }
    }

    pub(super) fn with_media<T>(&self, f: impl FnOnce(&MediaPort) -> T) -> T {
        f(&locked(&self.media))
    }

    pub(super) fn replace_media(&self, next: MediaPort) -> MediaPort {
        std::mem::replace(&mut *locked(&self.media), next)
    }

    pub(super) fn their_sdp(&self) -> Option<Sdp> {
        locked(&self.their_sdp).clone()
    }

    pub(super) fn call_id(&self) -> String {
        locked(&self.dialog).call_id.clone()
    }

    pub(super) fn set_codecs(&self, codecs: &[Codec]) {
        *locked(&self.codecs) = codecs.to_vec();
    }

    /// Wants to send by another key.
    pub(super) fn change_key(&self) {
        *locked(&self.crypto) = self.plan.srtp.map(Crypto::fresh);
    }

    fn our_sdp(&self, direction: Direction) -> String {
        let codecs = locked(&self.codecs).clone();
        let mut rtp = self.with_media(MediaPort::local);
        rtp.set_ip(self.plan.sdp_address.unwrap_or(rtp.ip()));
        let sdp = Sdp {
            rtp,
            codecs: codecs.iter().map(|c| (c.payload_type(), *c)).collect(),
            keys: self.plan.key_types(&codecs),
            packet_ms: Some(self.plan.packet_ms),
            crypto: locked(&self.crypto).clone(),
            direction,
        };
        sdp.text(self.version.fetch_add(1, Ordering::Relaxed))
    }

    /// The first INVITE and everything up to the ACK.
    pub(super) async fn invite(&self) {
        let content = match self.plan.late_offer {
            true => Content::default(),
            false => Content::sdp(self.our_sdp(Direction::SendRecv)),
        };
        let state = match self.exchange(Method::Invite, content).await {
            Ok(answer) if answer.status_code.code() < 300 => CallState::Talking,
            Ok(answer) => CallState::Refused(answer.status_code.code()),
            Err(error) => {
                eprintln!("{}: INVITE: {error:#}", self.plan.name);
                CallState::Refused(408)
            }
        };
        self.state.send_replace(state);
    }

    /// A request in the dialog; returns the status.
    pub(super) async fn ask(&self, method: Method, content: Content) -> Result<u16> {
        Ok(self.exchange(method, content).await?.status_code.code())
    }

    pub(super) async fn reinvite(&self, direction: Direction) -> Result<Sdp> {
        for _ in 0..REINVITES {
            let content = Content::sdp(self.our_sdp(direction));
            let answer = self.exchange(Method::Invite, content).await?;
            match answer.status_code.code() {
                200..300 => return Sdp::parse(&message::body(&answer.body)),
                // the one before is not acknowledged yet over there
                491 => tokio::time::sleep(AFTER_491).await,
                status => bail!("{}: re-INVITE was answered {status}", self.plan.name),
            }
        }
        bail!("{}: re-INVITE was answered 491 each time", self.plan.name)
    }

    pub(super) async fn bye(&self) -> Result<()> {
        if *self.state.borrow() != CallState::Talking {
            return Ok(());
        }
        let status = self.ask(Method::Bye, Content::default()).await?;
        if *self.state.borrow() == CallState::Talking {
            self.state.send_replace(CallState::EndedByUs);
        }
        // both hung up at once: theirs came first
        if status >= 300 && status != 481 {
            bail!("{}: BYE was answered {status}", self.plan.name);
        }
        Ok(())
    }

    pub(super) async fn cancel(&self) -> Result<()> {
        // a CANCEL before the first provisional answer would cancel nothing (RFC 3261, 9.1)
        let mut state = self.state.subscribe();
        let known = state.wait_for(|state| *state > CallState::Calling);
        let heard = tokio::time::timeout(PATIENCE, known).await;
        if *heard.context("nothing came after the INVITE")?? > CallState::Ringing {
            return Ok(());
        }
        let (mut dialog, branch) = (locked(&self.dialog).clone(), locked(&self.branch).clone());
        // To is that of the INVITE, without a tag, whatever has come since (RFC 3261, 9.1)
        if let Some((untagged, _)) = dialog.remote.split_once(";tag=") {
            dialog.remote = untagged.to_owned();
        }
        let cseq = dialog.cseq;
        let answer = self.transact(&dialog, Method::Cancel, cseq, &branch, Content::default());
        match answer.await?.status_code.code() {
            200..300 => Ok(()),
            status => bail!("{}: CANCEL was answered {status}", self.plan.name),
        }
    }

    /// Sends a request under the next number, and the ACK when it is an INVITE.
    async fn exchange(&self, method: Method, content: Content) -> Result<Response> {
        let dialog = {
            let mut dialog = locked(&self.dialog);
            dialog.cseq += 1;
            dialog.clone()
        };
        let branch = format!("z9hG4bK{}", new_token());
        if method == Method::Invite {
            locked(&self.branch).clone_from(&branch);
        }
        let offered = !content.body.is_empty();
        let answer = self
            .transact(&dialog, method, dialog.cseq, &branch, content)
            .await?;
        if method == Method::Invite {
            self.acknowledge(&answer, dialog.cseq, &branch, offered)
                .await?;
        }
        Ok(answer)
    }

    async fn transact(
        &self,
        dialog: &Dialog,
        method: Method,
        cseq: u32,
        branch: &str,
        content: Content,
    ) -> Result<Response> {
        let request = message::request(dialog, self.here(), method, cseq, branch, content)?;
        let bytes = request.to_string().into_bytes();
        let (sender, mut answers) = mpsc::channel(ANSWERS);
        locked(&self.waiting).insert((cseq, method.to_string()), sender);
        let deadline = Instant::now() + PATIENCE;
        let mut pause = T1;
        let mut is_answered = self.out.transport() == Transport::Tcp;
        self.out.send(&bytes, dialog.peer).await;
        while Instant::now() < deadline {
            match tokio::time::timeout(pause, answers.recv()).await {
                Ok(Some(answer)) => match answer.status_code.code() {
                    status @ 100..200 => {
                        is_answered = true;
                        let far = match status {
                            100 => CallState::Proceeding,
                            _ => CallState::Ringing,
                        };
                        if method == Method::Invite && *self.state.borrow() < far {
                            self.state.send_replace(far);
                        }
                    }
                    _ => return Ok(answer),
                },
                Ok(None) => bail!("{method} was never answered"),
                Err(_) if !is_answered => {
                    self.out.send(&bytes, dialog.peer).await;
                    pause = (pause * 2).min(Duration::from_secs(4));
                }
                Err(_) => {}
            }
        }
        bail!("{method} was not answered within {PATIENCE:?}")
    }

    /// ACK (RFC 3261, 13.2.2.4 and 17.1.1.3); takes over what a 2xx says about dialog and media.
    async fn acknowledge(
        &self,
        answer: &Response,
        cseq: u32,
        branch: &str,
        offered: bool,
    ) -> Result<()> {
        let accepted = answer.status_code.code() < 300;
        let mut dialog = locked(&self.dialog).clone();
        let mut content = Content::default();
        let mut ack_branch = branch.to_owned();
        dialog.remote = answer.to_header()?.value().to_owned();
        if accepted {
            ack_branch = format!("z9hG4bK{}", new_token());
            if let Some(contact) = message::contact(answer) {
                dialog.peer = message::address(&contact).unwrap_or(dialog.peer);
                dialog.target = contact;
            }
            let theirs = Sdp::parse(&message::body(&answer.body)).context("SDP of the 200")?;
            self.apply(&theirs);
            if !offered {
                content = Content::sdp(self.our_sdp(Direction::SendRecv));
            }
            locked(&self.dialog).clone_from(&dialog);
        }
        let ack = message::request(
            &dialog,
            self.here(),
            Method::Ack,
            cseq,
            &ack_branch,
            content,
        )?;
        let bytes = ack.to_string().into_bytes();
        locked(&self.acks).insert(cseq, bytes.clone());
        self.out.send(&bytes, dialog.peer).await;
        Ok(())
    }

    fn apply(&self, theirs: &Sdp) {
        let ours = locked(&self.codecs).clone();
        let agreed = theirs.codecs.iter().find(|(_, codec)| ours.contains(codec));
        // An answer without a codec of ours ends no call of a test's; it speaks as it would have.
        let fallback = ours.first().copied().unwrap_or(Codec::Law(Law::default()));
        let (payload_type, codec) = agreed
            .copied()
            .unwrap_or((fallback.payload_type(), fallback));
        let keys_at = |clock: u32| theirs.keys.iter().copied().find(|(_, hz)| *hz == clock);
        let keys = keys_at(codec.clock_hz()).or_else(|| keys_at(8_000));
        let format = Format {
            codec,
            payload_type,
            packet_ms: self.plan.packet_ms,
            keys: keys.filter(|_| self.plan.keys.is_some()),
        };
        let ours = locked(&self.crypto).clone();
        if let (Some(ours), Some(theirs)) = (&ours, &theirs.crypto) {
            let agreed = self.with_media(|media| media.seal.agree(ours, theirs));
            let _ = agreed.map_err(|error| eprintln!("{}: {error:#}", self.plan.name));
        }
        self.with_media(|media| media.mouth.aim(theirs.rtp, format));
        *locked(&self.their_sdp) = Some(theirs.clone());
    }

    /// Takes what comes until the wire is closed.
    pub(super) async fn read(&self, mut input: Receiver) {
        while let Some((bytes, from)) = input.next().await {
            match SipMessage::try_from(bytes.as_slice()) {
                Ok(SipMessage::Response(response)) => self.take_response(response).await,
                Ok(SipMessage::Request(request)) => {
                    if let Err(error) = self.take_request(&request, from).await {
                        eprintln!("{}: cannot answer: {error:#}", self.plan.name);
                    }
                }
                // keep-alives of TCP are blank lines
                Err(_) if bytes.trim_ascii().is_empty() => {}
                Err(error) => eprintln!("{}: not SIP: {error}", self.plan.name),
            }
        }
    }

    async fn take_response(&self, response: Response) {
        let Some((number, method)) = message::cseq(&response) else {
            return;
        };
        let again = locked(&self.acks).get(&number).cloned();
        if let Some(ack) = again.filter(|_| method == "INVITE") {
            if response.status_code.code() >= 200 {
                let peer = locked(&self.dialog).peer;
                self.out.send(&ack, peer).await;
            }
            return;
        }
        if let Some(waiting) = locked(&self.waiting).get(&(number, method)) {
            // a full queue: see ANSWERS
            let _ = waiting.try_send(response);
        }
    }

    async fn take_request(&self, request: &Request, from: std::net::SocketAddr) -> Result<()> {
        let mut content = Content::default();
        let mut next = None;
        match request.method {
            Method::Ack => return Ok(()),
            Method::Bye => next = Some(CallState::EndedByThem),
            Method::Invite => {
                let theirs = Sdp::parse(&message::body(&request.body))?;
                if locked(&self.dialog).call_id.is_empty() {
                    self.take_call(request, from)?;
                    next = Some(CallState::Talking);
                }
                self.apply(&theirs);
                content = Content::sdp(self.our_sdp(theirs.direction.mirrored()));
            }
            _ => {}
        }
        let answer = message::response(request, self.here(), 200, &self.our_tag, content)?;
        self.out.send(answer.to_string().as_bytes(), from).await;
        if let Some(state) = next {
            self.state.send_replace(state);
        }
        Ok(())
    }

    /// Makes the dialog of a call that came to us.
    fn take_call(&self, request: &Request, from: std::net::SocketAddr) -> Result<()> {
        *locked(&self.dialog) = Dialog {
            call_id: request.call_id_header()?.value().to_owned(),
            local: format!("{};tag={}", request.to_header()?.value(), self.our_tag),
            remote: request.from_header()?.value().to_owned(),
            target: message::contact(request).context("INVITE without Contact")?,
            cseq: 0,
            peer: from,
        };
        Ok(())
    }
}
