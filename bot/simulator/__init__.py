"""A strict Telegram Bot API server for tests, rehearsals, the demo and anybody without a token.

Where to look: `simulator` puts the parts together. A call comes in at `server` (HTTP, `params`, `faults`),
goes to one of `methods/` with a `call` that knows what the bot may do (`limits`, `errors`), and changes the
`world` (`chats`, `polls`, `files`), whose updates wait in `updates` for polling or `webhook`. Texts are read
in `entities` and `links`, buttons in `keyboards`. People act through `people` (`members` of groups) and see
what `seen` shows; over HTTP they do so through `control`, and on the screen through `page` and `pages/`.

It is strict where Telegram is, and where it does not know Telegram's own words it says so in its own. It
leaves out what Rekan does not use: business accounts, payments, sticker sets, topics made by bots or in
private chats, inline mode, and any parse mode but HTML.
"""

from bot.simulator.chats import DEFAULT_TOKEN, BotAccount
from bot.simulator.errors import ActionRefusedError
from bot.simulator.faults import (
    DropAfter,
    DropBefore,
    Faults,
    Refusal,
    Retry429,
    ServerError,
    TimeoutAfter,
    TimeoutBefore,
)
from bot.simulator.limits import Limits
from bot.simulator.people import Group, Person
from bot.simulator.records import CallRecord
from bot.simulator.seen import Delivery, SeenButton, SeenFile, SeenMessage, SeenOption, SeenPoll
from bot.simulator.simulator import Simulator

__all__ = [
    "DEFAULT_TOKEN",
    "ActionRefusedError",
    "BotAccount",
    "CallRecord",
    "Delivery",
    "DropAfter",
    "DropBefore",
    "Faults",
    "Group",
    "Limits",
    "Person",
    "Refusal",
    "Retry429",
    "SeenButton",
    "SeenFile",
    "SeenMessage",
    "SeenOption",
    "SeenPoll",
    "ServerError",
    "Simulator",
    "TimeoutAfter",
    "TimeoutBefore",
]
