"""MarkdownV2: stated here as what it is, a limitation, until it is parsed."""

from typing import Any

from bot.simulator.errors import BadRequestError


def parse_markdown_v2(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Refuse, saying whose fault it is."""
    raise BadRequestError(f"The simulator does not parse MarkdownV2 ({len(source)} characters); use HTML")
