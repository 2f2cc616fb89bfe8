//! `a=crypto`: the keys of SRTP in the description (RFC 4568; RFC 7714 for AES-GCM).
//!
//! The keys stand in it as they are, so they are as safe as the signalling that carries them:
//! whoever reads SIP on its way over UDP or TCP can decrypt the call. Nothing here is ever logged.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use confab_core::audio::stream::{SrtpKey, SrtpSuite};

/// Every suite we have, the best first: the order of our own offers.
pub(super) const SUITES: [SrtpSuite; 4] = [
    SrtpSuite::AeadAes256Gcm,
    SrtpSuite::AeadAes128Gcm,
    SrtpSuite::AesCm128Sha1_80,
    SrtpSuite::AesCm128Sha1_32,
];

/// Padding may be missing, as some phones leave it away where RFC 4568 wants it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Longest key parameter that is looked at: the key of AES-256 takes 60 letters, and a lifetime
/// and an MKI a few more.
const KEY_PARAM_MAX: usize = 256;

/// One `a=crypto` line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crypto {
    /// names the line; the answer repeats that of the line it takes
    pub tag: u32,
    pub suite: SrtpSuite,
    /// what the one who wrote the line sends with
    pub key: SrtpKey,
}

impl Crypto {
    /// Reads what stands behind `a=crypto:`. `None` of whatever we could not do exactly as it is
    /// asked: an unknown suite, a key of the wrong length, an MKI, several keys, a key derivation
    /// rate, streams that are not encrypted or not authenticated (RFC 4568, 6.3).
    pub fn read(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let (tag, suite, key) = (words.next()?, words.next()?, words.next()?);
        if tag.len() > 9 || !words.all(may_be_ignored) {
            return None;
        }
        let suite = suite_of(suite)?;
        let method = key.get(..INLINE.len())?;
        let inline = key.get(INLINE.len()..)?;
        let fits = method.eq_ignore_ascii_case(INLINE) && inline.len() <= KEY_PARAM_MAX;
        let mut parts = inline.split('|').filter(|_| fits);
        let octets = BASE64.decode(parts.next()?).ok()?;
        if !parts.all(is_lifetime) {
            return None;
        }
        Some(Self {
            tag: tag.parse().ok().filter(|_| is_number(tag))?,
            suite,
            key: SrtpKey::new(suite, &octets)?,
        })
    }

    /// What stands behind `a=crypto:`.
    pub fn write(&self) -> String {
        let (key, salt) = self.key.parts(self.suite);
        let octets = BASE64.encode([key, salt].concat());
        format!("{} {} {INLINE}{octets}", self.tag, name_of(self.suite))
    }
}

const INLINE: &str = "inline:";

fn suite_of(name: &str) -> Option<SrtpSuite> {
    SUITES
        .into_iter()
        .find(|suite| name_of(*suite).eq_ignore_ascii_case(name))
}

fn name_of(suite: SrtpSuite) -> &'static str {
    match suite {
        SrtpSuite::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
        SrtpSuite::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
        SrtpSuite::AeadAes128Gcm => "AEAD_AES_128_GCM",
        SrtpSuite::AeadAes256Gcm => "AEAD_AES_256_GCM",
    }
}

/// Whether a session parameter asks for nothing that we would have to do: a window for
/// repetitions of at least 64, as ours is no smaller, a key derivation rate of none, and what its
/// sender says may be ignored.
fn may_be_ignored(param: &str) -> bool {
    let (name, value) = param.split_once('=').unwrap_or((param, ""));
    match name.to_ascii_uppercase().as_str() {
        "WSH" => value.parse::<u32>().is_ok_and(|size| size >= 64),
        "KDR" => value == "0",
        other => other.starts_with('-'),
    }
}

/// `2^20` or `1048576`: packets for which the key holds, at most 2^48 (RFC 3711, 9.2). A peer that
/// wants another key by then sends a re-INVITE. Anything with a colon is an MKI, which every packet
/// would have to carry.
fn is_lifetime(part: &str) -> bool {
    let packets = match part.strip_prefix("2^") {
        Some(power) if is_number(power) => {
            power.parse().ok().and_then(|power| 1u64.checked_shl(power))
        }
        None if is_number(part) => part.parse().ok(),
        _ => None,
    };
    packets.is_some_and(|packets| (1..=1 << 48).contains(&packets))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
