"""Bars that are drawn with characters, for the chat."""

from typing import Final

BAR: Final = 10
"""How many characters a whole bar has."""


def bar(filled: int) -> str:
    """`▰▰▰▱▱▱▱▱▱▱`: so many of `BAR`; whoever asks decides which way a share is rounded."""
    return "▰" * filled + "▱" * (BAR - filled)
