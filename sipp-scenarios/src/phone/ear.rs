//! What a phone hears: every packet with its arrival, and the sound on a timeline of the clock on
//! the wall, so that "in the last half second" has a meaning even when nothing comes.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rtp::packet::Packet;

use super::codec::{Codec, Decoder};
use crate::sound::rate::Thinner;
use crate::sound::tone::{self, WINDOW, is_absent, is_steady, without_tones};
use crate::sound::words::{Catalogue, Language, Match};
use crate::sound::{PER_MS, RATE_HZ, g711::Law, level_dbov};

/// How old sound is at least when it is looked at: what is younger may still be on its way.
const SETTLE_MS: usize = 80;

/// A stretch this long must be without a tone before it is believed to be gone.
const GONE_MS: usize = 500;

/// A stretch this long must have a tone before it is believed to be there.
const THERE_MS: usize = 400;

/// RTP time and wall clock may differ so much before the stream counts as started anew.
const JUMP: i64 = 8_000;

/// Sound over this that is no tone is speech; three humming phones leave -47 by their G.711.
const SPEECH_DBOV: f32 = -40.0;

/// Payload type of comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;

/// How often a waiting test looks.
const LOOK: Duration = Duration::from_millis(50);

/// Counts about the packets of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// packets with sound
    pub packets: u64,
    /// sequence numbers that never came
    pub lost: u64,
    /// packets that came after a later one, or twice
    pub disordered: u64,
    /// times the stream got another SSRC
    pub ssrc_changes: u64,
    /// times RTP time left the wall clock by over a second within one SSRC
    pub jumps: u64,
    /// longest time between two packets, ms
    pub gap_ms_max: u64,
    /// packets that were no codec of the phone's and no key
    pub strange: u64,
    /// RFC 4733 packets: a phone must never get any from a conference
    pub key_packets: u64,
    /// RTCP packets
    pub rtcp: u64,
}

/// A copy of a stretch of sound.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// telephone samples
    pub samples: Vec<i16>,
    /// the language in which prompts are looked for
    pub language: Language,
}

#[derive(Debug)]
struct State {
    line: Line,
    /// the timeline as telephones hear it
    sound: Vec<i16>,
    /// the same as the codec carries it, empty in G.711; where another codec came there is silence
    full: Vec<i16>,
    codec: Codec,
    decoder: Decoder,
    thinner: Thinner,
    /// arrival of the first packet: sample 0 of the timeline
    origin: Option<Instant>,
    ssrc: Option<u32>,
    sequence: u16,
    last: Option<Instant>,
    /// RTP time and place on the timeline that belong together
    anchor: (u32, i64),
}

/// Listens. Cheap to clone; all clones are the same ear.
#[derive(Clone, Debug)]
pub struct Ear {
    state: Arc<Mutex<State>>,
    name: Arc<str>,
    language: Language,
}

