import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.cli.botapi import Answer, OutOfReachError, ask

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


@pytest.fixture
def serve() -> Iterator[Callable[[int, bytes], str]]:
    """Serve one answer to everything; gives the address."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def date_time_string(self, timestamp: float | None = None) -> str:
                return "Mon, 09 Nov 2026 02:00:00 GMT"

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_answer_carries_the_servers_clock(serve: Callable[[int, bytes], str]) -> None:
    address = serve(200, b'{"ok": true, "result": {"username": "rekan_bot"}}')
    at = datetime(2026, 11, 9, 2, tzinfo=UTC)
    assert ask(address, TOKEN, "getMe") == Answer(200, {"username": "rekan_bot"}, "", at)


def test_a_refusal_is_an_answer(serve: Callable[[int, bytes], str]) -> None:
    address = serve(401, b'{"ok": false, "error_code": 401, "description": "Unauthorized"}')
    answer = ask(address + "/", TOKEN, "getMe")
    assert (answer.ok, answer.status, answer.description) == (False, 401, "Unauthorized")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"\xff", b"{}", b""])
def test_another_kind_of_server_is_recognised(serve: Callable[[int, bytes], str], body: bytes) -> None:
    with pytest.raises(OutOfReachError, match=r"HTTP 200\) is no Bot API server"):
        ask(serve(200, body), TOKEN, "getMe")


def test_no_failure_names_the_token() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        quiet = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for address in (
            quiet,
            "http://127.0.0.1:1",
            "ftp://x",
            "http://[",
            "http://no such host",
            "file:///etc",
        ):
            with pytest.raises(OutOfReachError) as failure:
                ask(address, TOKEN, "getMe", timeout=0.05)
            assert TOKEN not in str(failure.value)
            assert str(failure.value)
