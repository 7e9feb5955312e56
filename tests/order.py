"""Which tests a run with several workers keeps together in one of them, and which come first.

`xdist_group` marks would say nothing: pytest 9.2 has structured node ids, and the group that pytest-xdist 3.8
adds to them is silently lost. Every worker had its own Chromium, aiogram and benchmarks.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    # To load aiogram takes seconds.
    "tests/scenarios/": "plays",
    "tests/simulator/test_foreign_models.py": "plays",
    "tests/acceptance/test_demo.py": "demo",
    # They share the ground, and the machine is busy enough.
    "tests/benchmarks/": "benchmarks",
    # Each is several processes, and most of them have something to be done within seconds.
    "tests/acceptance/": "processes",
    # One Chromium is enough, and to start it takes seconds.
    "tests/browser/": "browser",
}
"""The group of what is dear to set up or would disturb itself, by how its node ids begin.

The groups begin in this order: what takes long and begins at the end runs beside nothing.
"""


def group(nodeid: str) -> str | None:
    """The group that a test belongs to."""
    return next((name for begins, name in TOGETHER.items() if nodeid.startswith(begins)), None)


def in_order(items: list[pytest.Item]) -> None:
    """Put the groups first, and leave each group's tests, and all others, in their order."""
    places = {name: place for place, name in enumerate(dict.fromkeys(TOGETHER.values()))}
    items.sort(key=lambda item: places.get(group(item.nodeid) or "", len(places)))


class Order(LoadScopeScheduling):
    """Hands out each group to one worker, and then all other tests one by one, as they were collected."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would have those first that are many

    def schedule(self) -> None:
        """As usual; fails where the groups are not what is handed out."""
        first = self.collection is None
        super().schedule()
        if first:
            scopes = {*self.workqueue, *(each for work in self.assigned_work.values() for each in work)}
            assert scopes == {group(nodeid) or nodeid for nodeid in self.collection or ()}

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid) or nodeid
