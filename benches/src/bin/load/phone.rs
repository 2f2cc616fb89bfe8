//! The signalling of one call: dialled, answered, hung up, with retransmissions over UDP.
//! Owns no socket: texts go out by a closure, messages come in parsed.
//!
//! ```text
//! Idle --dial--> Dialling --2xx, ACK--> Up --hang_up--> Leaving --200--> Over
//!                        --3xx-6xx, no answer--> Over    --BYE--> Over
//! ```

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sipp_scenarios::phone::Crypto;

use crate::setups::SetUp;
use crate::sip::{Ids, Message};

/// First wait before a request is sent again (RFC 3261, T1); each wait is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Times that a request is sent: the last wait ends after a good 30 s.
const SENDS_MAX: u32 = 6;

/// One caller's signalling.
#[derive(Debug)]
pub struct Phone {
    ids: Ids,
    rtp_port: u16,
    state: State,
    set_up: SetUp,
    dialled: Option<Instant>,
}

#[derive(Debug)]
enum State {
    Idle,
    Dialling(Repeat),
    Up { to: String, target: String },
    Leaving { bye: String, repeat: Repeat },
    Over { why: String },
}

/// When a request is to be sent again.
#[derive(Debug)]
struct Repeat {
    sends: u32,
    next: Instant,
    /// confab has it: there is nothing to repeat
    seen: bool,
}

impl Repeat {
    fn first(now: Instant) -> Self {
        Self {
            sends: 1,
            next: now + FIRST_WAIT,
            seen: false,
        }
    }

    /// Whether it is time; counts it as done.
    fn is_due(&mut self, now: Instant) -> bool {
        let due = !self.seen && now >= self.next;
        if due {
            self.next = now + FIRST_WAIT * 2_u32.pow(self.sends);
            self.sends += 1;
        }
        due
    }
}

/// What a message changed for the media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sound is to be sent there from now on; sealed by these keys, ours and theirs, if any.
    Answered(SocketAddr, Option<(Crypto, Crypto)>),
    Nothing,
}

impl Phone {
    pub fn new(ids: Ids, rtp_port: u16) -> Self {
        Self {
            ids,
            rtp_port,
            state: State::Idle,
            set_up: SetUp::default(),
            dialled: None,
        }
    }

    pub fn dial(&mut self, now: Instant, mut send: impl FnMut(&str)) {
        send(&self.ids.invite(self.rtp_port));
        self.set_up.invites = 1;
        self.dialled = Some(now);
        self.state = State::Dialling(Repeat::first(now));
    }

    /// Ends the call; gives up one that has no answer.
    pub fn hang_up(&mut self, now: Instant, mut send: impl FnMut(&str)) {
        match &self.state {
            State::Up { to, target } => {
                let bye = self.ids.bye(to, target);
                send(&bye);
                let repeat = Repeat::first(now);
                self.state = State::Leaving { bye, repeat };
            }
            State::Idle | State::Dialling(_) => self.over("no answer"),
            State::Leaving { .. } | State::Over { .. } => {}
        }
    }

    /// Sends again what is due.
    pub fn tick(&mut self, now: Instant, mut send: impl FnMut(&str)) {
        let given_up = match &mut self.state {
            State::Dialling(repeat) => {
                if repeat.is_due(now) {
                    send(&self.ids.invite(self.rtp_port));
                    self.set_up.invites += 1;
                }
                repeat.sends > SENDS_MAX
            }
            State::Leaving { bye, repeat } => {
                if repeat.is_due(now) {
                    send(bye);
                }
                repeat.sends > SENDS_MAX
            }
            State::Idle | State::Up { .. } | State::Over { .. } => false,
        };
        if given_up {
            self.over("no answer");
        }
    }

    /// Takes a message of this call.
    pub fn take(
        &mut self,
        now: Instant,
        message: &Message<'_>,
        mut send: impl FnMut(&str),
    ) -> Change {
        match (message.status(), message.method()) {
            (None, Some("ACK")) => {}
            (None, Some(method)) => {
                send(&message.ok());
                if method == "BYE" {
                    self.over("hung up by confab");
                }
            }
            (Some(status), Some("INVITE")) => {
                if status >= 200 {
                    self.note(now, status);
                }
                return self.answer(status, message, send);
            }
            (Some(200..), Some("BYE")) => self.over("done"),
            _ => {}
        }
        Change::Nothing
    }

    fn answer(&mut self, status: u16, message: &Message<'_>, mut send: impl FnMut(&str)) -> Change {
        let to = message.header("To").unwrap_or_default();
        match status {
            100..200 => {
                if let State::Dialling(repeat) = &mut self.state {
                    repeat.seen = true;
                }
            }
            200..300 => {
                let target = message.contact().unwrap_or_default();
                send(&self.ids.ack(to, Some(target)));
                if let (State::Dialling(_), Some(media)) = (&self.state, message.media()) {
                    let ours = self.ids.key.clone();
                    let keys = ours.clone().zip(message.key());
                    if ours.is_some() != keys.is_some() {
                        self.over("answered without a key");
                        return Change::Nothing;
                    }
                    self.state = State::Up {
                        to: to.to_owned(),
                        target: target.to_owned(),
                    };
                    return Change::Answered(media, keys);
                }
            }
            _ => {
                send(&self.ids.ack(to, None));
                self.over(message.start());
            }
        }
        Change::Nothing
    }

