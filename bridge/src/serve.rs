//! Serving: puts the parts together, runs until it is told to stop, and takes them apart in order.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use confab_portal::{Guesses, Hints, House, Portal};
use confab_recorder::Recorder;
use confab_store::Store;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::alive::{self, Alive};
use crate::clock::{Clock, ms};
use crate::config::Config;
use crate::http::Gauges;
use crate::interrupted::{self, Closed};
use crate::ledger::Ledger;
use crate::media::{FromShard, Media, MediaConfig};
use crate::prompts::Prompts;
use crate::prompts::own::Own;
use crate::switchboard::{Inlets, Parts, Switchboard};
use crate::vitals::Vitals;
use crate::web::{Limits, Visits};
use crate::{cli, first_start, http, janitor, own_sounds, web};

/// SIP events on their way to the switchboard; the SIP side waits when it is full.
const SIP_QUEUE: usize = 4096;
/// Reports of the media threads; they keep what does not fit and try again a tick later.
const MEDIA_QUEUE: usize = 8192;
/// Reports of the recorder; its forwarding thread waits when it is full.
const RECORDER_QUEUE: usize = 256;
/// Commands from pages; a page waits at most a second and then tells the user.
const PORTAL_QUEUE: usize = 256;
/// Open files that every system allows.
const FEWEST_FILES: u64 = 1_024;
/// Of so many files that may be open, one may be a page's connection.
const FILES_PER_VISIT: usize = 4;
/// The ledger may take this long to write its last entries at the end.
const LEDGER_FLUSH: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// What keeps it from starting, in words.
pub async fn run(config: Config) -> anyhow::Result<()> {
    start_log(&config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let files = raise_file_limit();
    let clock = Clock::start();
    std::fs::create_dir_all(config.recordings_dir())
        .with_context(|| format!("{}", config.recordings_dir().display()))?;
    let (alive, alive_ms) = Alive::take(&config.data_dir)?;
    let store = cli::open_or_make(&config).await?;
    let (ledger, ledger_task) = Ledger::start(store.clone(), &config.data_dir).await;
    let tally = ledger.tally();
    let now_ms = ms(clock.now());
    let closed = interrupted::close(&store, config.recordings_dir(), alive_ms, now_ms).await?;
    if closed != Closed::default() {
        tracing::warn!(
            unfinished = closed.calls,
            recordings = closed.recordings,
            "an earlier run did not end well; its calls and recordings are closed"
        );
    }
    let alive = tokio::spawn(alive::keep(alive, clock));
    let data_dir = config.data_dir.clone();
    let load = move || {
        let own = Own::open(&data_dir);
        Prompts::load(Arc::new(own))
    };
    let prompts = tokio::task::spawn_blocking(load).await??;
    let stop = stop_on_signal()?;
    let visits = Visits::new(visit_limits(&config, files));
    let served = serve(&config, clock, store, ledger, prompts, visits, stop).await;
    if tokio::time::timeout(LEDGER_FLUSH, ledger_task)
        .await
        .is_err()
    {
        tracing::warn!("the database is away; the ledger's spool keeps what is not written");
        if tally.held() > 0 {
            tracing::error!(lost = tally.held(), "the spool did not take these entries");
        }
    }
    alive.abort();
    served
}

async fn serve(
    config: &Config,
    clock: Clock,
    store: Store,
    ledger: Ledger,
    prompts: Prompts,
    visits: Arc<Visits>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let vitals = Arc::new(Vitals::default());
    let (media, media_inlet) = start_media(config, &prompts)?;
    let (recorder, recorder_inlet) = start_recorder()?;
    let http = listen_http(config).await?;
    let (sip_events, sip_inlet) = mpsc::channel(SIP_QUEUE);
    let sip = confab_sip::start(sip_config(config), sip_events).await?;
    let (commands, portal_inlet) = mpsc::channel(PORTAL_QUEUE);
    let (house, house_seen) = watch::channel(Arc::new(House::new()));
    let (guesses, guesses_seen) = watch::channel(Arc::new(Guesses::new()));
    let portal = Portal {
        store: store.clone(),
        house: house_seen,
        guesses: guesses_seen,
        commands,
        recordings_dir: config.recordings_dir(),
        prompts: prompts.own(),
    };
    let gauges = Gauges {
        vitals: vitals.clone(),
        media: media.clone(),
        sip: sip.counters.clone(),
        ledger: ledger.tally(),
        recorder: recorder.meter(),
        store: store.clone(),
        web: visits.clone(),
        prometheus: PrometheusBuilder::new().install_recorder()?,
    };
    let web = serve_pages(http::router(portal, hints(config), gauges), http, visits);
    let janitor = start_janitor(config, &store, clock, &stop);
    let sounds = follow_sounds(&prompts, &media, &stop);
    tracing::info!(addr = %config.http_listen, "the portal listens");
    greet(&store, config).await?;
    let parts = Parts {
        clock,
        store,
        media,
        sip: sip.commands,
        sip_legs: sip.legs,
        recorder,
        recordings_dir: config.recordings_dir(),
        prompts,
        ledger,
        house,
        guesses,
        vitals,
    };
    let inlets = Inlets {
        sip: sip_inlet,
        media: media_inlet,
        recorder: recorder_inlet,
        portal: portal_inlet,
        stop,
    };
    Switchboard::run(parts, inlets).await;
    // pages hold their event streams open for ever; they reconnect to the next run
    web.abort();
    let _ = web.await;
    let _ = tokio::join!(janitor, sounds);
    tracing::info!("stopped");
    Ok(())
}

/// Makes the first people and shows their card, once everything listens: who cannot listen must not
/// have made people whose passwords nobody was shown.
async fn greet(store: &Store, config: &Config) -> anyhow::Result<()> {
    if let Some(welcome) = first_start::welcome(store).await? {
        println!("{}", welcome.card(config));
    }
    Ok(())
}

async fn listen_http(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.http_listen)
        .await
        .with_context(|| format!("the portal cannot listen on {}", config.http_listen))
}

