//! RTCP (RFC 3550, 6): reading what a peer reports, writing what we report. Knows no socket.

mod read;
mod reception;
mod write;

pub use read::{Item, RtcpFault, read};
pub use reception::Reception;
pub use write::Report;

/// How well one stream is received, as its receiver tells (RFC 3550, 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// whose stream
    pub ssrc: u32,
    /// lost since the last report, in 256ths
    pub fraction_lost: u8,
    /// lost since the beginning; negative when packets came twice; 24 bits
    pub lost: i32,
    /// highest sequence number, extended by the number of its cycles
    pub highest: u32,
    /// in timestamp units
    pub jitter: u32,
    /// middle 32 bits of the NTP time of the last sender report; zero when there was none
    pub last_sr: u32,
    /// since then, in 65,536ths of a second
    pub delay_since_last_sr: u32,
}

/// What a sender tells of its own stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// seconds since 1900 in the upper half, a fraction in the lower
    pub ntp: u64,
    /// the same moment in the stream's timestamps
    pub timestamp: u32,
    /// packets sent
    pub packets: u32,
    /// bytes of payload sent
    pub bytes: u32,
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn report() -> Report<'static> {
        Report {
            ssrc: 7,
            sender: Some(SenderInfo {
                ntp: 0x0102_0304_0506_0708,
                timestamp: 160,
                packets: 1,
                bytes: 160,
            }),
            block: Some(ReportBlock {
                ssrc: 9,
                fraction_lost: 12,
                lost: -3,
                highest: 70_000,
                ..Default::default()
            }),
            cname: "abc",
            goodbye: true,
        }
    }

    fn items(datagram: &[u8]) -> Result<Vec<Item>, RtcpFault> {
        let mut items = Vec::new();
        read(datagram, |item| items.push(item))?;
        Ok(items)
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = [0; 200];
        let report = report();
        let length = report.write(&mut out).unwrap();
        let expected = [
            Item::Sender {
                ssrc: 7,
                info: report.sender.unwrap(),
            },
            Item::Block(report.block.unwrap()),
            Item::Goodbye(7),
        ];
        assert_eq!(items(&out[..length]).unwrap(), expected);
    }

    #[test]
    fn the_bytes_are_those_of_the_rfc() {
        let mut out = [0; 200];
        let plain = Report {
            sender: None,
            block: None,
            goodbye: false,
            ..report()
        };
        let length = plain.write(&mut out).unwrap();
        let expected = [
            &[0x80, 201, 0, 1, 0, 0, 0, 7][..],
            &[0x81, 202, 0, 3, 0, 0, 0, 7, 1, 3, b'a', b'b', b'c', 0, 0, 0],
        ];
        assert_eq!(out[..length], expected.concat());
    }

    #[test]
    fn too_little_room_is_no_report() {
        for room in 0..60 {
            assert_eq!(report().write(&mut vec![0; room]), None);
        }
    }

    #[test]
    fn what_is_no_rtcp_is_refused() {
        let check = |datagram: &[u8], fault| assert_eq!(items(datagram), Err(fault));
        check(&[], RtcpFault::Short);
        check(&[0x80, 201, 0, 1, 0, 0, 0], RtcpFault::Short);
        check(&[0x40, 201, 0, 1, 0, 0, 0, 7], RtcpFault::Version);
        check(&[0x80, 202, 0, 1, 0, 0, 0, 7], RtcpFault::NotAReport);
        check(&[0x81, 201, 0, 1, 0, 0, 0, 7], RtcpFault::Short);
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
            let _ = items(&bytes);
        }

        #[test]
        fn damaged_reports_never_panic(at in 0..80usize, value: u8) {
            let mut out = [0; 200];
            let length = report().write(&mut out).unwrap();
            out[at % length] = value;
            let _ = items(&out[..length]);
        }
    }
}
