"""`rekan schema`: the files that are generated from models and texts; for who develops Rekan."""

import typer


def schema() -> None:
    """Write the schemas for editors, and the list of texts that the program says, anew.

    For developers: after a change of a file model, of the configuration, or of a text's key or placeholders.
    """
    from bot.config import SHIPPED, Config
    from bot.content import schemas

    for file in schemas.write(SHIPPED.parent / "content", Config):
        typer.echo(str(file))
