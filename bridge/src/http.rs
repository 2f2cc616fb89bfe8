//! The web side of the program: the portal, `/health` and `/metrics` on one listener.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use confab_portal::{Hints, Portal};
use confab_recorder::Meter;
use confab_store::Store;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};

use crate::ledger::Tally;
use crate::media::Media;
use crate::vitals::Vitals;
use crate::web::Visits;

/// What `/health` and `/metrics` look at.
#[derive(Clone)]
pub struct Gauges {
    /// calls and rooms
    pub vitals: Arc<Vitals>,
    /// packets and ticks
    pub media: Arc<Media>,
    /// what the SIP side dropped or refused
    pub sip: Arc<confab_sip::Counters>,
    /// entries that wait for the database
    pub ledger: Arc<Tally>,
    /// recordings that could not be written
    pub recorder: Meter,
    /// the database
    pub store: Store,
    /// connections to this very listener
    pub web: Arc<Visits>,
    /// renders the Prometheus text
    pub prometheus: PrometheusHandle,
}

/// All that is served.
pub fn router(portal: Portal, hints: Hints, gauges: Gauges) -> Router {
    let own = Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics_text))
        .with_state(gauges);
    own.merge(confab_portal::router_with(portal, hints))
}

/// 200 when Confab takes calls, 503 when it does not; the JSON says why, and what goes worse
/// than it should.
async fn health(State(gauges): State<Gauges>) -> (StatusCode, Json<Value>) {
    let pinged = tokio::time::timeout(Duration::from_secs(1), gauges.store.ping()).await;
    let database = if matches!(pinged, Ok(Ok(()))) {
        "ok"
    } else {
        "away"
    };
    let word = |failing| if failing { "failing" } else { "ok" };
    let recorder = word(gauges.recorder.is_failing());
    let spool = word(gauges.ledger.spool_failing());
    let well = [database, recorder, spool].iter().all(|word| *word == "ok");
    let media = &gauges.media;
    let busy = (0..media.shards()).all(|shard| media.is_busy(shard));
    let (status, word) = match (gauges.vitals.draining(), well) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        // calls in progress are as they should be; one more could be heard by them
        (false, _) if busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        // calls go on, rooms that were looked up before can be entered, bills are kept
        (false, false) => (StatusCode::OK, "degraded"),
        (false, true) => (StatusCode::OK, "ok"),
    };
    let body = json!({
        "status": word,
        "calls": gauges.vitals.calls(),
        "rooms": gauges.vitals.rooms(),
        "database": database,
        "recorder": recorder,
        "ledger_spool": spool,
        "ledger_waiting": gauges.ledger.waiting(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    (status, Json(body))
}

async fn metrics_text(State(gauges): State<Gauges>) -> String {
    gauge!("confab_calls").set(gauges.vitals.calls() as f64);
    gauge!("confab_rooms").set(gauges.vitals.rooms() as f64);
    gauge!("confab_ledger_waiting").set(gauges.ledger.waiting() as f64);
    gauge!("confab_ledger_held").set(gauges.ledger.held() as f64);
    gauge!("confab_ledger_spool_failing").set(f64::from(u8::from(gauges.ledger.spool_failing())));
    counter!("confab_ledger_lost_total").absolute(gauges.ledger.lost());
    counter!("confab_ledger_broken_total").absolute(gauges.ledger.broken());
    let media = gauges.media.stats();
    gauge!("confab_lines").set(media.lines as f64);
    gauge!("confab_media_done_after_us").set(media.done_after_us as f64);
    counter!("confab_calls_refused_busy_total").absolute(gauges.vitals.refused_busy());
    gauge!("confab_media_tick_us_max").set(media.tick_us_max as f64);
    counter!("confab_media_packets_in_total").absolute(media.packets_in);
    counter!("confab_media_packets_out_total").absolute(media.packets_out);
    counter!("confab_media_packets_rejected_total").absolute(media.packets_rejected);
    counter!("confab_media_packets_lost_total").absolute(media.packets_lost);
    counter!("confab_media_ticks_total").absolute(media.ticks);
    counter!("confab_media_ticks_late_total").absolute(media.ticks_late);
    let recorder = gauges.recorder.read();
    gauge!("confab_recordings_open").set(recorder.open as f64);
    gauge!("confab_recorder_turn_us_max").set(recorder.turn_us_max as f64);
    counter!("confab_recordings_failed_total").absolute(recorder.failed);
    counter!("confab_recorder_samples_lost_total").absolute(recorder.samples_lost);
    gauge!("confab_http_connections").set(gauges.web.open() as f64);
    counter!("confab_http_refused_total").absolute(gauges.web.refused());
    counter!("confab_http_accept_failures_total").absolute(gauges.web.accept_failures());
    for (what, count) in gauges.sip.read() {
        counter!("confab_sip_total", "what" => what).absolute(count);
    }
    gauges.prometheus.render()
}
