//! SRTP of the phone, by `webrtc-srtp`, which is not what the bridge has; and its keys as they
//! stand in SDP (RFC 4568).

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{ContextOption, srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

use super::call::locked;

/// How packets are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Counter80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    Counter32,
    /// `AEAD_AES_128_GCM`.
    Gcm128,
    /// `AEAD_AES_256_GCM`.
    Gcm256,
}

impl Suite {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Counter80, Self::Counter32, Self::Gcm128, Self::Gcm256];

    /// As SDP calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Counter32 => "AES_CM_128_HMAC_SHA1_32",
            Self::Gcm128 => "AEAD_AES_128_GCM",
            Self::Gcm256 => "AEAD_AES_256_GCM",
        }
    }

    fn profile(self) -> ProtectionProfile {
        match self {
            Self::Counter80 => ProtectionProfile::Aes128CmHmacSha1_80,
            Self::Counter32 => ProtectionProfile::Aes128CmHmacSha1_32,
            Self::Gcm128 => ProtectionProfile::AeadAes128Gcm,
            Self::Gcm256 => ProtectionProfile::AeadAes256Gcm,
        }
    }
}

/// One `a=crypto`: the key its writer sends with.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto {
    suite: Suite,
    key: Vec<u8>,
}

impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crypto({:?})", self.suite)
    }
}

impl Crypto {
    /// A key that was never used.
    pub fn fresh(suite: Suite) -> Self {
        let length = suite.profile().key_len() + suite.profile().salt_len();
        let words = (0..length.div_ceil(8)).map(|n| RandomState::new().hash_one(n));
        let mut key: Vec<u8> = words.flat_map(u64::to_be_bytes).collect();
        key.truncate(length);
        Self { suite, key }
    }

    /// What stands behind `a=crypto:`.
    pub fn text(&self) -> String {
        let (suite, key) = (self.suite.name(), STANDARD.encode(&self.key));
        format!("1 {suite} inline:{key}")
    }

    /// From what stands behind `a=crypto:`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ').skip(1);
        let name = words.next()?;
        let suite = Suite::ALL.into_iter().find(|suite| suite.name() == name)?;
        let key = words.next()?.strip_prefix("inline:")?.split('|').next()?;
        let key = STANDARD.decode(key).ok()?;
        Some(Self { suite, key })
    }

    /// What seals packets by this key, or opens them, repeated ones too.
    ///
    /// # Errors
    /// When it is none for its suite.
    pub fn context(&self) -> Result<Context> {
        self.context_with(None, None)
    }

    fn guarded(&self) -> Result<Context> {
        self.context_with(
            Some(srtp_replay_protection(64)),
            Some(srtcp_replay_protection(64)),
        )
    }

    fn context_with(
        &self,
        rtp: Option<ContextOption>,
        rtcp: Option<ContextOption>,
    ) -> Result<Context> {
        let profile = self.suite.profile();
        let Some((key, salt)) = self.key.split_at_checked(profile.key_len()) else {
            bail!("the key is too short");
        };
        Context::new(key, salt, profile, rtp, rtcp).context("these keys")
    }
}

/// Both directions of a port. Cheap to clone; all clones are the same.
#[derive(Clone, Default)]
pub struct Seal(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    ours: Option<(Crypto, Context)>,
    theirs: Option<(Crypto, Context)>,
    spoils: bool,
    unopened: u64,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// Seals by these keys from now on. One that stays goes on as it was.
    ///
    /// # Errors
    /// When they are none for their suite.
    pub fn agree(&self, ours: &Crypto, theirs: &Crypto) -> Result<()> {
        let mut state = locked(&self.0);
        let State {
            ours: sends,
            theirs: opens,
            ..
        } = &mut *state;
        for (place, key) in [(sends, ours), (opens, theirs)] {
            if place.as_ref().is_none_or(|(had, _)| had != key) {
                *place = Some((key.clone(), key.guarded()?));
            }
        }
        Ok(())
    }

    /// Spoils the tag of every packet, or no more.
    pub fn spoil(&self, on: bool) {
        locked(&self.0).spoils = on;
    }

    /// Packets that came and could not be opened.
    pub fn unopened(&self) -> u64 {
        locked(&self.0).unopened
    }

    /// A packet as it goes.
    pub fn close(&self, packet: Vec<u8>) -> Option<Vec<u8>> {
        let mut state = locked(&self.0);
        let spoils = state.spoils;
        let Some((_, context)) = &mut state.ours else {
            return Some(packet);
        };
        let mut sealed = context.encrypt_rtp(&packet).ok()?.to_vec();
        if spoils && let Some(last) = sealed.last_mut() {
            *last ^= 1;
        }
        Some(sealed)
    }

    /// What came, as it was before.
    pub fn open(&self, packet: &[u8]) -> Option<Vec<u8>> {
        self.open_by(packet, |context| context.decrypt_rtp(packet).ok())
    }

    /// The same for RTCP.
    pub fn open_rtcp(&self, packet: &[u8]) -> Option<Vec<u8>> {
        self.open_by(packet, |context| context.decrypt_rtcp(packet).ok())
    }

    fn open_by(
        &self,
        packet: &[u8],
        open: impl FnOnce(&mut Context) -> Option<bytes::Bytes>,
    ) -> Option<Vec<u8>> {
        let mut state = locked(&self.0);
        let Some((_, context)) = &mut state.theirs else {
            return Some(packet.to_vec());
        };
        let opened = open(context);
        state.unopened += u64::from(opened.is_none());
        opened.map(|packet| packet.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for suite in Suite::ALL {
            let key = Crypto::fresh(suite);
            assert!(key != Crypto::fresh(suite));
            let text = key.text();
            assert_eq!(Crypto::parse(&text).as_ref(), Some(&key), "{text}");
            assert_eq!(Crypto::parse(&(text + "|2^31")), Some(key));
        }
        assert_eq!(Crypto::parse("1 AES_256 inline:AAAA"), None);
    }
}
