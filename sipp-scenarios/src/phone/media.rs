//! A phone's pair of ports: RTP and, one above, RTCP; with an ear and a mouth on them.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rtp::packet::Packet;
use webrtc_util::marshal::Unmarshal;

use super::ear::Ear;
use super::mouth::{Format, Mouth};
use super::seal::Seal;

/// Ports, ear and mouth; everything stops when it is dropped.
#[derive(Debug)]
pub struct MediaPort {
    /// hears what comes
    pub ear: Ear,
    /// says what goes
    pub mouth: Mouth,
    /// encrypts both ways once there are keys
    pub seal: Seal,
    local: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl MediaPort {
    /// Binds two free ports and starts.
    ///
    /// # Errors
    /// When no ports or threads can be had.
    pub fn open(address: IpAddr, format: Format, ear: Ear) -> Result<Self> {
        static SSRC: AtomicU32 = AtomicU32::new(0);
        let (rtp, rtcp) = port_pair(address)?;
        let local = rtp.local_addr()?;
        // any number will do as long as phones differ
        let ssrc = SSRC.fetch_add(0x0101_0101, Ordering::Relaxed) ^ u32::from(local.port()) << 8;
        let stop = Arc::new(AtomicBool::new(false));
        let seal = Seal::default();
        let mouth = Mouth::start(rtp.try_clone()?, format, ssrc, seal.clone())?;
        listen(rtp, stop.clone(), {
            let (ear, seal) = (ear.clone(), seal.clone());
            move |datagram, now| {
                let plain = seal.open(datagram);
                let packet = plain.map(|plain| Packet::unmarshal(&mut &plain[..]));
                if let Some(Ok(packet)) = packet {
                    ear.take(&packet, now);
                }
            }
        })?;
        listen(rtcp, stop.clone(), {
            let (ear, seal) = (ear.clone(), seal.clone());
            move |datagram, _| {
                if seal.open_rtcp(datagram).is_some() {
                    ear.take_rtcp();
                }
            }
        })?;
        Ok(Self {
            ear,
            mouth,
            seal,
            local,
            stop,
        })
    }

    /// The address to name in SDP.
    pub fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for MediaPort {
    fn drop(&mut self) {
        self.mouth.stop();
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Two neighbouring free ports, the first even (RFC 3550, 11).
///
/// # Errors
/// When none can be had.
pub fn port_pair(address: IpAddr) -> Result<(UdpSocket, UdpSocket)> {
    for _ in 0..200 {
        let rtp = UdpSocket::bind((address, 0)).context("bind an RTP port")?;
        let port = rtp.local_addr()?.port();
        if port % 2 == 1 || port == u16::MAX {
            continue;
        }
        if let Ok(rtcp) = UdpSocket::bind((address, port + 1)) {
            return Ok((rtp, rtcp));
        }
    }
    anyhow::bail!("no two neighbouring free ports")
}

/// A thread that hands on what comes with the time it came.
fn listen(
    socket: UdpSocket,
    stop: Arc<AtomicBool>,
    take: impl Fn(&[u8], Instant) + Send + 'static,
) -> Result<()> {
    socket.set_read_timeout(Some(Duration::from_millis(100)))?;
    std::thread::Builder::new()
        .name("phone-ear".into())
        .spawn(move || {
            let mut datagram = [0; 2_048];
            while !stop.load(Ordering::Relaxed) {
                if let Ok((length, _)) = socket.recv_from(&mut datagram) {
                    take(&datagram[..length], Instant::now());
                }
            }
        })?;
    Ok(())
}
