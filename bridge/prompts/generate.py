#!/usr/bin/env python3
"""Speaks the prompts of a language and makes the sounds that need no words.

    python generate.py en --voices package/voices     speak what has changed in en.toml
    python generate.py sounds                         chimes, beep and hold music

Writes EN/KEY.flac, 16 kHz mono, and en.lock: what each file was made from. A file is made again
when its line, its voice or the shaping changed. Files without a line are removed. With
--takes 4 each line is spoken until a recogniser hears it without a fault, at most four times and
each time at another pace, and the best is kept. See README.md.
"""
import argparse
import json
import pathlib
import time

from make import catalogue, compose, hear, shape

HERE = pathlib.Path(__file__).resolve().parent
# Two takes at the same pace are alike.
PACES = (1.0, 0.93, 1.06, 0.88)


def speak(language, voices_dir, again, takes):
    from make.voice import Speaker

    whole, lines = catalogue.read(HERE / f"{language}.toml")
    folder = HERE / language
    folder.mkdir(exist_ok=True)
    lock_path = HERE / f"{language}.lock"
    lock = json.loads(lock_path.read_text()) if lock_path.exists() else {}
    keys = {line.key for line in lines}
    for path in folder.glob("*.flac"):
        if path.stem not in keys:
            path.unlink()
            print(f"removed {path.name}")
    lock = {key: mark for key, mark in lock.items() if key in keys}
    due = [
        line
        for line in lines
        if line.key in again
        or lock.get(line.key) != catalogue.fingerprint(whole, line)
        or not (folder / f"{line.key}.flac").exists()
    ]
    print(f"{len(lines)} lines, {len(due)} to speak")
    if due:
        speaker = Speaker(whole["voice"]["phonemes"], voices_dir)
        ear = hear.Ear(language) if takes > 1 else None
    for line in due:
        began = time.monotonic()
        samples, note = best(speaker, ear, line, takes)
        shape.write_flac(folder / f"{line.key}.flac", samples)
        lock[line.key] = catalogue.fingerprint(whole, line)
        write_lock(lock_path, lock)
        print(f"{line.key}: {len(samples) / shape.RATE_HZ:.2f} s, "
              f"made in {time.monotonic() - began:.1f} s{note}", flush=True)
    write_lock(lock_path, lock)


def best(speaker, ear, line, takes):
    """The take that is heard best, judged by the whole sentence also where a part of it is kept."""
    if ear is None:
        return shape.prompt(*speaker.say(line)), ""
    least, kept, notes = None, None, []
    for take in range(takes):
        audio, begin, end = speaker.say(line, PACES[take % len(PACES)])
        text = line.text.replace("[", "").replace("]", "")
        heard, off, meant = ear.hear(text, shape.prompt(audio, None, None))
        notes.append(f"{off / meant:.0%}")
        if least is None or off < least[0]:
            least, kept = (off, heard), (audio, begin, end)
        if off == 0:
            break
    note = f", {' '.join(notes)}" + (f", heard {least[1]!r}" if least[0] else "")
    return shape.prompt(*kept), note


def write_lock(path, lock):
    path.write_text(json.dumps(lock, indent=0, sort_keys=True) + "\n")


def make_sounds():
    folder = HERE / "sounds"
    folder.mkdir(exist_ok=True)
    for key, samples in compose.everything():
        shape.write_flac(folder / f"{key}.flac", samples)
        print(f"{key}: {len(samples) / shape.RATE_HZ:.2f} s")


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("what", help="a language with a catalogue here, or `sounds`")
    args.add_argument("--voices", default="package/voices", help="the voices of kokoro-js")
    args.add_argument("--again", nargs="*", default=[], help="keys to speak once more")
    args.add_argument("--takes", type=int, default=1, help="speak a line up to so often")
    given = args.parse_args()
    if given.what == "sounds":
        make_sounds()
    else:
        speak(given.what, given.voices, given.again, given.takes)


main()
