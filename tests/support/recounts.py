"""What counters should say, found out from the reports themselves: no running counters, but a look at who ran what.

What happened is a list of reports that can be counted, and of the keys of deployments whose history was cleared.
A report without an id is about its own deployment only.
"""

from collections import Counter
from itertools import pairwise

from codepush.models import StatusReport
from codepush.rules.labels import number


def recount(happened, key):
    """Return every counter of a deployment: by kind, the values by label or binary version."""
    reports = life(happened, key)
    lives = named_lives(reports, key)
    changes = Counter(now for one in lives for before, now in pairwise([None, *one]) if now and now != before)
    installed, active = unnamed(reports, key)
    here = [report for report in reports if report.deployment_key == key]
    return {
        "downloaded": once(here, is_download),
        "failed": once(here, is_failure),
        "installed": changes + installed,
        "active": Counter(one[-1] for one in lives if one[-1]) + active,
    }


def life(happened, key):
    """Return the reports since the deployment's history was last cleared."""
    cleared = [number for number, one in enumerate(happened) if one == key]
    later = happened[cleared[-1] :] if cleared else happened
    return [one for one in later if isinstance(one, StatusReport)]


def ran(report):
    return report.label or report.app_version


def once(reports, counts):
    """Return by label how many reports of a kind count: a device's repeat for the highest label so far does not."""
    return Counter(
        one.label for place, one in enumerate(reports) if counts(one) and not is_repeat(one, reports[:place], counts)
    )


def is_repeat(report, before, counts):
    by_device = [one for one in before if one.label and one.client_unique_id == report.client_unique_id]
    return (
        report.client_unique_id is not None
        and any(counts(one) and one.label == report.label for one in by_device)
        and all(number(one.label) <= number(report.label) for one in by_device)
    )


def trials(reports):
    """Return how many trials began and ended, as a look back from each report at all that its device sent finds it.

    Returns:
        By label, kind (``began``, ``ok``, ``bad``), and whether a device was named.

    """
    labelled = [one for one in reports if one.label]
    counted = Counter()
    for place, one in enumerate(labelled):
        before = [other for other in labelled[:place] if other.client_unique_id == one.client_unique_id]
        if one.client_unique_id is None or is_first(one, before):
            counted[one.label, trial_kind(one), one.client_unique_id is not None] += 1
    return counted


def is_first(report, before):
    """Return whether a download begins a trial, or a verdict is its first, given what the device sent before."""
    of_label = {trial_kind(one) for one in before if one.label == report.label}
    if any(number(one.label) > number(report.label) for one in before) or of_label & {"ok", "bad"}:
        return False
    return not (is_download(report) and of_label)


def trial_kind(report):
    if is_download(report):
        return "began"
    return "bad" if is_failure(report) else "ok"


def is_download(report):
    return report.kind == "download"


def is_failure(report):
    return report.kind == "deploy" and report.label and report.status == "DeploymentFailed"


def arrivals(reports):
    """Yield each report of something running, with what it says of the past: the origin's key and what ran there."""
    for report in reports:
        if report.kind == "deploy" and not is_failure(report):
            yield report, report.previous_deployment_key or report.deployment_key, report.previous_label_or_app_version


def named_lives(reports, key):
    """Return what each device with an id ran in a deployment, one after the other; None where it left."""
    lives = {}
    for report, origin, _ in arrivals(reports):
        if report.client_unique_id and key in {report.deployment_key, origin}:
            now = ran(report) if report.deployment_key == key else None
            lives.setdefault(report.client_unique_id, []).append(now)
    return lives.values()


def unnamed(reports, key):
    """Return what devices without an id say of themselves: installations and, never below zero, active ones."""
    installed, active = Counter(), Counter()
    for report, origin, previous in arrivals(reports):
        if report.client_unique_id or (previous == ran(report) and origin == report.deployment_key):
            continue
        if previous and origin == key == report.deployment_key:
            active[previous] = max(0, active[previous] - 1)
        if report.deployment_key == key:
            installed[ran(report)] += 1
            active[ran(report)] += 1
    return installed, active
