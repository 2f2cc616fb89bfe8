//! Sound in which nothing is, as phones send that are muted at their own key: the same few octets
//! again and again, the same few packets of Opus, or what looks like nothing in G.722. Decodes
//! nothing.

use std::hash::{DefaultHasher, Hash, Hasher};

use confab_core::audio::TICK_SAMPLES;
use confab_core::audio::g722::Quiet;
use confab_core::audio::rtp::Packet;
use confab_core::audio::stream::Codec;

use super::codec::opus_samples_in;

/// A payload that is one word throughout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Still {
    pub(super) word: [u8; WORD],
    /// octets
    pub(super) length: u16,
}

impl Still {
    /// None when it is anything else, or longer than 60 ms at 64 kbit/s.
    pub(super) fn of(payload: &[u8]) -> Option<Self> {
        let length = payload.len();
        let word = *payload.first_chunk()?;
        let is_one = length.is_multiple_of(WORD)
            && length <= LONGEST
            && payload[WORD..] == payload[..length - WORD];
        is_one.then_some(Self {
            word,
            length: length as u16,
        })
    }
}

/// How long a line has been silent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stillness {
    still: Option<Still>,
    quiet: Quiet,
    lately: Lately,
    /// octets that were so, or would be at 64 kbit/s
    run: u32,
    /// ticks in which that was heard to be nothing, until now
    faint: u32,
    /// of a packet of Opus, in ticks
    length: u32,
}

/// The packets of Opus that came lately. What libopus makes of exact silence is one packet for
/// ever or a few by turns, seven at most and within 28, in whatever way it is set; of a microphone
/// it makes none twice.
#[derive(Clone, Copy, Debug, Default)]
struct Lately {
    names: [u64; PACKETS],
    /// when each came last, by the count of packets
    came: [u32; PACKETS],
    count: u32,
}

impl Lately {
    /// Takes note of the next; whether it has come lately.
    fn has(&mut self, payload: &[u8]) -> bool {
        self.count = self.count.wrapping_add(1);
        let age = |came: &u32| self.count.wrapping_sub(*came);
        let mut hasher = DefaultHasher::new();
        payload.hash(&mut hasher);
        let name = hasher.finish();
        let known = self.names.iter().position(|&there| there == name);
        let oldest = (0..PACKETS).max_by_key(|&place| age(&self.came[place]));
        let place = known.or(oldest).unwrap_or(0);
        let is_recent = age(&self.came[place]) <= LATELY;
        self.names[place] = name;
        self.came[place] = self.count;
        known.is_some() && is_recent
    }
}

impl Stillness {
    /// Takes note of a packet of this codec, and whether its payload is all that is in it behind
    /// the shortest header; false when it must be listened to.
    pub(super) fn goes_on(&mut self, codec: Codec, packet: &Packet<'_>, is_all: bool) -> bool {
        let payload = packet.payload;
        let same = match codec {
            Codec::G722 => self.quiet.goes_on(payload),
            Codec::Opus => self.lately.has(payload),
            Codec::Pcmu | Codec::Pcma => self.is_the_same(payload, is_all),
        };
        let octets = match codec {
            Codec::Opus => opus_samples_in(payload).unwrap_or(0) / OPUS_PER_OCTET,
            _ => payload.len(),
        };
        self.length = octets.div_ceil(TICK_SAMPLES) as u32;
        let run = self.run.saturating_add(octets as u32);
        self.run = if same { run } else { 0 };
        if !same {
            self.faint = 0;
        }
        // By numbers, since not all who fell silent at once may be listened to at once.
        let in_doubt = codec == Codec::G722 && packet.sequence.is_multiple_of(LOOK);
        if in_doubt && self.run > ALMOST {
            self.run = ALMOST;
        }
        same && !in_doubt
    }

    fn is_the_same(&mut self, payload: &[u8], is_all: bool) -> bool {
        let still = Still::of(payload).filter(|_| is_all);
        let before = std::mem::replace(&mut self.still, still);
        before.is_some() && before == self.still
    }

    /// Begins anew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// It has been silent for so long that decoder, gate and gain have nothing to learn of it.
    pub(super) fn is_long(&self) -> bool {
        self.run >= LONG
    }

    /// Takes note of a tick in which there is nothing, or not; whether there was nothing in all of
    /// what may come again.
    pub(super) fn is_known_faint(&mut self, faint: bool) -> bool {
        self.faint = if faint {
            self.faint.saturating_add(1)
        } else {
            0
        };
        self.faint > LATELY * self.length + DEEPEST
    }

    /// What it sends again and again, where that is so.
    pub(super) fn still(&self) -> Option<Still> {
        self.still
    }
}

