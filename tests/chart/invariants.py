"""What must hold in every rendering, whatever the values."""

from __future__ import annotations

import json
import re
import tomllib

SERVICES = ("intake", "allocation", "writeback", "prescribing", "audit")
NAME, INSTANCE, COMPONENT = (f"app.kubernetes.io/{word}" for word in ("name", "instance", "component"))


class Rendered:
    """Rendered objects by kind."""

    def __init__(self, objects: list[dict]) -> None:
        self.all = objects

    def of(self, kind: str) -> list[dict]:
        return [item for item in self.all if item["kind"] == kind]

    def component(self, kind: str, service: str) -> list[dict]:
        return [item for item in self.of(kind) if item["metadata"].get("labels", {}).get(COMPONENT) == service]

    def deployment(self, service: str) -> dict:
        (found,) = self.component("Deployment", service)
        return found

    def config(self, service: str) -> dict:
        (found,) = self.component("ConfigMap", service)
        return tomllib.loads(found["data"]["ehub.toml"])


def pod_of(item: dict) -> dict:
    """The pod template of a Deployment or a Job."""
    return item["spec"]["template"]


def selects(selector: dict, labels: dict) -> bool:
    """Whether a plain label selector takes these labels."""
    return all(labels.get(key) == value for key, value in selector.items())


def faults(objects: list[dict], namespace: str, **expected: object) -> list[str]:
    """Everything that does not hold."""
    rendered = Rendered(objects)
    wrong = []
    for check in (
        names,
        images,
        selectors,
        security,
        secrets,
        mounts,
        probes_and_ends,
        scaling,
        spread,
        identities,
        arrows,
    ):
        wrong += [f"{check.__name__}: {fault}" for fault in check(rendered, namespace)]
    return wrong


def names(rendered: Rendered, namespace: str):
    """Each object once, in the namespace given, by a name Kubernetes takes."""
    seen = set()
    for item in rendered.all:
        name = (item["kind"], item["metadata"]["name"])
        if name in seen:
            yield f"{name} is there twice"
        seen.add(name)
        if item["metadata"].get("namespace") != namespace:
            yield f"{name} has no namespace, or another"
        if len(name[1]) > 63:
            yield f"{name} is too long"
    for service in SERVICES:
        if len(rendered.component("Service", service)) != 2 or len(rendered.component("Deployment", service)) != 1:
            yield f"{service}: one Deployment, a ClusterIP and a headless Service are wanted"


def _containers(item: dict, more: bool = False) -> list[dict]:
    spec = pod_of(item)["spec"]
    return [one for one in spec["containers"] if more or one["name"] in (*SERVICES, "migrate")]


def images(rendered: Rendered, _: str):
    """No image by `latest`, and the program is the service's own."""
    for item in rendered.of("Deployment") + rendered.of("Job"):
        for one in _containers(item):
            image = one["image"]
            if not re.search(r"(:[^/]+|@sha256:[0-9a-f]{64})$", image) or image.endswith(":latest"):
                yield f"{item['metadata']['name']}: the image {image} has no version"
    for service in SERVICES:
        if _containers(rendered.deployment(service))[0]["command"] != [f"/usr/bin/ehub-{service}"]:
            yield f"{service}: runs another program"


def selectors(rendered: Rendered, _: str):
    """Selectors hold name, release and service alone, and find their own pods and no others."""
    pods = {
        item["metadata"]["name"]: pod_of(item)["metadata"]["labels"]
        for item in rendered.of("Deployment") + rendered.of("Job")
    }
    for item in rendered.of("Deployment"):
        selector = item["spec"]["selector"]["matchLabels"]
        if set(selector) != {NAME, INSTANCE, COMPONENT}:
            yield f"{item['metadata']['name']}: its selector holds {sorted(selector)}"
    for kind in ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"):
        for item in rendered.of(kind):
            selector = item["spec"].get("podSelector") or item["spec"]["selector"]
            found = [name for name, labels in pods.items() if selects(selector.get("matchLabels", selector), labels)]
            service = item["metadata"]["labels"].get(COMPONENT)
            if service and found != [rendered.deployment(service)["metadata"]["name"]]:
                yield f"{kind} {item['metadata']['name']} finds {found}"
    for item in rendered.of("Service"):
        containers = _containers(rendered.deployment(item["metadata"]["labels"][COMPONENT]))
        offered = {port["name"]: port["containerPort"] for port in containers[0]["ports"]}
        for port in item["spec"]["ports"]:
            if offered.get(port["targetPort"]) != port["port"] or port["name"] == "admin":
                yield f"Service {item['metadata']['name']}: port {port['name']} leads nowhere, or to operators"


