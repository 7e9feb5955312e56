"""Ports for servers that are started later, in another process."""

import socket


def reserved() -> int:
    """A port of 127.0.0.1 that nobody else is given until this process ends; nothing listens on it yet.

    One that was free a moment ago may be given to any other test meanwhile: each of them asks for port 0.
    """
    with socket.socket() as holder:
        # Whoever says the same may listen on it beside this one; asyncio's servers do.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        holder.detach()
    return port
