"""Claim links out: a table for mail merges, and a sheet to print, cut and hand over, with a QR code each."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import segno
import typst

from bot.documents.cells import inert


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """A person's one-time link, with what tells them and whoever hands it over whose it is.

    `nip` is the masked one (`Nip.masked`): the sheet lies about in offices.
    """

    name: str
    office: str
    url: str
    nip: str = ""
    wave: str | None = None
    class_: str | None = None
    group: str | None = None

    @property
    def place(self) -> str:
        """The groups in words, as a coordinator looks for them."""
        return _named(Gelombang=self.wave, Angkatan=self.class_, Kelompok=self.group)


def write_links_csv(path: Path, links: Iterable[ClaimLink]) -> None:
    """Write one row a person: UTF-8 with BOM (else Excel misreads names), commas, no cell a formula."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("Nama", "NIP", "Satker", "Gelombang", "Angkatan", "Kelompok", "Tautan"))
        for link in _sorted(links):
            cells = (link.name, link.nip, link.office, link.wave, link.class_, link.group, link.url)
            writer.writerow([inert(cell or "") for cell in cells])


def write_links_sheet(
    path: Path, links: Iterable[ClaimLink], *, title: str, now: datetime, subtitle: str = ""
) -> None:
    """Write a PDF (A4) of cards to cut out, every office on pages of its own, its classes one after another.

    `now` is the PDF's creation date. 3,400 people take some 20 seconds and 900 MB, 340 pages.
    """
    offices = [
        {
            "name": _short(office),
            "classes": [_class(*grouped) for grouped in groupby(of_office, key=_class_of)],
        }
        for office, of_office in groupby(_sorted(links), key=lambda link: link.office)
    ]
    data = {"title": title, "subtitle": subtitle, "offices": offices}
    # Names reach the page as data, never as markup: no sign in them means anything to Typst.
    pdf = typst.compile(
        _SHEET.encode(),
        format="pdf",
        sys_inputs={"data": json.dumps(data)},
        ignore_system_fonts=True,
        pdf_tags=False,  # a sheet to print; a third of the size
        timestamp=now.astimezone(UTC).replace(microsecond=0),
    )
    path.write_bytes(pdf)


def _sorted(links: Iterable[ClaimLink]) -> list[ClaimLink]:
    """Return them as they are handed over: by office, then class and group, then name."""
    return sorted(
        links,
        key=lambda link: (
            link.office.casefold(),
            link.office,
            _natural(link.wave),
            _natural(link.class_),
            _natural(link.group),
            link.name.casefold(),
        ),
    )


def _named(**labels: str | None) -> str:
    return " · ".join(f"{word} {label}" for word, label in labels.items() if label)


def _natural(label: str | None) -> tuple[int, str]:
    text = label or ""
    return (int(text) if text.isdecimal() else 0, text.casefold())


def _class_of(link: ClaimLink) -> str:
    return _named(Gelombang=link.wave, Angkatan=link.class_)


def _class(name: str, people: Iterable[ClaimLink]) -> dict[str, object]:
    return {"name": _short(name), "people": [_card(link) for link in people]}


def _card(link: ClaimLink) -> dict[str, str]:
    return {
        "name": _short(link.name),
        "office": _short(link.office),
        "place": _short(link.place),
        "nip": link.nip,
        "url": link.url,
        "qr": _qr(link.url),
    }


def _short(text: str) -> str:
    """Return what fits on a card."""
    return text if len(text) <= 90 else f"{text[:89].rstrip()}…"


def _qr(url: str) -> str:
    """Return the code as SVG. The mask is fixed: choosing the best of eight takes four times as long."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False, mask=2).save(out, kind="svg", border=0, xmldecl=False)
    return out.getvalue().decode()


_SHEET = r"""
#let data = json(bytes(sys.inputs.data))
#set document(title: data.title)
#set text(font: "Libertinus Serif", size: 9pt, lang: "id", hyphenate: false)
#let small(body) = text(size: 6.5pt, fill: luma(90), body)
#let cut = stroke(paint: luma(150), thickness: 0.4pt, dash: "dashed")
#let card(person) = block(height: 49mm, width: 100%, inset: 4mm, clip: true, breakable: false, grid(
  columns: (30mm, 1fr),
  column-gutter: 4mm,
  image(bytes(person.qr), format: "svg", width: 30mm, alt: "QR"),
  {
    set par(leading: 0.45em, spacing: 0.6em)
    text(size: 11pt, weight: "bold", person.name)
    parbreak()
    person.office
    if person.place != "" { linebreak(); person.place }
    if person.nip != "" { linebreak(); text(size: 8pt, "NIP " + person.nip) }
    parbreak()
    text(size: 8pt)[Pindai kode ini dengan kamera ponsel, lalu tekan *Mulai* (Start) di Telegram.
      Tautan ini hanya untuk Anda dan berlaku satu kali.]
    parbreak()
    small(emph[Scan the code and press Start in Telegram. The link is yours alone and works once.])
    parbreak()
    text(size: 6.5pt, font: "DejaVu Sans Mono", person.url)
  },
))
#for office in data.offices {
  page(
    paper: "a4",
    margin: (x: 10mm, top: 20mm, bottom: 14mm),
    header: grid(columns: (1fr, auto), strong(data.title) + h(1em) + small(data.subtitle), office.name),
    footer: context align(center, small(counter(page).display("1 / 1", both: true))),
    for class in office.classes {
      if class.name != "" { block(above: 3mm, below: 2mm, sticky: true, strong(class.name)) }
      grid(columns: (1fr, 1fr), stroke: cut, ..class.people.map(card))
    },
  )
}
"""
