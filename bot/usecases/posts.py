"""What somebody wrote or sent to the bot, as a post that can be said again."""

from datetime import timedelta

from bot.content.markup import escape
from bot.domain.events import Shared, Wrote
from bot.domain.posts import KINDS, Piece, Post
from bot.storage import state
from bot.storage.database import Transaction


def post_of(event: Wrote | Shared) -> Post | None:
    """What somebody wrote or sent as a post; None for what cannot be said again."""
    if isinstance(event, Wrote):
        words = event.html if event.html is not None else escape(event.text)
        return Post((Piece("text", words, message_id=event.message_id, preview=event.preview),))
    if event.kind not in KINDS:
        return None
    if event.file_id is None and event.poll is None and event.place is None:
        return None
    return Post(
        (
            Piece(
                event.kind,
                event.html if event.html is not None else escape(event.caption),
                event.file_id,
                event.message_id,
                above=event.above,
                spoiler=event.spoiler,
                poll=event.poll,
                place=event.place,
                venue=event.venue,
            ),
        )
    )


def apart(tx: Transaction, post: Post) -> timedelta:
    """How far apart the messages of a post are due: Telegram counts each file of an album."""
    weight = len(post.pieces)
    return timedelta(seconds=weight / (0.8 * state.pace(tx))) if weight > 1 else timedelta()
