"""The registry of telemetry names, and whether what arrived keeps to it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from receiver import Arrived, Point, Span
from suite import ROOT, SERVICES

FILE = ROOT / "telemetry/registry.toml"
DOCUMENT = ROOT / "docs/telemetry.md"
# What tells somebody apart has no place in a metric's attributes: ids, resource names, ODS codes.
TELLING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-|consultations/|entries/|prescriptions/|\b[A-HJ-NP-Y]\d{5}\b|\bH8H01\b|\b\d{10}\b", re.I
)
WORD = re.compile(r"[A-Za-z0-9_./:{}$\- ]{0,100}")
OVERFLOW = "otel.metric.overflow"
TYPES = {"string": str, "int": int, "bool": bool}


class Registry:
    """The names as data."""

    def __init__(self, file: Path = FILE) -> None:
        data = tomllib.loads(file.read_text())
        self.attributes: dict[str, dict] = data["attributes"]
        self.metrics: dict[str, dict] = data["metrics"]
        self.log_fields = set(data["logs"]["fields"]) | {name for name, one in self.attributes.items() if "log" in one["on"]}
        self.spans: dict[str, dict] = data["spans"]
        self._patterns = [
            (name, re.compile(name.strip("/") if name.startswith("/") else re.escape(name))) for name in self.spans
        ]

    def span(self, span: Span) -> str | None:
        """The entry a span belongs to."""
        for name, pattern in self._patterns:
            if pattern.fullmatch(span.name) and self.spans[name]["kind"] == span.kind:
                return name
        return None

    def itself(self) -> list[str]:
        """What is wrong with the registry alone."""
        wrong, used = [], set()
        for kind, entries in (("span", self.spans), ("metric", self.metrics)):
            for name, entry in entries.items():
                for attribute in entry["attributes"]:
                    used.add(attribute)
                    if kind not in self.attributes.get(attribute, {}).get("on", ()):
                        wrong.append(f"{kind} {name}: {attribute} is no {kind} attribute of the registry")
                for attribute in entry.get("values", {}).keys() - set(entry["attributes"]):
                    wrong.append(f"{kind} {name}: words for {attribute}, which it has not")
                if kind == "metric" and not entry["meaning"].endswith("."):
                    wrong.append(f"metric {name}: its meaning is no sentence")
        for name, entry in self.attributes.items():
            if name not in used and not {"resource", "log"} & set(entry["on"]) and not entry.get("everywhere"):
                wrong.append(f"attribute {name}: nothing uses it")
        return wrong

    def against(self, arrived: Arrived) -> list[str]:
        """Everything that arrived and is not as registered, each sort once."""
        wrong: dict[str, None] = {}
        for span in arrived.spans:
            wrong.update(dict.fromkeys(self._span(span)))
        for point in arrived.points.values():
            wrong.update(dict.fromkeys(self._point(point)))
        for log in arrived.logs:
            for name in log.attributes.keys() - self.log_fields:
                wrong[f"log field {name}: not registered ({log.service}: {log.body})"] = None
        for service, about in arrived.resources.items():
            wrong.update(dict.fromkeys(self._attributes(f"resource of {service}", about, "resource", list(about))))
        return list(wrong)

    def _attributes(self, where: str, given: dict, on: str, allowed: list[str]) -> list[str]:
        wrong = []
        for name, value in given.items():
            entry = self.attributes.get(name)
            if entry is None or name not in allowed or on not in entry["on"]:
                wrong.append(f"{where}: the attribute {name} is not registered for it")
            elif on == "span" and not isinstance(value, TYPES[entry["type"]]):
                wrong.append(f"{where}: the attribute {name} is no {entry['type']}")
            elif "values" in entry and str(value) not in entry["values"]:
                wrong.append(f"{where}: {name} = {value} is none of its values")
        return wrong

    def _span(self, span: Span) -> list[str]:
        name = self.span(span)
        if name is None:
            return [f"span {span.name} ({span.kind}): not registered"]
        entry = self.spans[name]
        wrong = self._attributes(f"span {name}", span.attributes, "span", entry["attributes"])
        concerned = "ehub.consultation.id" in span.attributes
        if entry["consultation"] == "always" and not concerned:
            wrong.append(f"span {name}: without a consultation")
        return wrong

    def _point(self, point: Point) -> list[str]:
        entry = self.metrics.get(point.name)
        if entry is None:
            return [f"metric {point.name}: not registered"]
        if OVERFLOW in dict(point.attributes):
            return [f"metric {point.name}: has more series than are kept"]
        wrong = [
            f"metric {point.name}: its {what} is {getattr(point, key)!r}, not {entry[what]!r}"
            for what, key in (("kind", "kind"), ("unit", "unit"), ("meaning", "description"))
            if getattr(point, key) != entry[what]
        ]
        if point.service not in entry["services"]:
            wrong.append(f"metric {point.name}: told by {point.service}")
        wrong += self._attributes(f"metric {point.name}", dict(point.attributes), "metric", entry["attributes"])
        for name, value in point.attributes:
            if value not in entry.get("values", {}).get(name, [value]):
                wrong.append(f"metric {point.name}: {name} = {value} is none of its words here")
            if TELLING.search(value) or not WORD.fullmatch(value):
                wrong.append(f"metric {point.name}: {name} = {value!r} tells somebody apart")
        return wrong

    def unseen(self, arrived: Arrived) -> list[str]:
        """What is required and did not arrive."""
        spans = {self.span(span) for span in arrived.spans}
        missing = [f"span {name}: not seen" for name, one in self.spans.items() if one["required"] and name not in spans]
        told = {(point.name, point.service) for point in arrived.points.values()}
        for name, one in self.metrics.items():
            wanted = one["services"] if one["required"] is True else one["required"] or []
            missing += [f"metric {name}: not told by {service}" for service in wanted if (name, service) not in told]
        missing += [f"{service}: told no {what}" for what, got in self._told(arrived) for service in SERVICES if service not in got]
        return missing

    @staticmethod
    def _told(arrived: Arrived) -> list[tuple[str, set[str]]]:
        return [
            ("span", {span.service for span in arrived.spans}),
            ("metric", {point.service for point in arrived.points.values()}),
            ("log", {log.service for log in arrived.logs}),
        ]
