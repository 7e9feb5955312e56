"""What was called: a bounded record for tests and reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call as the simulator saw it, in the order of their ends."""

    bot_id: int
    method: str  # as the caller wrote it
    params: Mapping[str, Any]  # without the contents of uploads
    at: datetime
    error_code: int | None  # None: it went well
    description: str  # of the error
    chat_id: int | None
    fault: str | None = None  # the name of the fault that struck it

    @property
    def ok(self) -> bool:
        """Whether the caller was told that all is well."""
        return self.error_code is None and self.fault is None
