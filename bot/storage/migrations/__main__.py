"""`python -m bot.storage.migrations "what changes"`: write the next migration (for developers)."""

import re
import sys
import tempfile
from pathlib import Path

from bot.storage import schema
from bot.storage.engines import Sqlite


def main(arguments: list[str]) -> int:
    """Compare the models with what the migrations make of an empty database, and write the difference."""
    if len(arguments) != 1:
        sys.stderr.write('say what changes: python -m bot.storage.migrations "a column for …"\n')
        return 2
    what = arguments[0].rstrip(".")
    number = f"{len(schema.known()) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        kind = Sqlite(Path(folder) / "empty.db")
        if schema.known():
            schema.upgrade(kind, views=False)
        path = schema.generate(kind, what, number)
    # Alembic's own name for it has no limit we like, and its marks say nothing.
    target = path.with_name(f"{number}_{re.sub(r'[^a-z0-9]+', '_', what.lower()).strip('_')[:40]}.py")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    target.write_text(
        "".join(line for line in lines if not line.lstrip().startswith("# ###")), encoding="utf-8"
    )
    if path != target:
        path.unlink()
    sys.stdout.write(f"{target}: read it, mend it, then run `make fix` and the tests\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
