//! Where the switchboard's commands for one call lie until the call takes them. Later commands
//! merge into earlier ones, so it cannot overflow and nobody waits.

use std::net::SocketAddr;
use std::sync::Mutex;

use confab_core::event::EndReason;
use confab_core::refusal::Refusal;
use tokio::sync::Notify;

use crate::SipCommand;
use crate::defence::lock;

/// How a call is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    Refuse(Refusal),
    Hangup(EndReason),
}

/// What was commanded since the last look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    pub ring: bool,
    pub answer: Option<SocketAddr>,
    pub finish: Option<Finish>,
}

/// The desk of one call.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    orders: Mutex<Orders>,
    bell: Notify,
}

impl Desk {
    /// Lays a command on the desk and rings. The first answer and the first end count.
    pub fn order(&self, command: SipCommand) {
        let mut orders = lock(&self.orders);
        match command {
            SipCommand::Ring(_) => orders.ring = true,
            SipCommand::Answer { rtp, .. } => orders.answer = orders.answer.or(Some(rtp)),
            SipCommand::Refuse { refusal, .. } => {
                orders.finish = orders.finish.or(Some(Finish::Refuse(refusal)));
            }
            SipCommand::Hangup { reason, .. } => {
                orders.finish = orders.finish.or(Some(Finish::Hangup(reason)));
            }
            // These lead to no call that is there already.
            SipCommand::Dial { .. } | SipCommand::Drain => {}
        }
        drop(orders);
        self.bell.notify_one();
    }

    /// Waits for a command.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Takes what lies there.
    pub fn take(&self) -> Orders {
        std::mem::take(&mut lock(&self.orders))
    }
}
