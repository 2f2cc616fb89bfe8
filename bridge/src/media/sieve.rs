//! A filter in a line's socket by which the system drops most of a sound that nobody hears, or in
//! which there is nothing: of eight packets in a row one comes through. What is dropped the system
//! counts as `InErrors` of UDP.

use std::io;
use std::net::UdpSocket;

use confab_core::audio::rtp::Packet;
use nix::libc;
use socket2::{SockFilter, SockRef};

use super::still::{self, Still};

/// One packet of so many in a row comes through: those whose numbers are multiples of it.
pub(super) const ONE_OF: u16 = 8;

/// Packets of which most need not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needless {
    /// All of this payload type, but those with a marker.
    Sound(u8),
    /// Of this payload type those that are just so.
    Still(u8, Still),
}

/// Lets pass one of [`ONE_OF`] of these packets and whatever else comes. It takes the place of the
/// one before.
///
/// # Errors
///
/// When the system has no such filters or does not let us.
pub(super) fn attach(socket: &UdpSocket, needless: Needless) -> io::Result<()> {
    // Classic BPF (bpf(4) of BSD; Linux, networking/filter). It sees a datagram from the header of
    // UDP on; a load beyond the end would drop it.
    match needless {
        Needless::Sound(payload_type) => SockRef::from(socket).attach_filter(&sound(payload_type)),
        Needless::Still(payload_type, still) => {
            let (program, steps) = just_so(payload_type, still);
            SockRef::from(socket).attach_filter(&program[..steps])
        }
    }
}

fn sound(payload_type: u8) -> [SockFilter; 9] {
    let sound = u32::from_be_bytes([0, 0, VERSION_2, payload_type]);
    [
        step(LOAD | libc::BPF_LEN, 0),
        branch(JUMP | libc::BPF_JGE, PAYLOAD, 0, 5),
        step(HALF_WORD, UDP_HEADER),
        step(
            libc::BPF_ALU | libc::BPF_AND | libc::BPF_K,
            VERSION_MARKER_TYPE,
        ),
        branch(JUMP | libc::BPF_JEQ, sound, 0, 2),
        step(HALF_WORD, UDP_HEADER + SEQUENCE),
        branch(JUMP | libc::BPF_JSET, u32::from(ONE_OF) - 1, 1, 0),
        PASS,
        DROP,
    ]
}

/// Word by word; whatever differs passes. A jump spans 255 steps, and the longest [`Still`] takes
/// fewer. With how many there are.
fn just_so(payload_type: u8, still: Still) -> ([SockFilter; MOST_STEPS], usize) {
    let (is, has) = (JUMP | libc::BPF_JEQ, JUMP | libc::BPF_JSET);
    let header = u32::from_be_bytes([0, 0, VERSION_2, payload_type]);
    let word = u32::from_be_bytes(still.word);
    let end = PAYLOAD + u32::from(still.length);
    let of_the_header = [
        (LOAD | libc::BPF_LEN, 0, is, end),
        (HALF_WORD, UDP_HEADER, is, header),
        (HALF_WORD, UDP_HEADER + SEQUENCE, has, u32::from(ONE_OF) - 1),
    ];
    let places = (PAYLOAD..end).step_by(WORD_LEN);
    let looks = of_the_header
        .into_iter()
        .chain(places.map(|at| (WORD, at, is, word)));
    let last = 2 * (of_the_header.len() + usize::from(still.length) / WORD_LEN);
    let mut program = [PASS; MOST_STEPS];
    program[last] = DROP;
    for (at, (load, place, jump, operand)) in (0..last).step_by(2).zip(looks) {
        program[at] = step(load, place);
        program[at + 1] = branch(jump, operand, 0, (last - at - 1) as u8);
    }
    (program, last + 2)
}

/// Whether such a packet would be dropped.
pub(super) fn drops(packet: &Packet<'_>) -> bool {
    !packet.marker && !packet.sequence.is_multiple_of(ONE_OF)
}

/// Everything comes through again.
pub(super) fn detach(socket: &UdpSocket) {
    // It fails where there is none, which is what is wanted.
    let _ = SockRef::from(socket).detach_filter();
}

fn step(code: u32, operand: u32) -> SockFilter {
    branch(code, operand, 0, 0)
}

/// Goes on behind as many steps more as is said, when it holds and when not.
fn branch(code: u32, operand: u32, holds: u8, else_: u8) -> SockFilter {
    SockFilter::new(code as u16, holds, else_, operand)
}

