"""From raw samples to a prompt: rate, band, level, ends. Knows no text and no model."""
import subprocess

import numpy as np

RATE_HZ = 16_000
SPEECH_DBFS = -20.0
# A part from the end of a sentence is soft, and often the word that counts: it is lifted to this.
PART_DBFS, LIFT_DB = -21.0, 4.0
PEAK_DBFS = -1.5
BEFORE_MS, AFTER_MS = 30, 120
# At a joint each part reaches this far beyond the cut and fades; the program overlaps the fades.
JOINT_MS = 10
HIGH_PASS_HZ = 100.0
# Below this a frame is silence, once the speech stands at its level.
SILENCE_DBFS = -46.0
# The last four bits are left empty: FLAC stores none of them, which halves the files, and what is
# lost lies 56 dB under the speech, 18 dB under the noise of G.711.
GRAIN = 16
# Change it when the same words should sound different, so that all are made again.
VERSION = 1


def ms(length):
    return int(length * RATE_HZ / 1000)


def resample_24_to_16(x):
    """Two thirds of the rate: up by two, low-pass at 7.4 kHz, down by three."""
    taps, cut = 193, 7_400 / 48_000
    n = np.arange(taps) - taps // 2
    low_pass = 2 * cut * np.sinc(2 * cut * n) * np.blackman(taps)
    up = np.zeros(len(x) * 2)
    up[::2] = x * 2
    return np.convolve(up, low_pass, "same")[::3]


def high_pass(x):
    """Takes off rumble, without a shift of phase: a Butterworth curve laid on the spectrum."""
    size = 1 << (len(x) + RATE_HZ // 2 - 1).bit_length()
    spectrum = np.fft.rfft(x, size)
    hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    ratio = np.divide(hz, HIGH_PASS_HZ) ** 8
    return np.fft.irfft(spectrum * np.sqrt(ratio / (1 + ratio)), size)[: len(x)]


def frames_db(x, length):
    """Level of each whole frame of `length` samples, dB of full scale."""
    whole = x[: len(x) // length * length].reshape(-1, length)
    return 10 * np.log10(np.mean(whole**2, axis=1) + 1e-12)


def active_dbfs(x):
    """RMS of the frames in which there is speech: within 25 dB of the loudest."""
    db = frames_db(x, ms(20))
    active = db[db > db.max() - 25]
    return 10 * np.log10(np.mean(10 ** (active / 10)))


def limit(x):
    """Holds peaks at the ceiling by turning down the few ms around them."""
    ceiling = 10 ** (PEAK_DBFS / 20)
    wanted = np.minimum(1.0, ceiling / np.maximum(np.abs(x), 1e-9))
    reach = ms(3)
    padded = np.pad(wanted, reach, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).min(axis=1)
    window = np.hanning(2 * reach + 3)[1:-1]
    window /= window.sum()
    smooth = np.convolve(np.pad(lowest, reach, mode="edge"), window, "valid")
    return x * np.minimum(smooth, wanted)


def quietest_near(x, place):
    """The calmest spot within 12 ms of a cut: a joint is heard least there."""
    reach, half = ms(12), ms(4)
    low, high = max(place - reach, half), min(place + reach, len(x) - half)
    spots = range(low, high, ms(1))
    return min(spots, key=lambda at: np.sum(x[at - half : at + half] ** 2))


def fade(length):
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)


def prompt(raw, begin, end):
    """A spoken sentence at 24 kHz, or the part from `begin` to `end` of it, as 16-bit samples."""
    x = high_pass(resample_24_to_16(raw))
    x = limit(x * 10 ** ((SPEECH_DBFS - active_dbfs(x)) / 20))
    step = ms(10)
    loud = np.flatnonzero(frames_db(x, step) > SILENCE_DBFS)
    first, last = loud[0] * step, (loud[-1] + 1) * step
    half = ms(JOINT_MS) // 2
    if begin is None:
        left, fade_in = max(first - ms(BEFORE_MS), 0), ms(10)
    else:
        left, fade_in = quietest_near(x, begin * 2 // 3) - half, 2 * half
    if end is None:
        right, fade_out = min(last + ms(AFTER_MS), len(x)), ms(30)
    else:
        right, fade_out = quietest_near(x, end * 2 // 3) + half, 2 * half
    cut = x[left:right].copy()
    if begin is not None or end is not None:
        lift = min(max(PART_DBFS - active_dbfs(cut), 0.0), LIFT_DB)
        cut = limit(cut * 10 ** (lift / 20))
    cut[:fade_in] *= fade(fade_in)
    cut[-fade_out:] *= fade(fade_out)[::-1]
    return to_16_bit(cut)


def to_16_bit(x):
    return (np.clip(np.round(x * 32768 / GRAIN), -2047, 2047) * GRAIN).astype("<i2")


def write_flac(path, samples):
    """Mono, 16 bits, 16 kHz, by the `flac` program: the same bytes for the same samples."""
    raw = ["--force-raw-format", "--endian=little", "--sign=signed", "--channels=1", "--bps=16"]
    subprocess.run(
        ["flac", "-8", "-e", "-p", "--silent", "--force", "--no-padding", "--no-seektable"]
        + raw + [f"--sample-rate={RATE_HZ}", "-o", str(path), "-"],
        input=samples.tobytes(),
        check=True,
    )


def read_flac(path):
    out = subprocess.run(
        ["flac", "-d", "--silent", "--stdout", "--force-raw-format", "--endian=little",
         "--sign=signed", str(path)],
        check=True,
        capture_output=True,
    )
    return np.frombuffer(out.stdout, "<i2")
