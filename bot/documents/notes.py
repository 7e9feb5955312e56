"""What rosters and tables have to say about a file, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain.language import Language, Localised


@dataclass(frozen=True, slots=True)
class Note:
    """One finding: `key` for programs, `text` for people."""

    key: str
    text: Localised


_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "file.missing": (
            "berkas tidak ditemukan; periksa nama dan foldernya",
            "there is no such file; check its name and folder",
        ),
        "file.folder": ("ini folder, bukan berkas; sebutkan berkasnya", "this is a folder; name a file"),
        "file.unreadable": (
            "berkas tidak dapat dibaca ({reason}); tutup berkas di aplikasi lain dan periksa izinnya",
            "the file cannot be read ({reason}); close it elsewhere and check its permissions",
        ),
        "file.empty": (
            "berkas kosong; ekspor ulang daftarnya dan coba lagi",
            "the file is empty; export the list again and retry",
        ),
        "file.size": (
            "berkas lebih besar dari {megabytes} MB; simpan lembar peserta saja ke berkas baru",
            "the file is larger than {megabytes} MB; save only the participants' sheet to a new file",
        ),
        "file.rows": (
            "lebih dari {rows} baris; bagi menjadi beberapa berkas",
            "more than {rows} rows; split it into several files",
        ),
        "file.too_large": (
            "lembar terlalu besar, mungkin ada sel terisi jauh dari tabel; salin tabelnya ke berkas baru",
            "the sheet is too large, perhaps by a cell far from the table; copy the table to a new file",
        ),
        "file.damaged": (
            "berkas rusak atau bukan lembar kerja; buka di Excel atau LibreOffice, simpan sebagai .xlsx",
            "the file is damaged or no workbook; open it in Excel or LibreOffice, save it as .xlsx",
        ),
        "file.password": (
            "berkas dilindungi kata sandi; simpan salinan tanpa kata sandi",
            "the file is protected by a password; save a copy without one",
        ),
        "file.not_table": (
            "ini bukan tabel; buka di Excel atau LibreOffice lalu simpan sebagai .xlsx atau .csv",
            "this is no table; open it in Excel or LibreOffice and save it as .xlsx or .csv",
        ),
        "file.no_header": (
            "baris judul kolom tidak ditemukan; perlu satu baris berisi setidaknya Nama, NIP dan Satker",
            "no header row was found; there must be a row with at least Nama, NIP and Satker",
        ),
        "file.no_office": (
            "kolom satuan kerja tidak ditemukan pada baris judul {row}; beri judul Satker pada kolomnya",
            "the header in row {row} has no office column; title that column Satker",
        ),
        "file.no_nip": (
            "kolom NIP tidak ditemukan pada baris judul {row}; beri judul NIP pada kolomnya",
            "the header in row {row} has no NIP column; title that column NIP",
        ),
        "file.no_name": (
            "kolom nama tidak ditemukan pada baris judul {row}; beri judul Nama pada kolomnya",
            "the header in row {row} has no name column; title that column Nama",
        ),
        "file.no_people": (
            "tidak ada peserta di bawah baris judul {row}; isi daftarnya di bawah baris itu",
            "there is nobody below the header in row {row}; put the list below that row",
        ),
        "file.no_sheet": (
            "lembar kerja {sheet} tidak ada; yang ada: {sheets}",
            "there is no sheet {sheet}; there are: {sheets}",
        ),
        "sheet.chosen": (
            "ada beberapa lembar kerja; yang dibaca hanya {sheet}",
            "there are several sheets; only {sheet} was read",
        ),
        "sheet.others": (
            "lembar kerja lain juga berisi daftar dan belum dibaca: {sheets}; impor satu per satu",
            "other sheets hold lists too and were not read: {sheets}; import them one by one",
        ),
        "column.private": (
            "kolom {column} ({title}) berisi {what} dan tidak dibaca",
            "column {column} ({title}) holds {what} and was not read",
        ),
        "column.second": (
            "kolom {column} ({title}) juga tampak seperti {field} dan tidak dibaca",
            "column {column} ({title}) also looks like {field} and was not read",
        ),
        "column.no_province": (
            "tidak ada kolom provinsi; zona waktu akan ditanyakan kepada peserta",
            "there is no province column; participants will be asked for their time zone",
        ),
        "rows.no_province": (
            "provinsi kosong pada baris {rows}; zona waktu akan ditanyakan kepada peserta",
            "no province in rows {rows}; these participants will be asked for their time zone",
        ),
        "rows.unknown_code": (
            "NIP dengan kode pengangkatan yang tidak dikenal pada baris {rows}; tetap diterima",
            "NIP with an unknown appointment code in rows {rows}; accepted all the same",
        ),
        "rows.twice": (
            "baris {rows} mengulang peserta yang sama persis; dibaca sekali",
            "rows {rows} repeat a participant exactly; read once",
        ),
        "rows.left_out": (
            "baris {rows} bukan peserta (jumlah, tanda tangan, judul bagian) dan dilewati",
            "rows {rows} are no participants (totals, signatures, section titles) and were left out",
        ),
        "name.empty": ("nama kosong; isi nama peserta", "the name is missing; fill it in"),
        "name.letters": (
            "tidak ada huruf pada nama; isi nama peserta",
            "the name has no letters; fill in the participant's name",
        ),
        "office.empty": (
            "satuan kerja kosong; isi nama satker",
            "the office is missing; fill in its name",
        ),
        "cell.long": (
            "sel {cell} lebih dari {characters} karakter; persingkat isinya",
            "cell {cell} has more than {characters} characters; shorten it",
        ),
        "cell.date": (
            "sel {cell} diubah Excel menjadi tanggal; format selnya sebagai teks, lalu ketik ulang",
            "Excel has made a date of cell {cell}; format the cell as text and type it again",
        ),
        "province.unknown": (
            "provinsi tidak dikenal; tulis nama resminya",
            "this province is unknown; write its official name",
        ),
        "province.similar": (
            "provinsi tidak dikenal; maksudnya {name}?",
            "this province is unknown; is {name} meant?",
        ),
        "nip.empty": ("NIP kosong; isi NIP atau NI PPPK", "the NIP is missing; fill it in"),
        "nip.number": (
            "sel {cell} berisi angka, dan Excel hanya menyimpan 15 digit; jadikan teks, ketik ulang NIP",
            "cell {cell} is a number, of which Excel keeps 15 digits only; make it text, type the NIP again",
        ),
        "nip.scientific": (
            "sel {cell} berisi notasi ilmiah, Excel hanya menyimpan 15 digit; jadikan teks, ketik ulang NIP",
            "cell {cell} is in scientific notation, Excel kept 15 digits; make it text, type the NIP again",
        ),
        "nip.letters": (
            "NIP berisi huruf atau tanda lain; tulis 18 digit saja",
            "the NIP holds letters or other signs; write its 18 digits only",
        ),
        "nip.nik": (
            "16 digit: ini tampak seperti NIK, bukan NIP; hapus NIK dan isi NIP (18 digit)",
            "16 digits: this looks like a NIK, not a NIP; remove it and write the NIP (18 digits)",
        ),
        "nip.length": (
            "NIP harus 18 digit, di sini {digits}; periksa digit yang kurang atau lebih",
            "a NIP has 18 digits, this one has {digits}; look for those missing or too many",
        ),
        "nip.birth": (
            "8 digit pertama NIP bukan tanggal lahir; periksa tahun, bulan dan tanggalnya",
            "the NIP's first 8 digits are no date of birth; check year, month and day",
        ),
        "nip.year": (
            "tahun pengangkatan pada NIP {year}, seharusnya {first}-{last}; periksa digit ke-9 sampai ke-12",
            "the NIP's year of appointment is {year}, expected {first} to {last}; check digits 9 to 12",
        ),
        "nip.sex": (
            "digit ke-15 NIP harus 1 atau 2; periksa NIP-nya",
            "digit 15 of the NIP must be 1 or 2; check the NIP",
        ),
        "nip.serial": (
            "NIP berakhiran 000, biasanya karena Excel hanya menyimpan 15 digit; ketik ulang sebagai teks",
            "the NIP ends in 000, mostly because Excel kept 15 digits only; type it again as text",
        ),
        "nip.conflict": (
            "NIP ini juga ada di baris {rows} dengan data berbeda; pertahankan satu baris yang benar",
            "this NIP is also in row {rows} with different data; keep the one row that is right",
        ),
        "zoom.no_table": (
            "tidak ada daftar peserta Zoom di sini; di Zoom: Laporan, Penggunaan, klik jumlah orang, Ekspor",
            "this holds no Zoom participants; in Zoom: Reports, Usage, click the number of people, Export",
        ),
        "zoom.meetings": (
            "ini daftar rapat, bukan daftar peserta; klik jumlah peserta rapatnya, lalu Ekspor",
            "this is a list of meetings, not of people; click the meeting's number of people, then Export",
        ),
        "zoom.no_minutes": (
            "tidak ada lama hadir atau jam masuk dan keluar; kirim laporan peserta, bukan pendaftaran",
            "it has neither minutes nor times; send the report of participants, not of registrations",
        ),
        "zoom.nobody": (
            "laporan ini tidak berisi seorang pun yang masuk; periksa rapat yang dipilih",
            "nobody who joined is in this report; check which meeting was chosen",
        ),
        "zoom.waiting": (
            "{count} baris ruang tunggu tidak dihitung",
            "{count} rows of the waiting room were not counted",
        ),
        "zoom.phones": (
            "{count} penelepon tanpa nama tidak dapat dicocokkan",
            "{count} callers without a name cannot be matched",
        ),
        "zoom.unread_dates": (
            "jam pada {count} baris tidak terbaca; menit dari kolom durasi yang dipakai",
            "the times in {count} rows could not be read; the minutes of the duration column were used",
        ),
    }
)


def note(key: str, **params: object) -> Note:
    """Build the note of a key with what it names; never hand in a whole NIP or NIK."""
    indonesian, english = _TEXTS[key]
    return Note(
        key,
        Localised(
            indonesian.format(**{name: _in(Language.ID, value) for name, value in params.items()}),
            english.format(**{name: _in(Language.EN, value) for name, value in params.items()}),
        ),
    )


def _in(language: Language, value: object) -> object:
    return value[language] if isinstance(value, Localised) else value
