"""Recordings that the tests make themselves."""

import av
import numpy as np

SIZE = (240, 320)
COLOURS = {
    "green": (30, 170, 40),
    "red": (180, 30, 40),
    "blue": (30, 40, 190),
    "dark": (8, 8, 8),
    "white": (250, 250, 250),
    "yellow": (240, 235, 10),
}


def write_recording(path, colours=("green", "red"), seconds_each=1.0, rate_hz=10, with_sound=True):
    """Plain pictures of one colour after the other, each with its number drawn as a bright bar; a quiet tone as sound."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate_hz, options={"crf": "20", "g": "10"})
        video.height, video.width = SIZE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=16_000, layout="mono") if with_sound else None
        num_frames = round(len(colours) * seconds_each * rate_hz)
        for number in range(num_frames):
            image = np.empty((*SIZE, 3), np.uint8)
            image[:] = COLOURS[colours[int(number / rate_hz / seconds_each)]]
            image[-8:, : 4 * (number + 1)] = 255 - image[-8:, : 4 * (number + 1)]
            for packet in video.encode(av.VideoFrame.from_ndarray(image, "rgb24")):
                container.mux(packet)
        for packet in video.encode():
            container.mux(packet)
        if audio is not None:
            _write_tone(container, audio, num_frames / rate_hz)
    return path


def write_sound(path, duration_s=1.0):
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream("pcm_s16le", rate=16_000, layout="mono"), duration_s)
    return path


def number_of(image):
    """Which frame it is, read from the bar at its lower edge."""
    row = image[-4].astype(int)
    return round(int((np.abs(row - row[-1]).sum(1) > 60).sum()) / 4) - 1


def _write_tone(container, stream, duration_s):
    times = np.arange(round(duration_s * 16_000)) / 16_000
    tone = (0.2 * np.sin(2 * np.pi * 220 * times) * 32767).astype(np.int16)
    for start in range(0, len(tone), 1024):
        frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16_000, start
        for packet in stream.encode(frame):
            container.mux(packet)
    for packet in stream.encode():
        container.mux(packet)
