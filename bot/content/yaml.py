"""YAML read safely: every value knows its line, and means what its author wrote.

Scalars stay text until a model says what they are, so `yes`, `08:00`, `2026-11-09` and a passcode of
`007123` are never turned into something else. Anchors work, within bounds; tags and merge keys do not.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from bot.content.problems import Place, Problem, shown

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 30

# libyaml's scanner reads a megabyte in a tenth of a second; the one in Python takes ten.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(str):
    """A text with its place; `plain` where it was written without quotes or block marks."""

    __slots__ = ("place", "plain")
    place: Place
    plain: bool

    def __new__(cls, text: str, place: Place, *, plain: bool = False) -> "Scalar":
        """A scalar of that text."""
        scalar = super().__new__(cls, text)
        scalar.place = place
        scalar.plain = plain
        return scalar

    @property
    def empty(self) -> bool:
        """Whether nothing was written (or YAML's word for nothing)."""
        return self.plain and self in ("", "~", "null", "Null", "NULL")

    def like(self, text: str) -> "Scalar":
        """Another text in the same place."""
        return Scalar(text, self.place, plain=self.plain)


class Mapping(dict[str, "Value"]):
    """A mapping with its place; its keys are `Scalar`s, with places of their own."""

    __slots__ = ("place",)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class Sequence(list["Value"]):
    """A list with its place."""

    __slots__ = ("place",)

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


Value: TypeAlias = Scalar | Mapping | Sequence


def read(file: Path, *, may_be_empty: bool = False) -> tuple[Mapping | None, list[Problem]]:
    """The mapping that `file` holds (None where it cannot be told), and everything wrong with it as YAML."""
    name = str(file)
    try:
        if not file.is_file():
            return None, [Problem(name, 1, "is not a regular file", "put a YAML file in its place")]
        if (size := file.stat().st_size) > MAX_BYTES:
            return None, [_too_large(name, size)]
        data = file.read_bytes()
    except OSError as error:
        return None, [Problem(name, 1, f"cannot be read ({error.strerror})", "check its permissions")]
    return parse(data, name, may_be_empty=may_be_empty)


def glance(file: Path) -> str:
    """Whatever can be read of a file that is no YAML."""
    if not file.is_file():
        return ""  # a named pipe would keep us waiting for its other end
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES).replace(b"\0", b"").decode("utf-8", "replace")
    except OSError:
        return ""


def parse(data: bytes, name: str, *, may_be_empty: bool = False) -> tuple[Mapping | None, list[Problem]]:
    """The mapping that `data` holds (None where it cannot be told), and everything wrong with it as YAML."""
    if len(data) > MAX_BYTES:
        return None, [_too_large(name, len(data))]
    try:
        text = _decode(data)
    except _UnreadableError as refused:
        return None, [Problem(name, refused.line, refused.what, refused.mend)]
    problems = list(_line_problems(text, name))
    misleading = bool(problems)
    try:
        value = _compose(text, name, problems)
        if value is None and not may_be_empty:
            raise _UnreadableError(1, "is empty", "write its content, or delete the file")
    except _UnreadableError as refused:
        # A tab or a stray mark that has been named already is what the parser stumbles over, too.
        if all(abs(problem.line - refused.line) > 1 for problem in problems):
            problems.append(Problem(name, refused.line, refused.what, refused.mend))
        return None, problems
    return (None if misleading else value), problems


