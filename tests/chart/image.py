"""Builds the image, runs the five services from it as the chart would, puts one consultation through, and measures.

The program is a release build of what is checked out, made first; `--binary FILE` takes one that is there. `--document` writes the
figures into k8s/image/README.md, for a release build only.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import image_context
import image_figures
import image_life
import image_world
from containers import Podman, ready, root_is_read_only, run_migration, start_service, status_of, until
from helm import ROOT
from invariants import SERVICES, Rendered, pod_of

FOLDER = ROOT / ".local/image"
TAG = "localhost/ehub:checked"
REPORT = ROOT / "target/reports/image.json"


def lint() -> list[str]:
    """The Dockerfile by hadolint."""
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", ROOT / "k8s/image/Dockerfile"], capture_output=True, text=True)
    return [f"hadolint: {line}" for line in (done.stdout + done.stderr).splitlines()] if done.returncode else []


def shape(podman: Podman, inspected: dict) -> list[str]:
    """No root, no shell, five entry points, migrations inside."""
    wrong = []
    user = inspected["Config"]["User"].split(":")[0]
    if not user.isdigit() or user == "0":
        wrong.append(f"the image's user is {user!r}: runAsNonRoot cannot be checked")
    for service in SERVICES:
        done = podman(
            "run",
            "--rm",
            "--network",
            "none",
            "--read-only",
            "--entrypoint",
            f"/usr/bin/ehub-{service}",
            TAG,
            "--check-config",
            check=False,
        )
        if done.returncode != 64 or f"{service}:" not in done.stdout + done.stderr:
            wrong.append(
                f"/usr/bin/ehub-{service} without a configuration ends with {done.returncode}: {done.stderr[-200:]}"
            )
    for shell in ("/bin/sh", "/bin/bash"):
        if (
            podman("run", "--rm", "--network", "none", "--entrypoint", shell, TAG, "-c", "true", check=False).returncode
            == 0
        ):
            wrong.append(f"{shell} is in the image")
    inside = {
        str(file.relative_to(FOLDER / "context/rootfs"))
        for file in (FOLDER / "context/rootfs/usr/share/ehub").rglob("*.sql")
    }
    sources = [*ROOT.glob("libs/postgres/migrations/*.sql"), *ROOT.glob("services/*/migrations/*.sql")]
    if len(inside) != len(sources):
        wrong.append(f"{len(inside)} of {len(sources)} migrations are in the image")
    return wrong


def older_schema(podman: Podman, outside: image_world.Outside, folder: Path, ports: dict) -> list[str]:
    """On an empty database a pod is alive and not ready; the migration Job of the chart makes it ready. After a rollback the same
    Job meets what a later release has migrated, and ends well."""
    database = "image_intake"
    psql = outside.suite.postgres("url")
    later = "insert into ehub_migration select 999999, 'later', now(), true, checksum, 0 from ehub_migration limit 1"
    for statement in (
        f"drop database if exists {database} with (force)",
        f"create database {database} owner ehub_intake_migrate",
        f"grant connect on database {database} to ehub_intake_run, ehub_intake_work",
    ):
        subprocess.run(["psql", "--quiet", "--dbname", psql, "--command", statement], check=True, capture_output=True)
    world = outside.beside()
    for role in ("run", "work", "migrate"):
        world.databases["intake", role] = world.databases["intake", role].rsplit("/", 1)[0] + f"/{database}"
    objects = image_world.chart(outside.values(ports, TAG))
    name = start_service(podman, objects, "intake", folder / "older", world, image_world.hosts(objects))
    admin = f"127.0.0.1:{ports['intake']['admin']}"
    wrong = []
    try:
        until(
            lambda: "schema" in ready(admin)[1] and "database" not in ready(admin)[1],
            180,
            "intake on an empty database says that its schema is old",
        )
        if fault := run_migration(podman, objects, "intake", folder / "migrate", world):
            wrong.append(fault)
        else:
            until(lambda: ready(admin)[0] == 200, 180, "intake is ready once its migration Job has ended")
            there = world.database("intake", "migrate")
            subprocess.run(["psql", "--quiet", "--dbname", there, "--command", later], check=True, capture_output=True)
            if fault := run_migration(podman, objects, "intake", folder / "again", world):
                wrong.append(f"on a newer schema {fault}")
    except RuntimeError as late:
        wrong.append(f"{late}; {ready(admin)}; its log ends: {podman.logs(name)[-600:]}")
    podman("rm", "--force", "--time", "2", name)
    return wrong


def serve(
    podman: Podman, outside: image_world.Outside, objects: Rendered, folder: Path, ports: dict
) -> tuple[list[str], dict]:
    """The five services in containers: ready, as an arbitrary user, with nothing to gain and nothing to write."""
    world, names = outside.beside(), image_world.hosts(objects)
    wrong, figures = [], {}
    for service in SERVICES:
        began = time.monotonic()
        name = start_service(podman, objects, service, folder / service, world, names)
        admin = f"127.0.0.1:{ports[service]['admin']}"
        try:
            until(lambda admin=admin: ready(admin)[0] == 200, 180, f"{service} is ready")
        except RuntimeError as late:
            return [*wrong, f"{late}; {ready(admin)}; its log ends: {podman.logs(name)[-1200:]}"], figures
        figures[service] = {"ready_after_seconds": round(time.monotonic() - began, 2)}
        pid = podman.pid(name)
        kernel = status_of(pid)
        if (
            kernel["Uid"].split()[0] != "23456"
            or int(kernel["CapEff"], 16)
            or kernel["NoNewPrivs"] != "1"
            or kernel["Seccomp"] != "2"
        ):
            wrong.append(
                f"{service}: runs as {kernel['Uid']}, capabilities {kernel['CapEff']}, NoNewPrivs {kernel['NoNewPrivs']}, seccomp {kernel['Seccomp']}"
            )
        if not root_is_read_only(pid):
            wrong.append(f"{service}: its root can be written")
    time.sleep(10)  # memory is asked for ten seconds after ready
    for service in SERVICES:
        figures[service]["resident_mib"] = round(
            int(status_of(podman.pid(f"ehub-image-{service}"))["VmRSS"].split()[0]) / 1024, 1
        )
    return wrong, figures


def drained(podman: Podman, objects: Rendered, figures: dict) -> list[str]:
    """SIGTERM ends each service by itself, in the time the chart gives it."""
    wrong = []
    for service in SERVICES:
        grace = pod_of(objects.deployment(service))["spec"]["terminationGracePeriodSeconds"]
        status, seconds = podman.stop(f"ehub-image-{service}", grace)
        figures[service]["ended_after_seconds"] = round(seconds, 2)
        if status or "panicked" in podman.logs(f"ehub-image-{service}"):
            wrong.append(f"{service}: ends with {status}: {podman.logs(f'ehub-image-{service}')[-400:]}")
    return wrong


def run(binary: Path, podman: Podman) -> list[str]:
    """All of it; figures go to the report."""
    began = time.monotonic()
    inspected = podman.build(binary, FOLDER / "context", TAG)
    report = image_figures.measured_on() | {
        "binary": f"{binary.parent.name}/{binary.name}",
        "image_mib": round(inspected["Size"] / 2**20, 1),
        "build_seconds": round(time.monotonic() - began, 1),
    }
    print(f"    built from {report['binary']}: {report['image_mib']} MiB, {report['build_seconds']} s")
    wrong = lint() + image_context.complete() + shape(podman, inspected)
    outside = image_world.Outside(FOLDER / "home", binary.parent / "ehub")
    ports = image_world.free_ports()
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        try:
            outside.up()
            outside.sleep()
            wrong += older_schema(podman, outside, Path(folder), ports)
            print(f"    on an older schema: {'not as it should' if wrong else 'alive, not ready, ready once migrated'}")
            objects = image_world.chart(outside.values(ports, TAG))
            faults, figures = serve(podman, outside, objects, Path(folder), ports)
            wrong += faults
            if not faults:
                wrong += image_life.through(podman, outside.world_file(Path(folder), ports), binary) + drained(
                    podman, objects, figures
                )
            report["services"] = figures
        finally:
            podman.away()
            outside.down()
    for service, figures in report["services"].items():
        print(f"    {service:<12} {figures}")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report | {"faults": wrong}, indent=2) + "\n")
    return wrong


def release() -> Path:
    """The release build of what is checked out: one that happens to lie there may be of another commit."""
    began = time.monotonic()
    command = ["cargo", "build", "--release", "--workspace", "--bins", "--locked"]
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit(f"{' '.join(command)} failed")
    print(f"    release build: {time.monotonic() - began:.0f} s")
    return ROOT / "target/release/ehub"


def missing() -> list[str]:
    """Programs that this machine lacks, by their Debian packages."""
    wanted = {
        "podman": "podman",
        "buildah": "buildah",
        "runc": "runc",
        "psql": "postgresql-client",
        "strip": "binutils",
    }
    return [
        f"{program} is missing: apt-get install {package}"
        for program, package in wanted.items()
        if not shutil.which(program)
    ]


def main() -> int:
    """The exit status says whether all holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, help="a program that is built already, instead of building a release")
    parser.add_argument("--document", action="store_true", help="write the figures into k8s/image/README.md")
    asked = parser.parse_args()
    if asked.binary and not asked.binary.is_file():
        sys.exit(f"{asked.binary} is missing")
    wrong = missing()
    if not wrong:
        binary = asked.binary or release()
        wrong = run(binary.resolve(), Podman(FOLDER))
    if asked.document and not wrong:
        wrong = image_figures.document(json.loads(REPORT.read_text()))
    for fault in wrong:
        print(f"FAIL {fault}")
    print("the image holds" if not wrong else f"{len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
