"""How likely each 32 ms of sound are speech: Silero VAD, as faster-whisper carries it, fed block by block."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock
from emoasst_core.errors import ModelError

CHUNK_LENGTH = 512  # samples the network takes at 16 kHz: 32 ms
CONTEXT_LENGTH = 64  # the end of the chunk before, put in front
STATE_SHAPE = (1, 1, 128)
MAX_GAP_S = 0.1  # sound that resumes later than this is a new stretch: state and remainder are forgotten
MAX_OFFSET_S = 0.02  # shorter gaps add up: once they come to more than this, silence is put in (or sound left out) to be in time


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """32 ms of sound and the probability that somebody speaks in it."""

    start_s: float
    end_s: float
    speech_prob: float


class VoiceActivity:
    """Streaming voice activity detection; keeps the network's state between blocks.

    Raises:
        ModelError: faster-whisper or onnxruntime is not installed whole.
    """

    def __init__(self) -> None:
        self._session = _open_session()
        self._next_s: float | None = None
        self._start_s = 0.0
        self._remainder = np.zeros(0, np.float32)
        self._context = np.zeros(CONTEXT_LENGTH, np.float32)
        self._hidden = np.zeros(STATE_SHAPE, np.float32)
        self._cell = np.zeros(STATE_SHAPE, np.float32)

    def feed(self, block: AudioBlock) -> list[SpeechChunk]:
        """Rate the whole chunks completed by this block; what is left waits for the next.

        Args:
            block: contiguous with the one before, or nearly; one that is not starts afresh.
        """
        if self._next_s is None or abs(block.start_s - self._next_s) > MAX_GAP_S:
            self._start_afresh(block.start_s)
        self._next_s = block.end_s
        samples = np.concatenate([self._remainder, self._in_time(block)])
        num_chunks = len(samples) // CHUNK_LENGTH
        used = num_chunks * CHUNK_LENGTH
        self._remainder = samples[used:]
        if not num_chunks:
            return []
        probs = self._rate(samples[:used].reshape(num_chunks, CHUNK_LENGTH))
        edges_s = self._start_s + np.arange(num_chunks + 1) * CHUNK_LENGTH / SAMPLE_RATE_HZ
        self._start_s = float(edges_s[-1])
        return [
            SpeechChunk(float(start_s), float(end_s), float(prob))
            for start_s, end_s, prob in zip(edges_s[:-1], edges_s[1:], probs, strict=True)
        ]

    def _in_time(self, block: AudioBlock) -> NDArray[np.float32]:
        """The block's samples, moved to where its time stamp says they are if they are too far from it."""
        offset_s = block.start_s - self._start_s - len(self._remainder) / SAMPLE_RATE_HZ
        if abs(offset_s) <= MAX_OFFSET_S:
            return block.samples
        num_samples = round(offset_s * SAMPLE_RATE_HZ)
        if num_samples < 0:
            return block.samples[-num_samples:]
        return np.concatenate([np.zeros(num_samples, np.float32), block.samples])

    def _rate(self, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
        """(num_chunks, 512) -> (num_chunks,) probabilities."""
        tails = np.concatenate([self._context[None], chunks[:, -CONTEXT_LENGTH:]])
        rows = np.concatenate([tails[:-1], chunks], axis=1).astype(np.float32)
        probs, self._hidden, self._cell = self._session.run(None, {"input": rows, "h": self._hidden, "c": self._cell})
        self._context = tails[-1]
        return np.asarray(probs, np.float32).ravel()

    def _start_afresh(self, start_s: float) -> None:
        self._start_s = start_s
        self._remainder = np.zeros(0, np.float32)
        self._context = np.zeros(CONTEXT_LENGTH, np.float32)
        self._hidden = np.zeros(STATE_SHAPE, np.float32)
        self._cell = np.zeros(STATE_SHAPE, np.float32)


def _open_session() -> Any:
    import onnxruntime

    package = find_spec("faster_whisper")  # only its place: importing it would load CTranslate2
    folders = package.submodule_search_locations if package else None
    models = sorted(Path(folders[0]).glob("assets/silero_vad_v*.onnx")) if folders else []
    if not models:
        raise ModelError("The voice activity model is missing.", "Install the package faster-whisper again.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(models[-1]), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises bare RuntimeError subclasses of its own
        raise ModelError(f"The voice activity model cannot be loaded: {error}.", "Install faster-whisper again.") from error
    if [entry.name for entry in session.get_inputs()] != ["input", "h", "c"]:
        raise ModelError(f"{models[-1].name} is of an unknown version.", "Install faster-whisper 1.1 or 1.2.")
    return session
