from emoasst_core.session.plan import SessionPlan


def test_a_plan_without_names_allows_everybody_and_one_with_names_only_those():
    assert SessionPlan().allows("person 1")
    named = SessionPlan(("p-00000001", "p-00000002"))
    assert named.allows("p-00000002")
    assert not named.allows("person 1") and not named.allows("p-00000003")


def test_after_the_last_withdrawal_nobody_is_read_rather_than_everybody():
    plan = SessionPlan(("p-00000001",), keeps_recording=True, keeps_clips=True).without("p-00000001")
    assert not plan.allows("p-00000001") and not plan.allows("person 1")
    assert not plan.keeps_recording and not plan.keeps_clips


def test_withdrawing_twice_changes_nothing_more():
    plan = SessionPlan(("p-00000001", "p-00000002")).without("p-00000001")
    assert plan.without("p-00000001") == plan and plan.people == ("p-00000002",)
