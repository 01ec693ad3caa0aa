import cv2
import numpy as np

from emoasst_core.faces.appearance import embed_appearance
from emoasst_core.session.identities import Identities
from emoasst_core.session.people_watch import PeopleWatch
from emoasst_core.session.plan import SessionPlan

MUM, CHILD = "p-00000001", "p-00000002"


def face(seed):
    noise = np.random.default_rng(seed).uniform(40, 215, (12, 12)).astype(np.float32)
    grey = cv2.resize(noise, (160, 160), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)


def family(*persons):
    pictures = {MUM: 1, CHILD: 2}
    return Identities([(person, embed_appearance(face(pictures[person]))) for person in persons], {MUM: "adult", CHILD: "child"})


def look(identities, track, seed, num_looks=5):
    for number in range(num_looks):
        name = identities.name(track, face(seed), number / 10)
    return name


def test_a_known_face_gets_its_name_after_a_few_looks_and_a_stranger_never():
    identities = family(MUM)
    assert look(identities, "person 1", 1, num_looks=2) == "person 1"
    assert look(identities, "person 2", 1) == MUM
    assert look(identities, "person 3", 9) == "person 3"


def test_the_child_is_never_read_not_even_while_it_is_not_yet_sure_who_it_is():
    identities = family(MUM, CHILD)
    assert not identities.may_read("person 1", "person 1")
    assert look(identities, "person 1", 2) == CHILD
    assert identities.is_child(CHILD) and not identities.may_read("person 1", CHILD)
    identities.plan = SessionPlan((CHILD, MUM))
    assert not identities.may_read("person 1", CHILD)


def test_with_pictures_only_the_people_of_the_plan_are_read():
    identities = family(MUM)
    identities.plan = SessionPlan((MUM,))
    look(identities, "person 1", 1)
    look(identities, "person 2", 9)
    assert identities.may_read("person 1", MUM)
    assert not identities.may_read("person 2", "person 2")


def test_without_any_picture_all_who_agreed_are_read_until_one_withdraws():
    identities = family()
    identities.plan = SessionPlan((MUM,))
    assert identities.may_read("person 1", "person 1")
    identities.plan = identities.plan.without(MUM)
    assert not identities.may_read("person 1", "person 1")


def test_a_face_missed_for_a_moment_is_no_change_of_who_is_there():
    watch = PeopleWatch()
    assert watch.see(0.0, ["person 1"]) == ("person 1",)
    assert watch.see(0.1, []) is None and watch.see(0.2, ["person 1"]) is None
    assert watch.see(0.3, ["person 2", "person 1"]) == ("person 2", "person 1")
    assert watch.see(0.9, ["person 2"]) is None
    assert watch.see(1.9, ["person 2"]) == ("person 2",)
