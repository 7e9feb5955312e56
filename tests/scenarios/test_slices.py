"""What the timetable makes in slices is made to its end at once, in the application as it is wired."""

from pathlib import Path

import pytest

from bot.domain.programme import Catalogue
from bot.usecases import slices
from tests.scenarios import play
from tests.scenarios.stage import Stage

PLAY = """A material for its start goes to a crowd.

Begins: Sen 9 Nov 08.53 WIB
On the roster: Anna, Puskesmas Maros, Sulawesi Selatan
On the roster: Budi, Dinas Kesehatan, Jawa Barat
On the roster: Citra, Dinas Kesehatan, Jawa Barat
Has joined: Anna, Budi, Citra
Speaks: Bagus, at: pembukaan
----

Bagus sends a document: Bahan tayang

Bagus: [▶️ Saat sesi mulai]

-- Sen 9 Nov 09.01 WIB --
"""


async def test_what_is_made_when_a_session_starts_reaches_the_last_one_soon(
    catalogue: Catalogue, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", 1)
    stage = Stage(play.read(PLAY), catalogue, database)
    transcript = await stage.perform()
    after = transcript.partition("-- Sen 9 Nov 09.01 WIB --")[2]
    told = {line.partition(":")[0] for line in after.splitlines() if "(document" in line}
    assert told == {"Bot -> Anna", "Bot -> Budi", "Bot -> Citra"}, after
