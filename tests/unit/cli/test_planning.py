"""What dry runs foresee, against what phones are really told."""

from codepush import Metrics, Package, PackageInfo
from codepush.cli.planning import Move, plan_change, plan_new, plan_return


def release(number, target="1.0.0", **fields):
    return Package(**{"app_version": target, "package_hash": f"hash{number}", "label": f"v{number}"} | fields)


def new(target="1.0.0", package_hash="new", **fields):
    return Package(app_version=target, package_hash=package_hash, **fields)


METRICS = {"v1": Metrics(active=100), "v2": Metrics(active=50), "1.0.0": Metrics(active=10)}
HISTORY = [release(1), release(2)]


def moves(plan):
    return {move.runs: (move.at_least, move.at_most) for move in plan.moves}


def test_first_release():
    """The first release is v1, and moves those that run the binary."""
    plan = plan_new([], {"1.0.0": Metrics(active=10), "2.0.0": Metrics(active=5)}, new())
    assert plan.release.label == "v1"
    assert plan.moves == (
        Move(runs="1.0.0", active=10, at_least=10, at_most=10),
        Move(runs="2.0.0", active=5, at_least=0, at_most=0),
    )


def test_release_moves_everybody_within_its_target():
    """A release for everybody's version moves everybody; one for another version, nobody."""
    plan = plan_new(HISTORY, METRICS, new())
    assert (plan.release.label, plan.refusal) == ("v3", None)
    assert moves(plan) == {"v1": (100, 100), "v2": (50, 50), "1.0.0": (10, 10)}
    assert (plan.at_least, plan.at_most) == (160, 160)
    assert plan_new(HISTORY, METRICS, new("2.0.0")).at_most == 0


def test_rollout_moves_a_share():
    """A rollout moves its share of the devices."""
    assert moves(plan_new(HISTORY, METRICS, new(rollout=20))) == {"v1": (20, 20), "v2": (10, 10), "1.0.0": (2, 2)}


def test_disabled_release_moves_nobody():
    """A disabled release is offered to nobody."""
    assert plan_new(HISTORY, METRICS, new(is_disabled=True)).at_most == 0


def test_partly_overlapping_targets():
    """Where it depends on the version of the app, which labels are not counted by, both numbers are told."""
    history = [release(1, "^1.0.0")]
    metrics = {"v1": Metrics(active=100), "1.0.0": Metrics(active=1), "1.5.0": Metrics(active=1)}
    plan = plan_new(history, metrics, new("1.5.0"))
    assert moves(plan) == {"v1": (0, 100), "1.0.0": (0, 0), "1.5.0": (1, 1)}
    assert moves(plan_new(history, metrics, new(">=1.0.0")))["v1"] == (100, 100)
    assert moves(plan_new(history, metrics, new("^2.0.0")))["v1"] == (0, 0)


def test_devices_that_have_it_stay():
    """Devices that run the very package are not moved by its new label."""
    plan = plan_new([release(1), release(2)], METRICS, new(package_hash="hash1"))
    assert moves(plan)["v1"] == (0, 0)


def test_refusals_of_a_new_release():
    """A duplicate and an unfinished rollout are foreseen; a disabled rollout is in nobody's way."""
    assert "already has this package" in plan_new(HISTORY, METRICS, new(package_hash="hash2")).refusal
    assert plan_new(HISTORY, METRICS, new(package_hash="hash1")).refusal is None
    unfinished = [release(1), release(2, rollout=20)]
    assert "rollout of v2 is unfinished (20%)" in plan_new(unfinished, METRICS, new()).refusal
    assert plan_new([release(1), release(2, rollout=20, is_disabled=True)], METRICS, new()).refusal is None
    assert plan_new(HISTORY, METRICS, new("^1.0.0", "hash2"), compared_as="1.0.0").refusal


def test_rollback():
    """A rollback makes a new label of an older package, and moves those that do not run it."""
    plan = plan_return(HISTORY, METRICS, None)
    assert (plan.release.label, plan.release.original_label, plan.release.package_hash) == ("v3", "v1", "hash1")
    assert moves(plan) == {"v1": (0, 0), "v2": (50, 50), "1.0.0": (10, 10)}


def test_rollback_during_a_rollout():
    """A rollback ends an unfinished rollout: only those that were selected move."""
    history = [release(1), release(2, rollout=20)]
    metrics = {"v1": Metrics(active=80), "v2": Metrics(active=20)}
    assert moves(plan_return(history, metrics, None)) == {"v1": (0, 0), "v2": (20, 20)}


def test_refusals_of_a_rollback():
    """What a server would say no to is foreseen."""
    assert plan_return([], {}, None).refusal == "there are no releases"
    assert plan_return([release(1)], {}, None).refusal == "there is no release before the newest"
    assert plan_return(HISTORY, {}, "v9").refusal == "there is no release v9"
    assert plan_return(HISTORY, {}, "v2").refusal == "v2 is already the newest release"
    assert "v1 is for 1.0.0" in plan_return([release(1), release(2, "2.0.0")], {}, None).refusal


def test_patch_of_the_rollout():
    """A growing rollout moves only those that were not selected yet."""
    history = [release(1), release(2, rollout=20)]
    plan = plan_change(history, METRICS, PackageInfo(rollout=50))
    assert moves(plan) == {"v1": (30, 30), "v2": (0, 0), "1.0.0": (3, 3)}


def test_patch_that_enables():
    """Enabling a release moves those below it."""
    history = [release(1), release(2, is_disabled=True)]
    metrics = {"v1": Metrics(active=100)}
    assert moves(plan_change(history, metrics, PackageInfo(is_disabled=False))) == {"v1": (100, 100)}
    assert moves(plan_change(history, metrics, PackageInfo(description="d"))) == {"v1": (0, 0)}


def test_refusals_of_a_patch():
    """What a server would say no to is foreseen."""
    assert plan_change([], {}, PackageInfo(rollout=5)).refusal == "there are no releases"
    assert plan_change(HISTORY, {}, PackageInfo(label="v9")).refusal == "there is no release v9"
    assert plan_change(HISTORY, {}, PackageInfo(rollout=50)).refusal == "the rollout of v2 is complete"
    half = [release(1, rollout=50)]
    assert "already 50%" in plan_change(half, {}, PackageInfo(rollout=50)).refusal
