//! The transforms of SRTP: AES in counter mode with HMAC-SHA1 (RFC 3711, 4) and AES-GCM
//! (RFC 7714), with the derivation of their keys. Knows no sequence numbers.

use std::fmt;

use aes::cipher::{InnerIvInit, KeyInit, KeyIvInit, StreamCipher, StreamCipherCoreWrapper};
use aes::{Aes128, Aes128Enc, Aes256};
use confab_core::audio::stream::{SrtpKey, SrtpSuite};
use ctr::{Ctr128BE, CtrCore, flavors};
use hmac::{Hmac, Mac};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha1::Sha1;

/// What a key is derived for (RFC 3711, 4.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Rtp,
    Rtcp,
}

impl Use {
    /// Labels of the keys to encrypt, to authenticate and of the salt.
    const fn labels(self) -> [u8; 3] {
        match self {
            Self::Rtp => [0, 1, 2],
            Self::Rtcp => [3, 4, 5],
        }
    }
}

/// Seals and opens one kind of packets of one direction.
pub(super) struct Cipher {
    purpose: Use,
    kind: Kind,
}

enum Kind {
    Counter(Box<Counter>),
    Galois(Box<Galois>),
}

struct Counter {
    aes: Aes128Enc,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
    tag_len: usize,
}

struct Galois {
    key: LessSafeKey,
    salt: [u8; NONCE_LEN],
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cipher({:?})", self.purpose)
    }
}

impl Cipher {
    pub(super) fn new(suite: SrtpSuite, master: &SrtpKey, purpose: Use) -> Self {
        let parts = master.parts(suite);
        let kind = match suite {
            SrtpSuite::AesCm128Sha1_80 => Kind::Counter(Box::new(Counter::new(parts, purpose, 10))),
            SrtpSuite::AesCm128Sha1_32 => {
                // The short tag is of RTP only (RFC 4568, 6.2.2).
                let tag_len = if purpose == Use::Rtp { 4 } else { 10 };
                Kind::Counter(Box::new(Counter::new(parts, purpose, tag_len)))
            }
            SrtpSuite::AeadAes128Gcm => Kind::Galois(Box::new(Galois::new::<16>(parts, purpose))),
            SrtpSuite::AeadAes256Gcm => Kind::Galois(Box::new(Galois::new::<32>(parts, purpose))),
        };
        Self { purpose, kind }
    }

    /// Seals the packet in the first `length` bytes, the first `clear` of which stay readable; `at`
    /// are its SSRC and index. Returns how long it is then, or none when there is no room.
    pub(super) fn seal(
        &self,
        packet: &mut [u8],
        length: usize,
        clear: usize,
        at: (u32, u64),
    ) -> Option<usize> {
        let word = self.word(at.1);
        let (head, rest) = packet.split_at_mut_checked(clear)?;
        let (body, tail) = rest.split_at_mut_checked(length.checked_sub(clear)?)?;
        let mut tail = Tail { tail, length: 0 };
        match &self.kind {
            Kind::Counter(counter) => {
                counter.crypt(body, at);
                if self.purpose == Use::Rtcp {
                    tail.put(&word)?;
                }
                let tag = counter.mac(head, body, &word).finalize().into_bytes();
                tail.put(tag.get(..counter.tag_len)?)?;
            }
            Kind::Galois(galois) => {
                let tag = galois.seal(self.purpose, head, body, at, word)?;
                tail.put(tag.as_ref())?;
                if self.purpose == Use::Rtcp {
                    tail.put(&word)?;
                }
            }
        }
        Some(length + tail.length)
    }

