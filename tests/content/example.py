"""A small orientation without problems, to be broken in one place at a time."""

from pathlib import Path

FILES = {
    "content/modules/satu.yaml": """\
id: satu
title: {id: Agenda satu, en: Agenda one}
modules:
  - id: wawasan
    title: {id: Wawasan, en: Insight}
    summary: {id: Isi modul., en: What is in it.}
    minutes: 90
""",
    "content/modules/dua.yaml": """\
id: dua
title: {id: Agenda dua, en: Agenda two}
modules:
  - id: lain
    title: {id: Lain, en: Other}
    summary: {id: Isi modul., en: What is in it.}
    minutes: 45
    url: https://belajar.example.invalid/lain
""",
    "content/quizzes/kuis.yaml": """\
id: kuis
title: {id: Kuis, en: Quiz}
intro: {id: Hanya latihan., en: Only practice.}
attempts: 2
questions:
  - id: q1
    text: {id: Nomor darurat?, en: Emergency number?}
    options:
      - {id: Seratus sepuluh, en: One one oh}
      - {id: Seratus dua belas, en: One one two}
      - {id: Ya, en: Yes}
    correct: [2, 1]
    explanation: {id: Nomor itu gratis., en: It is free.}
""",
    "content/journal/jurnal.yaml": """\
prompts:
  - {id: nilai, title: {id: Nilai, en: Value}, text: {id: Ceritakan., en: Tell us.}, minimum_words: 50}
""",
    "content/texts/id.yaml": """\
card:
  plain: "{lead}"
quiz:
  finished: <b>{title}</b> selesai.
""",
    "content/texts/en.yaml": """\
card:
  plain: "{lead}"
quiz:
  finished: <b>{title}</b> is done.
""",
    "schedules/contoh.yaml": """\
id: contoh
title: {id: Orientasi, en: Orientation}
zone: WIB
first_day: 2026-11-06
last_day: 2026-12-10
portal: {name: Portal, url: "https://belajar.example.invalid"}
enrolment: approval
course: {days: 15, count: calendar}
agendas: [satu]
quizzes: [kuis]
journal:
  - {prompt: nilai, deadline: {local: 2026-11-23 23:59}}
windows:
  week:
    mon: ["07:45-17:00"]
    fri: ["07:45-11:00", "13:30-17:00"]
  public_holidays: true
  breaks:
    - {first: 2026-12-24, last: 2026-12-26, hours: []}
sessions:
  - id: hari-1
    title: {id: Hari pertama, en: Day one}
    room_opens: 2026-11-09 08:15
    starts: 2026-11-09 09:00
    ends: 2026-11-09 15:00
    zoom: {url: "https://zoom.example.invalid/j/1", meeting_id: 81000000001, passcode: 007123}
timetable:
  - id: tautan
    when: {session: hari-1, before: 1h30m}
    about: {session: hari-1}
    text: {id: "Bapak/Ibu {nama}, {sesi} mulai {mulai}.", en: "{nama}, {sesi} begins {mulai}."}
    essential: true
  - id: modul
    when: {local: 2026-11-16 08:00}
    about: {module: wawasan}
    audience: {provinces: [Bali], roles: [participant], not_done: [{module: "*"}]}
  - id: hari-ke-lima
    when: {personal: 5, at: 08:00}
    text: {id: Hari kelima., en: Day five.}
    not_after: 3d
  - id: berulang
    when: {every: [mon, fri], at: "09:00", from: 2026-11-11, until: 2026-11-24}
    about: {journal: nilai}
    late: digest
  - id: selamat-datang
    when: {instant: 2026-11-06 08:00}
    text: {id: Selamat datang., en: Welcome.}
    everybody_by: 30m
""",
}


def write(folder: Path, *edits: tuple[str, str, str]) -> None:
    """Write the example into `folder`, with (file, what stands there, what shall stand there)."""
    contents = dict(FILES)
    for file, old, new in edits:
        assert contents[file].count(old) >= 1, f"{old!r} is not in {file}"
        contents[file] = contents[file].replace(old, new, 1)
    for file, text in contents.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")


SAID = {"card.plain": ("lead",), "quiz.finished": ("title",)}
"""The texts that a program would say, to whom these files are enough."""
