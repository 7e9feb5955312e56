"""`python -m bot` is `rekan`."""

from bot.cli import main

main()
