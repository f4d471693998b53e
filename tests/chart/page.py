"""The page for people, k8s/README.md, against what is rendered: its figures, its table of arrows, the keys of Secrets."""

from __future__ import annotations

import re

import yaml

import kube
import values_file
from helm import CHART, SITE, rendered
from invariants import SERVICES, Rendered, pod_of

PAGE = CHART.parents[1] / "README.md"


def true() -> list[str]:
    """What the page says of defaults is what a production release without further choices renders to."""
    text = PAGE.read_text()
    objects = Rendered(rendered(SITE))
    pod = pod_of(objects.deployment("intake"))["spec"]
    (container,) = pod["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    root = values_file.read()
    drain, workload = (root.children[name].default for name in ("drain", "workload"))
    said = (
        f"{objects.deployment('intake')['spec']['replicas']} replicas",
        f"`grpc` {ports['grpc']}",
        f"`internal` {ports['internal']}",
        f"`admin` {ports['admin']}",
        f"sleep {drain['preStopSeconds']} s",
        f"background work, {drain['graceSeconds']} s",
        f"at most {drain['hardStopSeconds']} s",
        f"computed from these: {pod['terminationGracePeriodSeconds']}",
        f"{workload['resources']['requests']['cpu']} CPU",
        f"{workload['resources']['requests']['memory'].removesuffix('Mi')} Mi asked for",
        f"{workload['resources']['limits']['memory'].removesuffix('Mi')} Mi at most",
    )
    oldest = kube.MINORS[0]
    promised = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"]
    if promised != f">={oldest}.0-0":
        return [f"Chart.yaml promises Kubernetes {promised}, and the oldest checked is {oldest}"]
    said += (f"Kubernetes {oldest} or later", f"up to {_largest(root) // 2**20} MiB")
    wrong = [f"k8s/README.md does not say: {words}" for words in said if words not in " ".join(text.split())]
    secrets = {entry.default for entry in root.leaves() if entry.type.startswith("secretref") and entry.default}
    wrong += [f"k8s/README.md does not name the secret key {key}" for key in sorted(secrets) if f"`{key}`" not in text]
    if objects.of("NetworkPolicy") or objects.of("HorizontalPodAutoscaler"):
        wrong.append("k8s/README.md calls policies and autoscaling off, and they are on")
    return wrong + _arrows(text, objects)


def _largest(root: values_file.Entry) -> int:
    """The largest MESH message, the same for both mailboxes."""
    (size,) = {entry.default for entry in root.leaves() if entry.path[-1] == "max_message_bytes"}
    return size


def _arrows(text: str, objects: Rendered) -> list[str]:
    wrong = []
    for service in SERVICES:
        cells = re.findall(
            r"\|([^|]*)",
            next(
                (line for line in text.splitlines() if line.startswith(f"| {service} |") and line.count("|") == 7), ""
            ),
        )
        drawn = {called for called, cell in zip(SERVICES, cells[1:]) if cell.strip() == "yes"}
        if drawn != set(objects.config(service)["peers"]):
            wrong.append(
                f"k8s/README.md: {service} calls {sorted(drawn)}, and has as peers {sorted(objects.config(service)['peers'])}"
            )
    return wrong
