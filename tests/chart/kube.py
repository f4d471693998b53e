"""Rendered objects against the published schemas of four Kubernetes minors, unknown fields refused."""

from __future__ import annotations

import functools

from kubernetes_validate import utils

MINORS = ("1.34", "1.35", "1.36", "1.37")
# The schemas are a megabyte and a half each: read once, not once for each object.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


def faults(objects: list[dict]) -> list[str]:
    """What a strict API server would refuse."""
    wrong = []
    for minor in MINORS:
        for item in objects:
            name = f"{item.get('kind')}/{item.get('metadata', {}).get('name')}"
            try:
                validated = utils.validate(item, minor, strict=True)
                if validated != minor:
                    wrong.append(f"{name}: checked against {validated} instead of {minor}")
            except utils.ValidationError as error:
                wrong.append(f"{name} ({minor}): {'.'.join(map(str, error.path))}: {error.message[:200]}")
            except utils.SchemaNotFoundError as error:
                wrong.append(f"{name}: {error.message}")
    return wrong