const LOAD: u32 = libc::BPF_LD;
const JUMP: u32 = libc::BPF_JMP | libc::BPF_K;
const HALF_WORD: u32 = LOAD | libc::BPF_H | libc::BPF_ABS;
const WORD: u32 = LOAD | libc::BPF_W | libc::BPF_ABS;
const PASS: SockFilter = SockFilter::new((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, u32::MAX);
const DROP: SockFilter = SockFilter::new((libc::BPF_RET | libc::BPF_K) as u16, 0, 0, 0);

/// Of the header three, of each word one, of two steps each, and what is given at the end.
const MOST_STEPS: usize = 2 * (3 + still::LONGEST / WORD_LEN) + 2;
const WORD_LEN: usize = still::WORD;

const UDP_HEADER: u32 = 8;
/// The place of the first octet behind RTP's shortest header.
const PAYLOAD: u32 = UDP_HEADER + RTP_HEADER;

// RFC 3550, 5.1.

const RTP_HEADER: u32 = 12;
const VERSION_2: u8 = 0x80;
/// In the first two octets.
const VERSION_MARKER_TYPE: u32 = 0xc0ff;
/// The number's place.
const SEQUENCE: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// What of some datagrams comes through.
    fn come_through(socket: &UdpSocket, sent: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let peer = UdpSocket::bind((socket.local_addr().unwrap().ip(), 0)).unwrap();
        for datagram in sent {
            peer.send_to(datagram, socket.local_addr().unwrap())
                .unwrap();
        }
        let mut bytes = [0; 2_000];
        let mut came = Vec::new();
        while let Ok(length) = socket.recv(&mut bytes) {
            came.push(bytes[..length].to_vec());
        }
        came
    }

    fn packet(first: u8, second: u8, sequence: u16, payload: &[u8]) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        let rest = [0, 0, 0, 9, 0, 0, 0, 5];
        [&[first, second, high, low], &rest[..], payload].concat()
    }

    /// Thirty of a kind, over the end of the numbers, and those of them that come through.
    fn thirty(payload_type: u8, payload: &[u8]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let numbered = |number: u32| packet(0x80, payload_type, number as u16, payload);
        let through = [65_536, 65_544, 65_552].map(numbered).to_vec();
        ((65_530..65_560).map(numbered).collect(), through)
    }

    fn on_each_address(check: impl Fn(&UdpSocket)) {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(address) else {
                println!("no {address} here");
                continue;
            };
            socket.set_nonblocking(true).unwrap();
            check(&socket);
        }
    }

    #[test]
    fn of_what_is_just_so_one_of_eight_and_of_all_else_everything() {
        on_each_address(|socket| {
            for length in [4, 80, 160, 240, 480] {
                let words = [0xfa, 0xde, 0xfa, 0xdf].repeat(length / 4);
                let still = Still::of(&words).unwrap();
                attach(socket, Needless::Still(9, still)).unwrap();
                let (so, through) = thirty(9, &words);
                assert_eq!(come_through(socket, &so), through, "{length}");
                let mut others = vec![
                    packet(0x80, 0x89, 3, &words),
                    packet(0x80, 101, 3, &words),
                    packet(0x90, 9, 3, &words),
                    packet(0x81, 9, 3, &words),
                    packet(0x80, 9, 3, &words[..length - 1]),
                    packet(0x80, 9, 3, &[&words[..], &[0xfa]].concat()),
                    packet(0x80, 9, 3, &[]),
                    vec![],
                ];
                others.extend((0..length).map(|at| {
                    let mut payload = words.clone();
                    payload[at] ^= 1;
                    packet(0x80, 9, 3, &payload)
                }));
                for other in others.chunks(100) {
                    assert_eq!(come_through(socket, other), other, "{length}");
                }
            }
        });
    }

    #[test]
    fn of_the_sound_one_of_eight_and_of_all_else_everything() {
        on_each_address(|socket| {
            attach(socket, Needless::Sound(8)).unwrap();
            let (sound, through) = thirty(8, &[0; 160]);
            assert_eq!(come_through(socket, &sound), through);
            let kept = sound
                .iter()
                .filter(|&bytes| !drops(&Packet::parse(bytes).unwrap()));
            assert_eq!(kept.cloned().collect::<Vec<_>>(), through);
            let packet = |first, second| packet(first, second, 3, &[0; 160]);
            // with padding, an extension, sources that contributed
            let odd: Vec<_> = [0xa0, 0x90, 0x8f].map(|first| packet(first, 8)).to_vec();
            let others = vec![
                packet(0x80, 0x88),
                packet(0x80, 101),
                packet(0x80, 0),
                packet(0x81, 200),
                packet(0x00, 1),
                vec![],
                packet(0x80, 8)[..11].to_vec(),
            ];
            assert_eq!(come_through(socket, &odd), Vec::<Vec<u8>>::new());
            assert_eq!(come_through(socket, &others), others);
            attach(socket, Needless::Sound(0)).unwrap();
            assert_eq!(come_through(socket, &sound), sound);
            assert_eq!(come_through(socket, &others[2..3]), Vec::<Vec<u8>>::new());
            detach(socket);
            assert_eq!(come_through(socket, &others), others);
            detach(socket);
        });
    }
}