    /// Opens a whole packet; returns how long it is then. Of one that is not right nothing can be
    /// relied on afterwards.
    pub(super) fn open(&self, packet: &mut [u8], clear: usize, at: (u32, u64)) -> Option<usize> {
        let word = self.word(at.1);
        let word_len = match self.purpose {
            Use::Rtp => 0,
            Use::Rtcp => word.len(),
        };
        let length = packet.len().checked_sub(word_len + self.tag_len())?;
        let (head, rest) = packet.split_at_mut_checked(clear)?;
        match &self.kind {
            Kind::Counter(counter) => {
                let (body, tail) = rest.split_at_mut_checked(length.checked_sub(clear)?)?;
                let mac = counter.mac(head, body, &word);
                mac.verify_truncated_left(tail.get(word_len..)?).ok()?;
                counter.crypt(body, at);
            }
            Kind::Galois(galois) => {
                let sealed = rest.len().checked_sub(word_len)?;
                let body = rest.get_mut(..sealed)?;
                galois.open(self.purpose, head, body, at, word)?;
            }
        }
        Some(length)
    }

    /// The number that a sealed RTCP packet says it has; none of one that is not encrypted.
    pub(super) fn number_of(&self, packet: &[u8]) -> Option<u64> {
        let after = match &self.kind {
            Kind::Counter(counter) => counter.tag_len,
            Kind::Galois(_) => 0,
        };
        let (before, _) = packet.split_at_checked(packet.len().checked_sub(after)?)?;
        let word = u32::from_be_bytes(*before.last_chunk()?);
        (word & ENCRYPTED != 0).then_some(u64::from(word & !ENCRYPTED))
    }

    /// What is authenticated beside the packet: how often the sequence numbers have wrapped, or
    /// the number of a report, which then stands in the packet, too.
    fn word(&self, index: u64) -> [u8; 4] {
        match self.purpose {
            Use::Rtp => ((index >> 16) as u32).to_be_bytes(),
            Use::Rtcp => (index as u32 | ENCRYPTED).to_be_bytes(),
        }
    }

    fn tag_len(&self) -> usize {
        match &self.kind {
            Kind::Counter(counter) => counter.tag_len,
            Kind::Galois(_) => ring::aead::MAX_TAG_LEN,
        }
    }
}

impl Counter {
    fn new(parts: (&[u8], &[u8]), purpose: Use, tag_len: usize) -> Self {
        let [encrypt, authenticate, salt] = purpose.labels();
        let key: [u8; 16] = derive(parts, encrypt);
        let mac_key: [u8; 20] = derive(parts, authenticate);
        Self {
            aes: Aes128Enc::new(&key.into()),
            salt: derive(parts, salt),
            mac: Hmac::new_from_slice(&mac_key).expect("any length is right for HMAC"),
            tag_len,
        }
    }

    /// RFC 3711, 4.1.1: encrypts or decrypts.
    fn crypt(&self, body: &mut [u8], at: (u32, u64)) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        mix(&mut iv[4..14], at);
        let stream = CtrCore::<_, flavors::Ctr128BE>::inner_iv_init(&self.aes, &iv.into());
        StreamCipherCoreWrapper::from_core(stream).apply_keystream(body);
    }

    fn mac(&self, head: &[u8], body: &[u8], word: &[u8; 4]) -> Hmac<Sha1> {
        let mac = self.mac.clone();
        mac.chain_update(head).chain_update(body).chain_update(word)
    }
}