class _UnreadableError(Exception):
    """The rest of the file cannot be read."""

    def __init__(self, line: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.line, self.what, self.mend = line, what, mend


def _too_large(name: str, size: int) -> Problem:
    return Problem(name, 1, f"is {size:,} bytes large", f"split it: a file may have {MAX_BYTES:,} bytes")


def _decode(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _UnreadableError(1, "is saved as UTF-16", "save it as UTF-8")
    if b"\0" in data[:4]:
        raise _UnreadableError(1, "is not a text file in UTF-8 (it holds zero bytes)", "save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8: byte {data[error.start]:#04x} at position {error.start}"
        raise _UnreadableError(line, what, "save it as UTF-8 (it may be Windows-1252)") from None


_TAB = re.compile(r"[^\S\r\n]*\t[^\S\r\n]*\S")
_ODD_SPACE = re.compile(r"[ \t]*([^\S \t\r\n]|[\u200b-\u200f\u2060\ufeff])")
_CONFLICT = re.compile(r"(<{7}|={7}|>{7})(\s|$)")


def _line_problems(text: str, name: str) -> Iterator[Problem]:
    """What a parser would explain badly, or not notice at all."""
    for number, line in enumerate(text.split("\n"), 1):
        if _TAB.match(line):
            yield Problem(name, number, "a tab indents this line", "indent with spaces: YAML knows no tabs")
        elif odd := _ODD_SPACE.match(line):
            what = f"an invisible character (U+{ord(odd[1]):04X}) stands before the text of this line"
            yield Problem(name, number, what, "delete it, and indent with ordinary spaces")
        elif _CONFLICT.match(line):
            yield Problem(
                name, number, "a merge conflict was left unresolved", "keep one side, delete the marks"
            )


@dataclass(slots=True)
class _Open:
    """A collection that is being read; a `size` counts what its aliases stand for, too."""

    value: Mapping | Sequence
    anchor: str | None
    key: Scalar | None = None
    keys: dict[str, int] = field(default_factory=dict)  # with the line of each
    key_is_unusable: bool = False
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Anchored:
    value: Value
    size: int
    height: int


@dataclass(slots=True)
class _Composer:
    """Builds values from parser events without recursion, so that no file can exhaust the stack."""

    name: str
    problems: list[Problem]
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored] = field(default_factory=dict)
    root: Value | None = None
    documents: int = 0

    def take(self, event: yaml.Event) -> None:
        """One event more; raises `_UnreadableError` where reading on makes no sense."""
        line = event.start_mark.line + 1 if event.start_mark else 1
        place = Place(self.name, line)
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise _UnreadableError(
                        line, "a second document begins ('---')", "keep one document in a file"
                    )
            case yaml.AliasEvent():
                self._alias(event.anchor or "", place)
            case yaml.ScalarEvent():
                self._untagged(event, place)
                scalar = Scalar(event.value, place, plain=event.style is None or event.style == "")
                self._add(scalar, event.anchor, 1, 0, place)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._untagged(event, place)
                if len(self.stack) >= MAX_DEPTH:
                    raise _UnreadableError(
                        line, f"is nested over {MAX_DEPTH} levels deep", "write it flatter"
                    )
                if event.anchor:
                    self.anchors.pop(event.anchor, None)
                is_mapping = isinstance(event, yaml.MappingStartEvent)
                self.stack.append(_Open(Mapping(place) if is_mapping else Sequence(place), event.anchor))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                done = self.stack.pop()
                self._add(done.value, done.anchor, done.size, done.height, done.value.place)

    def _untagged(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, place: Place) -> None:
        if event.tag is not None:
            tag = shown(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self._problem(
                place, f"the tag {tag} is not read here", "delete it, or quote a text that begins with '!'"
            )

    def _alias(self, anchor: str, place: Place) -> None:
        if any(opened.anchor == anchor for opened in self.stack):
            raise _UnreadableError(
                place.line, f"*{anchor} stands inside of what it names", "write the value out"
            )
        anchored = self.anchors.get(anchor)
        if anchored is None:
            what = f"*{anchor} names nothing: there is no &{anchor} above"
            self._problem(place, what, "quote a text that begins with '*'")
            anchored = _Anchored(Scalar(f"*{anchor}", place), 1, 0)
        if len(self.stack) + anchored.height > MAX_DEPTH:
            raise _UnreadableError(
                place.line, f"is nested over {MAX_DEPTH} levels deep by aliases", "write it flatter"
            )
        self._add(anchored.value, None, anchored.size, anchored.height, place)

    def _add(self, value: Value, anchor: str | None, size: int, height: int, place: Place) -> None:
        """Put a finished value where it belongs."""
        if anchor:
            self.anchors[anchor] = _Anchored(value, size, height)
        if not self.stack:
            self.root = value
            return
        parent = self.stack[-1]
        parent.size += size
        parent.height = max(parent.height, height + 1)
        if parent.size > MAX_NODES:
            what = f"holds more than {MAX_NODES:,} values, its aliases written out"
            raise _UnreadableError(place.line, what, "write fewer values, or fewer aliases (*name)")
        if isinstance(parent.value, Sequence):
            parent.value.append(value)
        elif parent.key is None and not parent.key_is_unusable:
            self._key(parent, value, place)
        else:
            if parent.key is not None and isinstance(parent.value, Mapping):
                self._pair(parent, parent.value, parent.key, value)
            parent.key, parent.key_is_unusable = None, False

    def _key(self, parent: _Open, value: Value, place: Place) -> None:
        if isinstance(value, Scalar) and not value.empty:
            parent.key = Scalar(value, place, plain=value.plain)
            return
        parent.key_is_unusable = True
        kind = "nothing" if isinstance(value, Scalar) else "a list or a mapping"
        self._problem(
            place, f"a key is {kind}", "write a word before the ':' (and quote text that has '{' or '[')"
        )

    def _pair(self, parent: _Open, mapping: Mapping, key: Scalar, value: Value) -> None:
        if key == "<<" and key.plain:
            self._problem(key.place, "merge keys (<<) are not read here", "write the keys out")
        elif key in parent.keys:
            what = f"{shown(key)} is here twice (first in line {parent.keys[key]})"
            self._problem(key.place, what, "keep one of the two")
        else:
            parent.keys[key] = key.place.line
            mapping[key] = value

    def _problem(self, place: Place, what: str, mend: str) -> None:
        self.problems.append(Problem(place.file, place.line, what, mend))


def _compose(text: str, name: str, problems: list[Problem]) -> Mapping | None:
    composer = _Composer(name, problems)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            composer.take(event)
    except yaml.YAMLError as error:
        raise _in_plain_words(error, text) from None
    root = composer.root
    if root is None or (isinstance(root, Scalar) and root.empty):
        return None
    if not isinstance(root, Mapping):
        kind = "a list" if isinstance(root, Sequence) else "a text"
        raise _UnreadableError(root.place.line, f"is {kind}", "begin with 'key: value' lines")
    return root


# What libyaml says, and what it means to somebody who wrote a text. The first that fits is taken.
_WORDS = (
    (
        "mapping values are not allowed",
        "a ':' stands where no key can be",
        "quote a text that holds ': ', and check the indentation",
    ),
    (
        "could not find expected ':'",
        "a key without ':'",
        "write 'key: value', and indent the further lines of a text",
    ),
    (
        "did not find expected ',' or ']'",
        "a '[' is not closed properly",
        "close it with ']', with ',' between the items",
    ),
    (
        "did not find expected ',' or '}'",
        "a '{' is not closed properly",
        "close it with '}', with ',' between the items, or quote a text that begins with '{'",
    ),
    ("unexpected end of stream", "a quote is not closed", "close it with the same quote"),
    ("found unexpected ':'", "a ':' right before a bracket or comma", "write a value, or a space, behind it"),
    ("unexpected document indicator", "a quote is not closed before '---'", "close it with the same quote"),
    (
        "unknown escape character",
        "a '\\' that means nothing in double quotes",
        "write '\\\\', or use single quotes",
    ),
    ("Unicode character escape", "a '\\u' that is no character", "write the character itself"),
    (
        "block sequence entries are not allowed",
        "a '-' stands where no list can be",
        "begin the list in a line of its own, or quote the text",
    ),
    (
        "did not find expected '-' indicator",
        "a line that does not belong to the list above",
        "begin it with '- ', or indent it as the list's items are",
    ),
    ("expected comment or line break", "text behind '|' or '>'", "begin the text in the next line, indented"),
    ("scanning an alias", "a '*' with no name behind it", "quote a text that begins with '*'"),
    ("scanning an anchor", "a '&' with no name behind it", "quote a text that begins with '&'"),
    ("scanning a tag", "a '!' that begins no tag", "quote a text that begins with '!'"),
    ("parsing a tag", "a '!' that begins no tag", "quote a text that begins with '!'"),
    ("directive", "a '%' at the beginning of a line", "quote a text that begins with '%'"),
    (
        "expected <document start>",
        "something stands after the end of the document",
        "delete the '...' or '---' line above",
    ),
    ("incompatible YAML document", "another version of YAML is asked for", "delete the %YAML line"),
    (
        "found character that cannot start any token",
        "a character that no text can begin with",
        "put quotes round the text",
    ),
    ("did not find expected node content", "a bracket that nothing belongs to", "put quotes round the text"),
    (
        "did not find expected key",
        "something YAML does not expect here",
        "check quotes and indentation in this line and above; keys of one mapping begin in one column",
    ),
)


def _in_plain_words(error: yaml.YAMLError, text: str) -> _UnreadableError:
    """What the parser says about `text`, for people; never a piece of the text (it may hold a secret)."""
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark or error.context_mark):
        said = f"{error.context or ''} {error.problem or ''}"
        line = mark.line
        # What was left open is noticed at the end of the file; people look for where it begins.
        left_open = line > text.count("\n") or any(
            part in said for part in ("quoted", "flow", "expected ':'")
        )
        if error.context_mark and left_open:
            line = error.context_mark.line
        for part, what, mend in _WORDS:
            if part in said:
                return _UnreadableError(line + 1, f"is no YAML: {what}", mend)
        return _UnreadableError(
            line + 1, f"is no YAML: {said.strip()}", "check quotes and indentation here and above"
        )
    position = error.position if isinstance(error, yaml.reader.ReaderError) else 0
    line = text.count("\n", 0, position) + 1
    return _UnreadableError(line, "a control character stands in this line", "delete it (retype the line)")