pub(super) const WORD: usize = 4;
/// Of Opus, that are kept in mind: one more than silence was seen to have.
const PACKETS: usize = 8;
/// So many packets of Opus ago is lately.
const LATELY: u32 = 32;
/// As many ticks as a jitter buffer is deep at most.
const DEEPEST: u32 = 15;
/// Samples of Opus in an octet's time at 64 kbit/s.
const OPUS_PER_OCTET: usize = 6;
/// 60 ms at 64 kbit/s.
pub(super) const LONGEST: usize = 480;
/// Octets of three seconds at 64 kbit/s: then there is nothing else in what the echo's watch has
/// of it.
const LONG: u32 = 24_000;
/// A third of a second less.
const ALMOST: u32 = LONG - 2_667;
/// Of so many packets of G.722, ten seconds of packets of 20 ms, one is listened to, and those of a
/// third of a second after it: a tone may have come up that slowly that nothing told it.
const LOOK: u16 = 512;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16, payload: &[u8]) -> Packet<'_> {
        Packet {
            payload_type: 0,
            marker: false,
            sequence,
            timestamp: 0,
            ssrc: 0,
            payload,
        }
    }

    #[test]
    fn one_word_is_still_and_whatever_differs_by_an_octet_is_not() {
        let zero = Still::of(&[0xff; 160]);
        assert_eq!(
            zero.map(|still| (still.word, still.length)),
            Some(([0xff; 4], 160))
        );
        let words = [0xfa, 0xde, 0xfa, 0xdf].repeat(120);
        assert_eq!(Still::of(&words).map(|still| still.length), Some(480));
        for at in 0..160 {
            let mut payload = [0xd5; 160];
            payload[at] = 0x55;
            assert_eq!(Still::of(&payload), None, "{at}");
        }
        for odd in [&[0xff; 159][..], &[0xff; 484], &[0xff; 3], &[]] {
            assert_eq!(Still::of(odd), None, "{}", odd.len());
        }
    }

    /// A telephone's encoder: the purpose, the channels, and what it is set to.
    fn encoder(setting: usize) -> (opus::Encoder, usize) {
        let of = |bit: usize| setting >> bit & 1 != 0;
        let purpose = match of(0) {
            true => opus::Application::Audio,
            false => opus::Application::Voip,
        };
        let (channels, count) = match of(1) {
            true => (opus::Channels::Stereo, 2),
            false => (opus::Channels::Mono, 1),
        };
        let mut encoder = opus::Encoder::new(48_000, channels, purpose).unwrap();
        encoder.set_inband_fec(of(2)).unwrap();
        encoder
            .set_packet_loss_perc(if of(2) { 10 } else { 0 })
            .unwrap();
        encoder.set_vbr(of(3)).unwrap();
        encoder
            .set_complexity([0, 5, 9, 10][setting >> 4 & 3])
            .unwrap();
        let bits = [12_000, 24_000, 40_000, 64_000][setting >> 6 & 3];
        encoder.set_bitrate(opus::Bitrate::Bits(bits)).unwrap();
        (encoder, count)
    }

    /// How many packets of these have come lately, each of 20 ms after a second of syllables.
    fn known(setting: usize, sound: impl Fn(usize) -> i16, packets: usize) -> Vec<bool> {
        let (mut encoder, channels) = encoder(setting);
        let mut lately = Lately::default();
        let mut seed = 1_u32;
        let mut syllable = |n: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = f64::from(seed as i32 >> 21);
            let at = n as f64 / 48_000.0 * std::f64::consts::TAU;
            ((at * 180.0).sin() * (at * 3.0).sin() * 6_000.0 + noise) as i16
        };
        let mut packet = |n: usize| {
            let frame = (n * 960..(n + 1) * 960).flat_map(|n| {
                let sample = match n.checked_sub(48_000) {
                    Some(n) => sound(n),
                    None => syllable(n),
                };
                std::iter::repeat_n(sample, channels)
            });
            let frame: Vec<i16> = frame.collect();
            lately.has(&encoder.encode_vec(&frame, 1_500).unwrap())
        };
        let known: Vec<bool> = (0..50 + packets).map(&mut packet).collect();
        known[50..].to_vec()
    }

    #[test]
    fn exact_silence_in_opus_is_a_few_packets_by_turns_however_it_is_made() {
        for setting in 0..256 {
            let known = known(setting, |_| 0, 500);
            let last = known.iter().rposition(|&known| !known);
            assert!(last < Some(300), "{setting:x}: {last:?}");
        }
    }

    /// The noise of a quiet line at -65 dBov, and a hum. (Noise of one step of 16 bits may be the
    /// same as silence; a tone that a machine makes comes again, and is heard.)
    #[test]
    fn of_what_a_microphone_hears_no_packet_comes_twice() {
        let noise = |n: usize| {
            let mut hasher = DefaultHasher::new();
            n.hash(&mut hasher);
            (hasher.finish() & 63) as i16 - 32
        };
        let wave = |hz: f64, peak: f64| {
            move |n: usize| (peak * (n as f64 * hz / 48_000.0 * std::f64::consts::TAU).sin()) as i16
        };
        for setting in (0..256).step_by(7) {
            let sounds = [
                known(setting, noise, 300),
                known(setting, wave(51.3, 12.0), 300),
            ];
            for (which, known) in sounds.iter().enumerate() {
                let most = known.split(|known| !known).map(<[bool]>::len).max();
                assert!(most < Some(20), "{setting:x}: {which} {most:?}");
            }
        }
    }

    #[test]
    fn what_was_long_ago_is_not_lately() {
        let mut lately = Lately::default();
        assert!(!lately.has(&[1]) && lately.has(&[1]));
        for n in 2..9 {
            assert!(!lately.has(&[n]), "{n}");
        }
        assert!(lately.has(&[1]), "eight are kept");
        assert!(!lately.has(&[9]) && !lately.has(&[2]), "and no more");
        for _ in 0..30 {
            assert!(lately.has(&[2]));
        }
        assert!(lately.has(&[9]), "32 packets ago");
        for _ in 0..32 {
            assert!(lately.has(&[2]));
        }
        assert!(!lately.has(&[9]));
    }

    #[test]
    fn it_takes_three_seconds_without_a_change() {
        for length in [80, 160, 240, 480] {
            let mut stillness = Stillness::default();
            let mut send = |octet: u8, length: usize| {
                stillness.goes_on(Codec::Pcma, &packet(1, &vec![octet; length]), true);
                stillness.is_long()
            };
            let first = (0..).find(|_| send(0xff, length));
            assert_eq!(first, Some(24_000 / length), "{length}");
            assert!(!send(0x7f, length));
            assert_eq!(
                (0..).find(|_| send(0x7f, length)),
                Some(24_000 / length - 1)
            );
            assert!(!send(0x7f, length / 2));
        }
    }
}
