"""Releases beside each other, after each other, and inside a parent chart."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import migration_sets
from helm import CHART, PROFILES, ROOT, helm, at, put, rendered, template
from invariants import SERVICES, Rendered, pod_of, selects


def two_in_one_namespace() -> list[str]:
    """Two releases share no object and no selector takes the other's pods."""
    wrong = []
    one, two = (Rendered(rendered(*PROFILES["ha"], release=name)) for name in ("ehub", "ehub-second"))
    shared = {(item["kind"], item["metadata"]["name"]) for item in one.all} & {
        (item["kind"], item["metadata"]["name"]) for item in two.all
    }
    if shared:
        wrong.append(f"two releases in one namespace share {sorted(shared)}")
    theirs = [pod_of(item)["metadata"]["labels"] for item in two.of("Deployment") + two.of("Job")]
    for item in one.all:
        selector = item.get("spec", {}).get("podSelector") or item.get("spec", {}).get("selector")
        if selector and any(selects(selector.get("matchLabels", selector), labels) for labels in theirs):
            wrong.append(f"{item['kind']} {item['metadata']['name']} takes the other release's pods")
    long = "a-release-with-a-name-as-long-as-helm-allows-it-to-b"
    for end in "xy":
        for item in rendered(*PROFILES["dev"], release=long + end):
            if len(item["metadata"]["name"]) > 63:
                wrong.append(f"{item['metadata']['name']} is too long")
    names = [{item["metadata"]["name"] for item in rendered(*PROFILES["dev"], release=long + end)} for end in "xy"]
    if names[0] & names[1]:
        wrong.append("two long names that differ at the end share objects")
    return wrong


def _jobs(objects: list[dict]) -> dict[str, str]:
    return {
        pod_of(item)["spec"]["containers"][0]["args"][1]: item["metadata"]["name"]
        for item in objects
        if item["kind"] == "Job"
    }


def migration_jobs() -> list[str]:
    """A Job's name is new when, and only when, what it runs is: pods cannot be changed, and what has run need not run again."""
    wrong = []
    before = rendered(*PROFILES["dev"])
    same = {item["metadata"]["name"]: item["spec"] for item in before if item["kind"] == "Job"}
    if set(_jobs(before)) != set(SERVICES):
        wrong.append(f"migration Jobs are for {sorted(_jobs(before))}")
    for path, value in (
        ("services.intake.settings.workers.poll", "1s"),
        ("workload.replicas", 4),
        ("workload.podLabels", {"x": "z"}),
        ("commonLabels", {"x": "z"}),
    ):
        after = {
            item["metadata"]["name"]: item["spec"]
            for item in rendered(*PROFILES["dev"], values=at(path, value))
            if item["kind"] == "Job"
        }
        if after != same:
            wrong.append(f"{path} changes migration Jobs")
    for path, value, touched in (
        ("image.tag", "0.2.0", set(SERVICES)),
        ("services.audit.migrateUrl", "another/url", {"audit"}),
        ("migrations.resources.limits.memory", "512Mi", set(SERVICES)),
    ):
        wrong += _renamed(_jobs(before), _jobs(rendered(*PROFILES["dev"], values=at(path, value))), touched, path)
    with tempfile.TemporaryDirectory() as folder:
        chart = Path(folder) / "ehub"
        shutil.copytree(CHART, chart)
        sets = json.loads(migration_sets.FILE.read_text()) | {"writeback": "0" * 16}
        (chart / "files/migrations.json").write_text(json.dumps(sets))
        wrong += _renamed(
            _jobs(before),
            _jobs(rendered(*PROFILES["dev"], chart=chart)),
            {"writeback"},
            "the migration set of writeback",
        )
    modes = {mode: rendered(*PROFILES["dev"], values=at("migrations.mode", mode)) for mode in ("hook", "none")}
    if _jobs(modes["none"]):
        wrong.append("mode none renders Jobs")
    hooks = [item for item in modes["hook"] if item["kind"] == "Job"]
    if {item["metadata"]["annotations"].get("helm.sh/hook") for item in hooks} != {"pre-install,pre-upgrade"} or len(
        hooks
    ) != 5:
        wrong.append("mode hook renders no hooks")
    needs = {key for item in hooks for key in ("serviceAccountName",) if key in pod_of(item)["spec"]} | {
        volume["name"] for item in hooks for volume in pod_of(item)["spec"]["volumes"]
    }
    if needs != {"secrets"}:
        wrong.append(f"a hook needs more than an existing Secret: {needs}")
    return wrong


def _renamed(before: dict, after: dict, expected: set, why: str) -> list[str]:
    renamed = {service for service in before if before[service] != after[service]}
    return [] if renamed == expected else [f"{why} renames the Jobs of {sorted(renamed)}, not of {sorted(expected)}"]


