"""docs/telemetry.md and what lies beside it name what there is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agent.telemetry import Telemetry
from agent.telemetry.gpus import Gpus
from benchmark import GpuReading
from tests.agent.telemetry.documented import DOCS, SERIES, TABLE, TEXT
from tests.agent.telemetry.scrape import get

RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DOCS / "telemetry" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]  # fmt: skip
DASHBOARD: dict[str, Any] = json.loads((DOCS / "telemetry" / "grafana.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
#: What Prometheus itself puts beside a metric.
SCRAPED = {"instance", "job"}
READING = GpuReading(0, "GPU-0", "NVIDIA L4", 1, 2, 3.0, 4.0, 5.0, 0.6)


def queries() -> Iterator[Any]:
    """Of the alerts and of the panels, with what Grafana puts in for its variables."""
    for rule in RULES:
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in PANELS:
        for target in panel["targets"]:
            yield pytest.param(re.sub(r"\$__\w+", "5m", target["expr"]), id=f"{panel['title']} {target['refId']}")


def selected(query: str) -> list[tuple[str, set[str]]]:
    """Each series that a query reads: its name and the labels that it is chosen by."""
    found = []

    def visit(expression: Any) -> None:
        if isinstance(expression, promql_parser.MatrixSelector):
            expression = expression.vector_selector
        if isinstance(expression, promql_parser.VectorSelector):
            found.append((str(expression.name), {matcher.name for matcher in expression.matchers.matchers}))

    promql_parser.walk(promql_parser.parse(query), visit)
    return found


def test_the_table_has_every_metric_and_its_type(telemetry: Telemetry) -> None:
    families = text_string_to_metric_families(get(telemetry.port, "/metrics").text)
    told = {f"{f.name}_total" if f.type == "counter" else f.name: f.type for f in families}
    assert told == {name: kind for name, (kind, _) in TABLE.items()}


def test_the_table_has_the_labels_of_gpus() -> None:
    registry = CollectorRegistry()
    registry.register(Gpus(lambda: [READING]))
    samples = [
        sample
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    ]
    assert {sample.name: set(sample.labels) for sample in samples} == {
        name: labels for name, (_, labels) in TABLE.items() if name.startswith("arena_gpu")
    }
    assert [sample.value for sample in samples] == [1, 1, 1, 2, 3, 4, 5, 0.6]


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_is_one_and_asks_for_what_there_is(query: str) -> None:
    assert selected(query)
    for series, labels in selected(query):
        known = set() if series == "up" else TABLE[SERIES[series]][1]
        assert labels <= known | SCRAPED, series
    for grouped in re.findall(r"\bby \(([^)]*)\)", query):
        labels = set(grouped.split(", "))
        assert all(labels <= TABLE[SERIES[series]][1] | SCRAPED | {"le"} for series, _ in selected(query))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "runbook"}
    for sentence in rule["annotations"].values():
        assert sentence.endswith(".")
        assert len(sentence.split()) >= 5
    labels = set().union(*(TABLE[SERIES[name]][1] for name, _ in selected(rule["expr"]) if name in SERIES))
    assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= labels | SCRAPED


def test_the_table_of_alerts_has_every_one() -> None:
    assert re.findall(r"^\| `(Arena\w+)` ", TEXT, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_prometheus_is_told_the_job_that_the_alerts_expect() -> None:
    config = yaml.safe_load((DOCS / "telemetry" / "prometheus.yml").read_text("utf-8"))
    (job,) = config["scrape_configs"]
    assert (job["job_name"], job["static_configs"][0]["targets"]) == ("arena", ["localhost:9464"])
    assert [(DOCS / "telemetry" / name).is_file() for name in config["rule_files"]] == [True]


def test_every_panel_asks_the_prometheus_that_is_chosen() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    assert all(each["datasource"] == chosen for each in variables.values() if each["type"] == "query")
    for panel in PANELS:
        assert panel["title"]
        assert panel["datasource"] == chosen
        assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(panel["targets"])
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)
        used = set(re.findall(r"\$(?!__)(\w+)", " ".join(target["expr"] for target in panel["targets"])))
        assert used <= set(variables)


def test_no_two_panels_lie_on_each_other() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_the_dashboard_shows_every_metric_but_what_others_say_better() -> None:
    """What is alive can be ready, and what there is of GPU memory is a line in another panel."""
    shown = {SERIES[series] for panel in PANELS for target in panel["targets"]
             for series, _ in selected(re.sub(r"\$__\w+", "5m", target["expr"]))}  # fmt: skip
    assert set(TABLE) - shown == {"arena_alive"}
