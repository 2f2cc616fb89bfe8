//! Keeps the operator's own sounds in force while the server runs: looks for what another process
//! has changed, and gives new hold music to the media threads. Decides nothing about a file.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::media::{Media, Sound, ToShard};
use crate::prompts::own::{Own, Place};

/// How often the data folder is looked at: some calls of `stat` each time.
const LOOK: Duration = Duration::from_secs(2);

/// Runs until stopped. `shipped` is the music that came with the program, and `playing` what the
/// media threads were started with.
pub async fn follow(
    own: Arc<Own>,
    (shipped, mut playing): (Sound, Sound),
    media: Arc<Media>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let looking = own.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || looking.refresh()).await {
            tracing::error!(%error, "own prompts could not be looked at");
        }
        let music = own.get(&Place::Music).unwrap_or_else(|| shipped.clone());
        if Arc::ptr_eq(&music, &playing) {
            continue;
        }
        let shards = 0..media.shards();
        let told =
            shards.filter(|shard| media.send(*shard, ToShard::SetMusic(music.clone())).is_ok());
        // A shard that could not be told is told again two seconds later.
        if told.count() == media.shards() {
            playing = music;
        }
    }
}
