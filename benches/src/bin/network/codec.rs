//! The codecs that are spoken over the networks: what a phone sends, and the product's decoders.

use anyhow::{Context, Result};
use confab_benches::codec::Codec;
use confab_core::audio::decode::{self, Speech};
use confab_core::audio::g711::Law as CoreLaw;
use confab_core::audio::g722;
use confab_core::audio::rate::Rate;
use confab_core::audio::stream;
use sipp_scenarios::sound::g711::Law;

use super::opus_decoder;

/// Of the files that PESQ is given: it knows 8 and 16 kHz.
pub fn judged_rate(codec: Codec) -> Rate {
    codec.rate().min(Rate::Wide)
}

/// How many samples each step of an RTP timestamp stands for.
pub fn samples_per_step(codec: Codec) -> u32 {
    codec.rate().hz() / codec.clock_hz()
}

/// Whether there are packets of so many milliseconds.
pub fn has_packets_of(codec: Codec, ms: u32) -> bool {
    codec != Codec::Opus || ms != 30
}

/// What the core's jitter buffer is made with.
///
/// # Errors
/// When libopus has no memory.
pub fn speech(codec: Codec) -> Result<Speech> {
    Ok(match codec {
        Codec::Pcmu => CoreLaw::Mu.into(),
        Codec::G722 | Codec::Opus => Speech::Other(decoder(codec)?),
    })
}

/// A decoder for the other players.
///
/// # Errors
/// When libopus has no memory.
pub fn decoder(codec: Codec) -> Result<Box<dyn decode::Decoder>> {
    Ok(match codec {
        Codec::Pcmu => Box::new(MuLaw),
        Codec::G722 => Box::<g722::Decoder>::default(),
        Codec::Opus => Box::new(opus_decoder::Decoder::new().context("libopus: no decoder")?),
    })
}

/// What is heard over no network at all.
///
/// # Errors
/// When libopus has no memory.
pub fn decode(codec: Codec, payloads: &[Vec<u8>]) -> Result<Vec<i16>> {
    let mut decoder = decoder(codec)?;
    let mut heard = Vec::new();
    for payload in payloads {
        let from = heard.len();
        heard.resize(from + decoder.samples_in(payload).unwrap_or(0), 0);
        decoder.decode(payload, &mut heard[from..]);
    }
    Ok(heard)
}

/// The payloads of what is said, packet by packet; after its end there is silence. With
/// `fec_percent`, Opus repeats each packet coarsely in the next one, as for a network that is
/// known to lose so many.
///
/// # Errors
/// When libopus refuses.
pub fn encode(codec: Codec, said: &[i16], packet_ms: u32, fec_percent: u8) -> Result<Vec<Vec<u8>>> {
    let length = packet_ms as usize * codec.rate().tick() / 20;
    let packets = said.chunks(length).map(|packet| {
        let mut packet = packet.to_vec();
        packet.resize(length, 0);
        packet
    });
    match codec {
        Codec::Pcmu => {
            let encode = |sample| Law::Mu.encode(sample);
            Ok(packets
                .map(|packet| packet.into_iter().map(encode).collect())
                .collect())
        }
        Codec::G722 => {
            let mut encoder = g722::Encoder::default();
            let payload = |packet: Vec<i16>| {
                let mut payload = vec![0; packet.len() / 2];
                encoder.encode(&packet, &mut payload);
                payload
            };
            Ok(packets.map(payload).collect())
        }
        Codec::Opus => {
            let mut encoder = opus_encoder(fec_percent)?;
            let payload = |packet: Vec<i16>| encoder.encode_vec(&packet, LONGEST_OPUS);
            Ok(packets.map(payload).collect::<Result<_, _>>()?)
        }
    }
}

/// As browsers and most phones have it when nobody asks for anything else.
fn opus_encoder(fec_percent: u8) -> Result<opus::Encoder> {
    let (channels, purpose) = (opus::Channels::Mono, opus::Application::Voip);
    let mut encoder = opus::Encoder::new(Rate::Full.hz(), channels, purpose)?;
    encoder.set_bitrate(opus::Bitrate::Bits(OPUS_BITS_PER_S))?;
    encoder.set_inband_fec(fec_percent > 0)?;
    encoder.set_packet_loss_perc(fec_percent.into())?;
    Ok(encoder)
}

const OPUS_BITS_PER_S: i32 = 32_000;
const LONGEST_OPUS: usize = 1_275;

/// By other code than the core's.
#[derive(Debug)]
struct MuLaw;

impl decode::Decoder for MuLaw {
    fn codec(&self) -> stream::Codec {
        stream::Codec::Pcmu
    }

    fn samples_in(&self, payload: &[u8]) -> Option<usize> {
        Some(payload.len())
    }

    fn decode(&mut self, payload: &[u8], out: &mut [i16]) {
        for (sample, &code) in out.iter_mut().zip(payload) {
            *sample = Law::Mu.decode(code);
        }
    }

    fn restart(&mut self) {}
}
