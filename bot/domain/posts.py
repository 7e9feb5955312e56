"""Posts: what a coordinator wrote or sent to the bot, to be said again to many."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FILES = frozenset({"photo", "video", "animation", "document", "audio", "voice"})
"""What is sent again by its file id, with a caption."""

BARE = frozenset({"sticker", "video_note"})
"""What is sent again by its file id, and has no caption."""

KINDS = FILES | BARE | {"text", "poll", "location", "venue"}
"""What can be announced, by Telegram's names."""

ALBUM_MOST = 10
"""How many files make an album at most."""


@dataclass(frozen=True, slots=True)
class Question:
    """A poll's question; `correct` are the right options of a quiz, none where it is no quiz."""

    text: str
    options: tuple[str, ...]
    multiple: bool = False
    correct: tuple[int, ...] = ()
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a post.

    `words` are its text or caption in Telegram's HTML, as written: {nama} and the like still in it.
    `message_id` is the author's own message, None where it was written on the page.
    """

    kind: str
    words: str = ""
    file_id: str | None = None
    message_id: int | None = None
    preview: bool = True  # links are shown with a preview, as Telegram does unless told otherwise
    above: bool = False  # the caption stands above the picture
    spoiler: bool = False
    poll: Question | None = None
    place: tuple[float, float] | None = None  # latitude, longitude
    venue: tuple[str, str] | None = None  # what is at the place: its name and its address


@dataclass(frozen=True, slots=True)
class Post:
    """What is said: one message, or an album's several files; in a `topic`, where a group has them.

    `counted` is the announcement for which the votes in its poll are counted; None: nobody's are.
    """

    pieces: tuple[Piece, ...]
    topic: int | None = None
    counted: int | None = None

    @property
    def words(self) -> str:
        """Its words: an album's are those of its first file with any."""
        return next((piece.words for piece in self.pieces if piece.words), "")

    @property
    def captioned(self) -> bool:
        """Whether its words are a caption."""
        return self.pieces[0].kind in FILES

    @property
    def editable(self) -> bool:
        """Whether its words can be changed once it is sent: a question's and a place's can not."""
        return self.pieces[0].kind in FILES or self.pieces[0].kind == "text"


def joined(album: Post, more: Post) -> Post:
    """An album with what has come of it since, in the order in which it was sent."""
    pieces = sorted((*album.pieces, *more.pieces), key=lambda piece: piece.message_id or 0)
    return Post(tuple(pieces))


def dump(post: Post) -> dict[str, Any]:
    """`post` as what JSON can hold; `load` gives an equal one back."""
    return {"pieces": [_dump(piece) for piece in post.pieces]}


def load(data: Mapping[str, Any]) -> Post:
    """The post that `dump` wrote."""
    return Post(tuple(_load(piece) for piece in data["pieces"]))


def _dump(piece: Piece) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": piece.kind}
    if piece.words:
        data["words"] = piece.words
    if piece.file_id is not None:
        data["file"] = piece.file_id
    if piece.message_id is not None:
        data["message"] = piece.message_id
    data |= {name: True for name in ("above", "spoiler") if getattr(piece, name)}
    if not piece.preview:
        data["preview"] = False
    if piece.poll is not None:
        poll = piece.poll
        data["poll"] = [poll.text, list(poll.options), poll.multiple, list(poll.correct), poll.explanation]
    if piece.place is not None:
        data["place"] = list(piece.place)
    if piece.venue is not None:
        data["venue"] = list(piece.venue)
    return data


def _load(data: Mapping[str, Any]) -> Piece:
    poll = place = venue = None
    if "poll" in data:
        text, options, multiple, correct, explanation = data["poll"]
        poll = Question(text, tuple(options), multiple, tuple(correct), explanation)
    if "place" in data:
        latitude, longitude = data["place"]
        place = (latitude, longitude)
    if "venue" in data:
        name, address = data["venue"]
        venue = (name, address)
    return Piece(
        data["kind"],
        data.get("words", ""),
        data.get("file"),
        data.get("message"),
        preview=data.get("preview", True),
        above=data.get("above", False),
        spoiler=data.get("spoiler", False),
        poll=poll,
        place=place,
        venue=venue,
    )
