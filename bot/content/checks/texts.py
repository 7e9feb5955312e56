"""`content/texts`: each text by itself, and the two languages beside each other."""

from bot.content.checks.words import LANGUAGES, markup
from bot.content.files import Files
from bot.content.problems import nearest
from bot.content.shape import Reading
from bot.content.templates import TemplateError, fill, placeholders
from bot.content.yaml import Scalar
from bot.domain.language import Language


def texts(files: Files, reading: Reading) -> None:
    """Name every text that Telegram would refuse, or that the languages do not share."""
    for language, own in files.texts.items():
        for key, text in own.items():
            try:
                composed = fill(text, lambda _: "x.id")
            except TemplateError as error:
                reading.problem(text.place, f"'{key}' {error.what}", error.mend)
            else:
                markup(text, composed, language, reading)
    if len(files.texts) < len(Language):
        return
    for language, other in ((Language.ID, Language.EN), (Language.EN, Language.ID)):
        for key, text in files.texts[language].items():
            twin = files.texts[other].get(key)
            if twin is None:
                what = f"'{key}' has no text in {LANGUAGES[other]}"
                meant = nearest(key, files.texts[other].keys() - files.texts[language].keys())
                hint = f" (it has '{meant}': the same?)" if meant else ""
                reading.problem(text.place, what, f"add it to {other}.yaml, or delete it here{hint}")
            elif language is Language.EN:
                _same_placeholders(key, twin, text, reading)


def _same_placeholders(key: str, indonesian: Scalar, english: Scalar, reading: Reading) -> None:
    try:
        there, here = set(placeholders(indonesian)), set(placeholders(english))
    except TemplateError:
        return
    if there != here:
        missing = ", ".join(f"{{{name}}}" for name in sorted(there - here))
        extra = ", ".join(f"{{{name}}}" for name in sorted(here - there))
        parts = [f"lacks {missing}"] * bool(missing) + [f"has {extra} besides"] * bool(extra)
        what = f"'{key}' {' and '.join(parts)}, compared with the Indonesian text"
        reading.problem(english.place, what, f"use the same placeholders as id.yaml:{indonesian.place.line}")
