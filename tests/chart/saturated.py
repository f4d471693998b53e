"""Values with a mark of its own in every key, to see that each reaches what is rendered."""

from __future__ import annotations

import copy
import re

from helm import put
from values_file import Entry

# Numbers and texts that must also be sensible, for the services read them too.
SENSIBLE = {
    "enabled": True,
    "profile": "development",
    "clusterDomain": "cluster.example",
    "auth.identity.expirationSeconds": 1234,
    "config.telemetry.sampling_ratio": 0.4375,
    "config.telemetry.otlp_endpoint": "https://s-otlp.example:4444",
    "config.server.limits.message_bytes": 3145777,
    "services.intake.settings.mesh.owner_ods": "H8H55",
    "services.intake.settings.mesh.connection.url": "https://s-mesh.example:4545",
    "services.intake.settings.mesh.duty_contact": "https://s-duty.example:4646",
    "services.intake.settings.demographics.url": "https://s-demographics.example:4747",
    "services.allocation.settings.lease": "217s",
    "services.allocation.settings.deputy_from_call".replace("settings.", "settings.duty."): 77,
    "services.allocation.settings.watch.items": 977,
    "services.writeback.settings.mesh.url": "https://s-mesh.example:4848",
    "services.writeback.settings.resend_after": "331s",
    "services.writeback.settings.sender_ods": "H8H77",
    "services.prescribing.settings.eps.base_url": "https://s-eps.example:4949",
    "services.prescribing.settings.high_risk_medicines": ["322341003"],
    "services.audit.settings.batch_size": 577,
    "maxDatabaseConnections": 1000000,
    "migrations.mode": "job",
    "clients": "headless",
    "workload.pdb.maxUnavailable": "37%",
    "workload.autoscaling.minReplicas": 3,
    "workload.autoscaling.maxReplicas": 41,
    "workload.replicas": 43,
    "config.server.listen": "[::]",
    "config.server.deadline.default": "1411ms",
    "config.server.deadline.max": "2417ms",
    "drain.hardStopSeconds": 223,
}
# Which limit each service overrides, so that the common one is still seen in the others.
OVERRIDDEN = {
    "intake": "connections",
    "allocation": "in_flight",
    "writeback": "streams",
    "prescribing": "pending_resets",
    "audit": "connections_per_peer",
}
KUBERNETES = {
    "core.v1.ResourceRequirements": lambda mark: {"requests": {"cpu": mark}},
    "core.v1.PodSecurityContext": lambda mark: {
        "runAsNonRoot": True,
        "fsGroup": mark,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "core.v1.SecurityContext": lambda mark: {"procMount": f"p{mark}", "capabilities": {"drop": ["ALL"]}},
    "core.v1.TopologySpreadConstraint": lambda mark: {
        "maxSkew": 1,
        "topologyKey": f"t{mark}",
        "whenUnsatisfiable": "ScheduleAnyway",
    },
    "core.v1.EnvVar": lambda mark: {"name": f"E{mark}", "value": "{{ .Release.Name }}"},
    "core.v1.EnvFromSource": lambda mark: {"secretRef": {"name": f"e{mark}"}},
    "core.v1.Volume": lambda mark: {"name": f"v{mark}", "emptyDir": {}},
    "core.v1.VolumeMount": lambda mark: {"name": "secrets", "mountPath": f"/m{mark}"},
    "core.v1.Container": lambda mark: {"name": f"c{mark}", "image": "sidecar:1"},
    "core.v1.Toleration": lambda mark: {"key": f"t{mark}", "operator": "Exists"},
    "core.v1.Affinity": lambda mark: {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {"matchExpressions": [{"key": f"a{mark}", "operator": "Exists"}]}}
            ]
        }
    },
    "core.v1.HostAlias": lambda mark: {"ip": "192.0.2.1", "hostnames": [f"h{mark}"]},
    "core.v1.PodDNSConfig": lambda mark: {"searches": [f"d{mark}"]},
    "apps.v1.DeploymentStrategy": lambda mark: {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": mark}},
    "autoscaling.v2.MetricSpec": lambda mark: {
        "type": "External",
        "external": {"metric": {"name": f"m{mark}"}, "target": {"type": "Value", "value": "1"}},
    },
    "autoscaling.v2.HorizontalPodAutoscalerBehavior": lambda mark: {"scaleDown": {"stabilizationWindowSeconds": mark}},
    "networking.v1.NetworkPolicyPeer": lambda mark: {"podSelector": {"matchLabels": {"peer": f"p{mark}"}}},
    "networking.v1.NetworkPolicyIngressRule": lambda mark: {
        "from": [{"podSelector": {"matchLabels": {"in": f"i{mark}"}}}]
    },
    "networking.v1.NetworkPolicyEgressRule": lambda mark: {
        "to": [{"podSelector": {"matchLabels": {"out": f"o{mark}"}}}]
    },
}
ISSUER = {
    "jwks": {"url": "https://s-issuer.example/keys"},
    "algorithms": ["PS256"],
    "typ": ["s-typ"],
    "max_lifetime": "313s",
    "audience_in_list": True,
    "subject_prefix": "s-prefix",
    "claims": {
        "client": ["s-client"],
        "scope": "s-scope",
        "organisation": "s-organisation",
        "practices": "s-practices",
        "role": "s-role",
        "name": "s-name",
        "kind": "s-kind",
    },
    "refresh": "317s",
    "overlap": "331s",
    "max_stale": "337s",
    "ca_file": "/opt/s-issuer.pem",
    "allow_plain_http": True,
}


