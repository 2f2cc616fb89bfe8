//! The phone itself: places or takes one call and lives through it.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rsip::Method;
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::codec::Codec;
use super::dialog::{Session, new_token};
use super::ear::Ear;
use super::keys::{HOLD_MS, REST_MS, keys};
use super::media::MediaPort;
use super::message::{Content, Dialog};
use super::mouth::Format;
use super::sdp::{Direction, Sdp};
use super::seal::Suite;
use super::wire::{self, Transport};
use crate::sound::g711::Law;
use crate::sound::keypad;
use crate::sound::words::Language;

/// How to call.
#[derive(Clone, Debug)]
pub struct Plan {
    /// who is calling, as test messages name it and as the display name says
    pub name: String,
    /// user part of From
    pub number: String,
    /// UDP or TCP
    pub transport: Transport,
    /// codecs offered, best first
    pub codecs: Vec<Codec>,
    /// length of the packets sent
    pub packet_ms: u32,
    /// payload type of RFC 4733 keys; none: only INFO
    pub keys: Option<u8>,
    /// the same at the clock of Opus, offered beside it; none: keys are at 8,000 Hz only
    pub opus_keys: Option<u8>,
    /// tone to hum from the start
    pub hum_hz: Option<u32>,
    /// the address its SDP names instead of its own
    pub sdp_address: Option<IpAddr>,
    /// the INVITE carries no SDP; the offer comes in the 200 and the answer goes in the ACK
    pub late_offer: bool,
    /// encrypts its sound so, and takes no plain sound; calls of others it cannot answer then
    pub srtp: Option<Suite>,
    /// the language the caller understands
    pub language: Language,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            name: "phone".into(),
            number: "5550100".into(),
            transport: Transport::Udp,
            codecs: vec![Codec::Law(Law::Mu)],
            packet_ms: 20,
            keys: Some(101),
            opus_keys: Some(110),
            hum_hz: None,
            sdp_address: None,
            late_offer: false,
            srtp: None,
            language: Language::default(),
        }
    }
}

impl Plan {
    /// A phone of this name that hums.
    pub fn humming(name: &str, hz: u32) -> Self {
        Self {
            name: name.into(),
            hum_hz: Some(hz),
            ..Self::default()
        }
    }

    /// The same in this codec only.
    #[must_use]
    pub fn speaking(mut self, codec: impl Into<Codec>) -> Self {
        self.codecs = vec![codec.into()];
        self
    }

    /// The same, encrypted.
    #[must_use]
    pub fn sealed(mut self, suite: Suite) -> Self {
        self.srtp = Some(suite);
        self
    }

    /// How it would speak before it knows how the other side does.
    fn format(&self) -> Format {
        let codec = self.codecs.first().copied().unwrap_or(Codec::Law(Law::Mu));
        Format {
            codec,
            payload_type: codec.payload_type(),
            packet_ms: self.packet_ms,
            keys: self.keys.map(|number| (number, 8_000)),
        }
    }

