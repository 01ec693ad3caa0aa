"""Make the bundled demo: a drawn person talks with somebody behind the camera, and her face changes.

    python assets/demo/make_demo.py --out FOLDER

Writes conversation.webm (VP9 and Opus) and conversation.json (what is shown and said, and when). Everything is drawn and mixed
here; the voices are espeak-ng's, which must be installed (Debian: apt-get install espeak-ng). The same call makes the same film.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from expression import POSES, Expression, mouth_of
from numpy.typing import NDArray
from portrait import draw_head
from scene import FRAME_HEIGHT, FRAME_WIDTH, compose
from speech import SAMPLE_RATE_HZ, Speech, Voice, speak

FRAME_RATE_HZ = 25
CHANGE_S = 0.45  # one expression grows out of the other
LEAVE_S, GONE_S, RETURN_S, END_S = 0.7, 3.0, 0.7, 0.7
OUT_OF_VIEW_PX = 520
STEP_S = 0.01  # of the movement of the mouth
LOUDNESS = 0.09  # root mean square of every line
SEEN, HEARD = "seen", "heard"  # the person in the picture, and the one behind the camera


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the script.

    Attributes:
        speaker: SEEN or HEARD.
        pose: what the seen face shows from `lead_s` before the sentence on; "" keeps what it shows.
        pause_s: silence after it.
    """

    speaker: str
    text: str
    voice: Voice
    pose: str
    pause_s: float
    lead_s: float = 0.3


OTHER = Voice("en-us+m3", 150, 45, 50)
PLAIN = Voice("en-us+f3", 145, 48, 35)
SCRIPT = (
    Line(HEARD, "Hello! How was your day?", OTHER, "neutral", 0.35),
    Line(SEEN, "It was quiet. I read a book.", PLAIN, "neutral", 0.5),
    Line(SEEN, "And then my sister came. We laughed so much!", Voice("en-us+f3", 165, 72, 85), "joy", 1.3),
    Line(HEARD, "That is good. And how is the dog?", OTHER, "neutral", 1.0),
    Line(SEEN, "He ran away. I miss him so much.", Voice("en-us+f3", 118, 34, 18), "sadness", 1.2),
    Line(HEARD, "Look who is at the door!", OTHER, "", 0.55),
    Line(SEEN, "Oh! I can not believe it!", Voice("en-us+f3", 150, 82, 95), "surprise", 1.4, 0.5),
    Line(SEEN, "I will go and see.", PLAIN, "neutral", 1.3),
)


@dataclass(frozen=True, slots=True)
class Said:
    """A line and when it is spoken."""

    line: Line
    start_s: float
    speech: Speech

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.start_s + self.speech.duration_s


@dataclass(frozen=True, slots=True)
class Story:
    """The whole film in times: lines, changes of the face, the absence, the length."""

    lines: tuple[Said, ...]
    changes: tuple[tuple[float, str], ...]
    leaves_s: float
    duration_s: float

    @property
    def gone(self) -> tuple[float, float]:
        """When nobody is in the picture."""
        return self.leaves_s + LEAVE_S, self.leaves_s + LEAVE_S + GONE_S


def tell(script: tuple[Line, ...] = SCRIPT) -> Story:
    """Speak every line and lay the lines out in time."""
    time_s, lines, changes = 0.5, [], [(0.0, "neutral")]
    for line in script:
        said = Said(line, round(time_s, 2), speak(line.text, line.voice))
        if line.pose and line.pose != changes[-1][1]:
            changes.append((said.start_s - line.lead_s, line.pose))
        lines.append(said)
        time_s = said.end_s + line.pause_s
    leaves_s = round(time_s, 2)
    return Story(tuple(lines), tuple(changes), leaves_s, round(leaves_s + LEAVE_S + GONE_S + RETURN_S + END_S, 2))


