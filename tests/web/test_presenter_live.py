"""Questions and live quizzes on the presenter page: what everybody in Zoom may see, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from bot.domain.live_quiz import Question
from bot.domain.questions import State
from bot.storage import live_quiz as stored
from bot.storage import people, staff
from bot.storage import questions as asked_of
from bot.storage.database import Transaction
from bot.usecases import live_quiz, questions
from tests.examples import SESSION, text
from tests.web.pages import World

LIVE = "/layar/hari-1/live"
QUESTION = Question(text("Mana <yang> benar?"), (text("Alfa"), text("Beta & Gama")), (1,), text("Sebab."))


def launch(tx: Transaction, here: World, now: datetime) -> int:
    """A question that Anna and Budi have, and Anna has answered; its number."""
    actor = staff.actor_by_id(tx, here.people["speaker"])
    programme = tx.catalogue.programmes["p"]
    assert actor is not None
    made = live_quiz.draft(tx, actor, programme, programme.sessions[0], QUESTION, now)
    assert made is not None
    live_quiz.launch(tx, actor, programme, made.id, "all", now)
    have = [(f"poll-{name}", made.id, here.people[name], 1) for name in ("anna", "participant")]
    stored.note_copies(tx, have, now)
    vote(tx, here, "anna", 1, now + timedelta(seconds=4))
    return made.id


def vote(tx: Transaction, here: World, name: str, option: int, now: datetime) -> None:
    person: Any = people.person(tx, here.people[name])
    live_quiz.vote(tx, person, f"poll-{name}", (option,), now)


def ask(tx: Transaction, here: World, now: datetime) -> None:
    for name, words, state in (
        ("anna", "Kapan <b>SK</b>?", State.OPEN),
        ("participant", "Sudah dijawab?", State.ANSWERED),
        ("wati", "Kata kasar", State.HIDDEN),
    ):
        number = asked_of.ask(
            tx,
            programme_id="p",
            session_id="hari-1",
            person_id=here.people[name],
            anonymous=False,
            text=words,
            now=now,
        )
        asked_of.settle(tx, number, state, here.people["owner"], now)
    asked_of.support(tx, 1, here.people["wati"], now)
    asked_of.ask(
        tx,
        programme_id="other",
        session_id="hari-1",
        person_id=here.people["other"],
        anonymous=False,
        text="Pertanyaan program lain",
        now=now,
    )


async def test_the_right_answer_is_seen_once_it_is_shown(here: World) -> None:
    await here.clock.advance_to(SESSION.starts)
    now = here.clock.now()
    number = here.write(launch, here, now)
    async with here.browser("speaker") as browser:
        before = (await browser.get(LIVE)).text
        here.write(vote, here, "participant", 0, now + timedelta(seconds=9))
        actor = here.read(staff.actor_by_id, here.people["speaker"])
        await here.clock.advance_to(now + timedelta(seconds=30))
        running = (await browser.get(LIVE)).text
        here.write(live_quiz.reveal, actor, here.database.catalogue.programmes["p"], number, here.clock.now())
        after = (await browser.get(LIVE)).text
    assert "Mana &lt;yang&gt; benar?" in before
    assert "1 dari 2 orang sudah menjawab" in before
    assert "2 dari 2 orang sudah menjawab" in running
    assert "sisa waktu 60 detik" in running  # for Wati, whose copy is still on its way
    assert 'class="right"' not in before + running
    assert "benar</strong>" not in before + running
    right = after.partition('class="right"')[2]
    assert right.index("Beta &amp; Gama") < right.index("✓ benar")
    assert "sisa waktu" not in after
    assert all("Anna" not in each for each in (before, running, after))


async def test_questions_that_wait_and_not_who_asked_them(here: World) -> None:
    await here.clock.advance_to(SESSION.starts)
    here.write(ask, here, here.clock.now())
    async with here.browser("speaker") as browser:
        shown = (await browser.get(LIVE)).text
    assert "Kapan &lt;b&gt;SK&lt;/b&gt;?" in shown
    assert "👍 1" in shown
    for hidden in ("Anna", "Sudah dijawab?", "Kata kasar", "program lain"):
        assert hidden not in shown


def test_participants_see_no_names_either(here: World) -> None:
    here.write(ask, here, SESSION.starts)
    programme = here.database.catalogue.programmes["p"]
    budi = here.read(people.person, here.people["participant"])
    reply = here.write(questions.overview, budi, programme, SESSION.starts)
    said = repr(reply)
    assert "Kapan" in said
    assert all(each not in said for each in ("Anna", "Wati", "Kata kasar", "program lain"))