impl Ear {
    /// An ear that has heard nothing and understands this language; the name is for messages.
    pub fn new(name: &str, language: Language) -> Self {
        let state = State {
            line: Line::default(),
            sound: Vec::new(),
            full: Vec::new(),
            codec: Codec::Law(Law::default()),
            decoder: Decoder::default(),
            thinner: Thinner::new(1),
            origin: None,
            ssrc: None,
            sequence: 0,
            last: None,
            anchor: (0, 0),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            name: name.into(),
            language,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while holding it")
    }

    /// Takes a packet that arrived at `now`.
    pub fn take(&self, packet: &Packet, now: Instant) {
        let mut state = self.state();
        let header = &packet.header;
        let codec = Codec::of(header.payload_type);
        match header.payload_type {
            _ if codec.is_some() => state.line.packets += 1,
            96..=127 => state.line.key_packets += 1,
            COMFORT_NOISE => {}
            _ => state.line.strange += 1,
        }
        // keys and comfort noise share their numbers with sound
        let is_fresh = state.count(header.ssrc, header.sequence_number, now);
        let Some(codec) = codec.filter(|_| is_fresh) else {
            return;
        };
        state.change_to(codec);
        let at = state.place(header.timestamp, now);
        let sound = state.decoder.decode(codec, &packet.payload);
        if codec.scale() == 1 {
            put(&mut state.sound, at, &sound);
        } else {
            put(&mut state.full, at * codec.scale(), &sound);
            let thin = state.thinner.take(&sound);
            put(&mut state.sound, at.saturating_sub(Thinner::LATE), &thin);
        }
    }

    /// Counts an RTCP packet.
    pub fn take_rtcp(&self) {
        self.state().line.rtcp += 1;
    }

    /// What was counted.
    pub fn line(&self) -> Line {
        self.state().line
    }

    /// A mark for [`Ear::since`]: the present place on the timeline, in samples.
    pub fn mark(&self) -> usize {
        self.state().now()
    }

    /// Everything heard from a mark until now.
    pub fn since(&self, mark: usize) -> Heard {
        let state = self.state();
        let end = state.now();
        self.heard(state.stretch(mark, end))
    }

    fn heard(&self, samples: Vec<i16>) -> Heard {
        Heard {
            samples,
            language: self.language,
        }
    }

    /// Everything heard.
    pub fn all(&self) -> Heard {
        self.since(0)
    }

    /// The last `ms` milliseconds, up to `SETTLE_MS` ago. Where nothing came there is silence.
    pub fn last(&self, ms: usize) -> Heard {
        let state = self.state();
        let end = state.now().saturating_sub(SETTLE_MS * PER_MS);
        self.heard(state.stretch(end.saturating_sub(ms * PER_MS), end))
    }

    /// The level of a tone in the last `ms` milliseconds of what came in the codec in use, which
    /// need not be one that telephones can carry.
    pub fn full_tone_dbov(&self, hz: u32, ms: usize) -> f32 {
        let state = self.state();
        let scale = state.codec.scale();
        let end = state.now().saturating_sub(SETTLE_MS * PER_MS);
        let timeline = if scale == 1 {
            &state.sound
        } else {
            &state.full
        };
        let sound = cut(
            timeline,
            end.saturating_sub(ms * PER_MS) * scale,
            end * scale,
        );
        tone::tone_level_at(&sound, hz, state.codec.rate_hz())
    }

    /// The codec in which sound came last.
    pub fn codec(&self) -> Codec {
        self.state().codec
    }

    /// Is this tone there now?
    pub fn hears(&self, hz: u32) -> bool {
        self.last(THERE_MS).hears(hz)
    }

    /// Is somebody speaking (or music playing)? That is: sound that is none of the phones' tones.
    pub fn hears_speech(&self) -> bool {
        self.last(THERE_MS).speech_dbov() > SPEECH_DBOV
    }

    /// Waits until the tone is there; says what was there instead.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait_until_hears(&self, hz: u32, within: Duration) -> Result<()> {
        self.wait(within, &format!("hear {hz} Hz"), || self.hears(hz))
            .await
    }

