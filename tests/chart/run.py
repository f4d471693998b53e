"""Checks the chart: `run.py` all of it, `run.py --write` makes the generated files again, `run.py NAME…` some checks."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import binaries
import edges
import helm
import invariants
import kube
import page
import refusals
import releases
import saturated
import settings
import values_checks
import values_file

GOLDEN = helm.CHART / "golden"


def lint() -> list[str]:
    """`helm lint --strict` for each profile."""
    wrong = []
    for profile, files in helm.PROFILES.items():
        try:
            helm.helm(
                "lint", "--strict", "--quiet", helm.CHART, *(word for file in files for word in ("--values", file))
            )
        except helm.Refused as refused:
            wrong.append(f"helm lint, profile {profile}: {refused}")
    return wrong


def renderings() -> list[str]:
    """Each profile, and values with every key set: what must hold holds, and four Kubernetes minors take it."""
    values, _ = saturated.make(values_file.read())
    sets = {profile: (helm.rendered(*files), helm.NAMESPACE) for profile, files in helm.PROFILES.items()}
    sets["every key set"] = (helm.rendered(values=saturated.first(values)), values["namespaceOverride"])
    sets["every key set, otherwise"] = (helm.rendered(values=saturated.second(values)), helm.NAMESPACE)
    wrong = []
    for name, (objects, namespace) in sets.items():
        wrong += [f"{name}: {fault}" for fault in invariants.faults(objects, namespace) + kube.faults(objects)]
    print(
        f"    objects valid for Kubernetes {', '.join(kube.MINORS)}: "
        + ", ".join(f"{name} {len(objects)}" for name, (objects, _) in sets.items())
    )
    return wrong


def golden() -> list[str]:
    """What is rendered is what was committed; a change must be seen by a reviewer."""
    wrong = []
    for profile, text in releases.golden().items():
        file = GOLDEN / f"{profile}.yaml"
        if not file.exists() or file.read_text() != text:
            wrong.append(
                f"k8s/charts/ehub/golden/{profile}.yaml is not what is rendered now: look at the difference after tests/chart/run.py --write"
            )
    return wrong


def programs() -> list[str]:
    """The real programs take every rendered configuration, and serve with what the chart mounts."""
    if wrong := binaries.missing():
        return wrong
    values, _ = saturated.make(values_file.read())
    wrong = [fault for profile in helm.PROFILES for fault in binaries.accepted(profile=profile)]
    wrong += binaries.accepted(saturated.first(values), namespace=values["namespaceOverride"])
    wrong += binaries.accepted(saturated.second(values))
    return wrong + binaries.refusing() + binaries.serving()


CHECKS = {
    "documented": values_checks.documented,
    "page": page.true,
    "lint": lint,
    "typos": values_checks.typos,
    "words": refusals.in_words,
    "used": values_checks.used,
    "settings": settings.reachable,
    "renderings": renderings,
    "golden": golden,
    "neighbours": releases.two_in_one_namespace,
    "migrations": releases.migration_jobs,
    "parent": releases.in_a_parent_chart,
    "overrides": releases.overrides,
    "edges": edges.rendered_as_meant,
    "notes": releases.notes,
    "programs": programs,
}


def write() -> None:
    """Makes schema, README table, migration sets and golden files from what they follow from."""
    for file, text in values_checks.generated().items():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    GOLDEN.mkdir(exist_ok=True)
    for profile, text in releases.golden().items():
        (GOLDEN / f"{profile}.yaml").write_text(text)


def main() -> int:
    """Runs what was asked for; the exit status says whether all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="make the generated files again, then check")
    parser.add_argument("checks", nargs="*", choices=[*CHECKS, []], help="only these")
    asked = parser.parse_args()
    helm.helm()  # installs Helm where it is missing
    if asked.write:
        write()
    began = time.monotonic()
    names = asked.checks or list(CHECKS)
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for name, (wrong, seconds) in zip(names, pool.map(_timed, names)):
            print(f"{'ok  ' if not wrong else 'FAIL'} {name:<11} {seconds:5.1f} s", flush=True)
            for fault in wrong:
                print(f"     {fault}", flush=True)
            failed += bool(wrong)
    print(f"{len(names) - failed} of {len(names)} chart checks hold, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _timed(name: str) -> tuple[list[str], float]:
    began = time.monotonic()
    try:
        wrong = CHECKS[name]()
    except helm.Refused as refused:
        wrong = [f"Helm refuses, or renders what cannot be read: {refused}"]
    return wrong, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
