"""The hash of each service's migrations, which the names of its migration Jobs are made with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from values_file import CHART

ROOT = Path(__file__).resolve().parents[2]
FILE = CHART / "files/migrations.json"
SERVICES = ("intake", "allocation", "writeback", "prescribing", "audit")


def make(root: Path = ROOT) -> str:
    """The file as it should stand in the chart: the foundation's migrations, then the service's own."""
    sets = {}
    for service in SERVICES:
        digest = hashlib.sha256()
        for folder in ("libs/postgres/migrations", f"services/{service}/migrations"):
            files = sorted((root / folder).glob("*.sql"))
            if not files:
                raise FileNotFoundError(f"{folder} holds no migration")
            for file in files:
                digest.update(f"{file.name}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        sets[service] = digest.hexdigest()[:16]
    return json.dumps(sets, indent=2) + "\n"
