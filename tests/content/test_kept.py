"""What is kept of the files from one start to the next: never other than what they say now."""

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import pytest

from bot.content import kept
from bot.content.loading import load
from bot.content.problems import ContentError

ROOT = Path(__file__).parents[2]


class _Deed:
    """What is no value: to read it deletes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.unlink, (str(self._path),)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CACHE_DIRECTORY")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rekan"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The shipped orientation, to be changed."""
    copies = tmp_path / "content", tmp_path / "schedules"
    for copy in copies:
        shutil.copytree(ROOT / copy.name, copy)
    return copies


def test_what_was_read_is_the_same_the_second_time(
    cache: Path, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kept.load(*folders)
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns
    assert kept.load(*folders) == first == load(*folders)
    assert [each.stat().st_mtime_ns for each in cache.iterdir()] == [written]
    assert cache.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "systemd"))
    assert kept.load(*folders) == first
    assert [each.name for each in (tmp_path / "systemd").iterdir()] == [file.name]


def test_another_text_is_read_anew(cache: Path, folders: tuple[Path, Path]) -> None:
    before = kept.load(*folders)
    texts = folders[0] / "texts" / "en.yaml"
    stat = texts.stat()
    texts.write_text(texts.read_text().replace("Thank you", "Thanks a lot"))
    os.utime(texts, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = kept.load(*folders)
    assert after != before
    assert after == load(*folders)
    # ... and a problem is named at every start.
    (folders[0] / "quizzes" / "catatan.txt").write_text("?")
    for _ in range(2):
        with pytest.raises(ContentError, match="catatan"):
            kept.load(*folders)
    assert len(list(cache.iterdir())) == 2


def test_a_broken_or_forged_file_is_not_believed(cache: Path, folders: tuple[Path, Path]) -> None:
    catalogue = kept.load(*folders)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert kept.load(*folders) == catalogue
    assert file.read_bytes() == whole
    there = cache / "there"
    there.touch()
    forged = pickle.dumps(_Deed(there))
    file.write_bytes(hashlib.sha256(forged).digest() + forged)
    assert kept.load(*folders) == catalogue
    assert there.exists()


def test_it_does_without_where_nothing_can_be_kept(
    cache: Path, folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.parent.write_text("a file where the folder should be")
    assert kept.load(*folders) == load(*folders)
    with pytest.raises(ContentError):
        kept.load(folders[0] / "nothing", folders[1])


def test_only_the_latest_are_kept(cache: Path) -> None:
    cache.mkdir(parents=True)
    for n in range(kept.MOST + 3):
        (cache / f"{n:064x}").write_text("")
        os.utime(cache / f"{n:064x}", (n, n))
    (cache / "somebody-else's").write_text("")
    kept.load(ROOT / "content", ROOT / "schedules")
    assert len(list(cache.iterdir())) == kept.MOST + 1
    assert (cache / "somebody-else's").exists()
    assert not (cache / "0").exists()
