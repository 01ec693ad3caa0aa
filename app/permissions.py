"""Whether this person's system lets the program use a camera or microphone, in words with the next step."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QCameraPermission, QCoreApplication, QMicrophonePermission, Qt


class Permission(Enum):
    """The three answers a system gives."""

    ALLOWED = "allowed"
    NOT_ASKED = "not asked yet"
    DENIED = "not allowed"


@dataclass(frozen=True, slots=True)
class PermissionWords:
    """What the page says: the state in a few words, and what to do about it ("" for nothing)."""

    state: Permission
    words: str
    next_step: str = ""


def camera_permission(camera_id: str) -> PermissionWords:
    """Of one camera; on Linux the device file itself must be readable and writable for this account."""
    state = _system_state(QCameraPermission())
    if state is Permission.ALLOWED and camera_id.startswith("/dev/") and not os.access(camera_id, os.R_OK | os.W_OK):
        state = Permission.DENIED
    return permission_words(state, "camera")


def microphone_permission() -> PermissionWords:
    """Of microphones; systems do not tell them apart."""
    return permission_words(_system_state(QMicrophonePermission()), "microphone")


def permission_words(state: Permission, device: str, system: str = sys.platform) -> PermissionWords:
    """The words for a state.

    >>> permission_words(Permission.NOT_ASKED, "camera").words
    'Not asked yet: the system will ask when the camera starts.'
    """
    if state is Permission.ALLOWED:
        return PermissionWords(state, f"Allowed: this program may use the {device}.")
    if state is Permission.NOT_ASKED:
        return PermissionWords(state, f"Not asked yet: the system will ask when the {device} starts.")
    place = {
        "darwin": f"Allow it in System Settings, Privacy & Security, {device.capitalize()}; then start EmoAsst again.",
        "win32": f"Allow it in Settings, Privacy & security, {device.capitalize()}.",
    }.get(system, f"Add your account to the group “{'video' if device == 'camera' else 'audio'}”, then log in again.")
    return PermissionWords(state, f"Not allowed: this program may not use the {device}.", place)


def _system_state(permission: QCameraPermission | QMicrophonePermission) -> Permission:
    application = QCoreApplication.instance()
    if application is None:
        return Permission.NOT_ASKED
    return {
        Qt.PermissionStatus.Granted: Permission.ALLOWED,
        Qt.PermissionStatus.Denied: Permission.DENIED,
        Qt.PermissionStatus.Undetermined: Permission.NOT_ASKED,
    }[application.checkPermission(permission)]
