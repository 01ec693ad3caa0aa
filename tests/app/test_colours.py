"""The colours of the cues stay apart for eyes that see fewer colours, and in grey the words and icons still differ.

Colour blindness after Machado, Oliveira and Fernandes (2009) at full severity; differences by CIEDE2000 (Sharma et al. 2005).
"""

from itertools import combinations

import numpy as np
import pytest

from app.theme import THEMES, contrast
from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS

LEAST_DIFFERENCE = 16.0
SIMULATIONS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(color):
    values = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    scaled = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    cubed = np.where(scaled > (6 / 29) ** 3, np.cbrt(scaled), scaled / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * cubed[1] - 16, 500 * (cubed[0] - cubed[1]), 200 * (cubed[1] - cubed[2])])


def ciede2000(first, second):
    (l1, a1, b1), (l2, a2, b2) = first, second
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    grey = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    a1, a2 = a1 * (1 + grey), a2 * (1 + grey)
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    middle_l, middle_c = (l1 + l2) / 2, (c1 + c2) / 2
    middle_h = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    t = 1 - 0.17 * np.cos(np.radians(middle_h - 30)) + 0.24 * np.cos(np.radians(2 * middle_h))
    t += 0.32 * np.cos(np.radians(3 * middle_h + 6)) - 0.20 * np.cos(np.radians(4 * middle_h - 63))
    s_l = 1 + 0.015 * (middle_l - 50) ** 2 / np.sqrt(20 + (middle_l - 50) ** 2)
    s_c, s_h = 1 + 0.045 * middle_c, 1 + 0.015 * middle_c * t
    rotation = -2 * np.sqrt(middle_c**7 / (middle_c**7 + 25.0**7))
    rotation *= np.sin(np.radians(60 * np.exp(-(((middle_h - 275) / 25) ** 2))))
    light, colour, hue = (l2 - l1) / s_l, (c2 - c1) / s_c, hue / s_h
    return float(np.sqrt(light**2 + colour**2 + hue**2 + rotation * colour * hue))


def test_the_difference_agrees_with_published_pairs():
    assert ciede2000((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert ciede2000((50, 2.5, 0), (73, 25, -18)) == pytest.approx(27.1492, abs=1e-4)
    assert ciede2000((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447)) == pytest.approx(1.4441, abs=1e-4)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("eyes", ["usual", *SIMULATIONS])
def test_any_two_cue_colours_are_told_apart(theme, eyes):
    matrix = np.array(SIMULATIONS[eyes]) if eyes in SIMULATIONS else np.eye(3)
    seen = {emotion: lab(matrix @ linear(color)) for emotion, color in theme.emotions.items()}
    close = {
        pair: round(ciede2000(seen[pair[0]], seen[pair[1]]), 1)
        for pair in combinations(EMOTIONS, 2)
        if ciede2000(seen[pair[0]], seen[pair[1]]) < LEAST_DIFFERENCE
    }
    assert close == {}


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_cue_colour_stands_out_from_the_page_by_three_to_one_and_its_word_by_seven(theme):
    assert min(contrast(color, theme.page) for color in theme.emotions.values()) >= 3.1
    assert contrast(theme.ink, theme.page) >= 7.0


def test_without_any_colour_cues_differ_by_icon_and_by_word():
    catalogue = Catalogue.load()
    cues = [Cue(0.0, CueState.CLEAR, emotion) for emotion in EMOTIONS]
    cues += [Cue(0.0, state) for state in (CueState.UNSURE, CueState.CANT_SEE, CueState.CANT_HEAR)]
    assert len({catalogue.icon(cue).read_text("utf-8") for cue in cues}) == len(cues)
    assert len({catalogue.text(cue) for cue in cues}) == len(cues)
