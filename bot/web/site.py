"""The pages as one application: who asks, whether they may, what they get, and how it is kept safe.

Every answer is made here, with the same headers. What a page shows is read, and what a form does is done, in
one transaction with the look at who asks: a role that is taken away ends with the next request.
"""

import asyncio
import gzip
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.clock import Clock
from bot.content.wording import Wording
from bot.delivery.fetching import Files, NotFetchedError
from bot.domain.language import Language
from bot.domain.messages import Reader, Say
from bot.domain.sign_ins import Kind, form_token, is_form_token, made_by
from bot.domain.zones import Zone
from bot.storage import audit
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.secrets import PAGES, secret
from bot.usecases import sign_ins as usecase
from bot.usecases.sign_ins import SignedIn
from bot.web import (
    announcements,
    attendance,
    deliveries,
    feedback,
    journals,
    materials,
    modules,
    overview,
    people,
    presenter,
    quiz_statistics,
    sessions,
    settings,
    sign_ins,
    timetable,
)
from bot.web import audit as audit_page
from bot.web.page import (
    Answer,
    Download,
    Fetched,
    Go,
    Note,
    PageError,
    Show,
    Visit,
    Way,
    bad_input,
    not_found,
    reader,
    refused,
)
from bot.web.rendering import Rendering
from bot.web.sign_ins import Brake

_log = structlog.stdlib.get_logger(__name__)

AREAS: Final = (
    overview,
    announcements,
    timetable,
    sessions,
    materials,
    feedback,
    people,
    attendance,
    modules,
    quiz_statistics,
    journals,
    deliveries,
    audit_page,
    settings,
    sign_ins,
    presenter,
)
"""The features' modules, in the order of the menu; each has its `WAYS`."""

