"""Modules and quizzes on the page: of whose, how many, and what a question's figures say."""

import re

from sqlalchemy import insert

from bot.storage.database import Transaction
from bot.storage.tables import ModuleDoneRow, QuizAnswerRow, QuizAttemptRow
from tests.examples import add_person
from tests.web.pages import BEGIN, MAROS, WAMENA, World


def cells(page: str) -> list[list[str]]:
    """The rows of a page's table, as text."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    found = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows[1:]]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in found]


def progress(tx: Transaction, anna: int, wati: int) -> None:
    for person_id in (anna, wati):
        tx.connection.execute(
            insert(ModuleDoneRow).values(person_id=person_id, module_id="wawasan", done_at=BEGIN)
        )
    for n in range(24):
        person_id = add_person(tx, f"Murid {n}", office=MAROS if n % 2 else WAMENA)
        right = n % 4 == 0
        values = {"person_id": person_id, "quiz_id": "kuis", "attempt": 1}
        tx.connection.execute(
            insert(QuizAttemptRow).values(
                asked=["q1"], questions=1, started_at=BEGIN, finished_at=BEGIN, right=int(right), **values
            )
        )
        tx.connection.execute(
            insert(QuizAnswerRow).values(
                question_id="q1", options=[0 if right else 1], correct=right, answered_at=BEGIN, **values
            )
        )


async def test_modules_by_office_and_scope(here: World) -> None:
    here.write(progress, here.people["anna"], here.people["wati"])
    async with here.browser("owner") as browser:
        assert cells((await browser.get("/modules")).text)[0] == ["wawasan", "2", "27", "7"]
        assert sorted(cells((await browser.get("/modules/wawasan")).text)) == [
            [MAROS, "1", "14", "7"],
            [WAMENA, "1", "13", "7"],
        ]
    async with here.browser("part") as browser:
        assert cells((await browser.get("/modules/wawasan")).text) == [[MAROS, "1", "14", "7"]]
        csv = (await browser.get("/modules?as=csv")).text.splitlines()
        assert csv[1] == "wawasan,1,14,7"


async def test_a_question_in_figures_words_and_a_plot(here: World) -> None:
    here.write(progress, here.people["anna"], here.people["wati"])
    async with here.browser("owner") as browser:
        assert cells((await browser.get("/quizzes")).text) == [["Kuis", "1", "24", "25"]]
        page = (await browser.get("/quizzes/kuis")).text
        assert cells(page) == [["1", "?", "24", "25", "–", "Sangat sulit"]]
        assert page.count("<svg") == 2
        assert "style=" not in page
        assert "Jawaban benar" in page
        assert "Nilai tinggi: 100%." in page
    async with here.browser("part") as browser:
        page = (await browser.get("/quizzes/kuis")).text
        assert cells(page)[0][2:4] == ["12", "0"]
