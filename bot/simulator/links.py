"""Which links Telegram accepts in texts and on buttons."""

import re
from urllib.parse import urlsplit

_USER_LINK = re.compile(r"tg:(?://)?user/?\?id=(\d+)$", re.IGNORECASE)
_TG_LINK = re.compile(r"(tg|ton|tonsite):(?://)?([A-Za-z0-9_.-]+)(.*)$", re.IGNORECASE | re.DOTALL)


def mentioned_user(link: str) -> int | None:
    """The user that a `tg://user?id=…` link names."""
    found = _USER_LINK.match(link)
    return int(found.group(1)) if found else None


def checked_link(link: str) -> str | None:
    """The link in the form Telegram keeps, None where it is no link to Telegram."""
    return None if link_problem(link) else _kept(link)


def link_problem(link: str) -> str | None:
    """Why Telegram refuses a link, in its words; None where it accepts it."""
    if not link or any(character.isspace() for character in link):
        return "Wrong HTTP URL"
    if _TG_LINK.match(link):
        return None
    try:
        parts = urlsplit(link if "://" in link else f"http://{link}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "Wrong HTTP URL"
    if parts.scheme.lower() not in {"http", "https"}:
        return "Unsupported URL protocol"
    if port == 0 or not host:
        return "URL host is empty" if not host else "Wrong HTTP URL"
    if "." not in host and ":" not in host:
        return "Wrong HTTP URL"
    return None


def _kept(link: str) -> str:
    if _TG_LINK.match(link):
        return link
    parts = urlsplit(link if "://" in link else f"http://{link}")
    path = parts._replace(scheme="", netloc="").geturl()
    host = parts.netloc.rpartition("@")
    netloc = "".join((host[0], host[1], host[2].lower()))
    return f"{parts.scheme.lower()}://{netloc}{path if path.startswith('/') else '/' + path}"
