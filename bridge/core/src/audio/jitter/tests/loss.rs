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

#[test]
fn in_a_crowd_what_is_lost_counts_as_gone_when_the_oldest_are_thrown_away() {
    let mut buffer = run(CLEAN, 50).buffer;
    for _ in 50..74 {
        buffer.take(&mut [0; TICK_SAMPLES]);
    }
    // All at once, and half of it never came: what is thrown away makes no room twice.
    let payload = codes(0, 160, false);
    for number in (50..74u32).filter(|number| !(52..63).contains(number)) {
        buffer.put(&packet(number as u16, number * 160, &payload));
    }
    buffer.take(&mut [0; TICK_SAMPLES]);
    let stats = buffer.stats();
    assert_eq!((stats.lost, stats.late), (11, 3), "{stats:?}");
}