    /// Waits until the tone has been away for half a second.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait_until_silent_of(&self, hz: u32, within: Duration) -> Result<()> {
        let gone = || {
            let heard = self.last(GONE_MS);
            heard.samples.len() >= GONE_MS * PER_MS && is_absent(&heard.samples, hz)
        };
        self.wait(within, &format!("be rid of {hz} Hz"), gone).await
    }

    /// Waits until somebody speaks.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait_for_speech(&self, within: Duration) -> Result<()> {
        self.wait(within, "hear speech", || self.hears_speech())
            .await
    }

    /// Waits until nobody has spoken for a second.
    ///
    /// # Errors
    /// When the time is over.
    pub async fn wait_for_prompt_end(&self, within: Duration) -> Result<()> {
        let quiet = || {
            let heard = self.last(1_000);
            heard.samples.len() >= 1_000 * PER_MS && heard.speech_dbov() < SPEECH_DBOV
        };
        self.wait(within, "hear the end of a prompt", quiet).await
    }

    /// Waits until a prompt has been said to its end, after the mark.
    ///
    /// # Errors
    /// When the time is over; the message tells what was said instead.
    pub async fn wait_for_prompt(&self, key: &str, mark: usize, within: Duration) -> Result<()> {
        let template = Catalogue::of(self.language).template(key)?;
        let deadline = Instant::now() + within;
        loop {
            if self.since(mark).heard_prompt(key)? {
                return Ok(());
            }
            if Instant::now() > deadline {
                let said = self.since(mark).all_said();
                bail!(
                    "{} should have been told `{key}` but heard {said}",
                    self.name
                );
            }
            let pause = u64::from(template.ms() / 8).clamp(100, 400);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    async fn wait(&self, within: Duration, what: &str, is_so: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + within;
        while !is_so() {
            if Instant::now() > deadline {
                let now = self.last(GONE_MS);
                bail!(
                    "{} should {what} within {within:?}; {}",
                    self.name,
                    now.in_words()
                );
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl State {
    /// Notes a packet; false when its sound is not to be used.
    fn count(&mut self, ssrc: u32, sequence: u16, now: Instant) -> bool {
        if let Some(last) = self.last.replace(now) {
            let gap_ms = now.duration_since(last).as_millis() as u64;
            self.line.gap_ms_max = self.line.gap_ms_max.max(gap_ms);
        }
        if self.ssrc != Some(ssrc) {
            self.line.ssrc_changes += u64::from(self.ssrc.is_some());
            self.ssrc = Some(ssrc);
            self.sequence = sequence;
            // an impossible place makes the next step anchor the stream anew
            self.anchor = (0, i64::MIN);
            return true;
        }
        let step = sequence.wrapping_sub(self.sequence) as i16;
        if step <= 0 {
            self.line.disordered += 1;
            // it had been counted as lost; a packet that came twice had not
            self.line.lost = self.line.lost.saturating_sub(u64::from(step < 0));
            return step < 0;
        }
        self.line.lost += step as u64 - 1;
        self.sequence = sequence;
        true
    }

    /// What comes from now on is in this codec.
    fn change_to(&mut self, codec: Codec) {
        if codec == self.codec {
            return;
        }
        if codec.clock_hz() != self.codec.clock_hz() {
            // as in `count`: another clock is no jump
            self.anchor = (0, i64::MIN);
        }
        self.codec = codec;
        self.full.clear();
        self.thinner = Thinner::new(codec.scale());
    }

    /// Where on the timeline sound of this RTP time belongs.
    fn place(&mut self, timestamp: u32, now: Instant) -> usize {
        let origin = *self.origin.get_or_insert(now);
        let by_clock = samples_between(origin, now) as i64;
        let by_rtp = match self.anchor.1 {
            i64::MIN => i64::MIN,
            place => {
                let passed = i64::from(timestamp.wrapping_sub(self.anchor.0) as i32);
                place + passed * i64::from(RATE_HZ) / i64::from(self.codec.clock_hz())
            }
        };
        if by_rtp != i64::MIN && by_rtp >= 0 && (by_rtp - by_clock).abs() <= JUMP {
            return by_rtp as usize;
        }
        self.line.jumps += u64::from(by_rtp != i64::MIN);
        self.anchor = (timestamp, by_clock);
        by_clock as usize
    }

    fn now(&self) -> usize {
        self.origin
            .map_or(0, |origin| samples_between(origin, Instant::now()))
    }

    fn stretch(&self, from: usize, to: usize) -> Vec<i16> {
        cut(&self.sound, from, to)
    }
}

/// Puts sound on a timeline.
fn put(timeline: &mut Vec<i16>, at: usize, sound: &[i16]) {
    let end = at + sound.len();
    if timeline.len() < end {
        timeline.resize(end, 0);
    }
    timeline[at..end].copy_from_slice(sound);
}

/// A stretch of a timeline; what has not come is silence.
fn cut(timeline: &[i16], from: usize, to: usize) -> Vec<i16> {
    let have = timeline.len();
    let mut samples = timeline[from.min(have)..to.min(have)].to_vec();
    samples.resize(to.saturating_sub(from), 0);
    samples
}

fn samples_between(from: Instant, to: Instant) -> usize {
    (to.saturating_duration_since(from).as_micros() * PER_MS as u128 / 1_000) as usize
}

impl Heard {
    /// Is this tone there from beginning to end?
    pub fn hears(&self, hz: u32) -> bool {
        self.samples.len() >= WINDOW && is_steady(&self.samples, hz)
    }

    /// How long this tone is in it.
    pub fn tone_ms(&self, hz: u32) -> u32 {
        tone::heard_ms(&self.samples, hz)
    }

    /// The same without its last so many milliseconds.
    #[must_use]
    pub fn before_the_last(mut self, ms: usize) -> Self {
        self.samples
            .truncate(self.samples.len().saturating_sub(ms * PER_MS));
        self
    }

    /// Stretches of perfect silence of at least so many milliseconds.
    pub fn holes(&self, ms: usize) -> usize {
        let stretches = self.samples.split(|&s| s != 0);
        stretches.filter(|quiet| quiet.len() >= ms * PER_MS).count()
    }

    /// Level of all of it.
    pub fn level_dbov(&self) -> f32 {
        level_dbov(&self.samples)
    }

    /// Level of what is none of the phones' tones.
    pub fn speech_dbov(&self) -> f32 {
        // the notches ring for a moment at the start
        let rest = without_tones(&self.samples);
        let settled = &rest[(rest.len() / 4).min(800)..];
        let samples: Vec<i16> = settled.iter().map(|&s| s as i16).collect();
        level_dbov(&samples)
    }

    /// Where and how far a prompt was said in it.
    ///
    /// # Errors
    /// When there is no such prompt.
    pub fn find_prompt(&self, key: &str) -> Result<Option<Match>> {
        Ok(Catalogue::of(self.language)
            .template(key)?
            .find(&self.samples))
    }

    /// Was this prompt said to its end in it?
    ///
    /// # Errors
    /// When there is no such prompt.
    pub fn heard_prompt(&self, key: &str) -> Result<bool> {
        Ok(self.find_prompt(key)?.is_some_and(|found| found.is_whole()))
    }

    /// Every prompt said in it with its time and the part of it that was heard.
    pub fn all_said(&self) -> String {
        let said = Catalogue::of(self.language).all_in(&self.samples);
        let words: Vec<String> = said
            .iter()
            .map(|(key, m)| {
                let at_ms = m.at / PER_MS;
                format!(
                    "{key} at {at_ms} ms ({:.0} %, {:.2})",
                    m.share * 100.0,
                    m.likeness
                )
            })
            .collect();
        let length = self.samples.len() / PER_MS;
        format!(
            "[{}] in {length} ms at {:.0} dBov",
            words.join(", "),
            self.level_dbov()
        )
    }

    /// Which tones are there, how loud, and how loud the rest is.
    pub fn in_words(&self) -> String {
        let window = &self.samples[self.samples.len().saturating_sub(WINDOW)..];
        let tones: Vec<String> = tone::TONES
            .iter()
            .map(|&hz| (hz, tone::tone_level_dbov(window, hz)))
            .filter(|(_, level)| *level > tone::GONE_DBOV)
            .map(|(hz, level)| format!("{hz} Hz at {level:.0}"))
            .collect();
        let speech = self.speech_dbov();
        format!(
            "it hears [{}] and other sound at {speech:.0} dBov",
            tones.join(", ")
        )
    }
}

impl std::ops::Deref for Heard {
    type Target = [i16];
    fn deref(&self) -> &[i16] {
        &self.samples
    }
}