def pose_at(story: Story, time_s: float) -> Expression:
    """The expression without speech: one pose, or a blend while it changes."""
    pose = POSES[story.changes[0][1]]
    for start_s, name in story.changes[1:]:
        share = min(1.0, max(0.0, (time_s - start_s) / CHANGE_S))
        pose = pose.towards(POSES[name], share * share * (3 - 2 * share))
    return pose


def mouth_track(story: Story) -> NDArray[np.float64]:
    """(n, 3): opening, rounding and whether she speaks, every STEP_S, with the inertia of lips."""
    track = np.zeros((round(story.duration_s / STEP_S) + 1, 3))
    for said in story.lines:
        if said.line.speaker != SEEN:
            continue
        ends = [start_s for start_s, _ in said.speech.phonemes[1:]] + [said.speech.duration_s]
        for (start_s, name), end_s in zip(said.speech.phonemes, ends, strict=True):
            part = slice(round((said.start_s + start_s) / STEP_S), round((said.start_s + end_s) / STEP_S))
            track[part] = (*mouth_of(name), float(not name.startswith("_")))
    lips, mood = np.hanning(11), np.hanning(41)
    smooth = [np.convolve(track[:, 0], lips / lips.sum(), "same"), np.convolve(track[:, 1], lips / lips.sum(), "same")]
    return np.stack([*smooth, np.convolve(track[:, 2], mood / mood.sum(), "same")], 1)


def speaking(pose: Expression, opening: float, rounding: float, speaks: float) -> Expression:
    """A pose whose mouth forms a sound; the rest of the face keeps its expression."""
    return replace(
        pose,
        jaw=pose.jaw * (1 - 0.45 * speaks) + opening,
        stretch=pose.stretch - 0.10 * max(0.0, rounding),
        pout=min(1.0, max(0.0, pose.pout + rounding * 0.8)),
        lower_lip=pose.lower_lip * (1 - 0.5 * speaks),
        teeth=min(1.0, pose.teeth + min(0.25, 1.5 * opening)),
    )


def blink(time_s: float) -> float:
    """How far the lids are open at a moment: a blink of 0.2 s about every 3.4 s."""
    phase_s = (time_s + 0.35 * np.sin(1.3 * time_s)) % 3.4
    return float(1 - np.exp(-(((phase_s - 1.7) / 0.065) ** 2)))


def away_px(story: Story, time_s: float) -> float:
    """How far to the side she has gone."""
    gone_s, back_s = story.gone
    left = min(1.0, max(0.0, (time_s - story.leaves_s) / LEAVE_S))
    returned = min(1.0, max(0.0, (time_s - back_s) / RETURN_S))
    share = left if time_s < (gone_s + back_s) / 2 else 1 - returned
    return OUT_OF_VIEW_PX * share * share * (3 - 2 * share)


def pictures(story: Story) -> Iterator[NDArray[np.uint8]]:
    """(480, 640, 3) uint8 RGB, frame after frame."""
    mouth = mouth_track(story)
    for number in range(round(story.duration_s * FRAME_RATE_HZ)):
        time_s = number / FRAME_RATE_HZ
        opening, rounding, speaks = mouth[round(time_s / STEP_S)]
        pose = speaking(pose_at(story, time_s), opening, rounding, speaks)
        calm = 0.25 * np.sin(0.9 * time_s)
        pose = replace(pose, eyes=pose.eyes * blink(time_s), gaze_x=pose.gaze_x + calm)
        sway = 3.5 * np.sin(0.8 * time_s) + 1.5 * np.sin(1.9 * time_s + 1)
        nod = 1.5 * np.sin(1.1 * time_s) + 9 * opening + 14 * max(0.0, -pose.corners)
        turn, tilt = 0.05 * np.sin(0.6 * time_s + 0.5), 0.018 * np.sin(0.7 * time_s) + 0.10 * max(0.0, pose.corners)
        away = away_px(story, time_s)
        if away >= OUT_OF_VIEW_PX - 1:
            blank = np.zeros((1, 1), np.float32)
            yield compose(np.zeros((1, 1, 3), np.float32), blank, FRAME_WIDTH, 0, 0, 0)
        else:
            yield compose(*draw_head(pose), sway + away, nod, turn, tilt)


