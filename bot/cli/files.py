"""Files that name people."""

import os
from pathlib import Path


def private(file: Path) -> Path:
    """The file, made so that only its owner may read it, and empty."""
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o600)  # it may have been there before, open to all
    finally:
        os.close(descriptor)
    return file
