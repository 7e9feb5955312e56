"""The local pages: one participant's chat as Telegram would show it, and the list to choose from.

`/people` lists everybody, `/people/ID` is one chat. The pages are static; their script asks the control
surface for what it shows and puts every word of it in as text, never as markup. Nothing is fetched from
elsewhere, which the Content-Security-Policy makes sure of.
"""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from aiohttp import web

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGES = {
    "/people": ("people.html", "text/html"),
    "/people/{id:\\d+}": ("chat.html", "text/html"),
    "/pages/page.css": ("page.css", "text/css"),
    "/pages/page.js": ("page.js", "text/javascript"),
    "/pages/people.js": ("people.js", "text/javascript"),
    "/pages/chat.js": ("chat.js", "text/javascript"),
}


def add_routes(app: web.Application) -> None:
    """Serve the pages from an application; its root leads to the list."""
    folder = files("bot.simulator") / "pages"
    for path, (name, content_type) in _PAGES.items():
        text = (folder / name).read_text(encoding="utf-8")
        app.router.add_get(path, _serving(text, content_type))
    app.router.add_get("/", _to_the_list)
    app.router.add_get("/favicon.ico", _no_icon)


def _serving(text: str, content_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type, charset="utf-8", headers=_HEADERS)

    return serve


async def _no_icon(_: web.Request) -> web.Response:
    return web.Response(status=204, headers=_HEADERS)


async def _to_the_list(_: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/people")
