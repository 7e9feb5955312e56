"""What may come in the wrong order."""

import time
from collections.abc import Callable

from bot.simulator import Simulator, TimeoutAfter
from tests.acceptance.books import Books
from tests.acceptance.crowd import Crowd
from tests.acceptance.installation import FAST, Installation, eventually
from tests.acceptance.orientation import enrol, write_schedule

HANGS = 7.0


async def test_a_vote_in_a_poll_whose_sending_is_never_answered_holds_up_nobody(
    quick_telegram: Simulator, install: Callable[..., Installation], seed: int
) -> None:
    telegram = quick_telegram
    rekan = install(telegram, FAST)
    write_schedule(rekan.folder)
    one, other = enrol(rekan.database_url, telegram, 2)
    books = Books(rekan.database_url, telegram)
    await rekan.start()
    telegram.faults.add("sendPoll", chat_id=one.id, kind=TimeoutAfter(HANGS))
    books.doubtful[one.id] = 1
    async with Crowd(telegram, [one], seed) as crowd:
        (voter,) = crowd.participants
        await eventually(lambda: bool(voter.votes), "a vote", rekan)
        began = time.monotonic()
        for n in range(2):
            await other.send("/bantuan")
            await eventually(lambda n=n: len(other.inbox) > n, "an answer", rekan)
        assert time.monotonic() - began < HANGS - 2
        await crowd.finish()
    await books.settled(rekan)
    books.every_answer_once(crowd.participants)
    assert books.every_message_once() == 1
    assert not rekan.events("update_failed")
    assert await rekan.stop() == 0
