//! A program that is measured: started, asked in /proc what it uses, ended.

use std::process;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// `/proc/PID/stat` counts in hundredths of a second on every Linux (USER_HZ); the sum of user
/// and system time is exact in the kernel and only rounded here.
const TICK_US: u64 = 10_000;

/// Time to end after the signal; then it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A running child; ended when dropped.
#[derive(Debug)]
pub struct Child(process::Child);

impl Child {
    pub fn new(child: process::Child) -> Self {
        Self(child)
    }

    /// Processor time used so far, in microseconds.
    pub fn cpu_us(&self) -> Result<u64> {
        cpu_us(self.0.id())
    }

    /// Memory in use, in kB.
    pub fn rss_kb(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// Threads that it has.
    pub fn threads(&self) -> Result<u64> {
        self.status("Threads:")
    }

    /// A number of proc_pid_status(5).
    fn status(&self, name: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("no {name} in /proc"))
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.0.id())
            && !self.has_ended()
        {
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
        let deadline = Instant::now() + GRACE;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Processor time that a process has used so far, all its threads together, in microseconds.
pub fn cpu_us(id: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    cpu_ticks(&text)
        .map(|ticks| ticks * TICK_US)
        .context("/proc/PID/stat reads otherwise than expected")
}

/// utime and stime of proc_pid_stat(5); the name before them may hold blanks and brackets.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_lines() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194560 90 0 0 0 12 30 0 0 20 0 1 0 5 6 7";
        assert_eq!(cpu_ticks(line), Some(42));
        assert_eq!(cpu_ticks("7 (x) S 1"), None);
        assert!(cpu_us(process::id()).is_ok());
    }
}