def mix(story: Story) -> NDArray[np.float32]:
    """(n,) float32 at 48 kHz: every line at the same loudness."""
    sound = np.zeros(round(story.duration_s * SAMPLE_RATE_HZ), np.float32)
    for said in story.lines:
        start = round(said.start_s * SAMPLE_RATE_HZ)
        samples = said.speech.samples
        sound[start : start + len(samples)] += samples * (LOUDNESS / np.sqrt(np.mean(samples**2)))
    return np.clip(sound, -0.98, 0.98)


def truth(story: Story) -> dict[str, object]:
    """What is really to be seen and heard, for tests and for whoever wants to compare."""
    gone_s, back_s = story.gone
    edges = [*story.changes, (gone_s, None), (back_s, story.changes[-1][1])]
    ends = [start_s for start_s, _ in edges[1:]] + [story.duration_s]
    spans = [
        {"start_s": round(start_s, 2), "end_s": round(end_s, 2), "emotion": emotion, "in_view": emotion is not None}
        for (start_s, emotion), end_s in zip(edges, ends, strict=True)
    ]
    words = [
        {
            "start_s": round(said.start_s + start_s, 3),
            "end_s": round(said.start_s + end_s, 3),
            "text": text,
            "speaker": said.line.speaker,
        }
        for said in story.lines
        for start_s, end_s, text in said.speech.words
    ]
    script = [
        {"start_s": said.start_s, "end_s": round(said.end_s, 2), "speaker": said.line.speaker, "text": said.line.text}
        for said in story.lines
    ]
    return {
        "recording": "conversation.webm",
        "duration_s": story.duration_s,
        "change_s": CHANGE_S,
        "spans": spans,
        "script": script,
        "words": words,
    }


def write_film(story: Story, path: Path) -> None:
    """Encode pictures and sound."""
    with av.open(str(path), "w", format="webm", options={"fflags": "+bitexact"}) as film:
        video = film.add_stream(
            "libvpx-vp9", FRAME_RATE_HZ, options={"crf": "35", "deadline": "good", "cpu-used": "4", "flags": "+bitexact"}
        )
        video.width, video.height, video.pix_fmt, video.bit_rate = FRAME_WIDTH, FRAME_HEIGHT, "yuv420p", 0
        audio = film.add_stream("libopus", SAMPLE_RATE_HZ, layout="mono", options={"flags": "+bitexact"})
        audio.bit_rate = 40_000
        sound = mix(story)
        block = SAMPLE_RATE_HZ // FRAME_RATE_HZ
        for number, picture in enumerate(pictures(story)):
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE_HZ)
            film.mux(video.encode(frame))
            samples = sound[None, number * block : (number + 1) * block]
            heard = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "flt", "mono")
            heard.pts, heard.sample_rate, heard.time_base = number * block, SAMPLE_RATE_HZ, Fraction(1, SAMPLE_RATE_HZ)
            film.mux(audio.encode(heard))
            if number % 50 == 0:
                print(f"{number / FRAME_RATE_HZ:5.1f} of {story.duration_s} s drawn", flush=True)
        film.mux(video.encode(None))
        film.mux(audio.encode(None))


def main() -> int:
    """Make the film and its ground truth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the two files")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)  # the same sums in the same order on every machine
    story = tell()
    film, unfinished = out / "conversation.webm", out / "conversation.webm.writing"
    write_film(story, unfinished)
    unfinished.replace(film)
    (out / "conversation.json").write_text(json.dumps(truth(story), indent=1) + "\n", "utf-8")
    print(f"{film}: {story.duration_s} s, {film.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
