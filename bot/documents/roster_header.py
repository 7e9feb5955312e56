"""Which row of a sheet holds the column titles, and which column holds what."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from bot.documents.tables import Cell, Dated
from bot.domain.language import Localised

_ROWS = 100  # title rows above the header, at most
_LINES = 3  # lines of one header, at most
_TITLE = 80  # characters; longer cells are sentences


class Field(Enum):
    """What a roster is read for; the value is the title that Rekan itself gives the column."""

    NAME = "Nama"
    NIP = "NIP"
    OFFICE = "Satker"
    PROVINCE = "Provinsi"
    WAVE = "Gelombang"
    CLASS = "Angkatan"
    GROUP = "Kelompok"


class Private(Enum):
    """What a roster may hold but Rekan does not read; the value is what it is called on screen."""

    NIK = Localised("NIK", "NIKs")
    PHONE = Localised("nomor telepon", "phone numbers")


# Titles as `_compared` leaves them, the surest first. A column is what the first match says.
_PATTERNS: Mapping[Field, tuple[str, ...]] = MappingProxyType(
    {
        Field.NIP: (
            r".*\bn(?:omor |o )?i(?:nduk )?p? ?(?:pppk|p3k)\b.*",
            r".*\bnip\b.*",
            r"(?:nomor|no) induk(?: (?:pegawai|asn)\b.*)?|employee (?:id|number)",
        ),
        Field.PROVINCE: (
            r"(?:nama )?(?:provinsi|propinsi|prov|province)(?: (?:penempatan|satker|satuan kerja|kantor))?",
            r"(?:nama )?(?:provinsi|propinsi|prov)\b.*|.*\b(?:provinsi|propinsi)",
        ),
        Field.OFFICE: (
            r"(?:.* )?(?:satker|satuan ?kerja)\b.*",
            r"(?:.* )?unit kerja\b.*",
            r"(?:nama |asal )?(?:kantor|instansi|lembaga|opd|skpd|perangkat daerah|unit organisasi|unor)\b.*",
            r"unit|dinas|penempatan|office|unit penempatan",
            r"(?:tempat|lokasi|unit) (?:ber)?(?:tugas|kerja|penempatan|formasi)",
            r"satuan pendidikan|(?:nama )?(?:upt|uptd)",
        ),
        Field.NAME: (
            r"(?:nama|nm) ?(?:lengkap|peserta|pegawai|asn|pppk|p3k)\b.*",
            r"nama|full name|name|participant name",
            r"peserta|participant|nama .*",
        ),
        Field.WAVE: (r"(?:gelombang|gel|wave|batch)\b.*",),
        Field.CLASS: (r"(?:angkatan|angk|ang|akt|kelas|kls|class)\b.*",),
        Field.GROUP: (r"(?:kelompok|kel|klp|grup|group)\b.*",),
    }
)
# Words that make a title mean somebody or something else than the participant and their place.
_OTHERS = re.compile(
    r"\b(?:ibu|ayah|atasan|pimpinan|pejabat|bank|rekening|suami|istri|pasangan|jabatan|penilai|mentor|coach|tutor"
    r"|pembimbing|narasumber|sekolah|universitas|lama|kegiatan|pelatihan|orang|wali|panggilan|alamat|kode"
    r"|tempat(?! (?:ber)?(?:tugas|kerja|penempatan|formasi)\b)"
    r"|kabupaten|kab|kota|kecamatan|kelurahan|desa|umur|usia|kelamin|eselon|jenis|kepala|lahir|zoom|file|email"
    r"|agama|pangkat|golongan|tmt|tanggal|tgl|bulan|tahun|jumlah)\b"
)
_PRIVATE: Mapping[Private, str] = MappingProxyType(
    {
        Private.NIK: r"(?:(?:no|nomor) )?(?:nik|ktp|e ktp)\b.*|.*\bkependudukan\b.*",
        Private.PHONE: (
            r".*\b(?:hp|telp|telepon|tlp|tlpn|telpon|wa|whatsapp|handphone|ponsel|phone|kontak|seluler)\b.*"
        ),
    }
)


_LONG_NUMBER = re.compile(r"[\W_]*(?:\d[\W_]*){8,30}")


@dataclass(frozen=True, slots=True)
class Header:
    """A header: its `first` and `last` row (from 0), each column's title, the fields' columns."""

    first: int
    last: int
    titles: tuple[str, ...]
    fields: Mapping[Field, int]
    also: tuple[tuple[int, Field], ...]  # columns that look like a field already found in a better one
    private: Mapping[int, Private]


def find_header(
    rows: Sequence[Sequence[Cell]], needed: frozenset[Field] = frozenset({Field.NAME, Field.NIP})
) -> Header | None:
    """Return the lines that name the most fields, the needed among them; the fewest and first of equals."""
    best: Header | None = None
    titles = [[_title(cell) for cell in row] for row in rows[: _ROWS + _LINES]]
    for lines in range(1, _LINES + 1):
        for first in range(min(_ROWS, len(titles) - lines + 1)):
            if any(_is_data(row) for row in rows[first : first + lines]):
                continue
            header = _header(first, titles[first : first + lines])
            found = len(header.fields) if best is None else len(header.fields) - len(best.fields)
            if found > 0 and needed <= header.fields.keys():
                best = header
    return best


def is_repeated(header: Header, row: Sequence[Cell]) -> bool:
    """Whether a row below is the header again, as lists printed on several pages have it."""
    return all(
        field in {seen for seen, _ in _meanings((_title(row[column]) if column < len(row) else "",))}
        for field, column in header.fields.items()
        if field in {Field.NAME, Field.NIP}
    )


def clean(text: str) -> str:
    """Leave out what nobody sees: zero-width characters, the apostrophe in front, surplus spaces."""
    text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(
            " " if char.isspace() else char
            for char in text
            if char.isspace() or unicodedata.category(char) not in {"Cf", "Cc", "Cs", "Co", "Cn"}
        )
    return " ".join(text.strip().removeprefix("'").split())


def _title(cell: Cell) -> str:
    return clean(cell).strip('"') if isinstance(cell, str) else ""


def _compared(title: str) -> str:
    words = " ".join(re.findall(r"[a-z0-9]+", title.casefold()))
    # N.I.P. and N A M A are words, spaced out.
    return re.sub(r"\b[a-z](?: [a-z]\b)+", lambda spaced: spaced.group().replace(" ", ""), words)


def _is_data(row: Sequence[Cell]) -> bool:
    """Whether a row cannot be part of a header: a long number, as a person's row has it, or a date."""
    return any(
        isinstance(cell, Dated)
        or (isinstance(cell, (int, float)) and abs(cell) >= 1e5)
        or (isinstance(cell, str) and _LONG_NUMBER.fullmatch(cell))
        for cell in row
    )


