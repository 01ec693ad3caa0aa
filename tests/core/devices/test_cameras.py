from __future__ import annotations

from pathlib import Path

from emoasst_core.devices.cameras import CameraInfo, linux_cameras


def add_node(root: Path, number: int, name: str, index: int, link: str | None = None) -> None:
    node = root / "sys" / f"video{number}"
    node.mkdir(parents=True)
    (node / "name").write_text(name + "\n", encoding="utf-8")
    (node / "index").write_text(f"{index}\n", encoding="utf-8")
    (root / "dev" / "v4l" / "by-id").mkdir(parents=True, exist_ok=True)
    (root / "dev" / f"video{number}").touch()
    if link:
        (root / "dev" / "v4l" / "by-id" / link).symlink_to(root / "dev" / f"video{number}")


def test_cameras_have_stable_ids_and_metadata_nodes_are_left_out(tmp_path: Path) -> None:
    add_node(tmp_path, 0, "Built-in", 0)
    add_node(tmp_path, 2, "Desk camera", 0, "usb-Maker_Desk_1234-video-index0")
    add_node(tmp_path, 3, "Desk camera", 1, "usb-Maker_Desk_1234-video-index1")
    dev = tmp_path / "dev"
    assert linux_cameras(tmp_path / "sys", dev) == [
        CameraInfo(str(dev / "video0"), "Built-in"),
        CameraInfo(str(dev / "v4l" / "by-id" / "usb-Maker_Desk_1234-video-index0"), "Desk camera"),
    ]


def test_no_camera_gives_an_empty_list(tmp_path: Path) -> None:
    assert linux_cameras(tmp_path / "absent", tmp_path / "dev") == []
