"""The two languages of every screen."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """A language by its two-letter code, as Telegram writes it."""

    ID = "id"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Localised:
    """A text in both languages."""

    id: str
    en: str

    def __getitem__(self, language: Language) -> str:
        """The text in `language`."""
        return self.id if language is Language.ID else self.en
