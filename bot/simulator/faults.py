"""Faults on demand: what a network and a busy Telegram do to a bot, by script or by dice."""

import random
from dataclasses import dataclass, field

# How long a call that "times out" is left hanging, in real seconds, unless the caller gives up earlier.
HANG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Retry429:
    """429 with `retry_after`; the ban is real: it holds for the rule's chat, or for all of them."""

    seconds: int = 1


@dataclass(frozen=True, slots=True)
class ServerError:
    """A 5xx before any effect; 502 and 504 come with an HTML body, as from a proxy."""

    code: int = 502


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal in these words, before any effect: for those that are hard to bring about otherwise."""

    code: int = 400
    description: str = "Bad Request: refused on demand"
    migrate_to_chat_id: int | None = None


@dataclass(frozen=True, slots=True)
class TimeoutBefore:
    """No effect, no answer."""

    seconds: float = HANG_SECONDS


@dataclass(frozen=True, slots=True)
class TimeoutAfter:
    """The effect happens; the answer never comes."""

    seconds: float = HANG_SECONDS


@dataclass(frozen=True, slots=True)
class DropBefore:
    """The connection breaks before any effect."""


@dataclass(frozen=True, slots=True)
class DropAfter:
    """The effect happens; the connection breaks before the answer."""


Kind = Retry429 | ServerError | Refusal | TimeoutBefore | TimeoutAfter | DropBefore | DropAfter
LOST_BEFORE = (TimeoutBefore, DropBefore)
LOST = (*LOST_BEFORE, TimeoutAfter, DropAfter)
KINDS: dict[str, type[Kind]] = {
    kind.__name__: kind
    for kind in (Retry429, ServerError, Refusal, TimeoutBefore, TimeoutAfter, DropBefore, DropAfter)
}


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that befell a call, and the chat that its rule named."""

    kind: Kind
    chat_id: int | None = None


@dataclass(slots=True)
class Rule:
    """One standing order: which calls it strikes, how, and how often."""

    kind: Kind
    method: str | None = None
    chat_id: int | None = None
    times: int | None = 1  # None: without end
    probability: float = 1.0
    struck: int = 0

    @property
    def spent(self) -> bool:
        """Whether it will never strike again."""
        return self.times is not None and self.struck >= self.times


@dataclass(slots=True)
class Faults:
    """All standing orders, first added first tried. The same seed and the same calls give the same faults."""

    seed: int = 0
    rules: list[Rule] = field(default_factory=list)
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311  # dice, not secrets

    def add(
        self,
        method: str | None = None,
        chat_id: int | None = None,
        times: int | None = 1,
        kind: Kind = ServerError(),  # frozen
        probability: float = 1.0,
    ) -> Rule:
        """Strike the next `times` calls of `method` (None: any but getUpdates) into `chat_id` (None: any)."""
        rule = Rule(kind, method.lower() if method else None, chat_id, times, probability)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all orders."""
        self.rules.clear()

    def strike(self, method: str, chat_id: int | None) -> Struck | None:
        """What befalls this call; None for nothing."""
        for rule in self.rules:
            if rule.spent or (rule.chat_id is not None and rule.chat_id != chat_id):
                continue
            if rule.method != method and not (rule.method is None and method != "getupdates"):
                continue
            if rule.probability < 1.0 and self._dice.random() >= rule.probability:
                continue
            rule.struck += 1
            self.rules = [kept for kept in self.rules if not kept.spent]
            return Struck(rule.kind, rule.chat_id)
        return None
