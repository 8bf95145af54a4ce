"""Checks what operators watch with: rules, alerts, runbook and dashboards. `make monitoring`.

docs/metrics.md lists what switch and wallet server export; tests of both compare it with the code. Here everything that
names a metric is compared with that list, the alerts are run by promtool with the data of the files beside this one, and
the dashboards are compared with Grafana's own types. A tool that is missing is an error.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

import expressions
import grafana
from expressions import Read, Series, Wrong

TOP = Path(__file__).resolve().parents[2]
CONFIG = TOP / "config"
RUNBOOK = "https://tessera.example/docs/alerts.md"
TESTS = Path(__file__).resolve().parent
RULES = ["rules.yml", "alerts.yml"]
# Where the tests stay, to be run by hand: `promtool test rules target/monitoring/*.test.yml`.
BUILT = TOP / "target/monitoring"

# Metrics that no dashboard shows and no alert looks at, and why.
SHOWN_NOWHERE = {
    "tessera_archive_segments": "the number of files; tessera_archive_bytes is shown",
    "tessera_journal_segments": "the number of files; tessera_journal_segment_bytes is shown",
}

failures = []


def fail(what, why):
    failures.append(what)
    print(f"{what}: FAILED: {why}", file=sys.stderr)


def run(what, *command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        fail(what, done.stdout)
    else:
        print(f"{what}: ok")


def exported():
    """What docs/metrics.md lists."""
    series = {name: Series("gauge", labels) for name, labels in expressions.MADE.items()}
    for line in (TOP / "docs/metrics.md").read_text().splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| (\w+) \| (.*) \| .* \|", line)
        if not row:
            continue
        name, kind, labels = row.groups()
        known = {}
        for label in filter(None, labels.split("; ")):
            label, _, values = label.partition(": ")
            known[label.strip("`")] = set(filter(None, values.split(", ")))
        series[name] = Series(kind, known)
    return series


def rules(name):
    """All rules of a file, in their order."""
    return [rule for group in yaml.safe_load((CONFIG / name).read_text())["groups"] for rule in group["rules"]]


def check_expression(read, what, text):
    try:
        return read.labels(text)
    except Wrong as why:
        fail(what, f"{why}\n  {text}")
        return None


def check_recorded(read):
    for rule in rules("rules.yml"):
        labels = check_expression(read, rule["record"], rule["expr"])
        read.add_recorded(rule["record"], labels or set())


def check_alerts(read):
    alerts = rules("alerts.yml")
    sections = dict(re.findall(r"^### (\w+)\n\n(\w+)\.", (TOP / "docs/alerts.md").read_text(), re.MULTILINE))
    for alert in alerts:
        name, annotations = alert["alert"], alert["annotations"]
        labels = check_expression(read, name, alert["expr"])
        if set(annotations) != {"summary", "description", "runbook_url"}:
            fail(name, f"its annotations are {sorted(annotations)}")
        if annotations.get("runbook_url") != f"{RUNBOOK}#{name.lower()}":
            fail(name, f"its runbook is {annotations.get('runbook_url')}")
        severity = alert["labels"]["severity"]
        if sections.pop(name, "").lower() != severity:
            fail(name, f"docs/alerts.md has no heading for it that begins with its severity, {severity}")
        for label in re.findall(r"\$labels\.(\w+)", annotations.get("description", "")):
            if labels is not None and label not in labels:
                fail(name, f"its description names {label}; it has {sorted(labels)}")
    for name in sections:
        fail(name, "docs/alerts.md explains an alert that does not exist")


def series_of(case):
    """As promtool takes them: a number is a constant, and each series has a job and an instance."""
    for series, values in case["series"].items():
        name, _, labels = series.rstrip("}").partition("{")
        for label, value in (("job", "tessera"), ("instance", "n1")):
            if not re.search(rf"\b{label}=", labels):
                labels = ",".join(filter(None, [labels, f'{label}="{value}"']))
        yield {"series": f"{name}{{{labels}}}", "values": values if isinstance(values, str) else f"{values}x1000"}


def test_of(alert, case, labels):
    """A case as promtool takes it. An alert that fires has its labels, its severity and its annotations."""
    expected = []
    if "says" in case:
        scraped = {"job": "tessera", "instance": "n1"}
        kept = {label: value for label, value in scraped.items() if label in labels}
        expected = [{
            "exp_labels": kept | case.get("labels", {}) | alert["labels"],
            "exp_annotations": alert["annotations"] | {"description": case["says"]},
        }]
    asked = {"eval_time": case.get("at", "10m"), "alertname": alert["alert"], "exp_alerts": expected}
    return {"interval": case.get("every", "15s"), "input_series": list(series_of(case)), "alert_rule_test": [asked]}


def check_tests(read):
    """Promtool runs each alert with data that has its fault, and with data that has not."""
    alerts = {alert["alert"]: alert for alert in rules("alerts.yml")}
    cases = yaml.safe_load((TESTS / "cases.yml").read_text())
    for name in alerts.keys() ^ cases.keys():
        fail(name, "tests/monitoring/cases.yml has no such alert, or alerts.yml has none")
    recorded = yaml.safe_load((CONFIG / "rules.yml").read_text())["groups"]
    shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir(parents=True)
    paths = []
    for name in alerts.keys() & cases.keys():
        labels = read.labels(alerts[name]["expr"])
        # One alert with what it reads: promtool evaluates all rules of a file for every sample.
        groups = [*(recorded if "tessera:" in alerts[name]["expr"] else []), {"name": name, "rules": [alerts[name]]}]
        (BUILT / f"{name}.rules.yml").write_text(yaml.safe_dump({"groups": groups}))
        for kind in ("fires", "rests"):
            case = cases[name][kind]
            if ("says" in case) != (kind == "fires"):
                fail(name, "only what fires says something")
            made = {
                "rule_files": [f"{name}.rules.yml"],
                "evaluation_interval": case.get("every", "15s"),
                # In the tests what is recorded comes first; Prometheus reads what was recorded last.
                "group_eval_order": [group["name"] for group in groups],
                "tests": [test_of(alerts[name], case, labels)],
            }
            paths.append(BUILT / f"{name}.{kind}.test.yml")
            paths[-1].write_text(yaml.safe_dump(made, sort_keys=False))
    run("promtool check config", "promtool", "check", "config", CONFIG / "prometheus.yml")
    run("promtool check rules", "promtool", "check", "rules", "--lint-fatal", *(CONFIG / name for name in RULES))
    run("promtool test rules", "promtool", "test", "rules", *paths)


def check_dashboards(read):
    run("config/grafana/make.py --check", sys.executable, CONFIG / "grafana/make.py", "--check")
    for file in sorted((CONFIG / "grafana").glob("*.json")):
        made = json.loads(file.read_text())
        for problem in grafana.problems(made):
            fail(file.name, problem)
        for variable in made["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]).groups()
                check_expression(read, f"{file.name}: {variable['name']}", f"sum by ({label}) ({metric})")
        for panel in made["panels"]:
            for target in panel.get("targets", []):
                what = f"{file.name}: {panel['title']}"
                text = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
                labels = check_expression(read, what, text)
                for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                    if labels is not None and label not in labels:
                        fail(what, f"its legend names {label}; it has {sorted(labels)}")
        print(f"{file.name}: read")


def check_coverage(read):
    for name in read.series.keys() - read.named - expressions.MADE.keys():
        if name not in SHOWN_NOWHERE:
            fail(name, "no dashboard shows it and no alert looks at it; put it on one, or on the list of exceptions")
    for name in SHOWN_NOWHERE:
        if name in read.named or name not in read.series:
            fail(name, "it is no exception: it is shown, or does not exist")


def check_the_check():
    """What is wrong on purpose is found."""
    read = Read({
        "up": Series("gauge", {}),
        "a_total": Series("counter", {"reason": {"full", "late"}}),
        "b_total": Series("counter", {}),
        "c_seconds": Series("histogram", {"kind": set()}),
        "d_bytes": Series("gauge", {"folder": set()}),
    })
    right = [
        ('rate(a_total{reason="full"}[5m]) > ignoring (reason) 0.1 * rate(b_total[5m])', {"job", "instance"}),
        ("histogram_quantile(0.9, sum by (le, kind) (rate(c_seconds_bucket[5m])))", {"kind"}),
        ("sum(rate(c_seconds_sum[5m])) / sum(rate(c_seconds_count[5m]))", set()),
        ("max by (folder) (d_bytes) or vector(0)", {"folder"}),
        ("time() - d_bytes", {"folder", "job", "instance"}),
    ]
    for text, labels in right:
        assert read.labels(text) == labels, text
    wrong = [
        "no_such_metric", "c_seconds", "d_bytes_bucket", 'a_total{resaon="full"}', 'a_total{reason="none"}',
        'a_total{reason=~"full|none"}', "sum by (kind) (a_total)", "rate(d_bytes[5m])", "deriv(b_total[5m])",
        'rate(a_total{reason="full"}[5m]) > 0.1 * rate(b_total[5m])', "a_total and on (folder) d_bytes", "sum(",
        "histogram_quantile(0.9, sum by (kind) (rate(c_seconds_bucket[5m])))",
    ]
    for text in wrong:
        try:
            read.labels(text)
        except Wrong:
            continue
        raise AssertionError(f"nothing is wrong with {text}")
    good = json.loads((CONFIG / "grafana/switch.json").read_text())
    for key, value in [("timezone", 3), ("graphTooltip", 9), ("titel", ""), ("links", [{"type": "no"}])]:
        assert grafana.problems(good | {key: value}), key
    for change in [{"options": {"legend": {"placement": "left"}}}, {"gridPos": {"x": 20, "y": 900, "w": 5, "h": 1}},
                   {"fieldConfig": {"defaults": {"unit": "furlongs"}, "overrides": []}}, {"targets": [{"exprr": ""}]}]:
        first = next(panel for panel in good["panels"] if panel["type"] == "timeseries")
        assert grafana.problems(good | {"panels": [first | change]}), change


def main():
    check_the_check()
    read = Read(exported())
    check_recorded(read)
    check_alerts(read)
    check_dashboards(read)
    check_coverage(read)
    # What cannot be read can't be run.
    if not failures:
        check_tests(read)
    if failures:
        sys.exit(f"monitoring: {len(failures)} failed: {', '.join(sorted(set(failures)))}")
    print(f"monitoring: {len(rules('alerts.yml'))} alerts, {len(read.named)} series, nothing is missing")


main()
