"""Runs the clone's Helm and reads what it renders."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import yaml

from values_file import CHART

ROOT = Path(__file__).resolve().parents[2]
SITE = Path(__file__).with_name("site.yaml")
PROFILES = {"dev": [CHART / "profiles/dev.yaml"], "ha": [CHART / "profiles/ha.yaml", SITE]}
NAMESPACE = "ehub-test"


class Refused(Exception):
    """Helm ended with an error; its words are the message."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """YAML as Kubernetes reads it: `y`, `n`, `on` and `off` are text, and no key is there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        made = super().construct_mapping(node, deep=deep)
        if len(made) != len(node.value):
            keys = [key.value for key, _ in node.value]
            raise Refused(f"a key is there twice: {sorted(key for key in keys if keys.count(key) > 1)}")
        return made


def helm(*arguments: object) -> str:
    """Helm's output; raises with its words when it fails."""
    command = [str(ROOT / "scripts/helm"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def template(
    *files: Path,
    values: dict | None = None,
    release: str = "ehub",
    namespace: str = NAMESPACE,
    chart: Path = CHART,
    show: tuple = (),
) -> str:
    """The rendered text, with value files in order and then `values`."""
    arguments: list[object] = ["template", release, chart, "--namespace", namespace]
    for file in files:
        arguments += ["--values", file]
    for name in show:
        arguments += ["--show-only", name]
    if values is None:
        return helm(*arguments)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as more:
        yaml.safe_dump(values, more, sort_keys=False)
        more.flush()
        return helm(*arguments, "--values", more.name)


def objects(text: str) -> list[dict]:
    """The objects of a rendered text."""
    return [item for item in yaml.load_all(text, Loader=_Loader) if item]


def rendered(*files: Path, **how: object) -> list[dict]:
    """The objects of a rendering."""
    return objects(template(*files, **how))


def put(values: dict, path: tuple[str, ...] | str, value: object) -> dict:
    """Sets one key, making tables on the way."""
    steps = path.split(".") if isinstance(path, str) else path
    for step in steps[:-1]:
        values = values.setdefault(step, {})
    values[steps[-1]] = value
    return values


def at(path: str, value: object) -> dict:
    """Values with one key."""
    made: dict = {}
    put(made, path, value)
    return made
