"""Status reports and metrics, replayed from the recorded sequences over the pure rules.

``downloaded``, ``failed`` and ``installed`` must be as recorded but for the wanted differences. For
these, and for ``active`` always, the expectation is a recount from the reports themselves: it keeps
no running counters but looks at who ran what.
"""

import re
from collections import Counter

from msgspec.structs import asdict

from codepush.models import StatusReport
from codepush.rules import metrics, reports, trials
from codepush.rules.labels import number as number_of
from codepush.rules.trials import TrialChange, TriedLabel
from contract.differences import (
    ACTIVE,
    METRICS,
    PRESUMED_RELEASES,
    REPORTS,
    difference,
    is_unnamed,
    sent_field,
)
from support.recounts import recount
from support.vectors import load

RECORDED = load("metrics")
CASES = RECORDED["cases"]

KINDS = {
    "Active": "active",
    "Downloaded": "downloaded",
    "DeploymentFailed": "failed",
    "DeploymentSucceeded": "installed",
}


class Store:
    """What a server keeps: counters, and what each device runs in each deployment and tried last."""

    def __init__(self):
        self.counters = Counter()
        self.runs = {}
        self.trials = {}

    def take(self, report):
        device = report.client_unique_id
        here, there = report.deployment_key, metrics.other_deployment_key(report)
        tried = self.attempt(report)
        change = metrics.change(
            report,
            runs=self.runs.get((here, device)),
            ran_elsewhere=self.runs.get((there, device)),
            is_repeat=tried.is_repeat,
        )
        for counter in change.counters:
            name = (counter.deployment_key, counter.subject, counter.kind)
            self.counters[name] = max(0, self.counters[name] + counter.delta)
        if change.remember:
            self.runs[here, device] = change.remember
        if change.is_moved:
            del self.runs[there, device]

    def attempt(self, report):
        """Return what a report changes of the device's trial, and remember that."""
        if not report.label:
            return TrialChange()
        device = (report.deployment_key, report.client_unique_id)
        label = TriedLabel(number=number_of(report.label), released_at=0)
        change = trials.change(report, self.trials.get(device), label, is_known=True, at=0)
        if change.trial and report.client_unique_id:
            self.trials[device] = change.trial
        return change

    def clear(self, key):
        self.counters = Counter({name: value for name, value in self.counters.items() if name[0] != key})
        self.runs = {name: subject for name, subject in self.runs.items() if name[0] != key}
        self.trials = {name: trial for name, trial in self.trials.items() if name[0] != key}

    def shown(self, key):
        counters = {(subject, kind): value for (of, subject, kind), value in self.counters.items() if of == key}
        return {subject: counted(shown) for subject, shown in metrics.summarise(counters).items()}


def counted(metrics):
    """Return the counters of a label or version by name, without what only answers of other servers carry."""
    return {name: value for name, value in asdict(metrics).items() if name != "extra"}


def read(step):
    """Return the report in a step, or the text in which it is refused."""
    reader = reports.read_download_report if step["path"].endswith("/download") else reports.read_deploy_report
    try:
        return reader(step["json"])
    except reports.InvalidReport as error:
        return str(error)


def counts(report):
    """Return whether a deployment that has made the releases presumed by the recording can count a report."""
    bounded = reports.countable(report)
    return bounded is not None and bounded.label in {None, *PRESUMED_RELEASES}


def replay(case):
    """Yield each step with the state after it: the step's number, the answer to a report, and the store."""
    store = Store()
    for number, step in enumerate(case["steps"]):
        answer = None
        if "json" in step:
            report = read(step)
            answer = {"status": 400, "text": report} if isinstance(report, str) else {"status": 200, "text": "OK"}
            if not isinstance(report, str) and counts(report):
                store.take(reports.countable(report))
        elif "clear_history_of" in step:
            store.clear(case["deployment_keys"][step["clear_history_of"]])
        yield number, step, answer, store