    /// The numbers of keys with their clocks, that of the codec first.
    pub(super) fn key_types(&self, codecs: &[Codec]) -> Vec<(u8, u32)> {
        let clock_hz = Codec::Opus.clock_hz();
        let opus_keys = self.opus_keys.filter(|_| codecs.contains(&Codec::Opus));
        let opus_keys = opus_keys.filter(|_| self.keys.is_some());
        let both = [
            opus_keys.map(|n| (n, clock_hz)),
            self.keys.map(|n| (n, 8_000)),
        ];
        both.into_iter().flatten().collect()
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState {
    /// No answer yet.
    Calling,
    /// A 100 has come: they know of the call.
    Proceeding,
    /// A 180 or 183 has come.
    Ringing,
    /// Answered and acknowledged.
    Talking,
    /// A final answer of 300 or more.
    Refused(u16),
    /// They said BYE.
    EndedByThem,
    /// We hung up.
    EndedByUs,
}

/// A telephone with one call. Dropped without [`Phone::hang_up`] it dies without a goodbye.
#[derive(Debug)]
pub struct Phone {
    /// hears what comes
    pub ear: Ear,
    session: Arc<Session>,
    tasks: Vec<JoinHandle<()>>,
    state: watch::Receiver<CallState>,
}

impl Phone {
    /// Sends the INVITE to `user` at `server` and comes back at once.
    ///
    /// # Errors
    /// When no port can be had, or the server cannot be connected.
    pub async fn dial(server: SocketAddr, user: &str, plan: Plan) -> Result<Self> {
        let (sender, receiver) = wire::open(plan.transport, server).await?;
        let tcp = if plan.transport == Transport::Tcp {
            ";transport=tcp"
        } else {
            ""
        };
        let dialog = Dialog {
            call_id: format!("{}@{}", new_token(), sender.local().ip()),
            local: format!(
                "\"{}\" <sip:{}@{}>;tag={}",
                plan.name,
                plan.number,
                sender.local().ip(),
                new_token()
            ),
            remote: format!("<sip:{user}@{server}>"),
            target: format!("sip:{user}@{server}{tcp}"),
            cseq: 0,
            peer: server,
        };
        let mut phone = Self::new(plan, sender, receiver, dialog)?;
        let session = phone.session.clone();
        phone
            .tasks
            .push(tokio::spawn(async move { session.invite().await }));
        Ok(phone)
    }

    /// Calls and waits for the answer.
    ///
    /// # Errors
    /// When the call is not answered within ten seconds.
    pub async fn call(server: SocketAddr, user: &str, plan: Plan) -> Result<Self> {
        let phone = Self::dial(server, user, plan).await?;
        phone.answered(Duration::from_secs(10)).await?;
        Ok(phone)
    }

    /// A phone that answers the first call that comes to its address by UDP.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn wait_for_call(plan: Plan) -> Result<(Self, SocketAddr)> {
        let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
        let (sender, receiver) = wire::udp(socket)?;
        let address = sender.local();
        let dialog = Dialog {
            call_id: String::new(),
            local: String::new(),
            remote: String::new(),
            target: String::new(),
            cseq: 0,
            peer: address,
        };
        Ok((Self::new(plan, sender, receiver, dialog)?, address))
    }

    fn new(plan: Plan, out: wire::Sender, input: wire::Receiver, dialog: Dialog) -> Result<Self> {
        let ear = Ear::new(&plan.name, plan.language);
        let media = MediaPort::open(out.local().ip(), plan.format(), ear.clone())?;
        media.mouth.hum(plan.hum_hz);
        let (state_sender, state) = watch::channel(CallState::Calling);
        let session = Arc::new(Session::new(plan, out, dialog, media, state_sender));
        let reader = session.clone();
        let tasks = vec![tokio::spawn(async move { reader.read(input).await })];
        Ok(Self {
            ear,
            session,
            tasks,
            state,
        })
    }

    /// The name given to it.
    pub fn name(&self) -> &str {
        &self.session.plan.name
    }

    /// How far the call is now.
    pub fn state(&self) -> CallState {
        *self.state.borrow()
    }

    /// Waits until the call has reached a state for which `is_so` holds.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait_for(
        &self,
        within: Duration,
        is_so: impl Fn(CallState) -> bool,
    ) -> Result<CallState> {
        let mut state = self.state.clone();
        let reached = tokio::time::timeout(within, state.wait_for(|s| is_so(*s))).await;
        match reached {
            Ok(Ok(state)) => Ok(*state),
            _ => bail!(
                "{}: call is still {:?} after {within:?}",
                self.name(),
                self.state()
            ),
        }
    }

    /// Waits until the call is answered.
    ///
    /// # Errors
    /// When it is refused, or the time is over.
    pub async fn answered(&self, within: Duration) -> Result<()> {
        match self.wait_for(within, |s| s > CallState::Ringing).await? {
            CallState::Talking => Ok(()),
            other => bail!("{}: call was not answered but {other:?}", self.name()),
        }
    }

    /// Waits until they hang up.
    ///
    /// # Errors
    /// When they do not in time.
    pub async fn ended_by_them(&self, within: Duration) -> Result<()> {
        self.wait_for(within, |s| s == CallState::EndedByThem)
            .await
            .map(|_| ())
    }

    /// Gives up before the answer (CANCEL); does nothing when the answer is there.
    ///
    /// # Errors
    /// When nothing is heard from them, or the CANCEL is not answered.
    pub async fn cancel(&self) -> Result<()> {
        self.session.cancel().await
    }

    /// Presses keys by RFC 4733 and waits until they have been sent.
    ///
    /// # Errors
    /// When the phone's sound has stopped.
    pub async fn key(&self, text: &str) -> Result<()> {
        let sent = self
            .session
            .with_media(|media| media.mouth.press(&keys(text)));
        tokio::time::timeout(Duration::from_secs(30), sent).await??;
        Ok(())
    }

    /// Presses one key by RFC 4733 for so long, and waits until it has been let go.
    ///
    /// # Errors
    /// When the phone's sound has stopped.
    pub async fn hold_key(&self, key: char, hold_ms: u32) -> Result<()> {
        let mut press = keys(&key.to_string());
        press.iter_mut().for_each(|key| key.hold_ms = hold_ms);
        let sent = self.session.with_media(|media| media.mouth.press(&press));
        tokio::time::timeout(Duration::from_secs(30), sent).await??;
        Ok(())
    }

    /// Presses a key by SIP INFO.
    ///
    /// # Errors
    /// When it is not answered by 200.
    pub async fn key_by_info(&self, key: char) -> Result<()> {
        self.info(format!("Signal={key}\r\nDuration=160\r\n")).await
    }

    /// Presses a key by a SIP INFO that does not say how long.
    ///
    /// # Errors
    /// When it is not answered by 200.
    pub async fn key_by_bare_info(&self, key: char) -> Result<()> {
        self.info(format!("Signal={key}\r\n")).await
    }