/// Starts the task that serves pages until it is aborted.
fn serve_pages(pages: axum::Router, http: TcpListener, visits: Arc<Visits>) -> JoinHandle<()> {
    tokio::spawn(web::serve(http, pages, visits))
}

/// How many connections the portal takes: what is set, but never so many that calls, of which each
/// needs two files, would find none left.
fn visit_limits(config: &Config, files: usize) -> Limits {
    let all = config.http_connections.min(files / FILES_PER_VISIT);
    Limits {
        all,
        per_address: config.http_connections_per_address.min(all),
        ..Limits::default()
    }
}

/// What the pages say about this house.
fn hints(config: &Config) -> Hints {
    Hints {
        keep_days: config.recording_keep_days,
        sip_host: Some(config.sip_host()),
    }
}

/// Starts the task that deletes recordings whose time has come.
fn start_janitor(
    config: &Config,
    store: &Store,
    clock: Clock,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let (dir, keep_days) = (config.recordings_dir(), config.recording_keep_days);
    let sweeping = janitor::run(store.clone(), dir, keep_days, clock, stop.clone());
    tokio::spawn(sweeping)
}

/// Starts the task that keeps the operator's own sounds in force.
fn follow_sounds(
    prompts: &Prompts,
    media: &Arc<Media>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let music = (prompts.shipped_music(), prompts.music());
    let following = own_sounds::follow(prompts.own(), music, media.clone(), stop.clone());
    tokio::spawn(following)
}

/// Starts the media threads.
fn start_media(
    config: &Config,
    prompts: &Prompts,
) -> anyhow::Result<(Arc<Media>, mpsc::Receiver<FromShard>)> {
    let (reports, inlet) = mpsc::channel(MEDIA_QUEUE);
    let media = MediaConfig {
        io_uring: config.io_uring,
        drop_unheard: config.drop_unheard,
        threads: config.media_threads,
        address: config.media_address,
        ports: config.rtp_ports.clone(),
        busy_tick_us: config.busy_tick_us,
        dead_line_ms: config.dead_line_seconds * 1000,
        music: prompts.music(),
    };
    let media = Media::start(media, reports).context("the media threads cannot be started")?;
    if config.io_uring && !media.sends_by_ring() {
        tracing::info!("io_uring is not to be had here: each packet goes out by a call of its own");
    }
    Ok((Arc::new(media), inlet))
}

fn sip_config(config: &Config) -> confab_sip::Config {
    confab_sip::Config {
        listen: config.sip_listen.clone(),
        advertise: config.media_address,
        source_rate_per_s: config.sip_source_rate_per_s,
        media: config.media.clone(),
        trunk: config.sip_trunk.clone(),
    }
}

/// Starts the recorder and a thread that takes its reports into the async world.
fn start_recorder() -> anyhow::Result<(Recorder, mpsc::Receiver<confab_recorder::Report>)> {
    let (recorder, reports) = Recorder::start().context("the recorder cannot be started")?;
    let (forward, inlet) = mpsc::channel(RECORDER_QUEUE);
    std::thread::Builder::new()
        .name("recorder-reports".into())
        .spawn(move || {
            while let Ok(report) = reports.recv() {
                if forward.blocking_send(report).is_err() {
                    break;
                }
            }
        })?;
    Ok((recorder, inlet))
}

/// The SIP library prints whole messages from info on, with PINs keyed by INFO and the keys of SRTP
/// in them, whatever is asked for.
fn without_messages(log: &str) -> String {
    let asked = log.split(',').map(str::trim);
    let others = asked.filter(|directive| !directive.starts_with("rsipstack"));
    let kept: Vec<&str> = others.chain(["rsipstack=warn"]).collect();
    kept.join(",")
}

fn start_log(config: &Config) -> anyhow::Result<()> {
    let filter = without_messages(&config.log);
    let filter = EnvFilter::try_new(&filter).with_context(|| format!("log = {:?}", config.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if config.log_json {
        log.json().init()
    } else {
        log.with_ansi(false).init()
    }
    Ok(())
}

/// Two sockets a call are many files; the soft limit of most systems is 1,024. The limit that holds
/// afterwards.
fn raise_file_limit() -> usize {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((FEWEST_FILES, 0));
    usize::try_from(soft).unwrap_or(usize::MAX)
}

fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_shows_messages() {
        let check = |log, expected| assert_eq!(without_messages(log), expected);
        check("info", "info,rsipstack=warn");
        check("", ",rsipstack=warn");
        let asked = "debug, rsipstack=trace,rsipstack[send]=info,confab=trace";
        check(asked, "debug,confab=trace,rsipstack=warn");
    }
}
