#!/usr/bin/env python3
"""Judges what `network --wav FOLDER` or `noise --wav FOLDER` wrote by PESQ (ITU-T P.862, as
MOS-LQO; for files at 16 kHz P.862.2), and prints the table of docs/sound.md: for each network and
player PESQ, and the delay it is bought with.

    python3 -m venv FOLDER/venv && FOLDER/venv/bin/pip install -r benches/requirements-mos.txt
    FOLDER/venv/bin/python benches/mos.py FOLDER
"""

import json
import sys
import wave
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy
from pesq import NoUtterancesError, pesq


def samples(path):
    with wave.open(str(path)) as file:
        return file.getframerate(), numpy.frombuffer(file.readframes(file.getnframes()), "<i2")


def judge(job):
    """Mean over the stretches: PESQ is made for some seconds, not for a minute."""
    folder, network, player, cuts, delay_ms = job
    rate, said = samples(folder / "said.wav")
    _, heard = samples(folder / f"{network}.{player}.wav")
    mode = "nb" if rate == 8000 else "wb"
    # PESQ finds the delay of each utterance itself; without the greater part of it beforehand, it
    # would be judged by what it has no time to look for.
    lag = int(max(delay_ms, 0) * rate / 1000)
    scores = []
    for begin, end in zip(cuts, cuts[1:]):
        try:
            scores.append(pesq(rate, said[begin:end], heard[begin + lag : end + lag], mode))
        except NoUtterancesError:
            scores.append(1.0)
    return network, player, sum(scores) / len(scores)


def main():
    folder = Path(sys.argv[1])
    figures = json.loads((folder / "figures.json").read_text())
    rows = figures["rows"]
    jobs = [
        (folder, r["network"], r["player"], figures["cuts"], r["delay_mean_ms"]) for r in rows
    ]
    with ProcessPoolExecutor(2) as pool:
        scores = {(network, player): score for network, player, score in pool.map(judge, jobs)}
    players = list(dict.fromkeys(r["player"] for r in rows))
    print("| network |" + "".join(f" {p} |" for p in players))
    print("|---|" + "---|" * len(players))
    for network in dict.fromkeys(r["network"] for r in rows):
        cells = []
        for player in players:
            row = next(r for r in rows if (r["network"], r["player"]) == (network, player))
            cells.append(
                f"{scores[network, player]:.2f}, {round(row['delay_mean_ms'])} / "
                f"{round(row['delay_p95_ms'])}"
            )
        print(f"| {network} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
