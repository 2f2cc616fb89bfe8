//! A filter in a line's socket by which the system drops most of a sound that nobody hears: of
//! eight packets in a row one comes through. What is dropped the system counts as `InErrors` of
//! UDP.

use std::io;
use std::net::UdpSocket;

use confab_core::audio::rtp::Packet;
use nix::libc;
use socket2::{SockFilter, SockRef};

/// One packet of so many in a row comes through: those whose numbers are multiples of it.
pub(super) const ONE_OF: u16 = 8;

/// Lets pass one of [`ONE_OF`] packets of this payload type, those with a marker, and whatever is
/// no RTP of this type. It takes the place of the one before.
///
/// # Errors
///
/// When the system has no such filters or does not let us.
pub(super) fn attach(socket: &UdpSocket, payload_type: u8) -> io::Result<()> {
    // Classic BPF (bpf(4) of BSD; Linux, networking/filter). It sees a datagram from the header of
    // UDP on; a load beyond the end would drop it.
    let (load, jump) = (libc::BPF_LD, libc::BPF_JMP | libc::BPF_K);
    let half_word = load | libc::BPF_H | libc::BPF_ABS;
    let sound = u32::from_be_bytes([0, 0, VERSION_2, payload_type]);
    let program = [
        step(load | libc::BPF_LEN, 0),
        branch(jump | libc::BPF_JGE, UDP_HEADER + RTP_HEADER, 0, 5),
        step(half_word, UDP_HEADER),
        step(
            libc::BPF_ALU | libc::BPF_AND | libc::BPF_K,
            VERSION_MARKER_TYPE,
        ),
        branch(jump | libc::BPF_JEQ, sound, 0, 2),
        step(half_word, UDP_HEADER + SEQUENCE),
        branch(jump | libc::BPF_JSET, u32::from(ONE_OF) - 1, 1, 0),
        step(libc::BPF_RET | libc::BPF_K, u32::MAX),
        step(libc::BPF_RET | libc::BPF_K, 0),
    ];
    SockRef::from(socket).attach_filter(&program)
}

/// Whether a packet of the sound would be dropped.
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

const UDP_HEADER: u32 = 8;

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

    fn packet(first: u8, second: u8, sequence: u16) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        [&[first, second, high, low][..], &[0; 168]].concat()
    }

    #[test]
    fn of_the_sound_one_of_eight_and_of_all_else_everything() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(socket) = UdpSocket::bind(address) else {
                println!("no {address} here");
                continue;
            };
            socket.set_nonblocking(true).unwrap();
            attach(&socket, 8).unwrap();
            let sound: Vec<_> = (65_530..65_560u32)
                .map(|number| packet(0x80, 8, number as u16))
                .collect();
            let through: Vec<_> = [0, 8, 16].map(|number| packet(0x80, 8, number)).to_vec();
            assert_eq!(come_through(&socket, &sound), through);
            let kept = sound
                .iter()
                .filter(|&bytes| !drops(&Packet::parse(bytes).unwrap()));
            assert_eq!(kept.cloned().collect::<Vec<_>>(), through);
            // with padding, an extension, sources that contributed
            let odd: Vec<_> = [0xa0, 0x90, 0x8f].map(|first| packet(first, 8, 3)).to_vec();
            let others = vec![
                packet(0x80, 0x88, 3),
                packet(0x80, 101, 3),
                packet(0x80, 0, 3),
                packet(0x81, 200, 3),
                packet(0x00, 1, 3),
                vec![],
                packet(0x80, 8, 3)[..11].to_vec(),
            ];
            assert_eq!(come_through(&socket, &odd), Vec::<Vec<u8>>::new());
            assert_eq!(come_through(&socket, &others), others);
            attach(&socket, 0).unwrap();
            assert_eq!(come_through(&socket, &sound), sound);
            assert_eq!(come_through(&socket, &others[2..3]), Vec::<Vec<u8>>::new());
            detach(&socket);
            assert_eq!(come_through(&socket, &others), others);
            detach(&socket);
        }
    }
}