impl Galois {
    fn new<const KEY_LEN: usize>(parts: (&[u8], &[u8]), purpose: Use) -> Self {
        let [encrypt, _, salt] = purpose.labels();
        let key: [u8; KEY_LEN] = derive(parts, encrypt);
        let algorithm = if KEY_LEN == 16 {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        let key = UnboundKey::new(algorithm, &key).expect("it has the algorithm's length");
        Self {
            key: LessSafeKey::new(key),
            salt: derive(parts, salt),
        }
    }

    /// RFC 7714, 8.1 and 9.1.
    fn nonce(&self, at: (u32, u64)) -> Nonce {
        let mut nonce = self.salt;
        mix(&mut nonce[2..], at);
        Nonce::assume_unique_for_key(nonce)
    }

    fn seal(
        &self,
        purpose: Use,
        head: &[u8],
        body: &mut [u8],
        at: (u32, u64),
        word: [u8; 4],
    ) -> Option<ring::aead::Tag> {
        let mut room = [0; REPORT_AAD_LEN];
        let aad = Aad::from(aad(purpose, head, word, &mut room)?);
        self.key
            .seal_in_place_separate_tag(self.nonce(at), aad, body)
            .ok()
    }

    fn open(
        &self,
        purpose: Use,
        head: &[u8],
        body: &mut [u8],
        at: (u32, u64),
        word: [u8; 4],
    ) -> Option<()> {
        let mut room = [0; REPORT_AAD_LEN];
        let aad = Aad::from(aad(purpose, head, word, &mut room)?);
        let opened = self.key.open_in_place(self.nonce(at), aad, body);
        opened.ok().map(|_| ())
    }
}

/// What GCM authenticates beside the body: the head (RFC 7714, 8.2), and of a report its number,
/// too (9.2).
fn aad<'a>(
    purpose: Use,
    head: &'a [u8],
    word: [u8; 4],
    room: &'a mut [u8; REPORT_AAD_LEN],
) -> Option<&'a [u8]> {
    if purpose == Use::Rtp {
        return Some(head);
    }
    room[..8].copy_from_slice(head.first_chunk::<8>()?);
    room[8..].copy_from_slice(&word);
    Some(room)
}

/// Mixes SSRC and 48 bits of index into ten bytes of salt.
fn mix(salt: &mut [u8], (ssrc, index): (u32, u64)) {
    let ssrc = ssrc.to_be_bytes();
    let index = index.to_be_bytes();
    let numbers = ssrc.iter().chain(&index[2..]);
    for (byte, number) in salt.iter_mut().zip(numbers) {
        *byte ^= number;
    }
}

/// RFC 3711, 4.3 (RFC 6188 for keys of 256 bits; RFC 7714, 11: the salt is filled up with zeros).
fn derive<const LENGTH: usize>((key, salt): (&[u8], &[u8]), label: u8) -> [u8; LENGTH] {
    let mut iv = [0; 16];
    iv[..salt.len()].copy_from_slice(salt);
    iv[7] ^= label;
    let mut derived = [0; LENGTH];
    let right = "a suite's key has 16 or 32 bytes";
    if key.len() == 16 {
        let stream = Ctr128BE::<Aes128>::new_from_slices(key, &iv);
        stream.expect(right).apply_keystream(&mut derived);
    } else {
        let stream = Ctr128BE::<Aes256>::new_from_slices(key, &iv);
        stream.expect(right).apply_keystream(&mut derived);
    }
    derived
}

/// The room behind a packet, filled from the front.
struct Tail<'a> {
    tail: &'a mut [u8],
    length: usize,
}

impl Tail<'_> {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.length + bytes.len();
        let place = self.tail.get_mut(self.length..end)?;
        place.copy_from_slice(bytes);
        self.length = end;
        Some(())
    }
}

const REPORT_AAD_LEN: usize = 12;
/// In the word behind a report: it is encrypted.
const ENCRYPTED: u32 = 1 << 31;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711, B.3.
    #[test]
    fn keys_are_derived_as_in_the_appendix() {
        let key = 0xE1F9_7A0D_3E01_8BE0_D64F_A32C_06DE_4139_u128.to_be_bytes();
        let salt = 0x0EC6_75AD_498A_FEEB_B696_0B3A_ABE6_u128.to_be_bytes();
        let parts = (&key[..], &salt[2..]);
        let derived = u128::from_be_bytes(derive(parts, 0));
        assert_eq!(derived, 0xC61E_7A93_744F_39EE_1073_4AFE_3FF7_A087);
        let salt: [u8; 14] = derive(parts, 2);
        assert_eq!(&salt[..4], [0x30, 0xCB, 0xBC, 0x08]);
        let mac: [u8; 20] = derive(parts, 1);
        assert_eq!(&mac[..4], [0xCE, 0xBE, 0x32, 0x1F]);
        assert_eq!(&mac[16..], [0x6D, 0x38, 0xBA, 0xA4]);
    }
}
