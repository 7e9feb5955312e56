"""`content/texts`: each text by itself, and the two languages beside each other."""

from collections.abc import Mapping

from bot.content.checks.words import markup
from bot.content.files import Files
from bot.content.problems import Place, advice, nearest
from bot.content.shape import Reading
from bot.content.templates import READER, TemplateError, fill, placeholders
from bot.content.yaml import Scalar
from bot.domain.language import Language


def texts(files: Files, needed: Mapping[str, tuple[str, ...]], reading: Reading) -> None:
    """Name every text that Telegram would refuse, that is missing, or that the languages do not share.

    `needed` has every key that the program says, with the placeholders it fills.
    """
    for language, own in files.texts.items():
        _needed(language, own, needed, reading)
        for key, text in own.items():
            if not text:
                continue
            try:
                composed = fill(text, lambda _: "x.id")
            except TemplateError as error:
                reading.problem(text.place, f"'{key}' {error.what}", error.mend)
            else:
                markup(text, composed, language, reading)
    if len(files.texts) < len(Language):
        return
    for key, english in files.texts[Language.EN].items():
        if (indonesian := files.texts[Language.ID].get(key)) is not None:
            _same_placeholders(key, indonesian, english, reading)


def _needed(
    language: Language, own: Mapping[str, Scalar], needed: Mapping[str, tuple[str, ...]], reading: Reading
) -> None:
    """The texts of one language are those that the program says, and ask for what it fills in."""
    missing = needed.keys() - own.keys()
    file = next((text.place.file for text in own.values()), f"{language}.yaml")
    for key in sorted(missing):
        reading.problem(Place(file, 1), f"the text '{key}' is missing", "write it: the program says it")
    for key, text in own.items():
        if key not in needed:
            meant = nearest(key, missing)
            mend = f"did you mean '{meant}'?" if meant else "delete it"
            reading.problem(text.place, f"nothing says the text '{key}'", mend, warning=True)
            continue
        for name in dict.fromkeys(_placeholders(text) or ()):
            if name not in needed[key] and name not in READER:
                mend = advice(name, needed[key] or READER)
                reading.problem(text.place, f"'{key}' has no variable {{{name}}}", mend)


def _placeholders(text: Scalar) -> tuple[str, ...] | None:
    """The names in `text`; None where it could not be read, which is named elsewhere."""
    try:
        return placeholders(text) if text else None
    except TemplateError:
        return None


def _same_placeholders(key: str, indonesian: Scalar, english: Scalar, reading: Reading) -> None:
    """A sentence that says something in one language says it in the other, its reader's name apart."""
    in_indonesian, in_english = _placeholders(indonesian), _placeholders(english)
    if in_indonesian is None or in_english is None:
        return
    there, here = set(in_indonesian) - set(READER), set(in_english) - set(READER)
    if there != here:
        missing = ", ".join(f"{{{name}}}" for name in sorted(there - here))
        extra = ", ".join(f"{{{name}}}" for name in sorted(here - there))
        parts = [f"lacks {missing}"] * bool(missing) + [f"has {extra} besides"] * bool(extra)
        what = f"'{key}' {' and '.join(parts)}, compared with the Indonesian text"
        reading.problem(english.place, what, f"use the same placeholders as id.yaml:{indonesian.place.line}")
