"""How a bot takes its updates: polling or a webhook; and how it leaves a server."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.simulator.call import Call
from bot.simulator.chats import Webhook
from bot.simulator.errors import ApiError, BadRequestError
from bot.simulator.updates import DEFAULT_EXCLUDED, KINDS, LONGEST_POLL_SECONDS, OTHER_POLLER, QueuedUpdate

MOST_SECRET = 256
_SECRET = re.compile(r"[A-Za-z0-9_-]*")
_PORTS = frozenset({80, 88, 443, 8443})


@dataclass(frozen=True, slots=True)
class Described:
    """A result with a description beside it."""

    result: Any
    description: str


async def get_updates(call: Call) -> list[QueuedUpdate]:
    """Updates from `offset` on; waits up to `timeout` real seconds for the first."""
    if call.bot.webhook is not None:
        raise ApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    _set_allowed(call)
    params = call.params
    seconds = params.integer("timeout", 0, 0, LONGEST_POLL_SECONDS)
    return await call.bot.updates.poll(
        params.integer("offset"), params.integer("limit", 100, 1, 100), seconds
    )


def set_webhook(call: Call) -> Any:
    """Have updates sent to a URL; an empty one ends that."""
    url = call.params.text("url")
    if not url:
        return delete_webhook(call)
    _check_url(url)
    secret = call.params.text("secret_token")
    if len(secret) > MOST_SECRET:
        raise BadRequestError("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise BadRequestError("secret token contains unallowed characters")
    _set_allowed(call)
    connections = call.params.integer("max_connections", 40, 1, 100)
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drop_all()
    known = call.bot.webhook
    same = known is not None and (known.url, known.secret, known.max_connections) == (
        url,
        secret,
        connections,
    )
    if not same:
        address = call.params.text("ip_address") or "127.0.0.1"
        call.bot.webhook = Webhook(url, secret, connections, address)
        call.bot.updates.interrupt("terminated by setWebhook request")
        call.world.webhook_changed(call.bot)
    return Described(True, "Webhook is already set" if same else "Webhook was set")


def delete_webhook(call: Call) -> Any:
    """Go back to polling."""
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drop_all()
    was = call.bot.webhook is not None
    call.bot.webhook = None
    call.world.webhook_changed(call.bot)
    return Described(True, "Webhook was deleted" if was else "Webhook is already deleted")


def get_webhook_info(call: Call) -> Any:
    """Where updates go, how many wait, and what went wrong last."""
    webhook = call.bot.webhook
    info: dict[str, Any] = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(call.bot.updates),
    }
    if webhook is not None:
        info |= {"ip_address": webhook.ip_address, "max_connections": webhook.max_connections}
        if webhook.last_error_date is not None:
            info |= {
                "last_error_date": webhook.last_error_date,
                "last_error_message": webhook.last_error_message,
            }
    if call.bot.allowed_updates:
        info["allowed_updates"] = call.bot.allowed_updates
    return info


def close(call: Call) -> Any:
    """End this server's instance of the bot; the next call begins a new one."""
    call.bot.updates.interrupt(OTHER_POLLER)
    return True


def log_out(call: Call) -> Any:
    """Leave this server for good."""
    call.bot.logged_out = True
    call.bot.updates.interrupt(OTHER_POLLER)
    return True


def _set_allowed(call: Call) -> None:
    """Remember which updates the bot asks for; without a list, what it asked for last stays."""
    given = call.params.json("allowed_updates", "allowed_updates")
    if isinstance(given, list):
        wanted = [str(kind).lower() for kind in given]
        # Telegram knows kinds that the simulator never sends; they are remembered, and harmless.
        call.bot.allowed_updates = wanted or None
        call.bot.updates.wanted = frozenset(wanted) & KINDS if wanted else KINDS - DEFAULT_EXCLUDED


def _check_url(url: str) -> None:
    """HTTPS on Telegram's ports; on this machine itself plain HTTP and any port will do."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequestError("invalid webhook URL specified") from None
    if not host or parts.scheme not in {"http", "https"}:
        raise BadRequestError("invalid webhook URL specified")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if local:
        return
    if parts.scheme != "https":
        raise BadRequestError("bad webhook: An HTTPS URL must be provided for webhook")
    if (port or 443) not in _PORTS:
        raise BadRequestError("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
