//! The ear must know the program's prompts apart, as they sound on a telephone line.

use anyhow::Result;
use sipp_scenarios::phone::Heard;
use sipp_scenarios::sound::file;
use sipp_scenarios::sound::g711::Law;
use sipp_scenarios::sound::tone::{Hum, TONES};
use sipp_scenarios::sound::words::{Catalogue, Language};

/// A prompt as it comes out of a telephone in a room where somebody hums.
fn on_the_line(key: &str, law: Law) -> Result<Heard> {
    let here = env!("CARGO_MANIFEST_DIR");
    let path = format!("{here}/../bridge/prompts/en/{key}.flac");
    let mut samples = vec![0i16; 4_000];
    samples.extend(file::read(path.as_ref())?.samples);
    samples.extend([0; 8_000]);
    let hum = Hum::stretch(TONES[2], 4_000.0, samples.len() as u32 / 8 + 1);
    let heard = samples.iter().zip(hum);
    let samples = heard
        .map(|(&s, tone)| law.decode(law.encode(s / 2 + tone)))
        .collect();
    Ok(Heard {
        samples,
        ..Heard::default()
    })
}

#[test]
fn every_prompt_is_known_and_taken_for_no_other() -> Result<()> {
    // those that are most alike, and one of each kind
    let keys = [
        "welcome",
        "enter-room-number",
        "enter-pin",
        "host-press-star",
        "wrong-entry",
        "try-again",
        "goodbye",
        "room-is-locked",
        "room-now-locked",
        "room-now-unlocked",
        "you-are-muted",
        "you-are-unmuted",
        "host-muted-you",
        "host-opened-you",
        "host-muted-all-lines",
        "lecture-relaxed",
        "lecture-strict",
        "lecture-ended",
        "recording-started",
        "recording-stopped",
        "hand-raised",
        "hand-lowered",
        "callers-2",
        "callers-3",
        "callers-10",
        "roll-call",
        "without-name-1",
        "not-a-command",
        "hosts-only",
        "waiting-for-host",
    ];
    let mut mistakes = Vec::new();
    for (i, said) in keys.into_iter().enumerate() {
        let heard = on_the_line(said, if i % 2 == 0 { Law::Mu } else { Law::A })?;
        for sought in keys {
            let found = Catalogue::of(Language::En).template(sought)?.find(&heard);
            if found.is_some_and(|f| f.is_whole()) != (said == sought) {
                mistakes.push(format!("said {said}, sought {sought}: {found:?}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    Ok(())
}
