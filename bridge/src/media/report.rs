//! The way out of a shard: reports to the switchboard, without waiting and without losing what
//! cannot be told again.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::FromShard;

/// Reports on their way.
#[derive(Debug)]
pub(super) struct Reports {
    sender: mpsc::Sender<FromShard>,
    /// what did not fit into the channel, oldest first
    backlog: VecDeque<FromShard>,
    dropped: u64,
}

impl Reports {
    pub(super) fn new(sender: mpsc::Sender<FromShard>) -> Self {
        Self {
            sender,
            backlog: VecDeque::with_capacity(MOST_WAITING),
            dropped: 0,
        }
    }

    /// Tells something. False when it could not even be kept for later.
    pub(super) fn tell(&mut self, what: FromShard) -> bool {
        if self.backlog.is_empty() {
            match self.sender.try_send(what) {
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => return true,
                Err(mpsc::error::TrySendError::Full(what)) => self.backlog.push_back(what),
            }
            return true;
        }
        if self.backlog.len() >= MOST_WAITING {
            self.dropped += 1;
            return false;
        }
        self.backlog.push_back(what);
        true
    }

    /// Tells something that may be told later as well: false, at once, when there is a queue.
    pub(super) fn tell_if_free(&mut self, what: FromShard) -> bool {
        self.backlog.is_empty() && self.sender.try_send(what).is_ok()
    }

    /// Tries again what has waited.
    pub(super) fn flush(&mut self) {
        while let Some(oldest) = self.backlog.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(oldest)) = self.sender.try_send(oldest) {
                self.backlog.push_front(oldest);
                return;
            }
        }
    }

    /// How many have been dropped since this was last asked.
    pub(super) fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

/// Reports a shard keeps while the switchboard does not read: minutes of keys of a full house.
/// Beyond it they are dropped and counted; the switchboard is dead then.
const MOST_WAITING: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;
    use confab_core::ids::LegId;

    #[test]
    fn a_full_channel_delays_but_loses_nothing_and_keeps_the_order() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut reports = Reports::new(sender);
        for n in 0..5 {
            assert!(reports.tell(FromShard::LineDead(LegId(n))));
        }
        assert!(!reports.tell_if_free(FromShard::Talking(LegId(9), true)));
        for n in 0..5 {
            let FromShard::LineDead(leg) = receiver.try_recv().unwrap() else {
                panic!()
            };
            assert_eq!(leg, LegId(n));
            reports.flush();
        }
        assert!(reports.tell_if_free(FromShard::Talking(LegId(9), true)));
    }
}
