"""What several commands take, as Typer has it."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="The configuration; otherwise config.yaml in this folder."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
ProgrammeId = Annotated[
    str | None,
    typer.Option("--programme", "-p", metavar="ID", help="Which orientation, where there are several."),
]
