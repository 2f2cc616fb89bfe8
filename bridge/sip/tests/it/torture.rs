//! The messages of RFC 4475 and twenty thousand mutations of our own, through the live door.

use std::path::PathBuf;
use std::time::Duration;

use confab_sip::{SipCommand, SipEvent};

use crate::phone::{Got, OFFER, Phone};
use crate::server::{RTP, Server};

/// What RFC 4475 expects of each message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    /// valid: never 400
    Valid,
    /// wrong in its syntax: never a 2xx, nor a call
    Broken,
    /// right or wrong at the reader's choice: anything but a crash
    Either,
}

const FILES: [(&str, Class); 49] = {
    use Class::{Broken, Either, Valid};
    [
        ("wsinv", Valid),
        ("intmeth", Valid),
        ("esc01", Valid),
        ("escnull", Valid),
        ("esc02", Valid),
        ("lwsdisp", Valid),
        ("longreq", Valid),
        ("dblreq", Valid),
        ("semiuri", Valid),
        ("transports", Valid),
        ("mpart01", Valid),
        ("unreason", Valid),
        ("noreason", Valid),
        ("badinv01", Broken),
        ("clerr", Broken),
        ("ncl", Broken),
        ("scalar02", Broken),
        ("scalarlg", Broken),
        ("quotbal", Broken),
        ("ltgtruri", Broken),
        ("lwsruri", Broken),
        ("lwsstart", Broken),
        ("trws", Broken),
        ("escruri", Broken),
        ("baddate", Broken),
        ("regbadct", Broken),
        ("badaspec", Broken),
        ("baddn", Broken),
        ("badvers", Broken),
        ("mismatch01", Broken),
        ("mismatch02", Broken),
        ("bigcode", Broken),
        ("badbranch", Either),
        ("insuf", Broken),
        ("unkscm", Broken),
        ("novelsc", Broken),
        ("unksm2", Either),
        ("bext01", Broken),
        ("invut", Broken),
        ("regaut01", Valid),
        ("multi01", Broken),
        ("mcl01", Broken),
        ("bcast", Either),
        ("zeromf", Valid),
        ("cparam01", Valid),
        ("cparam02", Valid),
        ("regescrt", Valid),
        ("sdp01", Either),
        // Written for RFC 2543, which knew no tags: whoever wants may take it.
        ("inv2543", Either),
    ]
};

/// Status codes that answer some well-known file, so that a class is not met by chance.
const EXACT: [(&str, u16); 15] = [
    ("badinv01", 400),
    ("clerr", 400),
    ("quotbal", 400),
    ("lwsruri", 400),
    ("baddn", 400),
    ("badaspec", 400),
    ("mismatch01", 400),
    ("insuf", 400),
    ("badvers", 505),
    ("unkscm", 416),
    ("bext01", 420),
    ("invut", 415),
    ("intmeth", 405),
    ("semiuri", 200),
    // Its To has a tag, so it claims to be in a call.
    ("wsinv", 481),
];

#[tokio::test]
async fn the_torture_messages_of_rfc_4475() {
    let Some(root) = std::env::var_os("CONFAB_TEST_DATA") else {
        println!("skipped: CONFAB_TEST_DATA is not set");
        return;
    };
    let folder = PathBuf::from(root).join("rfc4475");
    let mut server = Server::start().await;
    for (name, class) in FILES {
        let bytes = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
        let mut phone = Phone::udp(server.udp).await;
        phone.send_raw(&with_rport(&bytes)).await;
        let status = last_status(&mut server, &mut phone).await;
        let fits = match class {
            Class::Valid => status != Some(400),
            Class::Broken => status.is_none_or(|s| s >= 400),
            Class::Either => true,
        };
        println!("{name}: {status:?}");
        assert!(fits, "{name} is {class:?} and got {status:?}");
        if let Some((_, exact)) = EXACT.iter().find(|(n, _)| *n == name) {
            assert_eq!(status, Some(*exact), "{name}");
        }
    }
    server.still_takes_a_call().await;
}

