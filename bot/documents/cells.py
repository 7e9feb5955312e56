"""A cell of a table that a spreadsheet is to take as it is."""


def inert(cell: str) -> str:
    """Make a CSV cell that is no formula and no rounded number to a spreadsheet; `read_roster` undoes it."""
    ruined = cell.isdigit() and (len(cell) > 11 or cell[0] == "0")
    return f"'{cell}" if ruined or cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
