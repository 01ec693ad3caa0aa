from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from emoasst_core.encoders import file_download
from emoasst_core.encoders.file_download import DownloadOptions, DownloadProgress, FileDownload
from emoasst_core.encoders.model_registry import ModelFile, check_url
from emoasst_core.errors import DownloadError
from tests.core.encoders.misbehaving_server import CONTENT, SHA256, MisbehavingServer, misbehaving_server

QUICK = DownloadOptions(stall_s=0.3, attempts=2, wait_s=0.01)


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with misbehaving_server() as running:
        yield running


def pinned(server: MisbehavingServer, manner: str) -> ModelFile:
    return ModelFile("file.bin", server.url(manner), SHA256, len(CONTENT))


def unpinned(server: MisbehavingServer, manner: str) -> ModelFile:
    return ModelFile("file.bin", server.url(manner))


@pytest.mark.parametrize("manner", ["good", "dropsonce", "stallsonce", "busyonce", "noranges", "redirects", "drops"])
def test_the_whole_file_arrives_from_a_server_that_falters(server: MisbehavingServer, tmp_path: Path, manner: str) -> None:
    path = FileDownload(pinned(server, manner), tmp_path, QUICK).run()
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.bin"]


def test_a_dropped_connection_is_resumed_where_it_ended(server: MisbehavingServer, tmp_path: Path) -> None:
    FileDownload(pinned(server, "dropsonce"), tmp_path, QUICK).run()
    assert server.ranges == ["", "bytes=70000-"]


def test_a_later_run_goes_on_with_what_is_there(server: MisbehavingServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="could not be fetched whole") as caught:
        FileDownload(pinned(server, "stalls"), tmp_path, DownloadOptions(0.2, attempts=1, wait_s=0)).run()
    assert "stopped sending" in caught.value.message and "goes on" in caught.value.next_step
    assert (tmp_path / "file.bin.part").read_bytes() == CONTENT[:50_000]
    reports: list[DownloadProgress] = []
    FileDownload(pinned(server, "good"), tmp_path, QUICK, reports.append).run()
    assert server.ranges[-1] == "bytes=50000-"
    assert reports[0].received_bytes > 50_000 and reports[-1] == DownloadProgress("file.bin", len(CONTENT), len(CONTENT))


def test_a_damaged_part_is_thrown_away_and_fetched_again(server: MisbehavingServer, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(bytes(1000))
    assert FileDownload(pinned(server, "good"), tmp_path, QUICK).run().read_bytes() == CONTENT
    assert server.ranges == ["bytes=1000-", ""]


def test_a_part_longer_than_the_file_is_thrown_away(server: MisbehavingServer, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT + b"more")
    assert FileDownload(pinned(server, "good"), tmp_path, QUICK).run().read_bytes() == CONTENT


def test_a_part_that_was_whole_already_is_not_fetched_again(server: MisbehavingServer, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert FileDownload(pinned(server, "missing"), tmp_path, QUICK).run().read_bytes() == CONTENT
    (tmp_path / "file.bin").rename(tmp_path / "file.bin.part")
    size_unknown = ModelFile("file.bin", server.url("good"), SHA256)
    assert FileDownload(size_unknown, tmp_path, QUICK).run().read_bytes() == CONTENT


def test_another_part_than_asked_for_is_never_joined(server: MisbehavingServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        FileDownload(pinned(server, "wrongrange"), tmp_path, QUICK).run()
    assert not (tmp_path / "file.bin").exists()


def test_wrong_bytes_are_refused_and_deleted(server: MisbehavingServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=f"expected {SHA256}"):
        FileDownload(pinned(server, "wrongbytes"), tmp_path, QUICK).run()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("manner", "message"),
    [
        ("shorter", "1000 bytes, expected 300000"),
        ("longer", "more of file.bin than the 300000"),
        ("missing", "404"),
        ("dies", "ended at 0 of 300000"),
        ("insecure", "not a secure one"),
    ],
)
def test_what_cannot_be_mended_is_said_and_leaves_no_file(
    server: MisbehavingServer, tmp_path: Path, manner: str, message: str
) -> None:
    with pytest.raises(DownloadError, match=message) as caught:
        FileDownload(pinned(server, manner), tmp_path, QUICK).run()
    assert caught.value.next_step
    assert not (tmp_path / "file.bin").exists()


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with misbehaving_server() as server:
        file = pinned(server, "good")
    with pytest.raises(DownloadError, match="could not be fetched whole"):
        FileDownload(file, tmp_path, QUICK).run()


def test_stopping_keeps_the_part(server: MisbehavingServer, tmp_path: Path) -> None:
    reports: list[DownloadProgress] = []
    download = FileDownload(pinned(server, "good"), tmp_path, QUICK, reports.append, lambda: len(reports) == 2)
    with pytest.raises(DownloadError, match="was stopped at"):
        download.run()
    kept = (tmp_path / "file.bin.part").read_bytes()
    assert len(reports) == 2 and 0 < len(kept) < len(CONTENT) and CONTENT.startswith(kept)


def test_ctrl_c_keeps_the_part(server: MisbehavingServer, tmp_path: Path) -> None:
    def interrupt(_report: DownloadProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FileDownload(pinned(server, "good"), tmp_path, QUICK, interrupt).run()
    kept = (tmp_path / "file.bin.part").read_bytes()
    assert kept and CONTENT.startswith(kept)


def test_an_unpinned_file_is_resumed_only_if_it_is_still_the_same(server: MisbehavingServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError):
        FileDownload(unpinned(server, "stalls"), tmp_path, DownloadOptions(0.2, attempts=1)).run()
    server.content, server.etag = CONTENT[::-1], '"two"'
    assert FileDownload(unpinned(server, "good"), tmp_path, QUICK).run().read_bytes() == CONTENT[::-1]
    assert server.ranges[-1] == "bytes=50000-"


def test_a_part_of_an_unpinned_file_without_a_version_is_not_used(server: MisbehavingServer, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(bytes(1000))
    assert FileDownload(unpinned(server, "good"), tmp_path, QUICK).run().read_bytes() == CONTENT
    assert server.ranges == [""]


def test_a_full_disk_is_said_before_anything_is_written(
    server: MisbehavingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(file_download.shutil, "disk_usage", lambda _path: usage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(DownloadError, match="only 1000 are free"):
        FileDownload(pinned(server, "good"), tmp_path, QUICK).run()
    assert not (tmp_path / "file.bin.part").exists()


@pytest.mark.parametrize("url", ["http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "a", "http://127.0.0.2/a"])
def test_only_https_and_this_very_computer_are_allowed(url: str) -> None:
    with pytest.raises(DownloadError, match="not a secure one"):
        check_url(url)


def test_a_redirect_from_https_must_stay_on_https() -> None:
    check_url("http://127.0.0.1:8000/a")
    check_url("https://example.org/a", after_https=True)
    with pytest.raises(DownloadError):
        check_url("http://127.0.0.1:8000/a", after_https=True)