/// Lets the answer find its way back: the files name hosts that are not here.
fn with_rport(bytes: &[u8]) -> Vec<u8> {
    let text: String = bytes.iter().map(|b| char::from(*b)).collect();
    let via = text
        .to_ascii_lowercase()
        .find("\r\nvia:")
        .or(text.find("\r\nv:"));
    // The line of wsinv is folded before its address.
    let via = via.map(|at| at + 2 + text[at + 2..].find('.').unwrap_or(0) + 3);
    let end = via.map(|at| at + 2 + text[at + 2..].find([';', ',', '\r']).unwrap_or(0));
    let text = match end {
        Some(at) => format!("{};rport{}", &text[..at], &text[at..]),
        None => text,
    };
    text.chars().map(|c| c as u8).collect()
}

/// Plays the switchboard for one message; the final status, or `None` for silence.
async fn last_status(server: &mut Server, phone: &mut Phone) -> Option<u16> {
    loop {
        let got: Option<Got> = phone.next_within(Duration::from_millis(150)).await;
        while let Ok(event) = server.events.try_recv() {
            if let SipEvent::Invite { leg, .. } = event {
                let rtp = RTP.parse().unwrap();
                server.command(SipCommand::Answer { leg, rtp }).await;
            }
        }
        match got.map(|got| got.status()) {
            Some(100..=199) => {}
            Some(0) => {}
            other => return other,
        }
    }
}

/// xorshift64: the same messages in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let tokens: [&[u8]; 12] = [
        b"\r\n",
        b";",
        b"\"",
        b"<",
        b">",
        b":",
        b"%",
        b"\0",
        b"\xff\xfe",
        b"99999999999999999999",
        b",",
        b" ",
    ];
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len());
        match dice.roll(5) {
            0 => bytes[at] = dice.roll(256) as u8,
            1 => bytes.truncate(at.max(1)),
            2 => {
                let end = (at + dice.roll(40)).min(bytes.len());
                bytes.drain(at..end.max(at + 1).min(bytes.len()));
            }
            3 => {
                let token = tokens[dice.roll(tokens.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            _ => {
                let end = (at + dice.roll(80)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
        if bytes.is_empty() {
            bytes.push(b'x');
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_mutations() {
    let mut server = Server::start().await;
    let mut phone = Phone::udp(server.udp).await;
    let mut dice = Dice(0x5eed);
    let methods = [
        "INVITE", "OPTIONS", "BYE", "INFO", "UPDATE", "ACK", "CANCEL", "REGISTER",
    ];
    let mut calls = 0u64;
    for n in 0..20_000u32 {
        phone.call_id = format!("mutant{n}");
        phone.to_tag = (dice.roll(4) == 0).then(|| "t".to_owned());
        let method = methods[dice.roll(methods.len())];
        let body = if matches!(method, "INVITE" | "UPDATE") {
            OFFER
        } else {
            ""
        };
        let mut bytes = phone
            .request(method, &["Session-Expires: 100"], body)
            .into_bytes();
        mutate(&mut bytes, &mut dice);
        phone.send_raw(&bytes).await;
        // What comes back is read now and then, so that no buffer fills; what it says is
        // the other tests' affair.
        if n % 16 == 0 {
            while phone.next_within(Duration::from_micros(50)).await.is_some() {}
        }
        while let Ok(event) = server.events.try_recv() {
            if let SipEvent::Invite { leg, .. } = event {
                calls += 1;
                let command = match dice.roll(3) {
                    0 => SipCommand::Answer {
                        leg,
                        rtp: RTP.parse().unwrap(),
                    },
                    _ => SipCommand::Refuse {
                        leg,
                        refusal: confab_core::refusal::Refusal::RoomFull,
                    },
                };
                server.command(command).await;
            }
        }
    }
    // A mutant that is still a good INVITE is a call; it proves that not all died at the door.
    assert!(calls > 50, "{calls}");
    let drain = async {
        while server.count("calls") > 0 {
            let wait = tokio::time::timeout(Duration::from_millis(50), server.events.recv());
            if let Ok(Some(SipEvent::Invite { leg, .. })) = wait.await {
                let reason = confab_core::event::EndReason::Dropped;
                server.command(SipCommand::Hangup { leg, reason }).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), drain)
        .await
        .expect("all calls end");
    while server.events.try_recv().is_ok() {}
    server.still_takes_a_call().await;
    server.empties().await;
}
