//! The depth a line needs, when it speaks again after a pause.

use super::*;

/// A line whose packets come up to so much late, which has then said nothing for most of a second;
/// and the number of the packet that is due.
fn after_a_pause(jitter_ms: f64) -> (JitterBuffer, u32) {
    let jittery = Network { jitter_ms, ..CLEAN };
    let mut buffer = run(jittery, 250).buffer;
    for _ in 250..290 {
        buffer.take(&mut [0; TICK_SAMPLES]);
    }
    (buffer, 290)
}

fn put(buffer: &mut JitterBuffer, number: u32) {
    let payload = codes(number * 160, 160, false);
    // Nothing was sent in the pause, and no number was used up.
    buffer.put(&packet((number - 40) as u16, number * 160, &payload));
}

#[test]
fn it_is_there_from_the_first_word_on() {
    let (mut buffer, first) = after_a_pause(100.0);
    let (mut heard, mut frame) = (Vec::new(), [0; TICK_SAMPLES]);
    let mut depths = Vec::new();
    for number in first..first + 20 {
        put(&mut buffer, number);
        buffer.take(&mut frame);
        heard.extend(frame);
        depths.push(buffer.depth());
    }
    // The first sample of the tone is 0.
    let begins = heard.iter().position(|&sample| sample != 0).unwrap() - 1;
    assert!((640..=960).contains(&begins), "{begins}");
    // While it is waited for as well.
    assert_eq!(depths, [begins; 20]);
}

/// The second packet of a word overtakes the first, on its way or by one tick and by two.
#[test]
fn the_first_packet_of_a_word_may_be_overtaken() {
    let word = |jitter_ms: f64, listens_anew: bool, first_after: Option<u32>| {
        let (mut buffer, first) = after_a_pause(jitter_ms);
        buffer.set_listening(!listens_anew);
        buffer.set_listening(true);
        let (mut heard, mut frame) = (Vec::new(), [0; TICK_SAMPLES]);
        for tick in 0..30 {
            match first_after {
                None => put(&mut buffer, first + tick),
                Some(after) => {
                    put(&mut buffer, first + 1 + tick);
                    if tick == after {
                        put(&mut buffer, first);
                    }
                }
            }
            buffer.take(&mut frame);
            heard.extend(frame);
        }
        let begins = heard.iter().position(|&sample| sample != 0).unwrap();
        (heard[begins..begins + 1_600].to_vec(), buffer.stats().late)
    };
    // As late as the depth allows: it begins between 60 and 80 ms after it came, or 20 and 40.
    for (jitter_ms, latest) in [(100.0, 2), (40.0, 1)] {
        for listens_anew in [false, true] {
            let whole = word(jitter_ms, listens_anew, None);
            for after in 0..=latest {
                let overtaken = word(jitter_ms, listens_anew, Some(after));
                assert_eq!(overtaken, whole, "{jitter_ms}, {listens_anew}, {after}");
            }
        }
    }
}

/// Of a word that is over, and of a time in which something else was said.
#[test]
fn what_is_older_than_the_word_is_not_its_first_packet() {
    let old = codes(0, 160, false);
    // A word has been played, and the line pauses.
    let (mut buffer, _) = after_a_pause(40.0);
    let played = (buffer.next - SEQUENCE_BASE) as u16 - 1;
    assert_eq!(buffer.put(&packet(played, 0, &old)), Put::Late);
    // Then a key is pressed for long.
    for n in 1..100 {
        buffer.put_silent(&packet(played + n, 290 * 160, &[5, 0, 0, 160]));
        buffer.take(&mut [0; TICK_SAMPLES]);
    }
    assert_eq!(buffer.put(&packet(played + 50, 0, &old)), Put::Late);
    // A word begins whose number before belongs to another time.
    for listens_anew in [false, true] {
        let (mut buffer, first) = after_a_pause(40.0);
        buffer.set_listening(!listens_anew);
        buffer.set_listening(true);
        put(&mut buffer, first + 1);
        buffer.take(&mut [0; TICK_SAMPLES]);
        let before = packet((first - 40) as u16, 250 * 160, &old);
        assert_eq!(buffer.put(&before), Put::Late, "{listens_anew}");
    }
}

#[test]
fn what_is_waited_for_counts_when_more_comes_than_may_wait() {
    let (mut buffer, first) = after_a_pause(100.0);
    put(&mut buffer, first);
    buffer.take(&mut [0; TICK_SAMPLES]);
    let late = buffer.stats().late;
    for number in first + 1..first + 14 {
        put(&mut buffer, number);
    }
    buffer.take(&mut [0; TICK_SAMPLES]);
    assert!(buffer.stats().late > late, "{:?}", buffer.stats());
}