    /// A final answer.
    fn note(&mut self, now: Instant, status: u16) {
        match (self.set_up.answer, self.dialled) {
            (None, Some(dialled)) => {
                self.set_up.answer = Some((status, now.saturating_duration_since(dialled)));
            }
            _ => self.set_up.answers_again += 1,
        }
    }

    /// How it came up.
    pub fn set_up(&self) -> SetUp {
        self.set_up
    }

    /// Whether dialling has led to something, be it a refusal.
    pub fn is_decided(&self) -> bool {
        !matches!(self.state, State::Idle | State::Dialling(_))
    }

    fn over(&mut self, why: &str) {
        let why = why.to_owned();
        self.state = State::Over { why };
    }

    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// Why the call is over, when it is.
    pub fn is_over(&self) -> Option<&str> {
        match &self.state {
            State::Over { why } => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::guard::Sealing;

    const ANSWER: &str = "SIP/2.0 200 OK\r\nTo: <sip:1>;tag=c\r\nCSeq: 1 INVITE\r\n\
        Contact: <sip:c@127.0.0.1:5060>\r\n\r\nv=0\r\nc=IN IP4 127.0.0.1\r\n\
        m=audio 9000 RTP/AVP 0\r\n";

    fn phone() -> Phone {
        let ids = Ids {
            local: "127.0.0.1:6000".parse().unwrap(),
            remote: "127.0.0.1:5060".parse().unwrap(),
            room: "1000".into(),
            run: 1,
            call: 0,
            codec: Codec::Pcmu,
            key: None,
        };
        Phone::new(ids, 4_000)
    }

    fn take(phone: &mut Phone, text: &str) -> (Change, Vec<String>) {
        let mut sent = Vec::new();
        let message = Message::parse(text.as_bytes()).unwrap();
        let change = phone.take(Instant::now(), &message, |text| {
            sent.push(text.split(' ').next().unwrap().to_owned());
        });
        (change, sent)
    }

    #[test]
    fn a_call() {
        let now = Instant::now();
        let mut phone = phone();
        phone.dial(now, |text| assert!(text.starts_with("INVITE ")));
        let (change, sent) = take(&mut phone, ANSWER);
        let media = "127.0.0.1:9000".parse().unwrap();
        assert_eq!(change, Change::Answered(media, None));
        assert_eq!(sent, ["ACK"]);
        assert!(phone.is_up());
        assert_eq!(
            take(&mut phone, ANSWER),
            (Change::Nothing, vec!["ACK".into()])
        );
        assert_eq!(phone.set_up().answers_again, 1);
        phone.hang_up(now, |text| {
            assert!(text.starts_with("BYE sip:c@127.0.0.1:5060 "))
        });
        assert_eq!(phone.is_over(), None);
        take(&mut phone, "SIP/2.0 200 OK\r\nCSeq: 2 BYE\r\n\r\n");
        assert_eq!(phone.is_over(), Some("done"));
    }

    #[test]
    fn refused_and_unanswered() {
        let now = Instant::now();
        let mut refused = phone();
        refused.dial(now, |_| {});
        let busy = "SIP/2.0 486 Busy Here\r\nTo: <sip:1>;tag=c\r\nCSeq: 1 INVITE\r\n\r\n";
        assert_eq!(take(&mut refused, busy).1, ["ACK"]);
        assert_eq!(refused.is_over(), Some("SIP/2.0 486 Busy Here"));

        let mut alone = phone();
        alone.dial(now, |_| {});
        let mut sends = 1;
        for second in 0..100 {
            alone.tick(now + Duration::from_secs(second), |_| sends += 1);
        }
        assert_eq!((alone.is_over(), sends), (Some("no answer"), 7));
        assert_eq!((alone.set_up().invites, alone.set_up().answer), (7, None));
    }

    #[test]
    fn an_answer_must_have_a_key_when_the_offer_had() {
        let key = Sealing::Counter.key();
        let mut sealed = phone();
        sealed.ids.key = Some(key.clone());
        sealed.dial(Instant::now(), |_| {});
        let answer = format!("{ANSWER}a=crypto:{}\r\n", key.text());
        let (change, _) = take(&mut sealed, &answer);
        let media = "127.0.0.1:9000".parse().unwrap();
        assert_eq!(change, Change::Answered(media, Some((key.clone(), key))));

        let mut plain = phone();
        plain.ids.key = Some(Sealing::Counter.key());
        plain.dial(Instant::now(), |_| {});
        assert_eq!(take(&mut plain, ANSWER).0, Change::Nothing);
        assert_eq!(plain.is_over(), Some("answered without a key"));
    }

    #[test]
    fn confab_hangs_up() {
        let mut phone = phone();
        phone.dial(Instant::now(), |_| {});
        take(&mut phone, ANSWER);
        let bye = "BYE sip:load0@127.0.0.1:6000 SIP/2.0\r\nVia: v\r\nCSeq: 1 BYE\r\n\r\n";
        assert_eq!(take(&mut phone, bye).1, ["SIP/2.0"]);
        assert_eq!(phone.is_over(), Some("hung up by confab"));
    }
}
