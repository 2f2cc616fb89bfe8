"""Reads the catalogue of a language: every key with what is spoken for it. Makes no sound."""
import hashlib
import json
import tomllib

from . import shape


class Line:
    """One prompt: its key, the text, who speaks it and how fast, and the words with own sounds.

    A take may have another `carrier`: the sentence out of which the same part is cut.
    """

    def __init__(self, key, text, whole):
        take = whole.get("take", {}).get(key, {})
        self.key, self.text = key, take.get("carrier", text)
        if part(self.text) != part(text):
            raise SystemExit(f"the carrier of {key} is cut to another text")
        self.voice = take.get("voice", whole["voice"]["name"])
        self.speed = take.get("speed", whole["voice"]["speed"])
        words = whole.get("phonemes", {}) | take.get("phonemes", {})
        said = {word.strip("[].,;:!?") for word in self.text.split()}
        self.phonemes = {word: own for word, own in words.items() if word in said}


def part(text):
    """What is kept of a text: the part in brackets, or all of it."""
    return text.partition("[")[2].partition("]")[0] if "[" in text else text


def read(path):
    """The whole file, and its lines in order."""
    with open(path, "rb") as file:
        whole = tomllib.load(file)
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
    unknown = set(whole.get("take", {})) - set(texts)
    if unknown:
        raise SystemExit(f"a take of what is not there: {sorted(unknown)}")
    return whole, [Line(key, text, whole) for key, text in texts.items()]


def fingerprint(whole, line):
    """Changes with everything that changes the sound of a line."""
    parts = [shape.VERSION, line.voice, whole["voice"]["phonemes"], line.speed,
             line.text, line.phonemes]
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
