"""Where a fault of ours happened, without what was being handled.

A traceback's last line, and its local variables where they are shown, quote data: what a person wrote, the
parameters of a statement. A log keeps the places only; with them and the code a fault can be mended.
"""

import traceback
from pathlib import PurePath

_PLACES = 8


def trail(error: BaseException) -> str:
    """The error's kind and the way to it, innermost place first: `KeyError at quiz.py:41 in vote < …`."""
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES:]
    places = [f"{PurePath(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames)]
    kind = type(error).__name__
    if error.__cause__ is not None:
        kind += f" from {type(error.__cause__).__name__}"
    return f"{kind} at {' < '.join(places)}" if places else kind
