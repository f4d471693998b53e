"""The example programs as processes: started, listened to, ended."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE = HERE / "node"
PATIENCE = 240.0
LANGUAGES = ("python", "node")


class Wrong(Exception):
    """Something was not as it should be."""


def command(language: str, name: str) -> list[str]:
    """How an example program is started."""
    return [sys.executable, str(HERE / f"python/{name}.py")] if language == "python" else ["node", str(NODE / f"{name}.js")]


def environment(world: Path) -> dict[str, str]:
    """What the programs are told: which suite."""
    return os.environ | {"EHUB_WORLD": str(world), "PYTHONDONTWRITEBYTECODE": "1"}


def install() -> None:
    """Installs the Node packages exactly as locked, when they are not there or another lock is."""
    if not shutil.which("npm"):
        raise Wrong("Node 18 or later with npm is needed for the Node example: scripts/setup installs it")
    stamp, lock = NODE / "node_modules/.ehub-lock", hashlib.sha256((NODE / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == lock:
        return
    done = subprocess.run(["npm", "ci", "--silent"], cwd=NODE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Wrong("npm ci failed:\n" + done.stdout)
    stamp.write_text(lock)


def play(language: str, name: str, world: Path) -> tuple[int, str, str]:
    """Runs a program to its end: exit code, output, errors."""
    program = subprocess.Popen(
        command(language, name), env=environment(world), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        output, errors = program.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        program.kill()
        output, errors = program.communicate()
        raise Wrong(f"{language}: {name} did not end in {PATIENCE:.0f} s\n{output}\n{errors}") from None
    return program.returncode, output, errors


class Listening:
    """A program that goes on, and everything it says."""

    def __init__(self, language: str, name: str, world: Path) -> None:
        self.language, self.lines = language, []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            command(language, name), env=environment(world), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()

    def until(self, text: str, after: int = 0) -> int:
        """Waits for a line that has a text in it, from a place on; the place after it."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while True:
                for place in range(after, len(self.lines)):
                    if text in self.lines[place]:
                        return place + 1
                left = end - time.monotonic()
                if left <= 0 or self._process.poll() is not None:
                    raise Wrong(f"{self.language} never said {text!r}:\n  " + "\n  ".join(self.lines[-15:]))
                self._changed.wait(min(left, 1.0))

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
