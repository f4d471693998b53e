"""Values that are plausible and unusual: what they render to is what was meant."""

from __future__ import annotations

import invariants
import kube
from helm import PROFILES, rendered
from invariants import SERVICES, Rendered, pod_of


def rendered_as_meant() -> list[str]:
    """Names of digits, another strategy, labels of the chart's own kind, attributes and pull secrets in either form."""
    return numbers() + strategy() + labels() + attributes() + pull_secrets() + migrations() + rolling()


def _dev(values: dict, **how: object) -> Rendered:
    return Rendered(rendered(*PROFILES["dev"], values=values, **how))


def numbers() -> list[str]:
    """Names that are digits stay text."""
    values = {"fullnameOverride": "hub", "nameOverride": "2024", "imagePullSecrets": ["77"]}
    values["auth"] = {"grants": {"existingConfigMap": "1"}, "identity": {"existingConfigMap": "2"}}
    values["services"] = {
        service: {
            "secret": {"name": f"3{at}"},
            "migrateUrl": f"4{at}/5",
            "workload": {"serviceAccount": {"name": f"{at}"}},
        }
        for at, service in enumerate(SERVICES)
    }
    found = rendered(*PROFILES["dev"], values=values, release="12", namespace="34")
    return [f"names of digits: {fault}" for fault in invariants.faults(found, "34") + kube.faults(found)]


def strategy() -> list[str]:
    """What counts for rolling updates only goes with them."""
    found = _dev({"workload": {"strategy": {"type": "Recreate"}}}).deployment("intake")["spec"]["strategy"]
    return [] if found == {"type": "Recreate"} else [f"strategy Recreate is rendered as {found}"]


def labels() -> list[str]:
    """A label of the chart's own kind is said otherwise, once, and no selector knows it; annotations likewise."""
    own, pod = "app.kubernetes.io/part-of", "kubectl.kubernetes.io/default-container"
    values = {"commonLabels": {own: "care", "app.kubernetes.io/version": "{{ .Release.Name }}"}}
    values["workload"] = {"podAnnotations": {pod: "mine", "checksum/config": "mine"}}
    found = _dev(values)
    wrong = [f"commonLabels: {fault}" for fault in invariants.faults(found.all, "ehub-test")]
    for item in found.all:
        if (
            item["metadata"]["labels"][own] != "care"
            or item["metadata"]["labels"]["app.kubernetes.io/version"] != "ehub"
        ):
            wrong.append(f"commonLabels are not those of {item['kind']} {item['metadata']['name']}")
    annotations = pod_of(found.deployment("intake"))["metadata"]["annotations"]
    if annotations[pod] != "mine" or annotations["checksum/config"] == "mine":
        wrong.append(f"podAnnotations of the chart's own kind give {annotations}")
    return wrong


def attributes() -> list[str]:
    """What a site says of its pods goes beside what the chart says, in one variable, as OpenTelemetry reads it."""
    said = {"deployment.environment.name": "live, north", "service.namespace": "care"}
    values = {"config": {"telemetry": {"resourceAttributes": said}}}
    (container,) = pod_of(_dev(values).deployment("audit"))["spec"]["containers"]
    (text,) = [one["value"] for one in container["env"] if one["name"] == "OTEL_RESOURCE_ATTRIBUTES"]
    found = {pair.partition("=")[0]: pair.partition("=")[2] for pair in text.split(",")}
    wanted = {
        "deployment.environment.name": "live%2C%20north",
        "service.namespace": "care",
        "k8s.pod.name": "$(POD_NAME)",
    }
    return [] if wanted.items() <= found.items() else [f"resourceAttributes give {text}"]


def pull_secrets() -> list[str]:
    """Names and objects with a name say the same."""
    values = {"global": {"imagePullSecrets": [{"name": "one"}, "two"]}, "imagePullSecrets": ["one", {"name": "three"}]}
    found = _dev(values)
    wanted = [{"name": name} for name in ("one", "two", "three")]
    pods = [pod_of(item)["spec"] for item in found.of("Deployment") + found.of("Job")]
    return [] if all(pod.get("imagePullSecrets") == wanted for pod in pods) else ["pull secrets are not one list"]


def rolling() -> list[str]:
    """A ConfigMap of another name, and another setting, roll the pods of the service concerned and no other; no migration runs."""
    made = {"intake": "screening", "allocation": "pathway", "prescribing": "authorities"}
    name = lambda service, version: {service: {made[service]: {"existingConfigMap": f"rules-{version}"}}}  # noqa: E731
    present = {key: value for service in made for key, value in name(service, 1).items()}
    before = _dev({"services": present})
    changes = [name(service, 2) for service in made] + [{"audit": {"settings": {"batch_size": 99}}}]
    wrong = []
    for change in changes:
        after = _dev({"services": present | change})
        rolled = [one for one in SERVICES if pod_of(before.deployment(one)) != pod_of(after.deployment(one))]
        if rolled != list(change) or before.of("Job") != after.of("Job"):
            wrong.append(f"{change} rolls {rolled}, or runs migrations")
    return wrong


def migrations() -> list[str]:
    """A migration pod is placed as its service's pods, and takes volumes, variables, labels and annotations of its own."""
    placed = {
        "hostAliases": [{"ip": "192.0.2.7", "hostnames": ["db"]}],
        "dnsConfig": {"searches": ["x"]},
        "affinity": {"podAntiAffinity": {}},
        "priorityClassName": "high",
        "nodeSelector": {"zone": "1"},
    }
    given = {
        "podLabels": {"cost": "{{ .Release.Name }}"},
        "podAnnotations": {"sidecar": "no"},
        "extraEnv": [{"name": "RUST_LOG", "value": "debug"}],
        "extraVolumes": [{"name": "ca", "configMap": {"name": "postgres-ca"}}],
        "extraVolumeMounts": [{"name": "ca", "mountPath": "/etc/ehub/postgres"}],
    }
    found = _dev({"workload": placed, "migrations": given})
    wrong = []
    for job in found.of("Job"):
        pod = pod_of(job)
        (container,) = pod["spec"]["containers"]
        lost = [key for key, value in placed.items() if pod["spec"].get(key) != value]
        lost += [] if pod["metadata"]["labels"].get("cost") == "ehub" else ["podLabels"]
        lost += [] if pod["metadata"].get("annotations") == {"sidecar": "no"} else ["podAnnotations"]
        lost += [] if container.get("env") == given["extraEnv"] else ["extraEnv"]
        lost += [] if given["extraVolumes"][0] in pod["spec"]["volumes"] else ["extraVolumes"]
        lost += [] if given["extraVolumeMounts"][0] in container["volumeMounts"] else ["extraVolumeMounts"]
        wrong += [f"{job['metadata']['name']}: lacks {', '.join(lost)}"] if lost else []
    return wrong
