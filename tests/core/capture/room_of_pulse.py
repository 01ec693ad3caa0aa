"""A sound server of its own with a null sink, whose monitor is a microphone that hears what is played into the sink.

Run as a program it is the listener: it captures through the program's own classes, in a process that may hang or die with the
sound server without taking the tests with it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

MICROPHONE_ID = "ALSA: emoasst_room"
NEEDED = ("pulseaudio", "paplay", "pactl")
ALSA_PLUGIN = "libasound_module_pcm_pulse.so"
START_S = 20.0


def what_is_missing() -> str:
    """Why there can be no virtual microphone here; "" if there can be."""
    if not sys.platform.startswith("linux"):
        return "virtual microphones by PulseAudio are tried on Linux only"
    if absent := [name for name in NEEDED if shutil.which(name) is None]:
        return f"{' and '.join(absent)} is not installed (apt install pulseaudio pulseaudio-utils)"
    if not any(Path("/usr/lib").glob(f"**/alsa-lib/{ALSA_PLUGIN}")):
        return "ALSA's PulseAudio plugin is not installed (apt install libasound2-plugins)"
    try:
        import sounddevice  # noqa: F401
    except (ImportError, OSError):
        return "PortAudio is not installed (apt install libportaudio2)"
    return ""


class Room:
    """The server's folder, configuration and process.

    Args:
        folder: its own; short, because a socket's path may have 107 bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "native"
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder / "run"),
            "PULSE_SERVER": f"unix:{self.socket}",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
        }
        (folder / "asound.conf").write_text(
            f'</usr/share/alsa/alsa.conf>\npcm.emoasst_room {{ type pulse server "unix:{self.socket}" device "room.monitor" }}\n'
        )
        self._log = folder / "pulse.log"
        self._server: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Start the server; returns when its null sink is there."""
        command = [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--use-pid-file=no",
            "--load=module-null-sink sink_name=room rate=16000 channels=1",
            f"--load=module-native-protocol-unix socket={self.socket} auth-anonymous=1",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        until_s = time.monotonic() + START_S
        while time.monotonic() < until_s:
            asked = subprocess.run(["pactl", "list", "short", "sources"], env=self.environment, capture_output=True, check=False)
            if b"room.monitor" in asked.stdout:
                return
            time.sleep(0.1)
        raise AssertionError(f"the sound server did not start: {self._log.read_text()}")

    def play(self, path: Path) -> None:
        """Play a WAV file into the sink and wait for its end."""
        subprocess.run(["paplay", "--device=room", str(path)], env=self.environment, check=True, timeout=60)

    def kill(self) -> None:
        """Pull the plug."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
        self.socket.unlink(missing_ok=True)


def listen_once(seconds: float, path: Path) -> None:
    """Capture with `Microphone` for some seconds; "listening" on the first block, then the sound as a file."""
    from emoasst_core.capture.microphone import Microphone

    microphone, heard, until_s = Microphone(MICROPHONE_ID), [], 0.0
    for block in microphone.blocks():
        if not heard:
            sys.stdout.write("listening\n")
            sys.stdout.flush()
            until_s = time.monotonic() + seconds
        heard.append(block.samples)
        if time.monotonic() > until_s:
            break
    np.save(path, np.concatenate(heard))


def listen_through_a_loss() -> None:
    """Capture as a session does, one line of JSON for whatever happens, until the line "stop" comes."""
    from functools import partial

    from emoasst_core.session.events import DeviceChanged
    from emoasst_core.session.live_intake import LiveIntake
    from emoasst_core.session.runner import open_microphone
    from emoasst_core.session.sinks import Sinks
    from emoasst_core.session.transport import Transport

    transport = Transport()

    def say(what: str, **more: object) -> None:
        sys.stdout.write(json.dumps({"what": what, "wall_s": time.monotonic(), "now_s": transport.now_s(), **more}) + "\n")
        sys.stdout.flush()

    class Ear:
        def frame(self, _frame: object) -> None: ...

        def sound(self, block) -> None:  # type: ignore[no-untyped-def]
            say("sound", start_s=block.start_s, end_s=block.end_s)

        def gap(self, start_s: float, end_s: float, reason: str) -> None:
            say("gap", start_s=start_s, end_s=end_s, reason=reason)

        def close(self) -> None: ...

    def tell(event: object) -> None:
        if isinstance(event, DeviceChanged):
            say("device", state=event.state)

    intake = LiveIntake(None, partial(open_microphone, MICROPHONE_ID), 10.0)
    thread = threading.Thread(target=intake.run, args=(intake.mailbox(), transport, tell, Sinks([Ear()])), daemon=True)
    thread.start()
    sys.stdin.readline()
    transport.stop()
    thread.join(10.0)
    os._exit(0)  # a sound library whose server was killed may never let go


if __name__ == "__main__":
    if sys.argv[1] == "once":
        listen_once(float(sys.argv[2]), Path(sys.argv[3]))
    else:
        listen_through_a_loss()
