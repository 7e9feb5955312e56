"""What the pages ask, asked of PostgreSQL too: for who sees everybody, and for who is limited."""

from collections.abc import Callable

from bot.storage.database import Database
from tests.web.pages import catalogue, fill, world
from tests.web.test_pages import PLANS

FILES = ("/people?as=csv", "/deliveries?as=csv", "/journals?as=csv", "/announcements/{notice}?as=csv")


async def test_each_page_is_answered(postgresql: Callable[[str], str], migrated: str) -> None:
    database = Database.open(str(postgresql(migrated)), catalogue())
    found = {}
    try:
        async with world(database) as here:
            ids = here.people | here.write(fill, here.people)
            for name in ("owner", "part"):
                async with here.browser(name) as browser:
                    for path in (*PLANS, *FILES):
                        found[name, path] = (await browser.get(path.format(**ids))).status_code
    finally:
        database.close_now()
    refused = {path: 404 for path in (*PLANS, *FILES) if "{notice}" in path}
    refused |= {path: 403 for path in PLANS if path.startswith("/audit")}
    assert found == {
        (name, path): refused.get(path, 200) if name == "part" else 200
        for name in ("owner", "part")
        for path in (*PLANS, *FILES)
    }