def security(rendered: Rendered, _: str):
    """What the Pod Security Standard `restricted` asks, with a read-only root and no user pinned."""
    for item in rendered.of("Deployment") + rendered.of("Job"):
        name, pod = item["metadata"]["name"], pod_of(item)["spec"]
        around = pod["securityContext"]
        if around.get("runAsNonRoot") is not True or around.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name}: its pod may run as root, or without seccomp"
        if pod.get("automountServiceAccountToken") is not False or any(
            pod.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")
        ):
            yield f"{name}: mounts the API token, or shares the node's namespaces"
        for one in _containers(item):
            context = one["securityContext"]
            if context.get("allowPrivilegeEscalation") is not False or context.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{name}: its container may gain privileges"
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{name}: its root can be written"
            if "runAsUser" in context or "runAsUser" in around:
                yield f"{name}: a user is pinned"
            if "memory" not in one["resources"].get("limits", {}) or "cpu" in one["resources"].get("limits", {}):
                yield f"{name}: no memory limit, or a CPU limit"


def mounted_secrets(item: dict) -> set[tuple[str, str]]:
    """The secret keys of a pod, as (secret, key)."""
    found = set()
    for volume in pod_of(item)["spec"]["volumes"]:
        sources = [
            source["secret"] | {"name": source["secret"]["name"]}
            for source in volume.get("projected", {}).get("sources", [])
            if "secret" in source
        ]
        if "secret" in volume:
            sources.append(volume["secret"] | {"name": volume["secret"]["secretName"]})
        for source in sources:
            found |= {(source["name"], each["key"]) for each in source.get("items", [{"key": "*"}])}
    return found


def secrets(rendered: Rendered, _: str):
    """No Secret is made, none is in an environment; the owner's URL is in its Job alone, the others in the pods alone."""
    if rendered.of("Secret"):
        yield "a Secret is rendered"
    if re.search(r"postgres(ql)?://|BEGIN [A-Z ]*PRIVATE KEY", json.dumps(rendered.all)):
        yield "a URL with a password, or a key, is rendered"
    held = {service: mounted_secrets(rendered.deployment(service)) for service in SERVICES}
    for service in SERVICES:
        text = json.dumps(rendered.config(service))
        volumes = {volume["name"]: volume for volume in pod_of(rendered.deployment(service))["spec"]["volumes"]}
        for source in volumes["secrets"]["projected"]["sources"]:
            for item in source["secret"]["items"]:
                if f'"/etc/ehub/secrets/{item["path"]}"' not in text:
                    yield f"{service}: mounts {item['key']}, which its configuration does not name"
    for item in rendered.of("Deployment") + rendered.of("Job"):
        for one in pod_of(item)["spec"]["containers"]:
            if any("secretKeyRef" in str(variable) for variable in one.get("env", [])):
                yield f"{item['metadata']['name']}: a secret in the environment"
    for service, mine in held.items():
        if any(key == "*" for _, key in mine):
            yield f"{service}: mounts a whole Secret"
        for other, theirs in held.items():
            if other != service and mine & theirs:
                yield f"{service} and {other} share {mine & theirs}"
    for job in rendered.of("Job"):
        own = mounted_secrets(job)
        if len(own) != 1:
            yield f"{job['metadata']['name']}: holds {sorted(own)} instead of the owner's URL alone"
        if any(own & mine for mine in held.values()):
            yield f"{job['metadata']['name']}: a pod holds the owner's URL"


def mounts(rendered: Rendered, _: str):
    """What a container mounts is a volume of its pod, and no place is taken twice."""
    for item in rendered.of("Deployment") + rendered.of("Job"):
        volumes = [volume["name"] for volume in pod_of(item)["spec"]["volumes"]]
        if len(volumes) != len(set(volumes)):
            yield f"{item['metadata']['name']}: a volume is there twice"
        for one in _containers(item):
            places = [mount["mountPath"] for mount in one["volumeMounts"]]
            if len(places) != len(set(places)) or not {mount["name"] for mount in one["volumeMounts"]} <= set(volumes):
                yield f"{item['metadata']['name']}: mounts what is no volume, or two at one place"
            variables = [variable["name"] for variable in one.get("env", [])]
            if len(variables) != len(set(variables)):
                yield f"{item['metadata']['name']}: a variable is there twice"


def probes_and_ends(rendered: Rendered, _: str):
    """Probes on the admin port, with their meaning; time enough to end."""
    for service in SERVICES:
        pod = pod_of(rendered.deployment(service))["spec"]
        one = _containers(rendered.deployment(service))[0]
        paths = {probe: one[probe]["httpGet"] for probe in ("startupProbe", "readinessProbe", "livenessProbe")}
        if paths != {
            "startupProbe": {"path": "/livez", "port": "admin"},
            "readinessProbe": {"path": "/readyz", "port": "admin"},
            "livenessProbe": {"path": "/livez", "port": "admin"},
        }:
            yield f"{service}: probes are {paths}"
        drain = rendered.config(service)["server"]["drain"]
        grace, hard = (int(drain[key].removesuffix("s")) for key in ("grace", "hard_stop"))
        sleep = one.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        # The drain, the calls whose caller has gone, the telemetry flush: libs/server, libs/host and libs/telemetry bound each.
        if pod["terminationGracePeriodSeconds"] < sleep + grace + hard + 1 + hard + 8:
            yield f"{service}: is killed before its drain can end"


