"""What cannot be done: the error that every deed raises, with the sentence for who asked."""

from collections.abc import Callable

from bot.domain.messages import Reply, Say, Value


class RefusedError(Exception):
    """It cannot be done, or not by this person, or not any more; `say` tells them why."""

    def __init__(self, key: str, **params: Value) -> None:
        super().__init__(key)
        self.say = Say(key, params)


class UnknownError(RefusedError):
    """There is no such thing, or it is not theirs: the two look alike to who asks."""


def reply_or_refusal(act: Callable[[], Reply]) -> Reply:
    """What the deed is answered by: its own reply, or why it cannot be done."""
    try:
        return act()
    except RefusedError as refused:
        return Reply((refused.say,))
