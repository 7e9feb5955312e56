"""Lists to print: a PDF (A4, landscape) of a table, every value of its first column on pages of its own."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby


def write_sheets(
    *,
    title: str,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
    now: datetime | None = None,
) -> bytes:
    """Write the table, whose rows are in the order of their first column; `notes` stand above every part.

    `now` is the PDF's creation date; without one it has none. 3,400 rows take some seconds.
    """
    import typst  # noqa: PLC0415 - whoever can send a sheet would else load it at the start

    parts = [
        {"name": name, "rows": [[str(number), *row[1:]] for number, row in enumerate(part, start=1)]}
        for name, part in groupby(rows, key=lambda row: row[0])
    ]
    data = {
        "title": title,
        "first": titles[0],
        "titles": ["", *titles[1:]],
        "parts": parts,
        "notes": list(notes),
    }
    # Names reach the page as data, never as markup: no sign in them means anything to Typst.
    return bytes(
        typst.compile(
            _SHEET.encode(),
            format="pdf",
            sys_inputs={"data": json.dumps(data)},
            ignore_system_fonts=True,
            pdf_tags=False,  # a list to print and sign; a third of the size
            timestamp=None if now is None else now.astimezone(UTC).replace(microsecond=0),
        )
    )


_SHEET = r"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title)
#set text(font: "Libertinus Serif", size: 9.5pt, lang: "id", hyphenate: false)
#let small(body) = text(size: 7.5pt, fill: luma(80), body)
#let sheet(part) = page(
  paper: "a4",
  flipped: true,
  margin: (x: 14mm, top: 22mm, bottom: 16mm),
  header: grid(columns: (1fr, auto), strong(data.title), part.name),
  footer: context align(center, small(counter(page).display("1 / 1", both: true))),
  {
    strong(text(size: 12pt, if part.name == "" { "—" } else { part.name }))
    for note in data.notes { linebreak(); small(note) }
    v(2mm)
    table(
      columns: (auto, 2fr, ..range(data.titles.len() - 2).map(_ => 1fr)),
      stroke: 0.4pt + luma(150),
      inset: 4pt,
      table.header(..data.titles.map(each => strong(each))),
      ..part.rows.flatten(),
    )
  },
)
#for part in data.parts { sheet(part) }
#if data.parts.len() == 0 { sheet((name: "", rows: ())) }
"""
