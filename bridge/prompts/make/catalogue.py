"""Reads the catalogue of a language: every key with what is spoken for it. Makes no sound."""
import hashlib
import json
import tomllib

from . import shape


class Line:
    """One prompt: its key, the text, and how fast it is spoken."""

    def __init__(self, key, text, speed):
        self.key, self.text, self.speed = key, text, speed

    def heard(self):
        """The words that are in the file, without those spoken only around it."""
        if "[" in self.text:
            return self.text[self.text.index("[") + 1 : self.text.index("]")]
        return self.text


def read(path):
    """The whole file, and its lines in order."""
    with open(path, "rb") as file:
        whole = tomllib.load(file)
    speeds = whole.get("speeds", {})
    normal = whole["voice"]["speed"]
    texts = dict(whole["say"])
    for name, series in whole.get("series", {}).items():
        first = series["from"]
        words = series.get("words")
        if words is None:
            words = whole["numbers"]["words"][first - 1 : series["to"]]
        for number, word in enumerate(words, first):
            key = f"{name}-{number}"
            if key in texts:
                raise SystemExit(f"{key} is there twice")
            texts[key] = series["text"].replace("{number}", word)
    unknown = set(speeds) - set(texts)
    if unknown:
        raise SystemExit(f"a speed for what is not there: {sorted(unknown)}")
    return whole, [Line(key, text, speeds.get(key, normal)) for key, text in texts.items()]


def fingerprint(whole, line):
    """Changes with everything that changes the sound of a line."""
    own = {w: p for w, p in whole.get("phonemes", {}).items() if w in line.text}
    parts = [shape.VERSION, whole["voice"]["name"], whole["voice"]["phonemes"], line.speed,
             line.text, own]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
