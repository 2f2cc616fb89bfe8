//! What a room gives to its recording, told from the MP3 that comes of it.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use confab_recorder::{OUTPUT_HZ, Recorder, RecordingId, Report};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::TrackType;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::MediaSourceStream;

use super::*;

const DEADLINE: Duration = Duration::from_secs(30);

fn decode(path: &Path) -> Vec<i16> {
    let file = Box::new(File::open(path).unwrap());
    let source = MediaSourceStream::new(file, Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), source, Default::default(), Default::default())
        .unwrap();
    let track = format.default_track(TrackType::Audio).unwrap();
    let parameters = track.codec_params.as_ref().unwrap().audio().unwrap();
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .unwrap();
    let (mut samples, mut block) = (Vec::new(), Vec::new());
    while let Some(packet) = format.next_packet().unwrap() {
        let sound = decoder.decode(&packet).unwrap();
        block.resize(sound.samples_interleaved(), 0i16);
        sound.copy_to_slice_interleaved(&mut block);
        samples.extend_from_slice(&block);
    }
    samples
}

/// Between these times, exactly these tones are to be heard, each as loud as it was sent.
fn check(sound: &[i16], from_ms: usize, to_ms: usize, expected: &[f64]) {
    let at = |ms: usize| ms * OUTPUT_HZ as usize / 1_000;
    let part = &sound[at(from_ms)..at(to_ms)];
    for hz in [400.0, 700.0, 941.0, 1_100.0, 1_500.0] {
        let loud = amplitude(part, hz * 8_000.0 / f64::from(OUTPUT_HZ));
        let wanted = if expected.contains(&hz) {
            5_000.0..7_000.0
        } else {
            0.0..120.0
        };
        assert!(
            wanted.contains(&loud),
            "{hz} Hz at {loud} between {from_ms} and {to_ms} ms"
        );
    }
}

fn set_tones(house: &mut House, tones: &[(usize, f64)]) {
    for &(phone, hz) in tones {
        house.phones[phone].tone_hz = Some(hz);
    }
}

/// The ring to the writer holds five seconds, and this is less: nothing is lost however slow the
/// writer is.
#[test]
fn a_recording_is_the_sum_of_the_room_by_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mp3");
    let (recorder, reports) = Recorder::start().unwrap();
    let mut house = House::new(33_400);
    let (a, b) = (house.talker(400.0), house.talker(700.0));
    let muted = house.talker(1_100.0);
    house.order(ToShard::SetVoice(house.phones[muted].leg, LISTEN));
    house.run(20);

    let id = RecordingId("a".to_owned());
    let tap = recorder.open(id, path.clone(), 8_000).unwrap();
    house.order(ToShard::Record(ROOM, tap));
    house.run(50);
    set_tones(&mut house, &[(a, 0.0), (b, 0.0)]);
    house.run(50);
    // The machine is away for a while.
    house.tick += 11;
    house.shard.tick(Now::at(house.tick, 10));
    house.run(9);
    let prompt: Vec<i16> = (0..30).flat_map(|n| tone(n * 160, 1_500.0)).collect();
    house.order(ToShard::PlayToRoom(ROOM, vec![prompt.into()]));
    let at = house.phones[b].timestamp;
    for _ in 0..10 {
        house.phones[b].press(11, at);
        set_tones(&mut house, &[(b, 941.0)]);
        house.run(1);
    }
    set_tones(&mut house, &[(b, 0.0)]);
    house.run(40);
    house.order(ToShard::SetVoice(house.phones[muted].leg, TALK));
    house.run(30);
    house.order(ToShard::StopRecord(ROOM));
    house.run(20);

    let Report::Stopped { duration_ms, .. } = reports.recv_timeout(DEADLINE).unwrap() else {
        panic!("it did not stop")
    };
    assert!(duration_ms.abs_diff(200 * 20) <= 100, "{duration_ms}");
    assert_eq!(house.counters.samples_unrecorded.load(Relaxed), 0);
    let sound = decode(&path);
    check(&sound, 150, 900, &[400.0, 700.0]);
    check(&sound, 1_150, 2_250, &[]);
    check(&sound, 2_550, 2_850, &[1_500.0]);
    check(&sound, 3_120, 3_350, &[]);
    check(&sound, 3_550, 3_850, &[1_100.0]);
}
