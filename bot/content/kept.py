"""What `content/` and `schedules/` say, kept from one start to the next.

To read and check the files takes a sixth of the bot's start. What came of it is kept below the user's cache
folder, under a name that is made of all that it depends on: the files' names and bytes, the code that read
them, its libraries, the zones' offsets. Where any of these is another one, so is the name: what is kept
cannot be out of date, and may be deleted at any time. Only what was without problems is kept.

It is a pickle of which nothing is taken but domain values, so that no file can make the program do anything
else than start with other texts; who can write there can write `content/`, too.
"""

import contextlib
import enum
import hashlib
import io
import os
import pickle
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bot.domain.programme import Catalogue
from bot.domain.zones import Zone

MOST: Final = 8
"""How many are kept: the latest."""

_PARTS: Final = ("PyYAML", "pydantic", "pydantic_core", "holidays")  # of which the outcome depends
_NAME: Final = re.compile(r"[0-9a-f]{64}")  # nothing else in the folder is ours to delete
_YEARS: Final = range(2000, 2101)
_PLAIN: Final = {("builtins", "frozenset"): frozenset} | {
    ("datetime", kind.__name__): kind for kind in (date, datetime, time, timedelta, timezone)
}


def load(content_dir: Path, schedules_dir: Path) -> Catalogue:
    """As `loading.load`, and without reading what was read before."""
    name = _name(content_dir, schedules_dir)
    known = None if name is None else _kept(name)
    if known is not None:
        return known
    from bot.content import loading  # noqa: PLC0415 - the models' validators take as long to make as to use

    catalogue = loading.load(content_dir, schedules_dir)
    if name is not None and name == _name(content_dir, schedules_dir):  # nobody has written meanwhile
        with contextlib.suppress(OSError, RuntimeError):  # read-only, or no home: it starts as well, if later
            _keep(name, catalogue)
    return catalogue


def _folder() -> Path:
    """Where systemd, else the user, wants to have what can be made again; RuntimeError where nobody says."""
    if given := os.environ.get("CACHE_DIRECTORY"):  # systemd.exec(5), CacheDirectory=
        return Path(given.partition(":")[0])
    given = os.environ.get("XDG_CACHE_HOME", "")  # XDG Base Directory Specification
    return (Path(given) if given.startswith("/") else Path.home() / ".cache") / "rekan"


def _name(content_dir: Path, schedules_dir: Path) -> str | None:
    """A name for what is in these folders; None where there is something that only reading explains."""
    digest = hashlib.sha256()
    try:
        for piece in _all(content_dir, schedules_dir):
            digest.update(b"%d " % len(piece))
            digest.update(piece)
    except OSError:  # as of a folder that does not exist
        return None
    return digest.hexdigest()


def _all(content_dir: Path, schedules_dir: Path) -> Iterator[bytes]:
    """All that the catalogue depends on."""
    yield repr((sys.version, [version(part) for part in _PARTS])).encode()
    yield repr([offset for zone in Zone for offset in _offsets(zone)]).encode()
    bot = Path(__file__).parents[1]
    for code in sorted([*(bot / "content").rglob("*.[pj]*"), *(bot / "domain").rglob("*.py")]):
        if code.suffix in {".py", ".json"}:
            yield str(code).encode()
            yield code.read_bytes()
    for folder in (
        content_dir,
        *sorted(path for path in content_dir.iterdir() if path.is_dir()),
        schedules_dir,
    ):
        yield from (str(folder).encode(), b"/")
        for file in sorted(folder.iterdir()):
            yield file.name.encode()
            yield b"folder" if file.is_dir() else b"file"
            if file.suffix == ".yaml":
                if not file.is_file():  # a named pipe would keep us waiting for its other end
                    raise OSError(f"{file} is not a regular file")
                yield file.read_bytes()


def _offsets(zone: Zone) -> Iterator[timedelta | None]:
    return (datetime(year, month, 1, tzinfo=zone.tzinfo).utcoffset() for year in _YEARS for month in (1, 7))


def _kept(name: str) -> Catalogue | None:
    try:
        data = (_folder() / name).read_bytes()
    except (OSError, RuntimeError):
        return None
    seal, payload = data[:32], data[32:]
    if hashlib.sha256(payload).digest() != seal:  # the machine went down while it was written
        return None
    try:
        found = _Values(io.BytesIO(payload)).load()
    except pickle.UnpicklingError:
        return None
    return found if isinstance(found, Catalogue) else None


def _keep(name: str, catalogue: Catalogue) -> None:
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    payload = pickle.dumps(catalogue, protocol=5)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
        try:
            file.write(hashlib.sha256(payload).digest() + payload)
            file.flush()
            Path(file.name).replace(folder / name)
        except OSError:  # as of a full disk
            Path(file.name).unlink(missing_ok=True)
            raise
    ours = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    for old in sorted(ours, key=lambda path: path.stat().st_mtime, reverse=True)[MOST:]:
        old.unlink(missing_ok=True)


class _Values(pickle.Unpickler):
    """Reads values of the domain, and what they are made of."""

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name, where it is one of these; raises UnpicklingError."""
        if (module, name) in _PLAIN:
            return _PLAIN[module, name]
        found = super().find_class(module, name) if module.startswith("bot.domain.") else None
        if isinstance(found, type) and (is_dataclass(found) or issubclass(found, enum.Enum)):
            return found
        raise pickle.UnpicklingError(f"{module}.{name} is no value")
