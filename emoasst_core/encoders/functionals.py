"""Functionals: what one utterance is like as a whole, in numbers that mean the same in every language.

How high and how lively the pitch is, how loudness moves, how bright, how fast, how voiced: statistics over the frames with
sound, after the idea of the Geneva minimalistic acoustic parameter set (Eyben et al. 2016, IEEE Trans. Affective Computing 7,
190-202). Networks trained on a few thousand clips of a few actors learn the actors; these numbers carry over to others.
"""

from __future__ import annotations

import itertools
import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from emoasst_core.encoders.voice_pictures import HOP_LENGTH, MEL_MIDDLE, MEL_SPREAD, NUM_MELS, VoicePictures

NUM_CEPSTRA: Final = 16
LOUD_RANGE: Final = 6.0  # nepers (26 dB) below the loud frames: what is quieter is a pause
QUIETEST: Final = -8.0  # nepers under the clip's mean level
LEAST_FRAMES: Final = 10  # fewer loud frames than these say nothing by themselves: all frames are used
LEAST_VOICED: Final = 4
VOICED: Final = 0.4
BAND_EDGES: Final = (0, 5, 10, 16, 22, 30, 38, 46, 55, 64)  # mels: nine bands of about an equal share of hearing
FRAMES_PER_SECOND: Final = 16_000 / HOP_LENGTH
NUM_FUNCTIONALS: Final = 167


def functionals(pictures: VoicePictures) -> Tensor:
    """Describe utterances.

    Args:
        pictures: of a batch of sounds.

    Returns:
        (b, num_functionals): cepstra (mean, spread, quantiles, spread of their change), pitch, loudness, voicing, pace, bands,
        the course of loudness and pitch over the thirds of the utterance, texture of the spectrum.
    """
    log_power = pictures.mels * MEL_SPREAD - MEL_MIDDLE
    loudness = (torch.logsumexp(log_power, 1) - math.log(NUM_MELS)).masked_fill(~pictures.mask, -20.0)
    top = _quantiles(loudness.unsqueeze(1), pictures.mask, (0.95,))[:, 0]
    loud = pictures.mask & (loudness > top - LOUD_RANGE)
    loud = torch.where(loud.sum(1, keepdim=True) < LEAST_FRAMES, pictures.mask, loud)
    coarse_loud = loud[:, ::2][:, : pictures.pitch.shape[2]]
    voiced = (pictures.pitch[:, 1, : coarse_loud.shape[1]] > VOICED) & coarse_loud
    return torch.cat(
        [
            _timbre(log_power, loud),
            _pitch(pictures.pitch, voiced),
            _loudness((loudness - top).clamp_min(-12.0), pictures.mask),
            _pace(loudness - top, pictures, loud, coarse_loud, voiced),
            _bands(log_power, voiced, loud),
            _contour((loudness - top).clamp_min(-12.0), pictures, voiced),
            _texture(log_power, loud),
            _quantiles(pictures.pitch[:, 2:3, : coarse_loud.shape[1]], coarse_loud, (0.1, 0.5, 0.9))[:, 0],
        ],
        1,
    )


def _timbre(log_power: Tensor, loud: Tensor) -> Tensor:
    cepstra = torch.einsum("km,bmt->bkt", _cosines(log_power), log_power.clamp_min(QUIETEST))
    mean, spread = _moments(cepstra, loud)
    change = (cepstra[..., 2:] - cepstra[..., :-2]) / 2
    _, change_spread = _moments(change, loud[:, 2:] & loud[:, :-2])
    return torch.cat([mean, spread, _quantiles(cepstra, loud, (0.1, 0.5, 0.9)).flatten(1), change_spread], 1)


def _pitch(pitch: Tensor, voiced: Tensor) -> Tensor:
    count = voiced.shape[1]
    octaves = pitch[:, 0, :count] / pitch[:, 1, :count].clamp_min(VOICED)
    mean, spread = _moments(octaves.unsqueeze(1), voiced)
    quantiles = _quantiles(octaves.unsqueeze(1), voiced, (0.05, 0.2, 0.5, 0.8, 0.95))[:, 0]
    step, both = (octaves[:, 1:] - octaves[:, :-1]).abs().unsqueeze(1), voiced[:, 1:] & voiced[:, :-1]
    step_mean, _ = _moments(step, both)
    values = torch.cat([mean, spread, quantiles, step_mean, _quantiles(step, both, (0.5, 0.9))[:, 0]], 1)
    return values * (voiced.sum(1, keepdim=True) >= LEAST_VOICED)


def _loudness(relative: Tensor, mask: Tensor) -> Tensor:
    mean, spread = _moments(relative.unsqueeze(1), mask)
    quantiles = _quantiles(relative.unsqueeze(1), mask, (0.1, 0.3, 0.5, 0.8))[:, 0]
    step = (relative[:, 1:] - relative[:, :-1]).unsqueeze(1)
    step_mean, _ = _moments(step.abs(), mask[:, 1:])
    return torch.cat([mean, spread, quantiles, step_mean, _quantiles(step, mask[:, 1:], (0.1, 0.9))[:, 0]], 1)


