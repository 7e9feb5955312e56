"""Charts as PNG, to be read on a phone: values printed, and told apart without colours.

matplotlib is loaded when the first one is drawn; nothing here may run on the event loop.
"""

import textwrap
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Final

MOST_BARS: Final = 25
"""More would be too small to read: who calls sums up the rest."""

_WIDE: Final = 7.2  # inches, of _DPI pixels: 1080 pixels, as wide as a phone shows them sharply
_DPI: Final = 150
_BAR: Final = 0.62  # inches for each bar and its label
_AROUND: Final = 1.7  # inches for the title, the legend and the source
_DONE: Final = "#0072b2"  # a blue and a grey that differ in lightness too
_LACKING: Final = "#d3d9df"
_INK: Final = "#1b1f23"
_LABEL: Final = 44  # characters of a label that fit beside its value


def bars(
    *,
    title: str,
    bars: Sequence[tuple[str, int, int]],
    legend: tuple[str, str],
    source: str,
    number: Callable[[int], str],
) -> bytes:
    """Draw (label, done, total) bars one below the other, the first on top; `number` writes a number.

    Raises ValueError for none or for more than `MOST_BARS`.
    """
    if not 0 < len(bars) <= MOST_BARS:
        raise ValueError(f"{len(bars)} bars, of 1 to {MOST_BARS}")
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes half a second, and most processes draw nothing

    # A Figure of its own, without pyplot: several threads may draw, and nothing stays in memory.
    height = _AROUND + _BAR * len(bars)
    figure = Figure(figsize=(_WIDE, height), dpi=_DPI, facecolor="white")
    axes = figure.add_axes((0.04, 0.75 / height, 0.92, _BAR * len(bars) / height))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(bars), 0)
    words: dict[str, Any] = {"color": _INK, "parse_math": False}  # a "$" in an office's name is a dollar
    for place, (label, done, total) in enumerate(bars):
        share = done / total if total else 0.0
        axes.barh(place + 0.68, 1, height=0.4, color=_LACKING, edgecolor="#8a939b", linewidth=0.6, hatch="//")
        axes.barh(place + 0.68, share, height=0.4, color=_DONE)
        axes.text(0, place + 0.42, textwrap.shorten(label, _LABEL, placeholder=" …"), fontsize=12, **words)
        value = f"{number(done)} / {number(total)} ({round(share * 100)}%)"
        axes.text(1, place + 0.42, value, fontsize=12, fontweight="bold", ha="right", **words)
    heading = textwrap.fill(title, 50, max_lines=2, placeholder=" …")
    figure.text(0.04, 1 - 0.2 / height, heading, fontsize=16, fontweight="bold", va="top", **words)
    for at, colour, hatch, text in ((0.04, _DONE, "", legend[0]), (0.5, _LACKING, "//", legend[1])):
        figure.patches.append(_patch(figure, at, 0.45 / height, 0.16 / height, colour, hatch))
        figure.text(at + 0.045, 0.46 / height, text, fontsize=11, **words)
    figure.text(0.04, 0.15 / height, source, fontsize=10, color="#4a5158", parse_math=False)
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _patch(figure: Any, left: float, bottom: float, height: float, colour: str, hatch: str) -> Any:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - as above

    return Rectangle(
        (left, bottom),
        0.035,
        height,
        facecolor=colour,
        edgecolor="#8a939b",
        linewidth=0.6,
        hatch=hatch,
        transform=figure.transFigure,
        figure=figure,
    )
