"""Numbers in words, in each language, as a recogniser's digits are read. Makes no sound."""

EN_ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
           "fifteen sixteen seventeen eighteen nineteen").split()
EN_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
FR_ONES = ("zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
           "seize dix-sept dix-huit dix-neuf").split()
FR_TENS = "zéro dix vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt".split()
DE_ONES = ("null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
           "fünfzehn sechzehn siebzehn achtzehn neunzehn").split()
DE_TENS = "null zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()


def english(number):
    if number < 20:
        return EN_ONES[number]
    if number < 100:
        return EN_TENS[number // 10] + ("-" + EN_ONES[number % 10] if number % 10 else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = " and " + english(number % size) if number % size else ""
    return f"{english(number // size)} {name}{rest}"


def french(number):
    if number < 20:
        return FR_ONES[number]
    if number < 100:
        tens = number // 10
        rest = number % 20 if tens in (7, 9) else number % 10
        if number == 80:
            return "quatre-vingts"
        if rest == 0:
            return FR_TENS[tens]
        with_and = rest in (1, 11) and tens < 8
        return FR_TENS[tens] + (" et " if with_and else "-") + FR_ONES[rest]
    size, name = (1000, "mille") if number >= 1000 else (100, "cent")
    many = number // size
    head = name if many == 1 else f"{french(many)} {name}"
    if number % size == 0:
        return head + ("s" if name == "cent" and many > 1 else "")
    return f"{head} {french(number % size)}"


def french_place(number, ending):
    """An ordinal: "1re" is "première", "17e" or "17ème" is "dix-septième"."""
    if number == 1:
        return "premier" if ending == "er" else "première"
    head = french(number).removesuffix("s") if number % 100 in (0, 80) else french(number)
    # Quatrième, cinquième, neuvième.
    for old, new in (("e", ""), ("q", "qu"), ("f", "v")):
        if head.endswith(old):
            head = head.removesuffix(old) + new
            break
    return head + "ième"


def german(number):
    if number < 20:
        return DE_ONES[number]
    if number < 100:
        ones, tens = number % 10, DE_TENS[number // 10]
        return ("ein" if ones == 1 else DE_ONES[ones]) + "und" + tens if ones else tens
    size, name = (1000, "tausend") if number >= 1000 else (100, "hundert")
    many = number // size
    head = name if many == 1 else german(many) + name
    return head + (german(number % size) if number % size else "")


IN_WORDS = {"en": english, "fr": french, "de": german}
