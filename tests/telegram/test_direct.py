"""The direct way to the Bot API, against a server that says byte by byte what it says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.telegram.direct import Direct
from bot.telegram.errors import AnswerLostError, NeverSentError
from tests.benchmarks import certificate
from tests.telegram.scripted_api import TOKEN

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk, *, most: int = 4, host: str = "127.0.0.1") -> AsyncIterator[Direct]:
    """A way to a server that talks so on each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    direct = Direct(f"http://{host}:{server.sockets[0].getsockname()[1]}/bot{TOKEN}", most=most)
    try:
        yield direct
    finally:
        direct.close()
        server.close()
        await server.wait_closed()


async def request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return head + await reader.readexactly(length)


def answering(*pieces: bytes, end: bool = False) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.001)
            if end:
                return

    return talk


async def test_what_is_posted_and_one_connection_for_calls_one_after_the_other() -> None:
    seen: list[bytes] = []
    connections: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(len(seen))
        while True:
            seen.append(await request(reader))
            writer.write(OK)

    async with talking(talk) as direct:
        for _ in range(3):
            assert await direct.post("sendMessage", b'{"a":1}') == (200, b"{}")
    assert connections == [0]
    assert seen[0].startswith(b"POST /bot%b/sendMessage HTTP/1.1\r\nHost: 127.0.0.1:" % TOKEN.encode())
    assert seen[0].endswith(b'\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}')


async def test_a_name_with_several_addresses_leads_to_the_one_that_answers() -> None:
    # `localhost` is ::1 too, where nobody listens.
    async with talking(answering(OK), host="localhost") as direct:
        assert await direct.post("sendMessage", b"{}") == (200, b"{}")


@pytest.mark.parametrize(
    "pieces",
    [
        (OK[:5], OK[5:30], OK[30:]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", b"1\r\n}\r\n0\r\n\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", OK),
    ],
)
async def test_an_answer_in_pieces(pieces: tuple[bytes, ...]) -> None:
    async with talking(answering(*pieces)) as direct:
        for _ in range(2):
            assert await direct.post("x", b"{}") == (200, b"{}")


@pytest.mark.parametrize("head", [b"HTTP/1.0 403 Forbidden\r\n\r\n", b"HTTP/1.1 403 Forbidden\r\n\r\n"])
async def test_an_answer_that_ends_with_its_connection(head: bytes) -> None:
    async with talking(answering(head, b"<html>", end=True)) as direct:
        assert await direct.post("x", b"{}") == (403, b"<html>")


@pytest.mark.parametrize(
    "pieces", [(), (b"HTTP/1.1 200 OK\r\nContent-Le",), (OK[:-1],), (b"SSH-2.0-OpenSSH\r\n",)]
)
async def test_half_an_answer_or_none_is_in_doubt(pieces: tuple[bytes, ...]) -> None:
    async with talking(answering(*pieces, end=True)) as direct:
        with pytest.raises(AnswerLostError):
            await direct.post("x", b"{}")


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    async with talking(
        answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    ) as direct:
        for _ in range(3):
            assert await direct.post("x", b"{}") == (200, b"")
    async with talking(answering(OK, end=True)) as direct:  # closed without a word
        for _ in range(3):
            assert await direct.post("x", b"{}") == (200, b"{}")
            while direct._open:  # noqa: ASYNC110 - what is looked at knows no events
                await asyncio.sleep(0.001)


async def test_no_more_connections_than_allowed() -> None:
    here = most = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal here, most
        here += 1
        most = max(most, here)
        try:
            await answering(OK)(reader, writer)
        finally:
            here -= 1

    async with talking(talk, most=3) as direct:
        answers = await asyncio.gather(*(direct.post("x", b"{}") for _ in range(20)))
    assert answers == [(200, b"{}")] * 20
    assert most == 3


async def test_connections_are_opened_before_a_crowd_and_used_by_it() -> None:
    opened = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await answering(OK)(reader, writer)

    async with talking(talk, most=9) as direct:
        await direct.expect(60)  # of a tenth of a second each, as none has shown it yet, and a quarter more
        assert len(direct._open) == 8
        await direct.expect(60)
        assert len(direct._open) == 8
        await asyncio.gather(*(direct.post("x", b"{}") for _ in range(8)))
        assert opened == 8
        await direct.expect(1_000_000)
        assert len(direct._open) == 9


async def test_a_crowd_may_be_expected_while_nobody_answers() -> None:
    async with talking(answering(OK)) as direct:
        pass
    direct.reopen()
    await direct.expect(60)
    assert not direct._open


async def test_who_gives_up_leaves_no_answer_for_the_next() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = (await request(reader))[-1:]
        if body == b"1":
            await asyncio.sleep(0.05)
        writer.write(OK[:-2] + b"." + body)

    async with talking(talk, most=1) as direct:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(direct.post("x", b"1"), 0.02)
        assert await direct.post("x", b"2") == (200, b".2")


async def test_no_address_and_no_server_mean_never_sent() -> None:
    async with talking(answering(OK)) as direct:
        pass
    with pytest.raises(NeverSentError):
        await direct.post("x", b"{}")
    for address in (f"not-an-address/bot{TOKEN}", f"http://127.0.0.1:1/bot{TOKEN}"):
        with pytest.raises(NeverSentError) as caught:
            await Direct(address, most=1).post("x", b"{}")
        assert TOKEN not in f"{caught.value!r}{caught.value.__cause__!r}"


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = certificate.make(tmp_path).server_context()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    direct = Direct(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot{TOKEN}", most=4)
    try:
        with pytest.raises(NeverSentError, match="CERTIFICATE_VERIFY_FAILED"):
            await direct.post("getMe", b"{}")
    finally:
        direct.close()
        server.close()
        await server.wait_closed()
