"""Chimes, the beep and the hold music, computed: our own composition. Speaks no words.

The music is sixteen bars in D at 56 beats a minute: a pad, a plucked arpeggio, a soft bass and now
and then a bell. All of it is laid on a circle, echoes too, so its end runs into its beginning.
"""
import numpy as np

from . import shape

RATE_HZ = shape.RATE_HZ
CHIME_DBFS, BEEP_DBFS, MUSIC_DBFS = -24.0, -20.0, -26.0

BEAT = 60 / 56
# Bass note, and the chord above it, as MIDI numbers; four beats each. The chords stay in the
# middle of the telephone's band, and neighbours share notes.
BARS = [
    (50, (57, 62, 64, 66, 69)),  # D major, with its ninth
    (47, (57, 62, 64, 66, 69)),  # B minor seventh
    (43, (59, 62, 66, 69, 71)),  # G major seventh
    (45, (57, 62, 64, 69, 71)),  # A, its third held back
    (50, (57, 61, 64, 66, 69)),  # D major seventh
    (54, (57, 61, 64, 66, 69)),  # F sharp minor seventh
    (43, (59, 62, 66, 69, 71)),  # G major seventh
    (45, (57, 61, 64, 67, 69)),  # A seventh
    (52, (59, 62, 64, 67, 71)),  # E minor seventh
    (45, (57, 61, 64, 69, 71)),  # A with its ninth
    (54, (57, 61, 64, 66, 69)),  # F sharp minor seventh
    (47, (59, 62, 66, 69, 74)),  # B minor seventh
    (43, (59, 62, 67, 69, 74)),  # G with its ninth
    (52, (59, 62, 64, 67, 71)),  # E minor seventh
    (45, (57, 62, 64, 67, 69)),  # A seventh, its third held back
    (45, (57, 61, 64, 67, 69)),  # A seventh, and home to D
]
# Which note of the chord each half beat plucks; -1 rests.
PATTERNS = [
    (0, 2, 3, 4, 2, 3, 1, -1),
    (0, 1, 3, 2, 4, -1, 3, 2),
]
# (bar, beat, MIDI number) of the bells.
BELLS = [
    (0, 2.0, 78), (1, 1.0, 76), (2, 2.0, 74), (3, 0.5, 76), (3, 2.5, 71),
    (5, 1.0, 73), (5, 2.5, 76), (6, 1.5, 78), (8, 1.0, 79), (8, 3.0, 78),
    (9, 1.5, 76), (10, 2.0, 73), (11, 1.0, 74), (12, 2.0, 71), (14, 1.0, 69), (15, 2.0, 73),
]


def hz(midi):
    return 440 * 2 ** ((midi - 69) / 12)


def seconds(length):
    return np.arange(int(length * RATE_HZ)) / RATE_HZ


def scaled(x, dbfs):
    return x * 10 ** (dbfs / 20) / np.sqrt(np.mean(x**2))


def bell(pitch, length, decay):
    """A struck tone: each overtone dies sooner than the one below it."""
    t = seconds(length)
    tone = sum(
        gain * np.sin(2 * np.pi * pitch * ratio * t) * np.exp(-t * decay * ratio)
        for ratio, gain in ((1, 1.0), (2, 0.22), (3, 0.06))
    )
    return tone * edges(len(t), 4, 30)


def pluck(pitch, length):
    """A soft string: a mellow harp rather than a guitar."""
    t = seconds(length)
    tone = sum(
        np.sin(2 * np.pi * pitch * n * t + 1.3 * n * n)
        * np.exp(-t * (1.2 + 0.9 * n))
        / n**1.35
        for n in range(1, 7)
        if pitch * n < 6_000
    )
    return tone * edges(len(t), 6, 200)


def pad(pitch, length):
    """A slow, slightly beating tone of three voices."""
    t = seconds(length)
    tone = np.zeros(len(t))
    for detune in (0.9982, 1.0, 1.0019):
        for n, gain in ((1, 1.0), (2, 0.5), (3, 0.25), (4, 0.1)):
            tone += gain * np.sin(2 * np.pi * (pitch * detune * n * t + n * detune * 7))
    return tone * edges(len(t), 900, 1_400)


def edges(length, rise_ms, fall_ms):
    """An envelope of ones with rounded ends."""
    shape_ = np.ones(length)
    rise, fall = min(shape.ms(rise_ms), length), min(shape.ms(fall_ms), length)
    shape_[:rise] *= shape.fade(rise)
    shape_[-fall:] *= shape.fade(fall)[::-1]
    return shape_


def lay(circle, at, sound, gain):
    """Adds a sound at `at` seconds; what runs over the end goes on at the beginning."""
    place = (int(at * RATE_HZ) + np.arange(len(sound))) % len(circle)
    np.add.at(circle, place, sound * gain)


def echo(circle, random):
    """A small hall: a decaying, darkening noise, laid on by a convolution on the circle."""
    t = seconds(1.6)
    tail = random.standard_normal(len(t)) * np.exp(-t * 3.6)
    tail = np.convolve(tail, np.hanning(7) / np.hanning(7).sum(), "same")
    tail[: shape.ms(12)] = 0
    tail /= np.sqrt(np.sum(tail**2))
    spectrum = np.fft.rfft(circle) * np.fft.rfft(tail, len(circle))
    return circle + 0.38 * np.fft.irfft(spectrum, len(circle))


def music():
    random = np.random.default_rng(56)
    bar = 4 * BEAT
    circle = np.zeros(int(len(BARS) * bar * RATE_HZ))
    for number, (bass, chord) in enumerate(BARS):
        start = number * bar
        for note in chord[:4]:
            lay(circle, start - 0.5, pad(hz(note), bar + 1.6), 0.030)
        lay(circle, start, pluck(hz(bass), 3.6), 0.24)
        lay(circle, start + 2 * BEAT, pluck(hz(bass + 7), 2.2), 0.14)
        for half, which in enumerate(PATTERNS[number % len(PATTERNS)]):
            if which >= 0:
                late = start + half * BEAT / 2 + random.uniform(0, 0.012)
                loud = (0.34 if half % 4 == 0 else 0.27) * random.uniform(0.88, 1.0)
                lay(circle, late, pluck(hz(chord[which] + 12), 2.4), loud)
    for number, beat, note in BELLS:
        lay(circle, number * bar + beat * BEAT, bell(hz(note), 2.6, 1.5), 0.20)
    return scaled(echo(circle, random), MUSIC_DBFS)


def chime(first, second):
    """Two soft tones, the second before the first has gone: 350 ms."""
    sound = np.zeros(shape.ms(350))
    for at_ms, pitch in ((0, first), (120, second)):
        tone = bell(pitch, 0.350 - at_ms / 1000, 6.0)
        sound[shape.ms(at_ms) :][: len(tone)] += tone
    return scaled(sound, CHIME_DBFS)


def beep():
    """Speak now: a plain tone of 300 ms, and a moment to draw breath."""
    t = seconds(0.3)
    tone = np.sin(2 * np.pi * 1_000 * t) + 0.1 * np.sin(2 * np.pi * 2_000 * t)
    sound = scaled(tone * edges(len(t), 12, 25), BEEP_DBFS)
    return np.concatenate([sound, np.zeros(shape.ms(60))])


def everything():
    """Every sound with its key."""
    low, high = hz(74), hz(81)
    for key, sound in (
        ("chime-in", chime(low, high)),
        ("chime-out", chime(high, low)),
        ("beep", beep()),
        ("music", music()),
    ):
        yield key, shape.to_16_bit(sound)