def scaling(rendered: Rendered, _: str):
    """Replicas have one owner; a disruption budget never stands before a single replica."""
    for service in SERVICES:
        deployment = rendered.deployment(service)
        scaler = rendered.component("HorizontalPodAutoscaler", service)
        if bool(scaler) == ("replicas" in deployment["spec"]):
            yield f"{service}: replicas have two owners, or none"
        least = scaler[0]["spec"]["minReplicas"] if scaler else deployment["spec"]["replicas"]
        if rendered.component("PodDisruptionBudget", service) and least < 2:
            yield f"{service}: a disruption budget before a single replica"
        if scaler and scaler[0]["spec"]["scaleTargetRef"]["name"] != deployment["metadata"]["name"]:
            yield f"{service}: the autoscaler scales another"


def spread(rendered: Rendered, _: str):
    """Spread constraints count the service's own pods."""
    for service in SERVICES:
        pod = pod_of(rendered.deployment(service))
        for constraint in pod["spec"].get("topologySpreadConstraints", []):
            if not selects(constraint["labelSelector"]["matchLabels"], pod["metadata"]["labels"]):
                yield f"{service}: a spread constraint counts other pods"


def identities(rendered: Rendered, namespace: str):
    """Each service runs under an account of its own, its token is for our audience, and every service trusts exactly those."""
    accounts = {service: pod_of(rendered.deployment(service))["spec"]["serviceAccountName"] for service in SERVICES}
    if len(set(accounts.values())) != len(SERVICES):
        yield f"service accounts are shared: {accounts}"
    subjects = {f"system:serviceaccount:{namespace}:{account}": service for service, account in accounts.items()}
    for service in SERVICES:
        auth = rendered.config(service)["auth"]
        trusted = {
            subject: known["name"]
            for issuer in auth["issuers"]
            for subject, known in issuer.get("services", {}).items()
        }
        if trusted != subjects:
            yield f"{service}: trusts {trusted}"
        tokens = [
            source["serviceAccountToken"]
            for volume in pod_of(rendered.deployment(service))["spec"]["volumes"]
            for source in volume.get("projected", {}).get("sources", [])
            if "serviceAccountToken" in source
        ]
        if [token["audience"] for token in tokens] != [auth["audience"]]:
            yield f"{service}: its token is for another audience"


def arrows(rendered: Rendered, _: str):
    """With network policies on: who may reach whose internal port is who has it as a peer, both ways round, and nobody else."""
    policies = {service: rendered.component("NetworkPolicy", service) for service in SERVICES}
    if not any(policies.values()):
        return
    labels = {service: pod_of(rendered.deployment(service))["metadata"]["labels"] for service in SERVICES}
    ports = {
        service: {port["name"]: port["containerPort"] for port in _containers(rendered.deployment(service))[0]["ports"]}
        for service in SERVICES
    }
    peers = {(caller, called) for caller in SERVICES for called in rendered.config(caller)["peers"]}
    let_in, let_out = set(), set()
    for service, (policy,) in policies.items():
        for rule in policy["spec"]["ingress"]:
            if rule["ports"] == [{"port": ports[service]["internal"], "protocol": "TCP"}]:
                let_in |= {
                    (caller, service)
                    for caller in SERVICES
                    for peer in rule["from"]
                    if selects(peer["podSelector"]["matchLabels"], labels[caller])
                }
            if not rule.get("from"):
                yield f"{service}: lets anyone in"
        for rule in policy["spec"]["egress"]:
            for peer in rule.get("to", []):
                selector = peer.get("podSelector", {}).get("matchLabels", {})
                let_out |= {
                    (service, called)
                    for called in SERVICES
                    if COMPONENT in selector
                    and selects(selector, labels[called])
                    and rule["ports"] == [{"port": ports[called]["internal"], "protocol": "TCP"}]
                }
    if let_in != peers:
        yield f"let in {sorted(let_in ^ peers)} otherwise than configured"
    if let_out != peers:
        yield f"let out {sorted(let_out ^ peers)} otherwise than configured"
    (default,) = [item for item in rendered.of("NetworkPolicy") if COMPONENT not in item["metadata"]["labels"]]
    if set(default["spec"]["podSelector"]["matchLabels"]) != {NAME, INSTANCE} or default["spec"]["policyTypes"] != [
        "Ingress",
        "Egress",
    ]:
        yield "the default policy does not hold for every pod of the release in both directions"
