//! Codecs whose packets repeat each other, or are left out on purpose.

use super::*;

#[test]
fn what_is_lost_is_made_of_the_packet_that_repeats_it() {
    let mut buffer = buffer_of(Codec::Opus);
    let mut frame = [0; Rate::Full.tick()];
    let mut recovered = 0;
    for number in 0..200u32 {
        if number % 10 != 9 {
            let payload = [REPEATS; 160];
            buffer.put(&packet(number as u16, number * 960, &payload));
        }
        buffer.take(&mut frame);
        recovered += u32::from(frame == [RECOVERED; Rate::Full.tick()]);
    }
    let stats = buffer.stats();
    // Even the first, for which there was no depth yet: it is heard late.
    assert_eq!((stats.recovered, recovered), (19, 19), "{stats:?}");
    assert_eq!(stats.lost, 19);
    // Where there has been a loss, a packet more is held, and then no longer.
    assert_eq!(buffer.depth(), 960);
    let quiet = codes(8_000, 160, true);
    for number in 200..1_500u32 {
        buffer.put(&packet(number as u16, number * 960, &quiet));
        buffer.take(&mut frame);
    }
    assert!(buffer.depth() < 480, "{}", buffer.depth());
}

#[test]
fn a_pause_that_the_sender_leaves_out_is_no_loss() {
    let mut buffer = run_with(Codec::Opus, CLEAN, 100).buffer;
    let mut frame = [0; Rate::Full.tick()];
    // Numbers go on, time has gone on further: DTX.
    for tick in 0..5 {
        assert_eq!(buffer.take(&mut frame), Taken::Concealed, "tick {tick}");
    }
    buffer.put(&packet(100, 105 * 960, &[REPEATS; 160]));
    assert_eq!(buffer.take(&mut frame), Taken::Sound);
    let stats = buffer.stats();
    assert_eq!((stats.lost, stats.recovered), (0, 0), "{stats:?}");
}