def readings(case):
    """Yield every reading of a deployment's metrics: the steps before it, its key, the recording, and ours."""
    keys = case["deployment_keys"]
    for number, step, _, store in replay(case):
        if "metrics_of" in step:
            key = keys[step["metrics_of"]]
            yield case | {"steps": case["steps"][:number]}, key, step["expect"]["json"]["metrics"], store.shown(key)
    for name, recorded in case["metrics"].items():
        yield case, keys[name], recorded, store.shown(keys[name])


def happened(case):
    """Return the reports that can be counted, and the keys of deployments that were cleared, in their order."""
    keys = case["deployment_keys"]
    both = [read(step) if "json" in step else keys.get(step.get("clear_history_of")) for step in case["steps"]]
    return [one for one in both if (counts(one) if isinstance(one, StatusReport) else one in keys.values())]


def expected(case, key, recorded, kind):
    """Return a counter's expected values by subject: as recorded, or recounted where a wanted difference applies."""
    if difference(METRICS[kind], case):
        return recount(happened(case), key)[kind]
    return Counter({subject: values[kind] for subject, values in recorded.items() if values.get(kind)})


def labels(values):
    """Return the counters of labels that are not zero."""
    return {subject: value for subject, value in values.items() if value and re.fullmatch("v[0-9]+", subject)}


def all_readings():
    return [reading for case in CASES for reading in readings(case)]


def test_reports_are_answered_as_recorded():
    """Every recorded report gets the recorded status and text, but for the wanted differences."""
    wrong, count = [], 0
    for case in CASES:
        for _, step, answer, _ in replay(case):
            if answer is None:
                continue
            count += 1
            rule = difference(REPORTS, step)
            if answer != (rule.wanted(step) if rule else step["expect"]):
                wrong.append((step, answer))
    assert count
    assert wrong[:3] == []


def test_counters_of_labels_are_as_recorded():
    """What is counted of each label is as recorded; where a difference is wanted, it is what a recount finds."""
    wrong = []
    for case, key, recorded, shown in all_readings():
        for kind in METRICS:
            found = {subject: values[kind] for subject, values in shown.items()}
            wanted = expected(case, key, recorded, kind)
            if labels(found) != labels(wanted):
                wrong.append((case["id"], key, kind, labels(found), labels(wanted)))
    assert CASES
    assert wrong[:3] == []


def test_counters_are_what_a_recount_finds():
    """Every counter equals a recount of reports (downloads, failures), changes (installations), devices (active)."""
    wrong = []
    for case, key, _, shown in all_readings():
        for kind, counts in recount(happened(case), key).items():
            found = {subject: values[kind] for subject, values in shown.items() if values[kind]}
            wanted = {subject: count for subject, count in counts.items() if count}
            if found != (wanted if kind == "active" else labels(wanted)):
                wrong.append((case["id"], key, kind, found, wanted))
    assert wrong[:3] == []


def test_reports_without_an_id_leave_other_deployments_as_they_are():
    """Where they name another deployment as the previous one, the recorded counters fall there, even below zero."""
    fell = [one for one in all_readings() if difference(ACTIVE, one[0])]
    assert any(values["active"] < 0 for _, _, recorded, _ in fell for values in recorded.values())
    for case in CASES:
        before = {key: {} for key in case["deployment_keys"].values()}
        for _, step, _, store in replay(case):
            now = {key: store.shown(key) for key in case["deployment_keys"].values()}
            if is_unnamed(step):
                here = sent_field(step, "deployment_key", "deploymentKey")
                assert {**now, here: None} == {**before, here: None}
            before = now


def test_stored_counters_are_shown_as_recorded():
    """Labels show all four counters and anything else only its active devices, whatever was counted of it."""
    wrong = []
    for row in RECORDED["counter_conversion"]:
        counters = {}
        for name, value in (row["counters"] or {}).items():
            subject, _, kind = name.partition(":")
            counters[subject, KINDS.get(kind, "other")] = value
        found = {
            subject: {kind: value for kind, value in counted(shown).items() if value is not None}
            for subject, shown in metrics.summarise(counters).items()
        }
        wanted = {
            subject: {kind: value for kind, value in values.items() if value != "NaN"}
            for subject, values in row["metrics"].items()
        }
        if found != wanted:
            wrong.append((row, found))
    assert RECORDED["counter_conversion"]
    assert wrong[:3] == []
