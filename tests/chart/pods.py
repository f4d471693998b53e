"""Turns a rendered Deployment into files as the kubelet would mount them, so that a real process can run from them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

import keys
from helm import ROOT
from invariants import Rendered, pod_of

SHARE = {
    "/usr/share/ehub/rules/sample-screening.json": ROOT / "services/intake/rules/sample-screening.json",
    "/usr/share/ehub/pathways/hub-first.json": ROOT / "services/allocation/pathways/hub-first.json",
}


@dataclass
class World:
    """What the cluster holds beside the release: databases, keys, clinical rules."""

    namespace: str
    issuer: str
    kid: str = "grant-1"
    # URL of a service's role, by ("intake", "run").
    databases: dict[tuple[str, str], str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cluster = keys.Cluster(self.issuer)
        self.grants = ed25519.Ed25519PrivateKey.generate()
        self.secrets = keys.secret_contents(self.grants) | self.secrets

    def database(self, service: str, role: str) -> str:
        return self.databases.get(
            (service, role), f"postgres://ehub_{service}_{role}:made-up@127.0.0.1:1/ehub_{service}"
        )

    def config_map(self, key: str, service: str) -> str:
        """The contents of a ConfigMap that the chart expects to exist, told by where it is mounted."""
        if key.startswith("grants/"):
            return keys.ed25519_jwks(self.kid, self.grants)
        if key.startswith("identity/"):
            return self.cluster.jwks()
        if service == "prescribing":
            return self.secrets["eps-ca"]
        sample = next(path for path in SHARE.values() if service in path.parts)
        return json.dumps(json.loads(sample.read_text()) | {"id": "site", "approved_by": "A Clinical Safety Officer"})


def mount(rendered: Rendered, service: str, folder: Path, world: World) -> Path:
    """Writes every volume of the service's pod below `folder`, at its mount path; gives the configuration's path there."""
    deployment = rendered.deployment(service)
    pod = pod_of(deployment)["spec"]
    (container,) = [one for one in pod["containers"] if one["name"] == service]
    # The chart's own mounts come first; a volume that a user mounts elsewhere as well stays where it was.
    places = {one["name"]: folder / one["mountPath"].lstrip("/") for one in reversed(container["volumeMounts"])}
    config = rendered.config(service)
    for volume in pod["volumes"]:
        place = places.get(volume["name"])
        if place is None:
            continue
        place.mkdir(parents=True, exist_ok=True)
        for name, text in _contents(volume, service, pod, rendered, config, world).items():
            (place / name).write_text(text)
            (place / name).chmod(0o444)
    config_file = container["args"][container["args"].index("--config") + 1]
    return folder / config_file.lstrip("/")


def _contents(volume: dict, service: str, pod: dict, rendered: Rendered, config: dict, world: World) -> dict[str, str]:
    files: dict[str, str] = {}
    for source in volume.get("projected", {}).get("sources", []):
        for item in source.get("secret", {}).get("items", []):
            role = item["path"].removesuffix("-url")
            files[item["path"]] = world.secrets.get(item["path"]) or world.database(service, role)
        if token := source.get("serviceAccountToken"):
            files[token["path"]] = world.cluster.token(
                world.namespace, pod["serviceAccountName"], token["audience"], token["expirationSeconds"]
            )
    if map_ := volume.get("configMap"):
        own = [item for item in rendered.of("ConfigMap") if item["metadata"]["name"] == map_["name"]]
        if own:
            return dict(own[0]["data"])
        # Others' ConfigMaps hold the files that the configuration looks for there.
        for path in re.findall(rf'"/etc/ehub/({volume["name"]}/[^"/]+)"', json.dumps(config)):
            files[path.split("/")[1]] = world.config_map(path, service)
    return files


def rooted(config: Path, folder: Path) -> Path:
    """The same configuration with its absolute paths below `folder`, for a process outside any container."""
    text = config.read_text()
    for path, file in SHARE.items():
        text = text.replace(f'"{path}"', f'"{file}"')
    text = re.sub(r'"(/(?:etc|var)/[^"]*)"', lambda found: f'"{folder}{found[1]}"', text)
    beside = folder / "rooted.toml"
    beside.write_text(text)
    return beside
