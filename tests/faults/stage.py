"""A suite of our own with everything a fault needs: clients, peers, databases, a way to kill and to look."""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "harness"), str(HERE.parent / "attack")]
import forms  # noqa: E402
import grpc  # noqa: E402
from client import Client, Lines  # noqa: E402
from gauges import Gauges  # noqa: E402
from journal import Journal  # noqa: E402
from proxy import Proxy  # noqa: E402
from sql import DatabaseError, Databases  # noqa: E402
from suite import ROOT, SERVICES, Suite  # noqa: E402
from wire import Contract  # noqa: E402

STREAMS = "ehub.outbox.streams"
PRACTICES = (forms.ALDER, forms.BIRCH, forms.ALDER, forms.BIRCH, forms.CEDAR)
PROBES = {
    "intake": ("supplier", "IntakeService/ListConsultations", {"page_size": 1}),
    "allocation": ("gp-anna", "AllocationService/ListInbox", {"page_size": 1}),
    "writeback": ("gp-anna", "WritebackService/ListEntries", {"page_size": 1}),
    "prescribing": ("gp-anna", "PrescribingService/ListPrescriptions", {"page_size": 1}),
    "audit": ("auditor", "AuditService/GetCheckpoint", {}),
}


class Broken(AssertionError):
    """A law does not hold."""


