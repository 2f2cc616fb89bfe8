#!/usr/bin/env python3
"""Checks the prompts of a language: every one there, its length, level and ends; and, with
--listen, whether a recogniser (whisper-base, on the telephone's A-law) hears what was meant.

    python check.py en              needs numpy and flac
    python check.py en --listen     needs requirements-check.txt and sox too; some minutes

Ends with 1 when something is out of bounds.
"""
import argparse
import pathlib
import sys

import numpy as np

from make import catalogue, hear, shape

HERE = pathlib.Path(__file__).resolve().parent
CER_MAX = 0.10

def measure(key, samples, whole):
    """What is wrong with one file, in words."""
    x = samples.astype(float) / 32768
    length, level = len(x) / shape.RATE_HZ, shape.active_dbfs(x)
    peak = 20 * np.log10(np.abs(x).max())
    loud = np.flatnonzero(shape.frames_db(x, shape.ms(10)) > shape.SILENCE_DBFS) * 10
    ahead, behind = loud[0], length * 1000 - loud[-1] - 10
    slack = 1.0 if whole else 3.5  # a part of a sentence is as loud as it was in it
    wrong = []
    if not 0.2 <= length <= 10:
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


def join(parts):
    """As the program joins parts: over the fades at their ends."""
    lap = shape.ms(shape.JOINT_MS)
    whole = parts[0].astype(np.int32)
    for part in parts[1:]:
        grown = np.concatenate([whole, np.zeros(len(part) - lap, np.int32)])
        grown[len(whole) - lap :] += part
        whole = grown
    return np.clip(whole, -32768, 32767).astype("<i2")


def listen(language, cases):
    """Reads every case back; returns how many were heard too badly."""
    ear, bad, letters, errors = hear.Ear(language), 0, 0, 0
    for name, text, samples in cases:
        heard, off, meant = ear.hear(text, samples)
        letters, errors = letters + meant, errors + off
        if off / meant > CER_MAX:
            bad += 1
            print(f"{name}: CER {off / meant:.0%}, meant {text!r}, heard {heard!r}", flush=True)
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