def _sample(kind: str, mark: int, entry: Entry) -> object:
    """A value of a type, with the mark in it."""
    kind = re.split(r" +(?![^(]*\))", kind)[0]
    service = entry.path[1] if entry.path[0] == "services" else ""
    if kind == "free":
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"s{mark}", "namespace": '{{ include "ehub.namespace" . }}'},
        }
    if kind in ("string", "dnslabel", "word", "ods"):
        return f"s{mark}"
    if kind == "pullsecret":
        return {"name": f"s{mark}"} if entry.path[0] == "global" else f"s{mark}"
    if kind == "secretref":
        # One stays a key of the service's own Secret, so that its name is seen as well.
        return f"k{mark}" if entry.path[-1] == "workUrl" else f"sec{mark}/k{mark}"
    if kind in ("integer", "port", "number", "intorpercent"):
        return mark
    if kind == "duration":
        return f"{mark}ms"
    if kind == "url":
        return f"https://s{mark}.example"
    if kind == "digest":
        return f"sha256:{mark:064d}"
    if kind == "boolean":
        return True
    if kind == "issuer":
        return {"issuer": f"https://s{mark}.example"} | ISSUER
    if kind == "contact":
        return {"duty_url": f"https://s{mark}.example", "deputy_url": f"https://d{mark}.example:5151"}
    if kind == "workload":
        return {"nodeSelector": {f"w{mark}": "yes"}}
    if kind == "config":
        return {"server": {"limits": {OVERRIDDEN[service]: mark}}}
    word, inner = re.fullmatch(r"(\w+)\((.*)\)", kind).groups()
    if word == "enum":
        return entry.default if entry.default is not None else inner.split("|")[-1]
    if word == "k8s":
        return KUBERNETES[inner](mark)
    if word == "list":
        return ["RS256"] if inner.startswith("enum") else [_sample(inner, mark, entry)]
    key = "ehub.intake.v1.IntakeService/GetStatus" if inner == "duration" else f"H{mark}"
    return {key: _sample(inner, mark, entry)}


def _marks(value: object) -> set[str]:
    """What of a value must be found."""
    if isinstance(value, dict):
        return set().union(*(_marks(inside) for inside in value.values()), set()) | {
            key for key in value if re.search(r"\d{4}", key)
        }
    if isinstance(value, list):
        return set().union(*(_marks(inside) for inside in value), set())
    if isinstance(value, str) and "/" in value and value.startswith("sec"):
        return set(value.split("/"))
    return set() if isinstance(value, bool) or value in ("RuntimeDefault", "ALL") else {str(value)}


def make(root: Entry) -> tuple[dict, dict[str, set[str]]]:
    """Values, and for each key the marks that must show somewhere. Keys that switch (booleans, enumerations) have none."""
    values: dict = {}
    wanted: dict[str, set[str]] = {}
    for number, entry in enumerate(root.leaves()):
        sample = SENSIBLE.get(entry.name, _sample(entry.type, 1001 + number, entry))
        put(values, entry.path, sample)
        switch = entry.type.startswith(("boolean", "enum"))
        wanted[entry.name] = (
            set()
            if switch
            else {mark for mark in _marks(sample) if re.search(r"\d\d|^s-|H8H|cluster.example|sha256", mark)}
        )
    return values, wanted


def second(values: dict) -> dict:
    """The same with everything empty that hides something else."""
    other = copy.deepcopy(values)
    for path in ("image.registry", "image.digest", "auth.identity.jwksUrl", "fullnameOverride", "namespaceOverride"):
        put(other, path, "")
    put(other, "workload.autoscaling.enabled", False)
    # Audit keeps the common name, so that it is seen.
    for service in ("intake", "allocation", "writeback", "prescribing"):
        put(other, f"services.{service}.workload.serviceAccount", {"name": f"s-{service}"})
    return other


def first(values: dict) -> dict:
    """What is given where two ways exclude each other."""
    one = copy.deepcopy(values)
    put(one, "auth.identity.existingConfigMap", "")
    for service in ("intake", "allocation", "writeback", "prescribing", "audit"):
        put(one, f"services.{service}.workload.serviceAccount", {"name": f"s-{service}"})
    return one


def other_choice(entry: Entry, present: object) -> object:
    """Another value of a switch."""
    if entry.type.startswith("boolean"):
        return not present
    options = re.search(r"enum\((.*)\)", entry.type)[1].split("|")
    return next(option for option in options if option != present)