def _header(first: int, lines: Sequence[Sequence[str]]) -> Header:
    width = max(map(len, lines))
    columns = [tuple(line[column] if column < len(line) else "" for line in lines) for column in range(width)]
    best: dict[Field, tuple[int, int]] = {}
    seen: list[tuple[int, Field]] = []
    private: dict[int, Private] = {}
    group: tuple[str, ...] = ()
    for column, (*upper, lowest) in enumerate(columns):
        # A title merged over several columns stands in the first of them only.
        if any(upper) or not lowest:
            group = tuple(upper) if lowest else ()
        titles = [" ".join(filter(None, (*group, lowest))), lowest, *reversed(upper)]
        meanings = _meanings(titles)
        if meanings:
            field, rank = meanings[0]
            seen.append((column, field))
            best[field] = min(best.get(field, (rank, column)), (rank, column))
        elif kind := _private(titles):
            private[column] = kind
    fields = {field: column for field, (_, column) in best.items()}
    return Header(
        first,
        first + len(lines) - 1,
        tuple(" ".join(dict.fromkeys(filter(None, titles))) for titles in columns),
        MappingProxyType(fields),
        tuple((column, field) for column, field in seen if fields[field] != column),
        MappingProxyType(private),
    )


def _meanings(titles: Sequence[str]) -> list[tuple[Field, int]]:
    """Return what a column may be by its titles, as (field, rank): by the first title first."""
    if _private(titles):
        return []
    found = []
    for compared in map(_compared, titles):
        if not compared or len(compared) > _TITLE or _OTHERS.search(compared):
            continue
        for field, patterns in _PATTERNS.items():
            for rank, pattern in enumerate(patterns):
                if re.fullmatch(pattern, compared):
                    found.append((field, rank))
                    break
    return found


def _private(titles: Sequence[str]) -> Private | None:
    for compared in map(_compared, titles):
        for kind, pattern in _PRIVATE.items():
            if re.fullmatch(pattern, compared) and "nip" not in compared:
                return kind
    return None
