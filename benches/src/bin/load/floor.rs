//! The floor: a process that does nothing but receive and send the packets of all calls. What a
//! bridge needs above it is the bridge's own work.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::child::Child;
use crate::intake::Intake;
use crate::plan::Plan;

const TICK: Duration = Duration::from_millis(20);

/// Added to the measured time: how long the process may live when nobody ends it.
const SPARE_S: u64 = 60;

/// Starts the process and reads which ports it has opened.
pub fn start(plan: &Plan) -> Result<(Child, Vec<u16>)> {
    let life_s = plan.length.as_secs() + SPARE_S;
    let mut child = Command::new(std::env::current_exe()?)
        .arg("floor")
        .args(["--calls", &plan.calls.to_string()])
        .args(["--life-s", &life_s.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().context("no pipe to the floor")?;
    let child = Child::new(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    let ports = line.split_whitespace().map(str::parse::<u16>);
    let ports = ports.collect::<Result<_, _>>()?;
    Ok((child, ports))
}

/// Is the process: prints its ports, then serves until its time is over.
pub fn serve(calls: usize, life_s: u64) -> Result<()> {
    let mut lines = (0..calls)
        .map(|_| Line::new())
        .collect::<Result<Vec<_>>>()?;
    let mut ports = String::new();
    for line in &lines {
        ports += &format!("{} ", line.socket.local_addr()?.port());
    }
    println!("{ports}");
    std::io::stdout().flush()?;

    let mut intake = Intake::new();
    let begun = Instant::now();
    let mut due = begun;
    while begun.elapsed().as_secs() < life_s {
        due += TICK;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        for line in &mut lines {
            line.tick(&mut intake);
        }
    }
    Ok(())
}

/// One call's socket and the packet that goes out next.
#[derive(Debug)]
struct Line {
    socket: UdpSocket,
    connected: bool,
    packet: Vec<u8>,
}

impl Line {
    fn new() -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket,
            connected: false,
            packet: Vec::new(),
        })
    }

    /// One packet of the size of the last that came, whether one came in this tick or not.
    fn tick(&mut self, intake: &mut Intake) {
        if !self.connected {
            let Ok((_, caller)) = self.socket.peek_from(&mut [0]) else {
                return;
            };
            self.connected = self.socket.connect(caller).is_ok();
        }
        let Self { socket, packet, .. } = self;
        intake.read(socket, |came, _| {
            // Its own sequence, else a late tick would look like a loss.
            let sequence = packet.get(2..4).map(|s| u16::from_be_bytes([s[0], s[1]]));
            packet.clear();
            packet.extend_from_slice(came);
            set_sequence(packet, sequence.unwrap_or(0));
        });
        if !packet.is_empty() {
            let sequence = u16::from_be_bytes([packet[2], packet[3]]);
            set_sequence(packet, sequence.wrapping_add(1));
            let _ = socket.send(packet);
        }
    }
}

fn set_sequence(packet: &mut [u8], sequence: u16) {
    if let Some(place) = packet.get_mut(2..4) {
        place.copy_from_slice(&sequence.to_be_bytes());
    }
}