class Stage:
    """One running suite."""

    def __init__(self, home: Path, env: dict[str, str], binary: Path, journal: Path, seed: int, tier: str = "ci") -> None:
        self.seed, self.home, self.tier, self.binary = seed, home, tier, binary
        # Intake's events for allocation go through a proxy of ours, so that allocation can be played by another.
        self.link = Proxy()
        # Write-back reaches MESH through another, which can lose the answers to its sends.
        self.mesh = Proxy(sends_only=True)
        # What allocation tells of its streams is read as it is exported.
        self.gauges = Gauges(STREAMS)
        env = env | {
            "EHUB_ALLOCATION__TELEMETRY__OTLP_ENDPOINT": self.gauges.address,
            "OTEL_METRIC_EXPORT_INTERVAL": "2000",
            "EHUB_INTAKE__PEERS__ALLOCATION__URI": self.link.address,
            "EHUB_WRITEBACK__SERVICE__MESH__URL": self.mesh.address,
        }
        self.environment = os.environ | {"EHUB_HOME": str(home)} | env
        self.suite = Suite(home=home, consultations=0, restart=True, env=env, binary=binary)
        self.journal = Journal(journal)
        self.contract = Contract(ROOT)
        self._patients = itertools.count()

    def up(self) -> float:
        """Starts it; how long that took."""
        began = time.monotonic()
        threading.Thread(target=self._aim_link, args=(time.time(),), daemon=True).start()
        self.suite.up()
        self.world = self.suite.world
        self.link.target = self.world["services"]["allocation"]["internal"]
        self.mesh.target = self.world["mesh"]
        self.databases = Databases(self.suite.postgres("url"))
        self.lines = Lines(self.contract, self.addresses())
        self.client = self.new_client(self.seed, resend=0.3)
        self.signer = forms.Signer(Path(self.world["signer"]))
        return time.monotonic() - began

    def _aim_link(self, since: float) -> None:
        """Points the proxies at what is configured as soon as it is: the suite needs them while it starts."""
        wanted = {
            self.link: ("allocation", r'^internal = "(127\.0\.0\.1:\d+)"'),
            self.mesh: ("intake", r'^url = "http://(127\.0\.0\.1:\d+)"'),
        }
        for _ in range(600):
            for proxy, (service, pattern) in wanted.items():
                config = self.suite.run / f"{service}.toml"
                try:
                    found = re.search(pattern, config.read_text(), re.M)
                    if found and config.stat().st_mtime >= since:
                        proxy.target = proxy.target or f"http://{found[1]}"
                except OSError:
                    pass
            if all(proxy.target for proxy in wanted):
                return
            time.sleep(0.1)

    def down(self) -> None:
        """Stops it."""
        self.suite.down()
        self.journal.close()
        self.gauges.close()

    def addresses(self) -> dict[str, str]:
        """Where the services' public ports are."""
        return {name: self.world["services"][name]["grpc"] for name in SERVICES}

    def new_client(self, seed: int, resend: float = 0.0, lines: Lines | None = None) -> Client:
        """A client with a journal."""
        return Client(lines or self.lines, self.suite.token, self.journal, seed, resend)

    def patients(self, count: int) -> list[dict]:
        """New patients whom demographics knows."""
        made = [forms.patient(n, PRACTICES[n % len(PRACTICES)]) for n in itertools.islice(self._patients, count)]
        for start in range(0, count, 500):
            forms.register(self.world["demographics"], made[start : start + 500])
        return made

    def patient(self, practice: str = forms.ALDER) -> dict:
        """A new patient of a practice."""
        one = forms.patient(next(self._patients), practice)
        forms.register(self.world["demographics"], [one])
        return one

    # Processes

    def pid(self, name: str) -> int:
        """The process of a service or peer now."""
        self.suite.reload()
        return self.suite.world["pids"][name]

    def is_there(self, name: str, pid: int) -> bool:
        """Whether a pid is that service's, running."""
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            return False
        return state != "Z" and (f"ehub-{name}" in command or name in ("peers", "mesh"))

    def signal(self, name: str, what: signal.Signals, before=None) -> int:
        """Sends a signal to a service; its pid. A process that is being started again is waited for.

        `before` is told the pid just before the signal goes.
        """

        def find() -> int:
            pid = self.pid(name)
            return pid if self.is_there(name, pid) else 0

        while True:
            pid = self.until(find, f"{name} runs", 30, 0.02)
            if before:
                before(pid)
                before = None
            try:
                os.kill(pid, what)
                return pid
            except ProcessLookupError:
                continue

    def crash(self, before, after) -> None:
        """SIGKILLs the database's server between two notes, and returns when its children are gone."""
        found = re.search(r"pid (\d+)", self.suite.postgres("status"))
        pid = int(found[1])
        before(pid)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        after()
        gone = lambda: not any(Path(f"/proc/{child}").exists() for child in children)  # noqa: E731
        self.until(gone, "the processes of a database that was killed are gone", 30, 0.02)

    def serving(self, name: str) -> bool:
        """Whether a service says SERVING."""
        return self.serving_at(self.world["services"][name]["grpc"])

    @staticmethod
    def serving_at(address: str) -> bool:
        """Whether SERVING is said there, asked on a new connection."""
        target = address.removeprefix("http://")
        with grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
            try:
                answer = channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=1)
            except grpc.RpcError:
                return False
        return answer == b"\x08\x01"

    def probe(self, name: str) -> bool:
        """Whether a service answers a real call, which writes an audit event."""
        who, method, fields = PROBES[name]
        return self.client.once(who, method, self.client.request(method, **fields), timeout=5).ok

    def all_serving(self) -> bool:
        """Whether all five answer."""
        return all(self.serving(name) and self.probe(name) for name in SERVICES)

    # Looking

    def orders(self, prescription: str) -> int:
        """How often EPS took a prescription."""
        wanted = prescription.rpartition("/")[2]
        found = forms.control(self.world["eps"], f"/control/prescriptions?id={wanted.upper()}")["prescriptions"]
        return sum(one["accepted"] for one in found)

    @staticmethod
    def until(ask, what: str, patience: float = 60, every: float = 0.1):
        """What `ask` gives once it is true, whatever fails on the way; Broken when it never is."""
        end, last = time.monotonic() + patience, ""
        while True:
            try:
                found = ask()
                if found:
                    return found
            except (DatabaseError, OSError, ValueError, LookupError) as error:
                last = f" ({error})"
            if time.monotonic() > end:
                raise Broken(f"not in {patience:.0f} s: {what}{last}")
            time.sleep(every)


def require(holds: bool, what: str) -> None:
    """A law that must hold."""
    if not holds:
        raise Broken(what)
