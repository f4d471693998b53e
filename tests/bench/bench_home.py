"""One suite to be measured: five release binaries, a cluster of its own, and fast stand-ins for the world outside."""

from __future__ import annotations

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/harness"))

from suite import SERVICES, Suite  # noqa: E402

# How often workers look when nothing wakes them.
POLLS = {
    "EHUB_INTAKE__SERVICE__MESH__POLL": "5s",
    "EHUB_WRITEBACK__SERVICE__SEND_POLL": "500ms",
    "EHUB_WRITEBACK__SERVICE__RECEIVE_POLL": "500ms",
    # As a deployment has it; development compares all roots every second.
    "EHUB_AUDIT__SERVICE__NO_LOSS__EVERY": "60s",
    "EHUB_AUDIT__SERVICE__NO_LOSS__GRACE": "60s",
}
TICKS = os.sysconf("SC_CLK_TCK")


def postgres_program(name: str) -> str:
    """The newest installed one of PostgreSQL's programs."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else (shutil.which(name) or name)


class Home:
    """A suite with its peers; use as a context."""

    def __init__(self, name: str, binaries: Path, env: dict[str, str] | None = None, generator: Path | None = None) -> None:
        self.name = name
        self.path = ROOT / ".local/bench" / name
        self.binaries, self.generator = binaries, generator or binaries
        self._env = env or {}
        self._peers: subprocess.Popen | None = None
        self.suite: Suite | None = None
        self.admin = ""
        self.peer_addresses: dict = {}

    def __enter__(self) -> Home:
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            self._start_peers()
            self._start_suite()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start_peers(self) -> None:
        ready = self.path / "peers.json"
        ready.unlink(missing_ok=True)
        command = [str(self.generator / "ehub-bench"), "peers", "--ready", str(ready)]
        self._peers = subprocess.Popen(command, stdin=subprocess.PIPE)
        until(ready.exists, 30, "the stand-ins for the world outside")
        self.peer_addresses = json.loads(ready.read_text())

    def _start_suite(self) -> None:
        peers = self.peer_addresses
        env = {
            "EHUB_PRESCRIBING__SERVICE__EPS__BASE_URL": peers["eps"],
            "EHUB_INTAKE__SERVICE__DEMOGRAPHICS__URL": peers["demographics"] + "/personal-demographics/FHIR/R4",
            "EHUB_INTAKE__SERVICE__MESH__CONNECTION__URL": peers["mesh"],
            "EHUB_WRITEBACK__SERVICE__MESH__URL": peers["mesh"],
        }
        self.suite = Suite(self.path, consultations=0, env=env | POLLS | self._env, binary=self.binaries / "ehub")
        self.suite.up()
        self.admin = self.suite.postgres("url")
        # The Python peers of `ehub dev` have nothing to do here; their polling would be measured with the rest.
        for peer in ("peers", "mesh"):
            os.kill(self.suite.world["pids"][peer], signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        if self.suite:
            for peer in ("peers", "mesh"):
                pid = self.suite.world.get("pids", {}).get(peer)
                if pid:
                    os.kill(pid, signal.SIGCONT)
            self.suite.down()
        if self._peers:
            self._peers.stdin.close()
            self._peers.wait(20)

    # What is measured with

    def load(self, what: str, **options: object) -> dict:
        """Runs the load generator; gives its report."""
        target = {"world": self.path / "ehub.json"} if what == "claims" else {"world": self.path / "ehub.json", "admin": self.admin}
        return self.measure(what, **target, **options)

    def measure(self, what: str, **options: object) -> dict:
        """What one of the load generator's commands reports."""
        command = [str(self.generator / "ehub-bench"), what]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)] if value is not None else []
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"ehub-bench {what} failed:\n{done.stderr[-3000:]}")
        return json.loads(done.stdout)

    def database(self, service: str) -> str:
        """The superuser's URL of a service's database."""
        return self.admin.rsplit("/", 1)[0] + "/" + self.suite.world["databases"][service].rsplit("/", 1)[1]

    def sql(self, text: str, url: str | None = None) -> list[list[str]]:
        """What a statement gives, row by row; fails when it does."""
        return sql(url or self.admin, text)

    def processor_seconds(self) -> dict[str, float]:
        """How long each part has used a processor so far: the services, PostgreSQL, the stand-ins."""
        used = {name: process_seconds(pid) for name, pid in self.suite.pids().items()}
        used["postgresql"] = self._cluster_seconds()
        used["stand-ins"] = process_seconds(self._peers.pid)
        return used

    def _cluster_seconds(self) -> float:
        # Ended backends have been waited for by the postmaster, which therefore knows their time too.
        parent = int(Path(self.suite.postgres("data"), "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return process_seconds(parent, ended_children=True) + sum(process_seconds(int(pid)) for pid in children)

    def memory(self) -> dict[str, dict[str, float]]:
        """Each service's resident memory in MB, whole and anonymous."""
        return {name: process_memory(pid) for name, pid in self.suite.pids().items()}


def process_seconds(pid: int, ended_children: bool = False) -> float:
    """User and system time of a process, with that of children it has waited for when asked."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(field) for field in fields[11 : 15 if ended_children else 13]) / TICKS


def process_memory(pid: int) -> dict[str, float]:
    """VmRSS and RssAnon of a process, in MB of a million bytes."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return {key: round(int(lines[key].split()[0]) * 1024 / 1e6, 1) for key in ("VmRSS", "RssAnon")}


def sql(url: str, text: str) -> list[list[str]]:
    """What a statement gives, row by row."""
    command = [postgres_program("psql"), "-X", "-q", "-At", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d", url]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr[-2000:]}")
    return [line.split("\x1f") for line in done.stdout.splitlines()]


def until(so, seconds: float, what: str) -> None:
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not so():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not in {seconds} s")
        time.sleep(0.02)


__all__ = ["Home", "ROOT", "SERVICES", "postgres_program", "process_memory", "process_seconds", "sql", "until"]
