"""Every setting that a service reads can be given through the chart: a new one in the code without its value is found here."""

from __future__ import annotations

import re

import saturated
import values_file
from helm import ROOT, rendered
from invariants import SERVICES, Rendered

COMMON = (
    "libs/host/src/config.rs",
    "libs/server/src/config.rs",
    "libs/server/src/client.rs",
    "libs/postgres/src/config.rs",
    "libs/telemetry/src/config.rs",
    "libs/auth/src/config.rs",
    "libs/mesh/src/config.rs",
)
MESH = {"libs/mesh/src/config.rs": ("intake", "writeback")}
# Never in a pod: only the migration Job holds it.
ELSEWHERE = {"migrate_url"}
STRUCT = re.compile(
    r"#\[derive\([^)]*\bDeserialize\b[^)]*\)\](?:\s*#\[[^\]]*\])*\s*pub struct \w+(?:<[^>]*>)? \{\n(.*?)\n\}", re.S
)
FIELD = re.compile(r"^    pub (\w+):", re.M)


def read_by(file: str) -> set[str]:
    """The keys of all structs in a file that are read from configuration."""
    return {name for body in STRUCT.findall((ROOT / file).read_text()) for name in FIELD.findall(body)}


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | set().union(*(_keys(inside) for inside in value.values()), set())
    if isinstance(value, list):
        return set().union(*(_keys(inside) for inside in value), set())
    return set()


def reachable() -> list[str]:
    """Settings that no value leads to."""
    values, _ = saturated.make(values_file.read())
    files = [Rendered(rendered(values=one)) for one in (saturated.first(values), saturated.second(values))]
    wrong = []
    for service in SERVICES:
        given = set().union(*(_keys(found.config(service)) for found in files))
        for file in (*COMMON, f"services/{service}/src/config.rs"):
            wanted = read_by(file)
            if not wanted:
                wrong.append(f"{file}: no setting was found in it")
            if service in MESH.get(file, SERVICES):
                wrong += [
                    f"{service}: the setting {name} of {file} cannot be given"
                    for name in sorted(wanted - given - ELSEWHERE)
                ]
    return wrong
