from dataclasses import replace

import pytest

from app.permissions import Permission, permission_words
from app.set_up_plan import PLACES, Present, may_keep, missing, plan_of

MUM = Present("p-00000001", "Mum", "adult", frozenset({"live", "record", "clips"}))
GRANDMA = Present("p-00000002", "Grandma", "adult", frozenset({"live"}))
CHILD = Present("p-00000003", "Leo", "child", frozenset({"live", "record"}))


def test_nothing_starts_before_place_device_people_and_agreement_are_there():
    assert missing("", True, [MUM]) == "Say where you are."
    assert missing("home", False, [MUM]) == "Choose a camera or a microphone."
    assert missing("home", True, []) == "Say who is here."
    assert "name" in missing("home", True, [Present("", " ", "adult", frozenset({"live"}))])
    assert "agreed" in missing("home", True, [Present("p-1", "Mum", "adult", frozenset({"record"}))])
    assert missing("home", True, [MUM]) == ""


def test_at_school_or_work_in_the_eu_live_cues_are_off_whoever_agrees():
    assert missing("eu", True, [MUM, GRANDMA])
    assert missing("elsewhere", True, [MUM]) == ""
    assert set(PLACES) == {"home", "eu", "elsewhere"}


def test_beside_a_child_somebody_must_be_known_by_picture():
    known = replace(MUM, has_face=True)
    assert "picture" in missing("home", True, [MUM, CHILD])
    assert "picture" in missing("home", True, [MUM, replace(GRANDMA, consents=frozenset(), has_face=True), CHILD])
    assert missing("home", True, [known, CHILD]) == missing("home", True, [known, GRANDMA, CHILD]) == ""


def test_the_child_is_never_read_and_alone_starts_nothing():
    assert missing("home", True, [CHILD])
    assert plan_of([MUM, CHILD], False, False).people == ("p-00000001",)


@pytest.mark.parametrize(
    ("present", "record", "clips"),
    [([MUM], True, True), ([MUM, GRANDMA], False, False), ([MUM, CHILD], True, False), ([], False, False)],
)
def test_what_one_person_refuses_is_not_kept_of_anybody(present, record, clips):
    assert (may_keep(present, "record"), may_keep(present, "clips")) == (record, clips)
    plan = plan_of(present, True, True)
    assert (plan.keeps_recording, plan.keeps_clips) == (record, clips)
    assert plan_of(present, False, False).keeps_recording is False


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("device", ["camera", "microphone"])
def test_each_permission_state_has_words_and_a_refusal_has_a_next_step(system, device):
    words = {state: permission_words(state, device, system) for state in Permission}
    assert len({one.words for one in words.values()}) == 3
    assert words[Permission.DENIED].next_step and device in words[Permission.DENIED].words
    assert not words[Permission.ALLOWED].next_step


def test_a_camera_file_that_may_not_be_read_is_said_to_be_not_allowed(tmp_path, qapp, monkeypatch):
    from app import permissions

    monkeypatch.setattr(permissions.os, "access", lambda *_: False)
    assert permissions.camera_permission("/dev/video0").state is Permission.DENIED
    monkeypatch.setattr(permissions.os, "access", lambda *_: True)
    assert permissions.camera_permission("/dev/video0").state is Permission.ALLOWED
