"""The rendered configuration against the five real programs: they take it, and they need each peer that it names."""

from __future__ import annotations

import contextlib
import json
import os
import re
import selectors as io_selectors
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pods
import refusals
from refusal_cases import ANYWHERE, MALFORMED, PRODUCTION, Case
from helm import PROFILES, NAMESPACE, ROOT, rendered
from invariants import SERVICES, Rendered

BINARIES = Path(os.environ.get("EHUB_BINARIES", ROOT / "target/debug"))
PATIENCE = 60


def _run(service: str, config: Path, *more: str, **variables: str) -> subprocess.CompletedProcess:
    command = [str(BINARIES / f"ehub-{service}"), "--config", str(config), *more]
    env = _environment(service) | variables
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=env)


def _environment(service: str) -> dict[str, str]:
    """Only what the pod would have; ports are the system's to choose here."""
    prefix = f"EHUB_{service.upper()}__SERVER__"
    return {prefix + port: "127.0.0.1:0" for port in ("GRPC", "INTERNAL", "ADMIN")} | {"PATH": os.environ["PATH"]}


def _world(objects: Rendered, namespace: str) -> pods.World:
    auth = objects.config("intake")["auth"]
    kid = objects.config("allocation")["service"]["grants"]["kid"]
    return pods.World(namespace, auth["issuers"][-1]["issuer"], kid)


def accepted(values: dict | None = None, profile: str = "", namespace: str = NAMESPACE) -> list[str]:
    """Each program says of its rendered file that it is good (`--check-config`), with every secret file where it looks for it."""
    objects = Rendered(rendered(*PROFILES.get(profile, []), values=values))
    world = _world(objects, namespace)
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for service in SERVICES:
            place = Path(folder) / service
            config = pods.rooted(pods.mount(objects, service, place, world), place)
            missing = [
                path
                for path in re.findall(rf'"({re.escape(str(place))}[^"]*)"', config.read_text())
                if not Path(path).is_file()
            ]
            if missing:
                wrong.append(f"{profile} {service}: names files that its pod does not mount: {missing}")
            done = _run(service, config, "--check-config")
            if done.returncode:
                wrong.append(f"{profile} {service}: --check-config ends with {done.returncode}: {done.stderr.strip()}")
    return wrong


def refusing() -> list[str]:
    """What the chart is said to refuse in a service's place, the real program refuses with that very sentence."""
    wrong, asked = [], 0
    for profile, cases in (("dev", [*ANYWHERE, *MALFORMED]), ("ha", PRODUCTION)):
        objects = Rendered(rendered(*PROFILES[profile]))
        world = _world(objects, NAMESPACE)
        for service in SERVICES:
            mine = [case for case in cases if case.says and service == _variable(case)[0]]
            asked += len(mine)
            with tempfile.TemporaryDirectory() as folder:
                config = pods.rooted(pods.mount(objects, service, Path(folder), world), Path(folder))
                for together in refusals.rounds(mine):
                    wrong += _refuses(service, config, together)
    print(f"    values the programs themselves refuse: {asked}")
    return wrong if asked > 20 else [*wrong, f"only {asked} values could be given to the programs"]


def _refuses(service: str, config: Path, cases: list[Case]) -> list[str]:
    text = {
        _variable(case)[1]: str(case.value).lower() if case.value in (True, False) else str(case.value)
        for case in cases
    }
    said = _run(service, config, "--check-config", **text).stderr
    # What stands in braces is filled in by the program.
    sentences = [(case, re.sub(r"\\{\w+\\}", ".*", re.escape(case.says))) for case in cases]
    return [
        f"{case.path} = {case.value!r}: {service} does not say {case.says!r} but: {said[:300]}"
        for case, sentence in sentences
        if not re.search(rf"^{service}: {sentence}", said, re.M)
    ]


def _variable(case: Case) -> tuple[str, str]:
    """The service that reads a value from its file, and the variable that overrides it there; nothing for what is not copied."""
    steps = case.path.split(".")
    copied = not isinstance(case.value, (dict, list)) and case.path == case.path.lower()
    if copied and steps[0] == "config":
        return "intake", "__".join(["EHUB_INTAKE", *steps[1:]]).upper()
    # An empty address leaves its section out.
    if copied and steps[0] == "services" and steps[2] == "settings" and (steps[-1], case.value) != ("url", ""):
        return steps[1], "__".join([f"EHUB_{steps[1]}", "SERVICE", *steps[3:]]).upper()
    return "", ""


def serving() -> list[str]:
    """Each program starts from what the chart mounts, answers the probes as they are meant, and without any one peer does not start."""
    objects = Rendered(rendered(*PROFILES["dev"]))
    world = _world(objects, NAMESPACE)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda service: _serves(objects, service, Path(folder) / service, world), SERVICES)
        return [fault for faults in found for fault in faults]


def _serves(objects: Rendered, service: str, place: Path, world: pods.World) -> list[str]:
    config = pods.rooted(pods.mount(objects, service, place, world), place)
    wrong = []
    with _started(service, config) as process:
        log, admin = _admin(process)
        if admin is None:
            return [f"{service}: does not serve: {log[-600:]}"]
        # The database is not there: alive, and not ready.
        answers = {path: _status(f"http://{admin}{path}") for path in ("/livez", "/readyz")}
        if answers["/livez"][0] != 200 or answers["/readyz"][0] != 503 or "database" not in answers["/readyz"][1]:
            wrong.append(f"{service}: without a database its probes answer {answers}")
    for peer in objects.config(service)["peers"]:
        text = config.read_text()
        without = place / f"without-{peer}.toml"
        without.write_text(re.sub(rf"(?ms)^\[peers\.{peer}\]\n.*?(?=^\[|\Z)", "", text))
        with _started(service, without) as process:
            log, admin = _admin(process)
        if admin is not None:
            wrong.append(f"{service}: serves without its peer {peer}, so it needs no arrow to it")
        elif f"peers.{peer} is not configured" not in log:
            wrong.append(f"{service}: without its peer {peer} it ends for another reason: {log[-300:]}")
    return wrong


@contextlib.contextmanager
def _started(service: str, config: Path):
    command = [str(BINARIES / f"ehub-{service}"), "--config", str(config), "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=_environment(service))
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _admin(process: subprocess.Popen) -> tuple[str, str | None]:
    """What a program has logged, and its admin address once it has said so; none when it ended before."""
    log = b""
    end = time.monotonic() + PATIENCE
    with io_selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, io_selectors.EVENT_READ)
        while time.monotonic() < end:
            if not waiting.select(1):
                continue
            more = os.read(process.stdout.fileno(), 65536)
            log += more
            found = re.search(rb"listening.*?admin[^0-9]*?(127\.0\.0\.1:\d+)", re.sub(rb"\x1b\[[0-9;]*m", b"", log))
            if found:
                return log.decode(errors="replace"), found[1].decode()
            if not more:
                break
    return log.decode(errors="replace"), None


def _status(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, json.dumps(json.loads(refused.read()))


def missing() -> list[str]:
    """Which programs have not been built."""
    return [
        f"{BINARIES}/ehub-{service} is missing: build first (make build)"
        for service in SERVICES
        if not (BINARIES / f"ehub-{service}").is_file()
    ]
