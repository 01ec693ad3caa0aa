from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emoasst_core.commands import models
from emoasst_core.encoders.model_registry import ModelRegistry
from emoasst_core.errors import DownloadError, ModelError
from tests.core.encoders.misbehaving_server import CONTENT, SHA256, MisbehavingServer, misbehaving_server

ENTRY = """
[small]
title = "A small model"
kind = "face_detector"
source = "https://example.org"
licence = "MIT"
revision = "1"
pin = "{pin}"
files = [{{ name = "a.bin", url = "{url}", sha256 = "{sha256}", size_bytes = 300000 }}]
"""


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="emoasst")
    models.add_parser(parser.add_subparsers(required=True))
    return parser.parse_args(["models", *words])


def run(tmp_path: Path, action: str, *words: str) -> int:
    arguments = parse(action, *words, "--models", str(tmp_path / "models"), "--registry", str(tmp_path / "models.toml"))
    result: int = arguments.run(arguments)
    return result


def list_from(server: MisbehavingServer, tmp_path: Path, manner: str = "good", pin: str = "sha256") -> None:
    sha256 = SHA256 if pin == "sha256" else ""
    (tmp_path / "models.toml").write_text(ENTRY.format(url=server.url(manner), sha256=sha256, pin=pin))


def test_download_shows_the_size_first_installs_and_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with misbehaving_server() as server:
        list_from(server, tmp_path)
        assert run(tmp_path, "list") == 0
        assert "small 300.0 kB MIT no" in " ".join(capsys.readouterr().out.split())
        assert server.ranges == [], "listing must not go online"
        assert run(tmp_path, "download", "small") == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("small: 300.0 kB from https://example.org (MIT)")
    assert "small is installed in" in shown.out
    assert (tmp_path / "models" / "small" / "a.bin").read_bytes() == CONTENT
    assert run(tmp_path, "list") == 0
    assert "small 300.0 kB MIT yes" in " ".join(capsys.readouterr().out.split())


def test_verify_tells_a_whole_model_from_a_changed_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with misbehaving_server() as server:
        list_from(server, tmp_path)
        run(tmp_path, "download", "small")
    capsys.readouterr()
    assert run(tmp_path, "verify") == 0
    assert "small: all files are as they were installed" in capsys.readouterr().out
    (tmp_path / "models" / "small" / "a.bin").write_bytes(b"changed")
    assert run(tmp_path, "verify", "small") == 1
    assert "a.bin has changed" in capsys.readouterr().out
    assert run(tmp_path, "verify", "absent") == 1
    assert "emoasst models download absent" in capsys.readouterr().out


def test_an_unpinned_download_shows_its_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with misbehaving_server() as server:
        list_from(server, tmp_path, pin="first-use")
        with pytest.raises(DownloadError, match="--accept-unpinned"):
            run(tmp_path, "download", "small")
        assert run(tmp_path, "download", "small", "--accept-unpinned") == 0
    assert f"a.bin sha256 {SHA256}" in capsys.readouterr().out
    assert run(tmp_path, "verify") == 0


def test_import_finds_every_listed_model_on_a_stick(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with misbehaving_server() as server:
        list_from(server, tmp_path)
        stick = tmp_path / "stick" / "small"
        stick.mkdir(parents=True)
        assert run(tmp_path, "import", str(tmp_path)) == 2
        assert "No listed model was found" in capsys.readouterr().err
        (stick / "a.bin").write_bytes(CONTENT)
        assert run(tmp_path, "import", str(tmp_path / "stick")) == 0
        assert server.ranges == [], "importing must not go online"
    assert run(tmp_path, "verify") == 0


def test_a_file_lying_bare_on_a_stick_is_known_by_its_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two models may publish a file of the same name."""
    with misbehaving_server() as server:
        list_from(server, tmp_path)
    text = (tmp_path / "models.toml").read_text()
    (tmp_path / "models.toml").write_text(text + text.replace("[small]", "[other]").replace(SHA256, "ab" * 32))
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "a.bin").write_bytes(CONTENT)
    assert run(tmp_path, "import", str(stick)) == 0
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["small"]


def test_a_size_known_only_roughly_is_shown_so() -> None:
    registry = ModelRegistry()
    assert models.show_size(registry.entry("segue")) == "about 816.0 MB"
    assert models.show_size(registry.entry("emotionclip")) == "size unknown"
    assert models.show_size(registry.entry("yunet")) == "232.6 kB"
    assert [models.show_bytes(count) for count in (999, 3_090_000_000)] == ["999 bytes", "3.09 GB"]


def test_an_unknown_name_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    with misbehaving_server() as server:
        list_from(server, tmp_path)
        with pytest.raises(ModelError, match="Known: small"):
            run(tmp_path, "download", "small", "tiny")
        assert server.ranges == []


def test_the_command_loads_no_heavy_library() -> None:
    code = (
        "import sys, emoasst_core.commands.models\n"
        "print(sorted({'torch', 'transformers', 'open_clip', 'timm', 'huggingface_hub'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(models.__file__).parents[2])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert result.stdout.strip() == "[]"


def test_the_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse("--help")
    assert caught.value.code == 0 and "emoasst models download yunet" in capsys.readouterr().out
    with pytest.raises(SystemExit) as caught:
        parse("download")
    assert caught.value.code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to another process")
def allow_interrupt() -> None:
    """In the child: a background shell may have handed down "ignore Ctrl-C"."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_stops_with_exit_code_1_and_a_second_run_goes_on(tmp_path: Path) -> None:
    code = (
        "import argparse, sys\n"
        "from emoasst_core.commands import models\n"
        "parser = argparse.ArgumentParser()\n"
        "models.add_parser(parser.add_subparsers())\n"
        "arguments = parser.parse_args(sys.argv[1:])\n"
        "sys.exit(arguments.run(arguments))\n"
    )
    words = ["models", "download", "small", "--models", str(tmp_path / "models"), "--registry", str(tmp_path / "models.toml")]
    part = tmp_path / "models" / ".small.downloading" / "a.bin.part"
    with misbehaving_server() as server:
        list_from(server, tmp_path, "stalls")
        environment = {**os.environ, "PYTHONPATH": str(Path(models.__file__).parents[2])}
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=allow_interrupt
        )
        deadline = time.monotonic() + 60
        while not server.ranges and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)  # until it waits for the rest
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1 and "Run the same command again" in errors and "Traceback" not in errors
        num_kept = part.stat().st_size
        assert 0 < num_kept <= 50_000
        list_from(server, tmp_path, "good")
        assert run(tmp_path, "download", "small") == 0
        assert server.ranges[-1] == f"bytes={num_kept}-"
    assert (tmp_path / "models" / "small" / "a.bin").read_bytes() == CONTENT


def test_import_from_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text("")
    with pytest.raises(ModelError, match="There is no folder"):
        run(tmp_path, "import", str(tmp_path / "unplugged"))


@pytest.mark.parametrize("action", ["list", "download", "import", "verify"])
def test_the_help_of_every_action_has_an_example(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(action, "--help")
    assert f"example: emoasst models {action}" in capsys.readouterr().out
