//! `load`: callers on loopback against the real program, and the same packets against no bridge.
//!
//! Reads the command line and runs the two halves one after the other; every part is a module.
//! It tests nothing, and shares with the program it measures only the database's code and the way
//! packets go out.

mod args;
mod call;
mod child;
mod codec;
mod confab;
mod crowd;
mod ear;
mod floor;
mod guard;
mod intake;
mod noise;
#[path = "../../../../bridge/src/media/outbox.rs"]
mod outbox;
mod phone;
mod plan;
mod report;
mod rest;
mod rtp;
mod setups;
mod sip;
mod sound;
mod tally;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::args::{Args, Mode};
use crate::child::{Child, cpu_us};
use crate::codec::Codec;
use crate::confab::{Confab, FIRST_ROOM};
use crate::crowd::Crowd;
use crate::plan::{Lecture, Plan};
use crate::report::{Report, Side};

/// Sockets a call takes, ours and theirs apart.
const FILES_PER_CALL: u64 = 2;

/// Time in which everybody has heard that a lecture has begun.
const LECTURE_TOLD: Duration = Duration::from_secs(7);

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.mode {
        Some(Mode::Floor { calls, life_s }) => {
            raise_file_limit(calls).and_then(|()| floor::serve(calls, life_s))
        }
        None => measure(&args.plan()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("load: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(plan: &Plan) -> Result<()> {
    let has_dtx = plan.codec == Codec::Opus;
    ensure!(has_dtx || !plan.manner.dtx, "--dtx is of --codec opus");
    raise_file_limit(plan.calls)?;
    let mut report = Report::new(plan);
    with_confab(plan, &mut report).context("with confab")?;
    with_floor(plan, &mut report).context("with the floor")?;
    match plan.json {
        true => println!("{:#}", report.json()),
        false => print!("{}", report.table()),
    }
    Ok(())
}

fn with_confab(plan: &Plan, report: &mut Report) -> Result<()> {
    let confab = Confab::start(plan)?;
    let ran = (|| {
        report.rest = rest::measure(plan, &confab)?;
        let rss_before_kb = confab.child.rss_kb()?;
        let room_of = |call: usize| (FIRST_ROOM + call / plan.room_size).to_string();
        let mut crowd = Crowd::for_rooms(plan, confab.sip, room_of)?;
        let opens = plan.lecture == Some(Lecture::Early);
        if opens {
            crowd.dial(plan.setup_rate, |part| part.host)?;
            crowd.begin_lectures()?;
        }
        crowd.dial(plan.setup_rate, |part| !(opens && part.host))?;
        report.set_ups = crowd.set_ups();
        crowd.run(plan.settle)?;
        if plan.lecture == Some(Lecture::Late) {
            crowd.begin_lectures()?;
            crowd.run(plan.settle.max(LECTURE_TOLD))?;
        }
        let late_before = confab.late_ticks();
        report.confab = window(plan, &mut crowd, &confab.child)?;
        report.late_ticks = late_before
            .zip(confab.late_ticks())
            .map(|(before, after)| after - before);
        let rss_kb = confab.child.rss_kb()?.saturating_sub(rss_before_kb);
        report.memory_kb_per_call = rss_kb as f64 / crowd.up() as f64;
        crowd.hang_up()
    })();
    ran.with_context(|| confab.last_words())?;
    Ok(())
}

fn with_floor(plan: &Plan, report: &mut Report) -> Result<()> {
    let (child, ports) = floor::start(plan)?;
    let mut crowd = Crowd::for_ports(plan, &ports)?;
    crowd.run(plan.settle.min(Duration::from_secs(2)))?;
    report.floor = window(plan, &mut crowd, &child)?;
    Ok(())
}

/// Runs the measured seconds and says what they cost `child`.
fn window(plan: &Plan, crowd: &mut Crowd, child: &Child) -> Result<Side> {
    let own = std::process::id();
    let (child_before_us, own_before_us) = (child.cpu_us()?, cpu_us(own)?);
    let before = crowd.tally();
    let took = crowd.run(plan.length)?;
    let calls_s = crowd.up() as f64 * took.as_secs_f64();
    Ok(Side {
        cpu_us: (child.cpu_us()? - child_before_us) as f64 / calls_s,
        generator_us: (cpu_us(own)? - own_before_us) as f64 / calls_s,
        tally: crowd.tally().since(&before),
    })
}

/// Every call has sockets of its own here and in the child, which inherits the limit.
fn raise_file_limit(calls: usize) -> Result<()> {
    let wanted = calls as u64 * FILES_PER_CALL + 256;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard)?;
    }
    ensure!(
        wanted <= hard,
        "{calls} calls take {wanted} open files, the system allows {hard}: raise `ulimit -Hn`"
    );
    Ok(())
}
