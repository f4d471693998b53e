"""The build that is offered compiles in a container, which is not done here: but what it would compile is looked at."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from helm import ROOT

IGNORE = ROOT / "k8s/image/Dockerfile.dockerignore"


def complete() -> list[str]:
    """With nothing but what the Dockerfile is given, cargo finds every crate as the lock file has it."""
    let_in = [line[1:] for line in IGNORE.read_text().split() if line.startswith("!") and (ROOT / line[1:]).exists()]
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *let_in]
    files = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    with tempfile.TemporaryDirectory() as folder:
        for file in filter(None, files):
            if (ROOT / file).is_file():
                place = Path(folder) / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, place)
        command = ["cargo", "metadata", "--format-version", "1", "--offline", "--locked"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return [f"the context of the Dockerfile is not complete: {done.stderr[-600:]}"] if done.returncode else []
