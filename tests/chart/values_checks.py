"""Values: documented, typed, all of them used; typos refused at every level."""

from __future__ import annotations

import json
import re

import migration_sets
import readme
import saturated
import schema
import values_file
from helm import CHART, PROFILES, Refused, objects, put, template
from invariants import Rendered

README = CHART / "README.md"
# Read by no template, with the reason.
UNUSED: dict[str, str] = {}


def documented() -> list[str]:
    """Each key has its comment and its type; schema, README and migration sets are made from what is there now."""
    root = values_file.read()
    wrong = values_file.faults(root)
    for file, text in generated().items():
        if not file.exists() or file.read_text() != text:
            wrong.append(f"{file.relative_to(CHART.parents[2])} is not as generated: tests/chart/run.py --write")
    return wrong


def generated() -> dict:
    """What belongs into each generated file."""
    root = values_file.read()
    return {
        CHART / "values.schema.json": schema.make(root),
        README: readme.updated(README.read_text(), root),
        migration_sets.FILE: migration_sets.make(),
    }


def used() -> list[str]:
    """Each key's mark is found in what is rendered, and each switch changes it."""
    root = values_file.read()
    values, wanted = saturated.make(root)
    one, other = saturated.first(values), saturated.second(values)
    first = template(values=one)
    text = first + template(values=other)
    files = Rendered(objects(first))
    # NOTES are not rendered here, so a value that only they show does not count as used.
    wrong = [
        f"{name}: no template renders it ({', '.join(sorted(marks - _found(marks, text)))} is not found)"
        for name, marks in wanted.items()
        if marks - _found(marks, text) and name not in UNUSED and name != "maxDatabaseConnections"
    ]
    for entry in root.leaves():
        if entry.type.startswith(("boolean", "enum")):
            wrong += _switches(entry, one, first, files)
    try:
        template(values=one | {"maxDatabaseConnections": 1})
        wrong.append("maxDatabaseConnections: one connection for five services is not refused")
    except Refused as refused:
        if "maxDatabaseConnections is 1" not in str(refused):
            wrong.append(f"maxDatabaseConnections: refused otherwise: {refused}")
    return wrong


def _found(marks: set[str], text: str) -> set[str]:
    return {mark for mark in marks if mark in text}


def _switches(entry, values: dict, before: str, files: Rendered) -> list[str]:
    present = _value(values, entry.path)
    place = _in_the_file(entry.path)
    if place:
        service, steps = place
        found = files.config(service)
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        return [] if found == present else [f"{entry.name}: {present!r} is {found!r} in the file of {service}"]
    changed = json.loads(json.dumps(values))
    put(changed, entry.path, saturated.other_choice(entry, present))
    try:
        return [f"{entry.name}: switching it changes nothing"] if template(values=changed) == before else []
    except Refused:
        return []  # a refusal is an effect


def _in_the_file(path: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Where a key stands in a service's configuration file, if it is one of those that are copied there."""
    if path[0] == "config" and path[-1] != "listen":
        return "intake", path[1:]
    if path[0] == "services" and path[2] == "settings":
        return path[1], ("service", *path[3:])
    return None


def _value(values: dict, path: tuple[str, ...]) -> object:
    for step in path:
        values = values[step]
    return values


def objects_of(part: dict, whole: dict, path: tuple = ()):
    """Every place in the schema whose keys are known, as a path into values; Kubernetes's own one level deep."""
    reference = part.get("$ref", "")
    if reference:
        part = whole["$defs"][reference.rsplit("/", 1)[1]]
    if part.get("properties"):
        # `global` is open on purpose: it belongs to a parent chart.
        if path != ("global",):
            yield path
        if reference.startswith("#/$defs/io.k8s"):
            return
        for name, inside in part["properties"].items():
            yield from objects_of(inside, whole, (*path, name))
    elif isinstance(part.get("additionalProperties"), dict):
        yield from objects_of(part["additionalProperties"], whole, (*path, "any"))
    elif "items" in part:
        yield from objects_of(part["items"], whole, (*path, 0))


def _open(part: object, place: str):
    """Objects of Kubernetes's definitions that would take unknown keys."""
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict) and part.get("additionalProperties") is not False:
            yield place
        for name, inside in part.items():
            yield from _open(inside, f"{place}/{name}")
    elif isinstance(part, list):
        for inside in part:
            yield from _open(inside, place)


def typos() -> list[str]:
    """A misspelt key at every level of the schema is refused, by Helm itself and with its place."""
    whole = json.loads((CHART / "values.schema.json").read_text())
    wrong = [f"{place}: takes unknown keys" for place in _open(whole["$defs"], "$defs")]
    paths = list(objects_of(whole, whole))
    values: dict = {}
    for path in paths:
        _misspell(values, path)
    try:
        template(*PROFILES["dev"], values=values)
        return [*wrong, "values with a typo at every level are rendered"]
    except Refused as refused:
        said = str(refused)
    reported = {
        tuple(place.strip("/").split("/")) if place.strip("/") else ()
        for place in re.findall(r"- at '([^']*)': additional properties 'mispelt' not allowed", said)
    }
    missed = [path for path in paths if tuple(map(str, path)) not in reported]
    wrong += [f"{'.'.join(map(str, path)) or 'the top'}: a misspelt key is not refused" for path in missed]
    print(f"    misspelt keys refused: {len(paths) - len(missed)} of {len(paths)} places")
    return wrong


def _misspell(values: dict, path: tuple) -> None:
    here: object = values
    for index, step in enumerate(path):
        after = [] if index + 1 < len(path) and path[index + 1] == 0 else {}
        if step == 0:
            if not here:
                here.append(after)
            here = here[0]
        else:
            here = here.setdefault(step, after)
    here["mispelt"] = True
