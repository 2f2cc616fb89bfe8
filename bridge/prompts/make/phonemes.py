"""Text to phonemes: hibari for English, espeak-ng for French and German. Knows no voice."""
import re
import subprocess

PUNCTUATION = re.compile(r"([,.;:!?]+)")
# espeak-ng writes two letters where the model's alphabet has one.
FRENCH = (("d^ʒ", "ʤ"), ("d^z", "ʣ"), ("t^ʃ", "ʧ"), ("t^s", "ʦ"))
# German sounds as the Italian and Spanish voices can make them. `??` is what espeak-ng 1.51 gives
# for the vowel of "wurde"; "fɡɛʃ" stands for an unstressed "ge-" before "sch".
GERMAN = (
    ("t^s", "ʦ"), ("t^ʃ", "ʧ"), ("??", "ʊɐ"), ("ɔ^ø", "ɔy"), ("ʏ", "y"),
    ("ɜ", "ɐ"), ("ɡɛʃ", "ɡəʃ"),
)
VOWEL = "[ˈˌ]?[aeiouyøœɛɔəɐɑɪʊIW]"


def front_end(name):
    """What turns the three pieces of a line into phonemes, by its name in the catalogue."""
    if name == "hibari":
        return Hibari()
    if name == "espeak-ng fr":
        return Espeak("fr-fr", lambda sounds: replace(sounds, FRENCH))
    if name == "espeak-ng de":
        return Espeak("de", german)
    raise SystemExit(f"no such phonemes: {name}")


class Hibari:
    """English: the whole sentence at once, then divided by its words."""

    def __init__(self):
        import hibari

        self.front = hibari.Hibari()

    def __call__(self, pieces, own):
        text = "".join(pieces)
        found = " ".join(self.front.phonemize(text)).split(" ")
        written = text.split(" ")
        if len(found) != len(written):
            raise SystemExit(f"{text!r} has {len(written)} words, its phonemes {found}")
        for at, word in enumerate(written):
            bare = word.rstrip(".,;:!?")
            if bare in own:
                found[at] = own[bare] + word[len(bare):]
        spoken, at = [], 0
        for piece in pieces:
            count = len(piece.split())
            spoken.append(" ".join(found[at : at + count]))
            at += count
        return spoken


class Espeak:
    """Each piece by itself, since espeak-ng runs words together: a piece is never cut inside."""

    def __init__(self, voice, mend):
        self.voice, self.mend = voice, mend

    def __call__(self, pieces, own):
        return [self.piece(piece, own) for piece in pieces]

    def piece(self, text, own):
        spoken = []
        for clause in PUNCTUATION.split(text):
            if PUNCTUATION.fullmatch(clause) and spoken:
                spoken[-1] += clause
            else:
                spoken += self.clause(clause, own)
        return " ".join(spoken)

    def clause(self, text, own):
        spoken, plain = [], []
        for word in text.split():
            if word not in own:
                plain.append(word)
                continue
            spoken += self.ask(plain) + [own[word]]
            plain = []
        return spoken + self.ask(plain)

    def ask(self, words):
        if not words:
            return []
        command = ["espeak-ng", "-q", "-v", self.voice, "--ipa", "--tie=^", "--", " ".join(words)]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        sounds = self.mend(" ".join(out.split()))
        return [sounds.replace("^", "").replace("-", "")]


def replace(sounds, table):
    for old, new in table:
        sounds = sounds.replace(old, new)
    return sounds


def german(sounds):
    """R is rolled where a word begins with it, tapped before other vowels, else a vowel itself."""
    sounds = replace(sounds, GERMAN)
    sounds = re.sub(rf"(^|\s)([ˈˌ]?)[rɾ](?={VOWEL})", r"\1\2R", sounds)
    sounds = re.sub(rf"[rɾ](?={VOWEL})", "ɾ", sounds)
    sounds = re.sub("[rɾ](?!" + VOWEL + ")", "ɐ", sounds)
    return sounds.replace("R", "r")