WAYS: Final[tuple[Way, ...]] = tuple(way for area in AREAS for way in area.WAYS)

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers then call every form's origin "null", and it tells ours from others'.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
_STATIC: Final = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "presenter.css": "text/css",
    "presenter.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_LANDING: Final = re.compile(r"/(?:[A-Za-z0-9_-]+/?)*")  # of our own pages
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ERRORS: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 429, 500, 503})
_AT_ONCE: Final = 2  # files that are fetched for pages
_WORTH_IT: Final = 1_000  # bytes, from which on an answer is compressed


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer as it goes out, and what is to be noted first."""

    answer: Answer
    html: str
    visit: Visit
    signed_in: SignedIn


class Site:
    """The pages of one installation, under `url`.

    `nudge` is called when something may have become due; `sent` has the files that people sent to the bot.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        url: str | None,
        nudge: Callable[[], None],
        ways: Sequence[Way] = WAYS,
        sent: Files | None = None,
    ) -> None:
        self._database = database
        self._sent_to_us = sent
        self._fetching = asyncio.Semaphore(_AT_ONCE)
        self._clock = clock
        self._nudge = nudge
        self._ways = ways
        parts = urlsplit(url or "")
        self._origin = f"{parts.scheme}://{parts.netloc}" if url else None
        self._base = parts.path.rstrip("/")
        self._secure = parts.scheme == "https"
        # A name that a browser takes over https only, for this host only, from no other path.
        self._cookie = "__Host-rekan" if self._secure else "rekan"
        self._secret: bytes | None = None
        self._brake = Brake()
        folder = files("bot.web") / "static"
        self._static = {name: (folder / name).read_bytes() for name in _STATIC}
        versions = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in self._static.items()}
        self._wording = Wording(database.catalogue)
        self._rendering = Rendering(
            self._wording,
            self._base,
            lambda name: f"{self._base}/static/{name}?v={versions[name]}",
        )
        routes = [
            Route("/static/{name}", self._guarded(self._serve_static)),
            Route("/signed-out", self._guarded(self._signed_out)),
            Route("/sign-in/{token}", self._guarded(self._ask_to_sign_in)),
            Route("/sign-in/{token}", self._guarded(self._sign_in), methods=["POST"]),
        ]
        for way in ways:
            methods = [*(["GET"] if way.show else []), *(["POST"] if way.do else [])]
            routes.append(Route(way.path, self._guarded(self._going(way)), methods=methods))
        self._routes = Starlette(routes=routes, exception_handlers={HTTPException: self._astray})
        self._routes.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._base and scope["path"].startswith(f"{self._base}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self._base)}
        await self._routes({**scope, "root_path": ""}, receive, send)

    # --- ways ------------------------------------------------------------------------------------------

    def _going(self, way: Way) -> Callable[[Request], Awaitable[Response]]:
        async def go(request: Request) -> Response:
            browser = await self._browser(request)
            if browser is None:
                raise PageError(401, "page.error_401")
            if request.method == "POST":
                return await self._do(way, request, browser)
            return await self._show(way, request, browser)

        return go

    async def _show(self, way: Way, request: Request, browser: str) -> Response:
        if way.writes:
            made = await self._database.transact(self._made, way, request, browser, {})
            if made.signed_in.stale:
                await self._database.transact(self._note, made, ())
            self._nudge()
            return await self._answered(request, made)
        made = await self._database.read(self._made, way, request, browser, {})
        notes = getattr(made.answer, "notes", ())
        if notes or made.signed_in.stale:
            await self._database.transact(self._note, made, notes)
        return await self._answered(request, made)

    async def _do(self, way: Way, request: Request, browser: str) -> Response:
        self._check_origin(request)
        form = await _form(request, way.largest)
        key = await self._key()
        if not is_form_token(key, browser, form.get("form_token", "")):
            raise PageError(403, "page.error_form")
        made = await self._database.transact(self._made, way, request, browser, form)
        self._nudge()
        return await self._answered(request, made)

    def _made(
        self, tx: Transaction, way: Way, request: Request, browser: str, form: Mapping[str, str]
    ) -> _Made:
        """What the way leads to, in one transaction; raises PageError."""
        visit, signed_in = self._visit(tx, request, browser, form)
        if not visit.actor.may(way.right):
            raise refused()
        follow = way.do if request.method == "POST" else way.show
        if follow is None:  # the router has seen to that
            raise not_found()
        answer = follow(tx, visit)
        if request.method == "POST" or way.writes:
            self._write_down(tx, visit, getattr(answer, "notes", ()))
        html = self._page(answer, visit, browser) if isinstance(answer, Show) else ""
        return _Made(answer, html, visit, signed_in)

    def _visit(
        self, tx: Transaction, request: Request, browser: str, form: Mapping[str, str]
    ) -> tuple[Visit, SignedIn]:
        now = self._clock.now()
        signed_in = usecase.signed_in(tx, browser, now)
        if signed_in is None:
            raise PageError(401, "page.error_401")
        programme = tx.catalogue.programme(signed_in.actor.person.programme)
        if programme is None:
            raise PageError(403, "page.error_programme")
        query = dict(request.query_params)
        path = request.scope["path"]
        return (
            Visit(
                actor=signed_in.actor,
                programme=programme,
                now=now,
                browser_id=signed_in.browser_id,
                wording=self._wording,
                path=path,
                ids=request.path_params,
                query=query,
                form=form,
            ),
            signed_in,
        )

    def _note(self, tx: Transaction, made: _Made, notes: Sequence[Note]) -> None:
        usecase.see(tx, made.signed_in.browser_id, made.visit.now)
        self._write_down(tx, made.visit, notes)

    def _write_down(self, tx: Transaction, visit: Visit, notes: Sequence[Note]) -> None:
        for each in notes:
            audit.note(
                tx,
                visit.actor,
                each.action,
                visit.now,
                kind=each.kind,
                subject=each.subject,
                people=each.people,
                **each.details,
            )

    # --- signing in ------------------------------------------------------------------------------------

    async def _ask_to_sign_in(self, request: Request) -> Response:
        """A page with a button: who only looks (as a preview of the link does) uses nothing up."""
        token = request.path_params["token"]
        found = await self._database.read(usecase.look, token, self._clock.now())
        if isinstance(found, usecase.Refusal):
            raise self._refusal(found)
        values = {"token": token, "to": _landing(request)}
        return self._html(request, self._plain_page("sign_in.html", reader(found.person), values))

    async def _sign_in(self, request: Request) -> Response:
        self._check_origin(request)
        await _form(request, 1024)
        old = await self._browser(request)
        token = request.path_params["token"]
        found = await self._database.transact(self._signed_in, token, old)
        if isinstance(found, usecase.Refusal):
            raise self._refusal(found)
        self._nudge()
        response = self._redirect(_landing(request))
        lasts = int((await self._database.read(usecase.lasting)).longest.total_seconds())
        self._set_cookie(response, found, min(lasts, 400 * 86_400))  # longer ones browsers cut down
        return response

    async def _signed_out(self, request: Request) -> Response:
        return self._html(request, self._plain_page("signed_out.html", self._stranger(request), {}))

    def _signed_in(self, tx: Transaction, token: str, old: str | None) -> str | usecase.Refusal:
        now = self._clock.now()
        before = None if old is None else usecase.signed_in(tx, old, now)
        found = usecase.sign_in(tx, token, now)
        if before is not None and not isinstance(found, usecase.Refusal):
            usecase.sign_out(tx, before.browser_id)
        return found

    def _refusal(self, found: usecase.Refusal) -> PageError:
        match found:
            case usecase.Refusal.UNKNOWN:
                if self._brake.pull():
                    _log.warning("links to sign in are being guessed", action="sign_in_guessed")
                if self._brake.stopped:
                    return PageError(429, "page.error_429")
                return PageError(404, "page.sign_in_unknown")
            case usecase.Refusal.USED:
                return PageError(410, "page.sign_in_used")
            case usecase.Refusal.EXPIRED:
                return PageError(410, "page.sign_in_expired")
            case usecase.Refusal.NO_ROLE:
                return PageError(403, "page.sign_in_no_role")

    async def _browser(self, request: Request) -> str | None:
        """The token of the browser, if it is one that was made here."""
        given = request.cookies.get(self._cookie, "")
        return given if given and made_by(await self._key(), Kind.BROWSER, given) else None

    async def _key(self) -> bytes:
        if self._secret is None:
            self._secret = await self._database.transact(secret, PAGES)
        return self._secret

    def _set_cookie(self, response: Response, value: str, seconds: int) -> None:
        response.set_cookie(
            self._cookie,
            value,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def _check_origin(self, request: Request) -> None:
        """Forms come from pages of our own; raises PageError."""
        origin = request.headers.get("origin")
        if origin is None:  # browsers that do not say where a form comes from say at least this
            mine = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        else:
            # A proxy may give another host's name; what it can't do is make a browser lie about the origin.
            mine = origin == self._origin or urlsplit(origin).netloc == request.headers.get("host")
        if not mine:
            raise PageError(403, "page.error_form")

    # --- answers ---------------------------------------------------------------------------------------

    def _guarded(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[..., Any]:
        """`answer`, and a page with a sentence where there is none; nothing escapes to the server."""

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except PageError as error:
                return await self._sorry(request, error.status, error.say, error.back)
            except ClientDisconnect:
                return Response(status_code=400)
            except DatabaseError as error:
                _log.warning(
                    "a page could not be shown: the database is away",
                    action="page_without_database",
                    why=str(error),
                )
                return await self._sorry(request, 503, Say("page.error_503"))
            except Exception:  # noqa: BLE001 - a fault of ours: people get a sentence, the log what it was
                route = request.scope.get("route")
                _log.error(
                    "a page failed, through a fault of Rekan",
                    action="page_failed",
                    exc_info=True,
                    page=getattr(route, "path", ""),
                    method=request.method,
                )
                return await self._sorry(request, 500, Say("page.error_500"))

        return guarded

    async def _astray(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        say = Say(f"page.error_{status if status in _ERRORS else 400}")
        response = await self._sorry(request, status, say)
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    async def _sorry(self, request: Request, status: int, say: Say, back: str = "") -> Response:
        """A page with a sentence, in the language of who asks."""
        values = {"status": status, "sentence": say, "back": back}
        html: str | None = None
        if status not in {401, 500, 503}:  # of those nothing is to be looked up
            try:
                if (browser := await self._browser(request)) is not None:
                    html = await self._database.read(self._sorry_visitor, request, browser, values)
            except DatabaseError:
                html = None
        if html is None:
            html = self._plain_page("error.html", self._stranger(request), values)
        response = self._html(request, html, status)
        if status == 401:
            response.headers["WWW-Authenticate"] = "Telegram"
            response.delete_cookie(self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax")
        if status == 429:
            response.headers["Retry-After"] = "60"
        return response

    def _sorry_visitor(
        self, tx: Transaction, request: Request, browser: str, values: Mapping[str, Any]
    ) -> str | None:
        try:
            visit, _ = self._visit(tx, request, browser, {})
        except PageError:
            return None
        return self._page(Show("error.html", values), visit, browser)

    @staticmethod
    def _stranger(request: Request) -> Reader:
        wanted = request.headers.get("accept-language", "").strip().lower()
        return Reader(Language.EN if wanted.startswith("en") else Language.ID, Zone.WIB)

    def _page(self, shown: Show, visit: Visit, browser: str) -> str:
        menu = [
            (
                way.menu,
                way.path,
                visit.path == way.path or (len(way.path) > 1 and visit.path.startswith(f"{way.path}/")),
            )
            for way in self._ways
            if way.menu and visit.actor.may(way.right)
        ]
        said = visit.query.get("said", "")
        values = {
            "visit": visit,
            "menu": menu,
            "said": said if self._sayable(said) else "",
            "form_token": self._form_token(browser),
            **shown.values,
        }
        return self._rendering.page(shown.template, visit.reader, values)

    def _sayable(self, said: str) -> bool:
        return f"page.said_{said}" in self._database.catalogue.texts

    def _form_token(self, browser: str) -> str:
        return "" if self._secret is None else form_token(self._secret, browser, secrets.token_bytes(32))

    def _plain_page(self, template: str, reader: Reader, values: Mapping[str, Any]) -> str:
        """A page for somebody who is not signed in."""
        known: dict[str, Any] = {"visit": None, "menu": [], "said": "", "form_token": ""}
        return self._rendering.page(template, reader, {**known, **values})

    async def _answered(self, request: Request, made: _Made) -> Response:
        match made.answer:
            case Show(status=status):
                return self._html(request, made.html, status)
            case Download(name, media_type, content):
                headers = {**_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
                return Response(content, 200, headers, media_type)
            case Fetched(file_id, name, picture):
                return await self._fetched(file_id, name, picture=picture)
            case Go(path, said, signed_out):
                response = self._redirect(f"{path}?said={said}" if said else path)
                if signed_out:
                    response.delete_cookie(
                        self._cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
                    )
                return response

    async def _fetched(self, file_id: str, name: str, *, picture: bool) -> Response:
        """A file that somebody sent, from Telegram; raises PageError where it cannot be had."""
        if self._sent_to_us is None:
            raise PageError(503, "page.files_not_here")
        try:
            async with self._fetching:  # each may be 20 MB in memory
                content = await self._sent_to_us.fetch(file_id)
        except NotFetchedError as error:
            _log.warning("a file could not be fetched", action="file_not_fetched", why=str(error))
            raise PageError(503, "page.file_gone") from None
        shown = "inline" if picture else "attachment"
        headers = {**_HEADERS, "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(name)}"}
        return Response(content, 200, headers, "image/jpeg" if picture else "application/octet-stream")

    def _redirect(self, path: str) -> Response:
        return Response(status_code=303, headers={**_HEADERS, "Location": self._base + path})

    def _html(self, request: Request, html: str, status: int = 200) -> Response:
        body, headers = html.encode(), {**_HEADERS, "Vary": "Accept-Encoding"}
        # The one secret in it is masked anew each time, so that its length after this tells nothing.
        if len(body) >= _WORTH_IT and "gzip" in request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = gzip.compress(body, 5), "gzip"
        return Response(body, status, headers, "text/html")

    async def _serve_static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._static:
            raise not_found()
        return Response(self._static[name], 200, {**_HEADERS, **_FOR_EVER}, _STATIC[name])


def _landing(request: Request) -> str:
    """The page of ours that a sign-in link leads to."""
    to = request.query_params.get("to", "/")
    return to if _LANDING.fullmatch(to) else "/"


async def _form(request: Request, largest: int) -> dict[str, str]:
    """The fields that were sent; raises PageError where they are none, or too large."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > largest:
        raise PageError(413, "page.error_413")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > largest:
            raise PageError(413, "page.error_413")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise PageError(415, "page.error_400")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=500, errors="strict")
    except ValueError:  # UnicodeDecodeError is one
        raise bad_input() from None
    return dict(pairs)
