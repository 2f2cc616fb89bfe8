//! Media starts on a line, or something else is agreed on. Agrees on nothing itself.

use confab_core::audio::stream::{Srtp, Stream};

use super::super::aside::{Aside, Over};
use super::super::codec::Coder;
use super::super::kit::Kit;
use super::super::shard::Tools;
use super::super::srtp::Keys;
use super::Line;

impl Line {
    pub(in crate::media) fn set_stream(&mut self, stream: Stream, kit: Kit, tools: &mut Tools) {
        let Kit { gear, keys } = kit;
        self.set_keys(stream.srtp, keys, tools);
        let now = &tools.now;
        let before = self.inbound.stream();
        let coded = |stream: &Stream| (stream.codec, stream.opus, stream.packet_ms);
        let same = before.is_some_and(|before| coded(before) == coded(&stream));
        // A session timer asks again for what is agreed already.
        let way = |stream: &Stream| (stream.remote, stream.direction);
        let goes_on = same && before.is_some_and(|before| way(before) == way(&stream));
        let free = |over: Over| {
            let _ = tools.aside.push(Aside::Gear(over));
        };
        let (jitter, coder, preroll) = match gear {
            Some(gear) => (Some(gear.jitter), Some(gear.coder), Some(gear.preroll)),
            None => (None, None, None),
        };
        let unused = match coder {
            Some(_) if same => coder,
            _ => Some(std::mem::replace(
                &mut self.coder,
                coder.unwrap_or(Coder::None),
            )),
        };
        if let Some(unused) = unused {
            free(Over::Coder(unused));
        }
        self.inbound.set_stream(stream, jitter, now, free);
        if let Some(unused) = self.said.set_rate(self.inbound.rate(), preroll) {
            free(Over::Preroll(unused));
        }
        self.outbound.set_clock(stream.codec.clock_hz(), now);
        self.wider.break_off();
        self.thin(None);
        self.wire.follow(&self.ports.rtp, self.inbound.locked());
        if !goes_on {
            self.pause();
        }
    }

    /// A key that stays keeps what has been counted under it: the numbers of what was sent by it
    /// must never come again.
    fn set_keys(&mut self, srtp: Option<Srtp>, keys: Option<Keys>, tools: &mut Tools) {
        let had = self.inbound.stream().and_then(|stream| stream.srtp);
        let (sealer, opener) = keys.map(|keys| (keys.sealer, keys.opener)).unzip();
        let ours = |srtp: Srtp| (srtp.suite, srtp.ours);
        let sealer = if had.map(ours) == srtp.map(ours) {
            sealer
        } else {
            self.outbound.set_sealer(sealer)
        };
        let theirs = |srtp: Srtp| (srtp.suite, srtp.theirs);
        let opener = if had.map(theirs) == srtp.map(theirs) {
            opener
        } else {
            self.inbound.set_opener(opener, &tools.now)
        };
        for over in [sealer.map(Over::Sealer), opener.map(Over::Opener)] {
            let _ = over.map(|over| tools.aside.push(Aside::Gear(over)));
        }
    }
}