    async fn info(&self, body: String) -> Result<()> {
        let content = Content {
            media_type: Some("application/dtmf-relay"),
            body,
        };
        match self.session.ask(Method::Info, content).await? {
            200..300 => Ok(()),
            status => bail!("{}: INFO was answered {status}", self.name()),
        }
    }

    /// Presses keys as tones in the sound, as fast as a quick finger, and waits until they have
    /// been sent.
    ///
    /// # Errors
    /// When the phone's sound has stopped.
    pub async fn key_by_tone(&self, text: &str) -> Result<()> {
        let (on_ms, off_ms) = (HOLD_MS as usize, REST_MS as usize);
        self.say(&keypad::tones(text, on_ms, off_ms)).await
    }

    /// Hums a tone, or is silent.
    pub fn hum(&self, hz: Option<u32>) {
        self.session.with_media(|media| media.mouth.hum(hz));
    }

    /// Says again what it hears, or no more.
    pub fn echo(&self, on: bool) {
        let ear = on.then(|| self.ear.clone());
        self.session.with_media(|media| media.mouth.echo(ear));
    }

    /// Says something and waits until it has been sent.
    ///
    /// # Errors
    /// When the phone's sound has stopped.
    pub async fn say(&self, samples: &[i16]) -> Result<()> {
        let said = self.session.with_media(|media| media.mouth.say(samples));
        tokio::time::timeout(Duration::from_secs(30), said).await??;
        Ok(())
    }

    /// Puts the other side on hold by a re-INVITE; returns the direction of the answer.
    ///
    /// # Errors
    /// When the re-INVITE is refused.
    pub async fn hold(&self) -> Result<Direction> {
        self.session
            .with_media(|media| media.mouth.set_sending(false));
        Ok(self.session.reinvite(Direction::SendOnly).await?.direction)
    }

    /// Ends the hold.
    ///
    /// # Errors
    /// When the re-INVITE is refused.
    pub async fn resume(&self) -> Result<Direction> {
        let answer = self.session.reinvite(Direction::SendRecv).await?;
        self.session
            .with_media(|media| media.mouth.set_sending(true));
        Ok(answer.direction)
    }

    /// Offers other codecs by a re-INVITE, and speaks what is agreed on.
    ///
    /// # Errors
    /// When the re-INVITE is refused.
    pub async fn change_codecs(&self, codecs: &[Codec]) -> Result<()> {
        self.session.set_codecs(codecs);
        self.session.reinvite(Direction::SendRecv).await?;
        Ok(())
    }

    /// Offers another key by a re-INVITE, and seals by it when it is taken.
    ///
    /// # Errors
    /// When the re-INVITE is refused.
    pub async fn change_key(&self) -> Result<()> {
        self.session.change_key();
        self.session.reinvite(Direction::SendRecv).await?;
        Ok(())
    }

    /// Spoils the tags of what it sends, or no more.
    pub fn spoil_tags(&self, on: bool) {
        self.session.with_media(|media| media.seal.spoil(on));
    }

    /// Packets that came and could not be opened by the agreed key.
    pub fn unopened(&self) -> u64 {
        self.session.with_media(|media| media.seal.unopened())
    }

    /// Moves the call's sound to other ports by a re-INVITE, as a phone does that changes networks.
    ///
    /// # Errors
    /// When no ports can be had, or the re-INVITE is refused.
    pub async fn move_media(&self, hum_hz: Option<u32>) -> Result<()> {
        let plan = &self.session.plan;
        let address = self.session.with_media(|media| media.local().ip());
        let next = MediaPort::open(address, plan.format(), self.ear.clone())?;
        next.mouth.hum(hum_hz);
        let old = self.session.replace_media(next);
        self.session.reinvite(Direction::SendRecv).await?;
        drop(old);
        Ok(())
    }

    /// Sends OPTIONS in the dialog; returns the status.
    ///
    /// # Errors
    /// When nothing is answered.
    pub async fn options(&self) -> Result<u16> {
        self.session.ask(Method::Options, Content::default()).await
    }

    /// What the other side last said about its media.
    ///
    /// # Errors
    /// Before the answer.
    pub fn their_sdp(&self) -> Result<Sdp> {
        self.session.their_sdp().context("no SDP has come yet")
    }

    /// The Call-ID.
    pub fn call_id(&self) -> String {
        self.session.call_id()
    }

    /// Hangs up and waits for the answer. A call that has ended already stays ended.
    ///
    /// # Errors
    /// When BYE is not answered.
    pub async fn hang_up(self) -> Result<()> {
        self.session.bye().await
    }

    /// Is gone without a word: no BYE, no packet, no answer.
    pub fn die(self) {
        drop(self);
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.session.with_media(|media| media.mouth.stop());
    }
}

impl PartialOrd for CallState {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let rank = |s: &Self| match s {
            CallState::Calling => 0,
            CallState::Proceeding => 1,
            CallState::Ringing => 2,
            CallState::Talking => 3,
            CallState::Refused(_) | CallState::EndedByThem | CallState::EndedByUs => 4,
        };
        Some(rank(self).cmp(&rank(other)))
    }
}

/// A mutex that is only ever held for a few instructions.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding it")
}