def _pace(relative: Tensor, pictures: VoicePictures, loud: Tensor, coarse_loud: Tensor, voiced: Tensor) -> Tensor:
    seconds = pictures.mask.sum(1) / FRAMES_PER_SECOND
    relative = relative.clamp_min(-12.0)
    middle = relative[:, 1:-1]
    peaks = (middle > relative[:, :-2]) & (middle >= relative[:, 2:]) & (middle > -4.0) & pictures.mask[:, 2:]
    starts = voiced[:, 1:] & ~voiced[:, :-1]
    mean, spread = _moments(pictures.pitch[:, 2:3, : coarse_loud.shape[1]], coarse_loud)
    shares = [
        loud.sum(1) / pictures.mask.sum(1),
        voiced.sum(1) / coarse_loud.sum(1).clamp_min(1),
        starts.sum(1) / seconds,
        peaks.sum(1) / seconds,
        torch.log(seconds),
    ]
    return torch.cat([mean, spread, torch.stack(shares, 1)], 1)


def _bands(log_power: Tensor, voiced: Tensor, loud: Tensor) -> Tensor:
    count = log_power.shape[2]
    fine = torch.repeat_interleave(voiced, 2, 1)[:, :count]
    fine = F.pad(fine, (0, count - fine.shape[1]))
    chosen = torch.where(voiced.sum(1, keepdim=True) >= LEAST_VOICED, fine, loud).unsqueeze(1)
    power = (log_power.exp() * chosen).sum(2) / chosen.sum(2).clamp_min(1)
    edges = itertools.pairwise(BAND_EDGES)
    bands = torch.log(torch.stack([power[:, start:end].mean(1) for start, end in edges], 1) + 1e-4)
    return bands - bands.mean(1, keepdim=True)


def _contour(relative: Tensor, pictures: VoicePictures, voiced: Tensor) -> Tensor:
    octaves = pictures.pitch[:, :1, : voiced.shape[1]] / pictures.pitch[:, 1:2, : voiced.shape[1]].clamp_min(VOICED)
    loudness_mean, _ = _moments(relative.unsqueeze(1), pictures.mask)
    pitch_mean, _ = _moments(octaves, voiced)
    has_pitch = voiced.sum(1, keepdim=True) >= LEAST_VOICED
    place = torch.arange(relative.shape[1], device=relative.device)[None] * 3 // pictures.mask.sum(1, keepdim=True)
    coarse_place = place[:, ::2][:, : voiced.shape[1]]
    values = []
    for third in range(3):
        values.append(_moments(relative.unsqueeze(1), pictures.mask & (place == third))[0] - loudness_mean)
        here = voiced & (coarse_place == third)
        is_enough = has_pitch & (here.sum(1, keepdim=True) >= LEAST_VOICED - 1)
        values.append((_moments(octaves, here)[0] - pitch_mean) * is_enough)
    return torch.cat(values, 1)


def _texture(log_power: Tensor, loud: Tensor) -> Tensor:
    both = loud[:, 1:] & loud[:, :-1]
    edges = itertools.pairwise(BAND_EDGES)
    bands = torch.stack([log_power[:, start:end].mean(1) for start, end in edges], 1)
    _, spread = _moments(bands, loud)
    step, _ = _moments((bands[..., 1:] - bands[..., :-1]).abs(), both)
    flux = (log_power[..., 1:] - log_power[..., :-1]).clamp(-5.0, 5.0).square().mean(1, keepdim=True).sqrt()
    shares = torch.softmax(log_power, 1)
    centre = torch.einsum("bmt,m->bt", shares, torch.arange(NUM_MELS, device=shares.device, dtype=shares.dtype) / NUM_MELS)
    entropy = -(shares * torch.log(shares + 1e-9)).sum(1, keepdim=True)
    quantiles = _quantiles(centre.unsqueeze(1), loud, (0.1, 0.5, 0.9))[:, 0]
    return torch.cat(
        [spread, step, *_moments(flux, both), *_moments(centre.unsqueeze(1), loud), quantiles, *_moments(entropy, loud)], 1
    )


def _cosines(like: Tensor) -> Tensor:
    """(num_cepstra, num_mels) of the orthonormal discrete cosine transform."""
    order = torch.arange(NUM_CEPSTRA, device=like.device, dtype=like.dtype).unsqueeze(1)
    place = torch.arange(NUM_MELS, device=like.device, dtype=like.dtype) + 0.5
    result = math.sqrt(2 / NUM_MELS) * torch.cos(math.pi * order * place / NUM_MELS)
    result[0] /= math.sqrt(2)
    return result


def _moments(values: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """(b, c, t) and (b, t) -> mean and standard deviation over the chosen steps, (b, c) each."""
    weights = chosen.unsqueeze(1).to(values.dtype)
    count = weights.sum(2).clamp_min(1)
    mean = (values * weights).sum(2) / count
    spread = (((values - mean.unsqueeze(2)) * weights).square().sum(2) / count + 1e-6).sqrt()
    return mean, spread


def _quantiles(values: Tensor, chosen: Tensor, shares: tuple[float, ...]) -> Tensor:
    """(b, c, t) and (b, t) -> (b, c, num_shares): the nearest chosen step of each rank; 0 where none is chosen."""
    last = (chosen.sum(1).clamp_min(1) - 1).to(values.dtype)
    ranked = values.masked_fill(~chosen.unsqueeze(1), math.inf).sort(-1).values
    ranks = torch.stack([(last * share).round().long() for share in shares], 1)
    found = ranked.gather(2, ranks.unsqueeze(1).expand(-1, values.shape[1], -1))
    return torch.where(found.isfinite(), found, torch.zeros_like(found))
