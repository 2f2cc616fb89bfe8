//! The RTP socket of one line: connected to the peer once it is known, so that the system drops
//! strangers and finds the way without looking it up for every packet; and drops most of what
//! nobody hears. Knows no RTP.

use std::net::{SocketAddr, UdpSocket};

use super::outbox::Outbox;
use super::shard::Now;
use super::sieve::{self, Needless};
use super::sys::{self, Inbox, More};

/// How far a socket belongs to one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Link {
    /// Whoever sends is heard.
    #[default]
    Open,
    /// Connected, but what came before may be from somebody else.
    Fresh(SocketAddr),
    /// Connected, and all that waited before has been read.
    Sure(SocketAddr),
    /// The system would not connect it to this peer; it works as an open one does.
    Refused(SocketAddr),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Wire {
    link: Link,
    /// packets of which most are dropped
    thinned: Option<Needless>,
}

impl Wire {
    /// Follows what the line believes: connected to `peer`, or open when there is none.
    pub(super) fn follow(&mut self, socket: &UdpSocket, peer: Option<SocketAddr>) {
        match (self.link, peer) {
            (Link::Fresh(is) | Link::Sure(is) | Link::Refused(is), Some(peer)) if is == peer => {}
            (Link::Open, None) => {}
            (_, Some(peer)) => {
                self.thin(socket, None);
                self.link = match socket.connect(peer) {
                    Ok(()) => Link::Fresh(peer),
                    Err(_) => Link::Refused(peer),
                }
            }
            (_, None) => {
                self.thin(socket, None);
                // It fails for no socket that is open; if it did, the peer would go on being heard.
                let _ = sys::disconnect(socket);
                self.link = Link::Open;
            }
        }
    }

    /// Has the system drop most of these packets, or nothing. What does not come from a settled
    /// peer is never dropped so, nor where the system does not do it.
    pub(super) fn thin(&mut self, socket: &UdpSocket, needless: Option<Needless>) {
        match needless {
            same if same == self.thinned => {}
            Some(needless) if matches!(self.link, Link::Sure(_)) => {
                if sieve::attach(socket, needless).is_ok() {
                    self.thinned = Some(needless);
                }
            }
            _ => {
                sieve::detach(socket);
                self.thinned = None;
            }
        }
    }

    /// Of which packets most are dropped.
    pub(super) fn thinned(&self) -> Option<Needless> {
        self.thinned
    }

    /// Whether it is to be read in this tick; where most of all sound is dropped, not in all of
    /// them.
    pub(super) fn is_due(&self, now: &Now, phase: u64) -> bool {
        let turn = || (now.tick + phase).is_multiple_of(THINNED_TICKS);
        !matches!(self.thinned, Some(Needless::Sound(_))) || now.skipped > 0 || turn()
    }

    /// As [`Inbox::read`].
    pub(super) fn read(
        &mut self,
        socket: &UdpSocket,
        inbox: &mut Inbox,
        each: impl FnMut(&mut [u8], SocketAddr) -> More,
    ) {
        let peer = match self.link {
            Link::Sure(peer) => Some(peer),
            _ => None,
        };
        let emptied = inbox.read(socket, peer, each);
        if let (Link::Fresh(peer), true) = (self.link, emptied) {
            self.link = Link::Sure(peer);
        }
    }

    fn is_connected_to(&self, to: SocketAddr) -> bool {
        matches!(self.link, Link::Fresh(peer) | Link::Sure(peer) if peer == to)
    }
}

/// How a line's packets go out.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) wire: &'a Wire,
    pub(super) socket: &'a UdpSocket,
    pub(super) outbox: &'a mut Outbox,
}

impl Way<'_> {
    /// Sends a packet; false when it is lost already.
    pub(super) fn send(&mut self, to: SocketAddr, packet: &[u8]) -> bool {
        if self.wire.is_connected_to(to) {
            return self.outbox.send(self.socket, packet);
        }
        self.socket.send_to(packet, to).is_ok()
    }
}

/// So often is looked for what still comes of a sound that nobody hears: keys, above all.
const THINNED_TICKS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn socket() -> UdpSocket {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        socket
    }

    fn read(wire: &mut Wire, socket: &UdpSocket) -> Vec<(Vec<u8>, SocketAddr)> {
        let mut came = Vec::new();
        wire.read(socket, &mut Inbox::default(), |bytes, from| {
            came.push((bytes.to_vec(), from));
            More::MayWait
        });
        came
    }

    #[test]
    fn what_a_stranger_sent_before_is_told_from_the_peers() {
        let (line, peer, stranger) = (socket(), socket(), socket());
        let (at, from) = (line.local_addr().unwrap(), peer.local_addr().unwrap());
        let mut wire = Wire::default();
        stranger.send_to(b"before", at).unwrap();
        wire.follow(&line, Some(from));
        stranger.send_to(b"after", at).unwrap();
        peer.send_to(b"peer", at).unwrap();
        let strange = stranger.local_addr().unwrap();
        let expected = [(b"before".to_vec(), strange), (b"peer".to_vec(), from)];
        assert_eq!(read(&mut wire, &line), expected);
        peer.send_to(b"more", at).unwrap();
        assert_eq!(read(&mut wire, &line), [(b"more".to_vec(), from)]);
    }

    #[test]
    fn it_opens_again_and_keeps_its_port() {
        let (peer, other) = (socket(), socket());
        // As lines are bound: to a port that was chosen, which the system then keeps.
        let at = socket().local_addr().unwrap();
        let line = UdpSocket::bind(at).unwrap();
        line.set_nonblocking(true).unwrap();
        let mut wire = Wire::default();
        wire.follow(&line, Some(peer.local_addr().unwrap()));
        wire.follow(&line, None);
        assert_eq!(line.local_addr().unwrap(), at);
        other.send_to(b"new", at).unwrap();
        let from = other.local_addr().unwrap();
        assert_eq!(read(&mut wire, &line), [(b"new".to_vec(), from)]);
        wire.follow(&line, Some(from));
        assert!(send(&wire, &line, &mut Outbox::default(), b"answer"));
        assert_eq!(other.recv(&mut [0; 9]).unwrap(), 6);
    }

    /// Sends to the peer that the socket is connected to, now.
    fn send(wire: &Wire, socket: &UdpSocket, outbox: &mut Outbox, packet: &[u8]) -> bool {
        let to = socket.peer_addr().unwrap();
        let sent = Way {
            wire,
            socket,
            outbox,
        }
        .send(to, packet);
        outbox.flush();
        sent
    }

    #[test]
    fn a_peer_that_is_away_for_a_while_loses_only_what_is_sent_meanwhile() {
        let check = |outbox: &mut Outbox| {
            let (line, peer) = (socket(), socket());
            let (at, from) = (line.local_addr().unwrap(), peer.local_addr().unwrap());
            let mut wire = Wire::default();
            wire.follow(&line, Some(from));
            drop(peer);
            for _ in 0..3 {
                send(&wire, &line, outbox, b"to nobody");
            }
            let peer = UdpSocket::bind(from).unwrap();
            peer.set_nonblocking(true).unwrap();
            assert!(send(&wire, &line, outbox, b"first"));
            assert_eq!(peer.recv(&mut [0; 9]).unwrap(), 5);
            send(&wire, &line, outbox, b"second");
            peer.send_to(b"back", at).unwrap();
            assert_eq!(read(&mut wire, &line), [(b"back".to_vec(), from)]);
        };
        check(&mut Outbox::default());
        match Outbox::with_ring() {
            Ok(mut outbox) => check(&mut outbox),
            Err(error) => println!("not by io_uring here: {error}"),
        }
    }
}
