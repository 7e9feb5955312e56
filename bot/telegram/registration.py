"""Asks Telegram to deliver updates to Rekan's own endpoint."""

from bot.telegram.client import ALLOWED_UPDATES, Client


async def set_webhook(client: Client, url: str, secret: str, *, max_connections: int = 40) -> None:
    """Have updates posted to `url` with `secret` in their header; what waits is kept.

    `secret` is 1-256 of `A-Za-z0-9_-`; `max_connections` (1-100) bounds how many updates come at once.
    """
    await client.set_webhook(
        url,
        secret_token=secret,
        max_connections=max_connections,
        allowed_updates=ALLOWED_UPDATES,
        drop_pending_updates=False,
    )