def in_a_parent_chart() -> list[str]:
    """As a part of another chart: its globals reach us, its condition turns us off, and strictness does not stand in the way."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        parent = Path(folder) / "parent"
        (parent / "charts").mkdir(parents=True)
        shutil.copytree(CHART, parent / "charts/ehub")
        dependency = {"name": "ehub", "version": "0.1.0", "repository": "", "condition": "ehub.enabled"}
        (parent / "Chart.yaml").write_text(
            yaml.safe_dump({"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]})
        )
        values = yaml.safe_load(PROFILES["dev"][0].read_text())
        values = {"global": {"imageRegistry": "mirror.example", "somebodyElses": {"key": 1}}, "ehub": values}
        found = rendered(values=values, chart=parent, release="umbrella")
        images = {
            one["image"]
            for item in found
            if item["kind"] in ("Deployment", "Job")
            for one in pod_of(item)["spec"]["containers"]
        }
        if images != {"mirror.example/ehub:0.1.0"}:
            wrong.append(f"global.imageRegistry of a parent chart gives {images}")
        if rendered(values=values | {"ehub": values["ehub"] | {"enabled": False}}, chart=parent, release="umbrella"):
            wrong.append("the condition of a parent chart does not turn the chart off")
    if left := rendered(*PROFILES["dev"], values={"enabled": False}):
        wrong.append(f"enabled: false still renders {[item['kind'] for item in left]}")
    return wrong


def overrides() -> list[str]:
    """What is said for one service holds for it alone, also when it is false, nought or empty."""
    values: dict = {}
    put(values, "workload.pdb.enabled", True)
    put(values, "workload.replicas", 3)
    put(
        values,
        "services.audit.workload",
        {
            "pdb": {"enabled": False},
            "replicas": 0,
            "topologySpread": [],
            "ports": {"internal": 9001},
            "serviceAccount": {"create": False, "name": "given"},
        },
    )
    put(values, "services.audit.config", {"server": {"reflection": False}, "database": {"run_connections": 2}})
    found = Rendered(rendered(*PROFILES["dev"], values=values))
    wrong = []
    if found.deployment("audit")["spec"]["replicas"] != 0 or found.deployment("intake")["spec"]["replicas"] != 3:
        wrong.append("replicas of one service are not its own")
    if found.component("PodDisruptionBudget", "audit") or not found.component("PodDisruptionBudget", "intake"):
        wrong.append("pdb.enabled of one service is not its own")
    if "topologySpreadConstraints" in pod_of(found.deployment("audit"))["spec"]:
        wrong.append("an empty list of one service does not override")
    if found.component("ServiceAccount", "audit"):
        wrong.append("a service account that exists is made")
    if (
        found.config("audit")["server"]["reflection"]
        or found.config("audit")["database"]["run_connections"] != 2
        or not found.config("intake")["server"]["reflection"]
    ):
        wrong.append("configuration of one service is not its own")
    if not found.config("intake")["peers"]["audit"]["uri"].endswith(":9001"):
        wrong.append("peers do not dial the port that one service has of its own")
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: '{{ .Release.Name }}-mine', namespace: somewhere }"
    if "ehub-mine" not in {
        item["metadata"]["name"] for item in rendered(*PROFILES["dev"], values={"extraObjects": [text]})
    }:
        wrong.append("templates in extraObjects are not expanded")
    dialled = Rendered(rendered(*PROFILES["dev"], values={"clients": "clusterip"})).config("intake")["peers"]["audit"]
    if "headless" in dialled["uri"] or dialled["balance"] != "single":
        wrong.append(f"clients: clusterip dials {dialled}")
    return wrong


def _notes(*profiles: Path) -> str:
    """Only an installation renders NOTES: a dry run, without a cluster."""
    values = [word for file in profiles for word in ("--values", file)]
    return helm("install", "ehub", CHART, "--namespace", "ehub-test", "--dry-run=client", *values).split("\nNOTES:")[1]


def notes() -> list[str]:
    """NOTES say where things are and what is risky, and their first call can be made."""
    said, quiet = _notes(*PROFILES["dev"]), _notes(*PROFILES["ha"])
    wrong = [
        f"NOTES say nothing about {words!r}"
        for words in (
            "ehub-intake.ehub-test.svc:7400",
            "component=migrate",
            "delete job NAME",
            "apply nothing and end well",
            "readyz",
            "profile development",
            "networkPolicy off",
            "database connections",
        )
        if words not in said
    ]
    if "Not for live care" in quiet:
        wrong.append("NOTES warn of a production release with everything on")
    return wrong + [
        f"NOTES of {name}: {fault}" for name, text in (("dev", said), ("ha", quiet)) for fault in _call(name, text)
    ]


def _call(profile: str, text: str) -> list[str]:
    """The first call names a deadline; without reflection it brings the contract, and grpcurl finds the method in it."""
    words = shlex.split(re.search(r"^ *grpcurl .*\\\n.*$", text, re.M)[0].replace("\\\n", " "))
    wrong = [] if "-max-time" in words else ["the first call names no deadline"]
    contract = [
        word
        for at, word in enumerate(words)
        if "-import-path" in words[at - 1 : at + 1] or "-proto" in words[at - 1 : at + 1]
    ]
    reflected = yaml.safe_load(PROFILES[profile][0].read_text())["config"]["server"].get("reflection", False)
    if reflected == bool(contract):
        return [*wrong, f"with reflection {reflected} the first call brings {contract or 'no contract'}"]
    if contract:
        grpcurl = Path(sys.executable).with_name("grpcurl")
        asked = [grpcurl, *contract, "describe", words[-1].replace("/", ".")]
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60)
        if done.returncode or "rpc ListConsultations" not in done.stdout:
            wrong.append(f"the first call cannot be made: {done.stdout}{done.stderr}")
    return wrong


def golden() -> dict[str, str]:
    """The renderings that are kept in git, by profile."""
    return {profile: template(*files, namespace="ehub") for profile, files in PROFILES.items()}
