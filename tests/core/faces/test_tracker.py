from __future__ import annotations

import cv2
import numpy as np
import pytest

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Face
from emoasst_core.faces.tracker import FaceTracker

STEP_S = 0.125


def face(x: float, y: float = 100.0, size: float = 100.0, score: float = 0.95) -> Face:
    return Face(0.0, Box(x, y, size, size), score)


def persons(faces: list[Face]) -> dict[str, float]:
    return {found.person: found.box.x for found in faces}


def room(*colours_at: tuple[float, tuple[int, int, int]]) -> np.ndarray:
    image = np.full((400, 900, 3), 90, np.uint8)
    for x, colour in colours_at:
        image[60:280, max(0, int(x) - 20) : int(x) + 120] = colour
    return image


def test_one_person_keeps_one_id_while_moving() -> None:
    tracker = FaceTracker(FaceOptions())
    for step in range(40):
        (found,) = tracker.follow(step * STEP_S, [face(50 + 12 * step)])
        assert found.person == "person 1"


def test_two_people_keep_their_ids_whatever_the_order_of_detection() -> None:
    tracker = FaceTracker(FaceOptions())
    generator = np.random.default_rng(0)
    for step in range(40):
        found = [face(100 + step), face(500 - step, size=120)]
        if generator.random() < 0.5:
            found.reverse()
        named = persons(tracker.follow(step * STEP_S, found))
        assert named == {"person 1": 500 - step, "person 2": 100 + step}  # the larger face was named first


def test_an_uncertain_face_gets_an_id_only_when_seen_again() -> None:
    tracker = FaceTracker(FaceOptions())
    assert tracker.follow(0.0, [face(100, score=0.6)]) == []
    assert tracker.follow(STEP_S, []) == []
    assert persons(tracker.follow(2 * STEP_S, [face(103, score=0.6)])) == {"person 1": 103}


def test_flickering_false_faces_never_get_an_id() -> None:
    tracker = FaceTracker(FaceOptions())
    for step in range(40):
        place = 100 + 400 * (step % 2) if step % 5 == 0 else None
        assert tracker.follow(step * STEP_S, [] if place is None else [face(place, score=0.6)]) == []


def test_a_short_loss_keeps_the_id() -> None:
    tracker = FaceTracker(FaceOptions(lost_after_s=2.0))
    tracker.follow(0.0, [face(100)])
    for step in range(1, 12):
        assert tracker.follow(step * STEP_S, []) == []
    assert persons(tracker.follow(12 * STEP_S, [face(110)])) == {"person 1": 110}


def test_somebody_else_elsewhere_gets_a_new_id() -> None:
    tracker = FaceTracker(FaceOptions())
    tracker.follow(0.0, [face(100)])
    assert persons(tracker.follow(STEP_S, [face(700)])) == {"person 2": 700}


def test_a_person_gone_long_is_known_again_in_the_same_place() -> None:
    tracker = FaceTracker(FaceOptions(lost_after_s=1.0))
    tracker.follow(0.0, [face(100)])
    tracker.follow(5.0, [])
    assert persons(tracker.follow(9.0, [face(110)])) == {"person 1": 110}


def test_colours_tell_a_returning_person_from_a_stranger_in_the_same_place() -> None:
    tracker = FaceTracker(FaceOptions(lost_after_s=1.0))
    red, blue = (200, 40, 40), (40, 60, 200)
    for step in range(4):
        tracker.follow(step * STEP_S, [face(100)], room((100, red)))
    tracker.follow(3.0, [], room())
    assert set(persons(tracker.follow(4.0, [face(100)], room((100, blue))))) == {"person 2"}
    tracker.follow(7.0, [], room())
    assert set(persons(tracker.follow(8.0, [face(600)], room((600, red))))) == {"person 1"}


def test_at_most_so_many_people_are_followed_and_the_largest_come_first() -> None:
    tracker = FaceTracker(FaceOptions(max_faces=2))
    found = tracker.follow(0.0, [face(0, size=60), face(300, size=140), face(600, size=100)])
    assert [(one.person, one.box.width) for one in found] == [("person 1", 140), ("person 2", 100)]


@pytest.mark.parametrize("num_people", [1, 2, 3])
def test_ids_survive_jitter_and_missed_detections(num_people: int) -> None:
    generator = np.random.default_rng(num_people)
    tracker = FaceTracker(FaceOptions())
    truth: dict[str, set[int]] = {}
    for step in range(200):
        seen = [number for number in range(num_people) if step < 2 or generator.random() < 0.8]
        found = [face(100 + 250 * number + generator.normal(0, 6), size=100 + generator.normal(0, 4)) for number in seen]
        for one in tracker.follow(step * STEP_S, found):
            truth.setdefault(one.person, set()).add(round((one.box.x - 100) / 250))
    assert len(truth) == num_people
    assert all(len(numbers) == 1 for numbers in truth.values())


def portrait(shape: int, colour: tuple[int, int, int], light: float = 1.0) -> np.ndarray:
    """A picture with one face at (100, 100): blotches of its own, in one colour."""
    blotches = np.random.default_rng(shape).uniform(0.35, 1.0, (8, 8, 1)).astype(np.float32)
    skin = cv2.resize(blotches, (100, 100), interpolation=cv2.INTER_CUBIC)[..., None] * np.array(colour, np.float32)
    image = np.full((400, 400, 3), 90, np.uint8)
    image[60:280, 80:220] = np.asarray(colour, np.uint8)  # hair and collar
    image[100:200, 100:200] = np.clip(skin * light, 0, 255).astype(np.uint8)
    return image


RED, BLUE = (200, 60, 50), (50, 70, 200)


def followed(*pictures: np.ndarray, score: float = 0.95) -> list[str]:
    """The id of the one face in each picture, "" where it has none."""
    tracker = FaceTracker(FaceOptions())
    names = []
    for step, image in enumerate(pictures):
        found = tracker.follow(step * STEP_S, [face(100, score=score)], image)
        names.append(found[0].person if found else "")
    return names


def test_somebody_else_in_the_very_same_place_is_somebody_else_in_the_next_picture() -> None:
    one, other = portrait(1, RED), portrait(2, BLUE)
    assert followed(one, one, one, other, other) == ["person 1"] * 3 + ["person 2"] * 2


def test_somebody_else_who_was_found_with_doubt_is_believed_in_the_picture_after() -> None:
    one, other = portrait(1, RED), portrait(2, BLUE)
    assert followed(one, one, one, other, other, score=0.6) == ["", "person 1", "person 1", "", "person 2"]


def test_who_is_back_in_their_place_soon_has_their_own_id_again() -> None:
    one, other = portrait(1, RED), portrait(2, BLUE)
    assert followed(one, one, other, other, one, one) == ["person 1"] * 2 + ["person 2"] * 2 + ["person 1"] * 2


def test_another_lamp_makes_nobody_somebody_else() -> None:
    names = followed(portrait(1, RED), portrait(1, (230, 190, 90)), portrait(1, RED, light=0.5), portrait(1, BLUE))
    assert names == ["person 1"] * 4


def test_another_face_in_the_same_colours_keeps_the_id_as_a_grimace_must() -> None:
    assert followed(portrait(1, RED), portrait(2, RED), portrait(3, RED)) == ["person 1"] * 3


def test_one_bad_picture_does_not_cost_the_id() -> None:
    one, odd = portrait(1, RED), portrait(2, BLUE)
    assert followed(one, one, odd, one, one, score=0.6) == ["", "person 1", "", "person 1", "person 1"]
