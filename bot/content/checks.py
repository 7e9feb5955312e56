"""What one file alone cannot tell: ids, references, texts, moments."""

from bot.content.files import Files
from bot.content.shape import Reading


def check(files: Files, reading: Reading) -> None:
    """Name every problem in what was read; a hole is passed over, since its problem is named already."""
