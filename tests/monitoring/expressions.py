"""Reads expressions of PromQL against the list of metrics: which series an expression names, and which labels its
result has. What Prometheus would evaluate to nothing, silently, is an error here: a metric or a label that is not
exported, a value that a label never has, two sides whose labels never match.
"""

import re
from dataclasses import dataclass, field

import promql_parser as promql

# Every scraped series has these.
SCRAPED = {"job", "instance"}
# What Prometheus makes by itself.
MADE = {"up": {}, "ALERTS": {"alertname": set(), "alertstate": {"firing", "pending"}, "severity": {"page", "ticket"}}}
OF_COUNTERS = {"rate", "irate", "increase"}
OF_GAUGES = {"deriv", "delta", "idelta", "predict_linear"}


class Wrong(Exception):
    """Why an expression means nothing."""


@dataclass
class Series:
    """What has one name: its type, and its labels with the values that are known, or none."""

    kind: str
    labels: dict[str, set[str]]


@dataclass
class Read:
    """What the expressions read so far have named."""

    series: dict[str, Series]
    named: set[str] = field(default_factory=set)

    def add_recorded(self, name, labels):
        self.series[name] = Series("gauge", {label: set() for label in labels})

    def find(self, name):
        """The series of a name, and the metric that it belongs to."""
        if name in self.series and self.series[name].kind != "histogram":
            return name, self.series[name]
        for ending in ("_bucket", "_sum", "_count"):
            metric = name.removesuffix(ending)
            found = self.series.get(metric)
            if name.endswith(ending) and found and found.kind == "histogram":
                more = {"le": set()} if ending == "_bucket" else {}
                return metric, Series("counter", found.labels | more)
        raise Wrong(f"{name} is not exported")

    def labels(self, text):
        """The labels of an expression's result; `None` of a number."""
        try:
            parsed = promql.parse(text)
        except ValueError as error:
            raise Wrong(str(error)) from error
        return self.of(parsed)

    def of(self, expr):
        match expr:
            case promql.NumberLiteral() | promql.StringLiteral():
                return None
            case promql.VectorSelector():
                return self.of_selector(expr)
            case promql.MatrixSelector():
                return self.of_selector(expr.vector_selector)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                return self.of(expr.expr)
            case promql.AggregateExpr():
                return self.of_aggregate(expr)
            case promql.Call():
                return self.of_call(expr)
            case promql.BinaryExpr():
                return self.of_binary(expr)
        raise Wrong(f"{expr}: this check does not know such an expression")

    def of_selector(self, selector):
        name, series = self.find(selector.name or "")
        self.named.add(name)
        recorded = ":" in name
        labels = series.labels | ({} if recorded else {label: set() for label in SCRAPED})
        for matcher in selector.matchers.matchers:
            if matcher.name not in labels:
                raise Wrong(f"{name} has no label {matcher.name}")
            values, op = labels[matcher.name], matcher.op
            if op == promql.MatchOp.Equal and values and matcher.value not in values:
                raise Wrong(f"{name} has no {matcher.name} {matcher.value}: {sorted(values)}")
            if op == promql.MatchOp.Re and values:
                # Each of the alternatives is to match something.
                for pattern in matcher.value.split("|"):
                    if not any(re.fullmatch(pattern, value) for value in values):
                        raise Wrong(f"{name} has no {matcher.name} {pattern}: {sorted(values)}")
        return set(labels)

    def of_aggregate(self, expr):
        inner = self.of(expr.expr)
        grouping = expr.modifier
        kept = str(expr.op) in ("topk", "bottomk")
        if grouping is None:
            return inner if kept else set()
        wrong = set(grouping.labels) - inner
        if wrong:
            raise Wrong(f"{expr.expr} has no labels {sorted(wrong)}")
        if kept:
            return inner
        by = grouping.type == promql.AggModifierType.By
        return set(grouping.labels) if by else inner - set(grouping.labels)

    def of_call(self, expr):
        name = expr.func.name
        for argument in expr.args:
            if isinstance(argument, promql.MatrixSelector):
                metric = argument.vector_selector.name
                kind = self.find(metric)[1].kind
                if (name in OF_COUNTERS and kind != "counter") or (name in OF_GAUGES and kind != "gauge"):
                    raise Wrong(f"{name}() of {metric}, which is a {kind}")
        inner = [labels for labels in map(self.of, expr.args) if labels is not None]
        if name in ("time", "vector"):
            return None if name == "time" else set()
        [labels] = inner
        if name == "histogram_quantile":
            if "le" not in labels:
                raise Wrong(f"{expr}: no label le is left")
            return labels - {"le"}
        return labels

    def of_binary(self, expr):
        left, right = self.of(expr.lhs), self.of(expr.rhs)
        if left is None or right is None:
            return right if left is None else left
        op = str(expr.op)
        if op == "or":
            return left | right
        matching = expr.modifier.matching if expr.modifier else None
        if expr.modifier and expr.modifier.group_labels:
            raise Wrong(f"{expr}: this check does not know group_left and group_right")
        if matching is None:
            compared = left, right
        elif matching.type == promql.LabelModifierType.Include:
            wrong = set(matching.labels) - (left & right)
            if wrong:
                raise Wrong(f"one side of {op} has no labels {sorted(wrong)}")
            compared = set(), set()
        else:
            compared = left - set(matching.labels), right - set(matching.labels)
        if compared[0] != compared[1]:
            raise Wrong(f"the sides of {op} never match: {sorted(compared[0])}, {sorted(compared[1])}")
        if op in ("and", "unless") or matching is None:
            return left
        # Of two sides only the labels are left by which they were matched.
        included = matching.type == promql.LabelModifierType.Include
        return set(matching.labels) if included else compared[0]
