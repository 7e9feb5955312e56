"""What simulated participants write: reflective Indonesian, put together from a small stock of sentences."""

import random
import struct
import zlib

_OPENINGS = (
    "Modul ini mengingatkan saya mengapa saya memilih menjadi aparatur.",
    "Sebelum orientasi ini, saya belum pernah memikirkan hal ini dengan sungguh-sungguh.",
    "Hari ini saya belajar sambil mengingat pekerjaan saya di kantor.",
    "Jujur saja, bagian ini paling berkesan bagi saya.",
    "Saya membaca bahan ini dua kali karena dekat dengan tugas saya.",
    "Di unit kerja saya, hal ini terjadi hampir setiap minggu.",
)
_EXPERIENCES = (
    "Minggu lalu seorang warga datang tiga kali karena kami tidak menjelaskan syaratnya sejak awal.",
    "Ketika melayani warga lanjut usia, saya belajar berbicara lebih pelan dan tidak tergesa-gesa.",
    "Kami pernah menerima kabar bohong di grup kantor, dan hampir saja ikut menyebarkannya.",
    "Teman di bagian lain sering membantu tanpa diminta, dan itu membuat pekerjaan terasa ringan.",
    "Saya pernah menunda laporan, padahal orang lain menunggu angka dari saya.",
    "Di daerah kami sinyal sering hilang, sehingga kami mencatat di buku dahulu lalu menyalinnya malam hari.",
    "Pimpinan kami selalu datang lebih awal, dan tanpa banyak kata kami ikut menjadi tertib.",
)
_LESSONS = (
    "Saya menyadari bahwa disiplin kecil setiap hari lebih berarti daripada janji besar.",
    "Bagi saya, melayani berarti mendengarkan dahulu sebelum menjawab.",
    "Perbedaan suku dan bahasa di kantor kami ternyata justru memperkaya cara kami bekerja.",
    "Anggaran yang kami pakai adalah uang rakyat, jadi setiap pengeluaran harus dapat dijelaskan.",
    "Sebagai PPPK saya terikat perjanjian kerja, dan kinerja saya harus dapat diukur.",
    "Menjaga rahasia jabatan dimulai dari hal sederhana, misalnya tidak memotret berkas warga.",
    "Saya dahulu mengira kompeten berarti pandai sendiri, ternyata juga membantu orang lain belajar.",
)
_PLANS = (
    "Mulai besok saya akan menulis daftar syarat di depan loket agar warga tidak bolak-balik.",
    "Langkah pertama saya adalah merapikan arsip digital setiap Jumat sore bersama dua rekan.",
    "Dalam tiga puluh hari saya ingin menyelesaikan panduan singkat dan meminta masukan dari kepala seksi.",
    "Saya akan memeriksa sumber berita sebelum meneruskannya kepada siapa pun.",
    "Ukuran keberhasilannya sederhana: tidak ada keluhan yang sama dua kali dalam satu bulan.",
    "Saya akan menyisihkan lima belas menit setiap pagi untuk belajar hal baru.",
)
_PARTS = (_OPENINGS, _EXPERIENCES, _LESSONS, _PLANS)
_SHORT = ("Saya akan lebih disiplin.", "Melayani dengan hati.", "Nilai ini penting bagi saya.")
_AFTERTHOUGHTS = (
    "Semoga saya dapat menjalankannya dengan sungguh-sungguh.",
    "Ini akan saya bicarakan juga dengan rekan satu tim.",
    "Terima kasih kepada narasumber yang memberi contoh nyata.",
)
_CAPTIONS = ("Foto catatan saya di buku.", "Suasana ruang pelayanan kami pagi ini.", "Bagan rencana saya.")
_SMALL_TALK = (
    "Selamat pagi, terima kasih pengingatnya",
    "Baik, siap",
    "Apakah sertifikatnya langsung keluar?",
    "Maaf, saya tadi sedang di lapangan",
    "Mohon info tautan Zoom",
    "terima kasih banyak",
)

QUESTIONS = ("/status", "/jadwal", "/modul", "/kuis", "/jurnal", "/status", "/bantuan")
"""What people ask of their own accord."""

FEEDBACK = (
    "Contohnya dekat dengan pekerjaan kami.",
    "Suara kadang terputus, mohon diperhatikan.",
    "Jelas dan tidak terlalu cepat.",
    "Mohon waktu tanya jawab lebih lama.",
    "Bahan tayangnya mudah diikuti.",
)
"""What some say after a session."""

MADE_UP_NIK = "3201011234567890"
"""Sixteen digits, as somebody may send who mistakes the bot for a form: nobody's number."""


def journal_entry(dice: random.Random, messages: int) -> list[str]:
    """An entry as so many messages, long enough for most prompts together."""
    sentences = [dice.choice(part) for part in _PARTS for _ in range(1)]
    sentences += dice.sample(_LESSONS + _EXPERIENCES, 2)
    sentences = list(dict.fromkeys(sentences))
    cuts = sorted(dice.sample(range(1, len(sentences)), messages - 1))
    return [
        " ".join(sentences[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(sentences)], strict=True)
    ]


def too_short(dice: random.Random) -> str:
    """Fewer words than any prompt hopes for."""
    return dice.choice(_SHORT)


def afterthought(dice: random.Random) -> str:
    """A sentence to add."""
    return dice.choice(_AFTERTHOUGHTS)


def caption(dice: random.Random) -> str:
    """What is written under a photo."""
    return dice.choice(_CAPTIONS)


def small_talk(dice: random.Random) -> str:
    """Something that no bot expects."""
    return dice.choice(_SMALL_TALK)


def picture(dice: random.Random) -> bytes:
    """A small picture (PNG): a page with lines on it, in one of a few shades."""
    width, height, paper = 160, 120, 225 + 4 * dice.randrange(7)
    rows = (
        bytes([0]) + bytes([90 if y % 12 == 0 and 16 <= x < 144 else paper for x in range(width)])
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(rows)))
        + chunk(b"IEND", b"")
    )


ANNOUNCED = (
    "Bapak/Ibu {nama}, terima kasih sudah mengikuti orientasi sampai hari ini. Apabila ada kendala pada "
    "{portal}, silakan hubungi panitia agar dapat kami bantu."
)
"""What a coordinator announces, with the variables that an announcement may have."""

ANNOUNCED_BY_MISTAKE = (
    "Bapak/Ibu {nama}, presensi susulan untuk {satker} dibuka hari ini sampai pukul 16.00 WIB."
)
"""What she announces and takes back."""

SLIDES = b"%PDF-1.7 bahan tayang"
SLIDES_MENDED = b"%PDF-1.7 bahan tayang, diperbaiki"
"""What a speaker hands out, and what in its place."""

TO_READ = "Bacaan lanjutan: https://belajar.example.invalid/bacaan"
"""What is handed out when a session is over."""

ASKED = (
    "Apakah catatan jurnal boleh ditulis tangan lalu difoto?",
    "Kapan batas akhir evaluasi akademik?",
    "Bagaimana bila sinyal di tempat saya sering hilang?",
    "Apakah cuti dihitung dalam masa orientasi?",
)
"""What participants ask a speaker."""
