//! The SIP side under test, with the test as its switchboard.

use std::net::SocketAddr;
use std::time::Duration;

use confab_core::audio::stream::Stream;
use confab_core::event::EndReason;
use confab_core::ids::LegId;
use confab_sip::{
    Config, Handle, Listen, MediaWishes, SipCommand, SipEvent, Transport, Trunk, Tuning,
    start_tuned,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::phone::{OFFER, PATIENCE, Phone};

pub const RTP: &str = "127.0.0.1:20000";

pub struct Server {
    pub handle: Handle,
    pub events: mpsc::Receiver<SipEvent>,
    pub udp: SocketAddr,
    pub tcp: SocketAddr,
}

/// Times short enough to wait for: 64 * T1 is 1.3 s.
pub fn brisk() -> Tuning {
    Tuning {
        t1: Duration::from_millis(20),
        ..Tuning::default()
    }
}

impl Server {
    pub async fn start() -> Self {
        Self::tuned(brisk()).await
    }

    pub async fn tuned(tuning: Tuning) -> Self {
        Self::with(tuning, "127.0.0.1", 100_000).await
    }

    pub async fn with(tuning: Tuning, ip: &str, source_rate_per_s: u32) -> Self {
        Self::whole(tuning, ip, source_rate_per_s, None, MediaWishes::default()).await
    }

    pub async fn dialling(tuning: Tuning, trunk: Trunk) -> Self {
        Self::agreeing(tuning, Some(trunk), MediaWishes::default()).await
    }

    pub async fn agreeing(tuning: Tuning, trunk: Option<Trunk>, media: MediaWishes) -> Self {
        Self::whole(tuning, "127.0.0.1", 100_000, trunk, media).await
    }

    async fn whole(
        tuning: Tuning,
        ip: &str,
        rate: u32,
        trunk: Option<Trunk>,
        media: MediaWishes,
    ) -> Self {
        let addr = SocketAddr::new(ip.parse().unwrap(), 0);
        let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr });
        let advertise = "192.0.2.1".parse().unwrap();
        let config = Config {
            listen: listen.to_vec(),
            advertise,
            source_rate_per_s: rate,
            media,
            trunk,
        };
        let (sender, events) = mpsc::channel(16);
        let handle = start_tuned(config, tuning, sender).await.unwrap();
        let [udp, tcp] = [0, 1].map(|n| handle.listening[n].addr);
        Self {
            handle,
            events,
            udp,
            tcp,
        }
    }

    pub async fn event(&mut self) -> SipEvent {
        timeout(PATIENCE, self.events.recv())
            .await
            .expect("an event in time")
            .unwrap()
    }

    pub async fn command(&self, command: SipCommand) {
        self.handle.commands.send(command).await.unwrap();
    }

    pub async fn invited(&mut self) -> LegId {
        match self.event().await {
            SipEvent::Invite { leg, .. } => leg,
            other => panic!("no Invite: {other:?}"),
        }
    }

    pub async fn answer(&self, leg: LegId) {
        self.command(SipCommand::Answer {
            leg,
            rtp: RTP.parse().unwrap(),
        })
        .await;
    }

    pub async fn established(&mut self) -> Stream {
        match self.event().await {
            SipEvent::Established { stream, .. } => stream,
            other => panic!("no Established: {other:?}"),
        }
    }

    pub async fn changed(&mut self) -> Stream {
        match self.event().await {
            SipEvent::MediaChanged { stream, .. } => stream,
            other => panic!("no MediaChanged: {other:?}"),
        }
    }

    pub async fn ended(&mut self) -> EndReason {
        match self.event().await {
            SipEvent::Ended { reason, .. } => reason,
            other => panic!("no Ended: {other:?}"),
        }
    }

    /// Sets a call up from INVITE to ACK.
    pub async fn connect(&mut self, phone: &mut Phone) -> (LegId, Stream) {
        phone.send("INVITE", &[], OFFER).await;
        let leg = self.invited().await;
        self.answer(leg).await;
        phone.expect(200).await;
        phone.ack("").await;
        (leg, self.established().await)
    }

    /// A whole call, to show that the server still takes one.
    pub async fn still_takes_a_call(&mut self) {
        let mut phone = Phone::udp(self.udp).await;
        self.connect(&mut phone).await;
        phone.send("BYE", &[], "").await;
        phone.expect(200).await;
        assert_eq!(self.ended().await, EndReason::CallerHungUp);
    }

    pub fn count(&self, word: &str) -> u64 {
        self.handle.counters.get(word)
    }

    /// Waits until nothing is left of any call or transaction.
    pub async fn empties(&self) {
        let tables = [
            "calls",
            "dialogs",
            "merge_keys",
            "transactions",
            "transactions_finished",
            "acks_awaited",
            "setups",
        ];
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let left: Vec<_> = tables
                .iter()
                .map(|t| (*t, self.count(t)))
                .filter(|(_, n)| *n > 0)
                .collect();
            if left.is_empty() {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "left over: {left:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
