"""Opens a recording safely and decodes one of its streams; every fault of the file becomes a MediaError or a warning.

Recordings are opened as file objects and only as formats that cannot point elsewhere: a playlist renamed .mp4 would
otherwise make the decoder open other files or addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import av
from av.stream import Discard, Disposition

from emoasst_core.capture.media_info import require_regular
from emoasst_core.errors import MediaError

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,m4v,flv,asf,ogg,mxf,nut,dv,ivf,gif,mjpeg,h264,hevc,"
    "yuv4mpegpipe,wav,w64,aiff,au,caf,flac,mp3,aac,ac3,eac3,amr,wv,tta,"
    "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe"
)
MAX_PIXELS = 8192 * 8192  # a picture of 200 MB; a larger one is a mistake or an attack

Warn = Callable[[str], None]


class Reopenable(Protocol):
    """A recording that is no plain file, such as an encrypted one; each reader of it gets a file object of its own."""

    name: str

    def reopened(self) -> AbstractContextManager[Any]:
        """Another file object on the same recording, at its start."""


@contextmanager
def opened(source: Path | Reopenable) -> Iterator[Any]:
    """The recording as an `av` input container.

    Args:
        source: a file, or an encrypted recording that opens itself anew for each reader.

    Raises:
        MediaError: missing, a folder, not permitted, empty, cut off before its index, or not media.
    """
    if not isinstance(source, Path):
        with source.reopened() as reader, _container(reader, Path(source.name)) as container:
            yield container
        return
    path = source
    require_regular(path)
    try:
        handle = path.open("rb")
    except FileNotFoundError as error:
        raise MediaError(f"There is no file {path}.", "Check the name and the folder.") from error
    except IsADirectoryError as error:
        raise MediaError(f"{path} is a folder.", "Choose one recording in it.") from error
    except OSError as error:
        raise MediaError(f"{path} cannot be opened: {error.strerror}.", "Check that you may read it.") from error
    with handle, _container(handle, path) as container:
        yield container


@contextmanager
def _container(handle: Any, path: Path) -> Iterator[Any]:
    head = handle.read(12)
    handle.seek(0)
    if not head:
        raise MediaError(f"{path.name} is empty (0 bytes).", "Copy or export the recording again.")
    try:
        container = av.open(handle, options={"format_whitelist": FORMATS, "protocol_whitelist": "none"})
    except Exception as error:  # hostile files raise MemoryError, UnicodeDecodeError and more, not only FFmpegError
        raise _unreadable(path, head) from error
    with container:
        yield container


@contextmanager
def opened_object(handle: BinaryIO) -> Iterator[Any]:
    """A recording that is no plain file, such as a decrypting reader, as an `av` input container; closes it at the end.

    Raises:
        MediaError: it is not media, or damaged.
    """
    with handle:
        try:
            container = av.open(handle, options={"format_whitelist": FORMATS, "protocol_whitelist": "none"})
        except Exception as error:  # as above
            raise MediaError("The kept recording cannot be read.", "It may be damaged; the timeline still works.") from error
        with container:
            yield container


def _unreadable(path: Path, head: bytes) -> MediaError:
    if head[4:8] == b"ftyp":
        return MediaError(
            f"{path.name} was cut off: it is an MP4 recording without its index, so nothing in it can be read.",
            "Copy or export it again, and let the recording program finish before closing it.",
        )
    return MediaError(
        f"{path.name} is not a sound or video file that can be read.",
        "Check that it plays in a media player; if it does, export it as MP4, MKV or WAV.",
    )


def video_stream(container: Any) -> Any | None:
    """The moving picture: never the cover picture of a sound file; of several, the largest."""
    streams = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None
        and not stream.disposition & (Disposition.attached_pic | Disposition.timed_thumbnails)
        and 0 < stream.codec_context.width * stream.codec_context.height <= MAX_PIXELS
    ]
    return max(streams, key=lambda stream: stream.codec_context.width * stream.codec_context.height, default=None)


def audio_stream(container: Any) -> Any | None:
    """The sound track marked as default, else the first that can be decoded."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None]
    return min(streams, key=lambda stream: not stream.disposition & Disposition.default, default=None)


def start_s(stream: Any) -> float | None:
    """Time stamp at which a stream says it starts."""
    return None if stream.start_time is None else float(stream.start_time * stream.time_base)


def decoded(container: Any, stream: Any, warn: Warn) -> Iterator[Any]:
    """Decode one stream, skipping what is damaged.

    Args:
        container: from `opened`; its other streams are not read.
        stream: one of its streams.
        warn: told in one sentence what is missing.

    Yields:
        `av` frames in the order of the recording.
    """
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.thread_type = "AUTO"
    if stream.type == "video":  # a stream may claim another size inside than its container does
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    kind = "picture" if stream.type == "video" else "sound"
    num_damaged = 0
    for packet in _packets(container, stream, warn):
        try:
            frames = packet.decode()
        except Exception:  # counted and reported below: one damaged packet must not end the recording
            num_damaged += 1
            continue
        yield from frames
    if num_damaged:
        warn(f"{num_damaged} damaged parts of the {kind} were left out.")


def _packets(container: Any, stream: Any, warn: Warn) -> Iterator[Any]:
    try:
        yield from container.demux(stream)
    except Exception as error:
        warn(f"The recording breaks off: {error}.")
