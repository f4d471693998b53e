"""The world around the image: a development suite's peers, issuer, databases and keys, and the chart's values for it."""

from __future__ import annotations

import json
import random
import signal
import socket
import sys
import tomllib
from dataclasses import dataclass
from os import kill
from pathlib import Path

import pods
from helm import PROFILES, ROOT, put, rendered
from invariants import SERVICES, Rendered

sys.path.insert(0, str(ROOT / "tests/harness"))
from suite import Suite  # noqa: E402

NAMESPACE = "ehub-image"
CLUSTER = "https://cluster.image.example"
PORTS = ("grpc", "internal", "admin")


@dataclass
class Beside(pods.World):
    """A cluster whose ConfigMaps hold what the development suite made."""

    people: str = ""
    prescribers: str = ""
    grant_keys: str = ""

    def config_map(self, key: str, service: str) -> str:
        if key.startswith("people/"):
            return self.people
        if key.startswith("grants/"):
            return self.grant_keys
        if key.startswith("rules/") and service == "prescribing":
            return self.prescribers
        return super().config_map(key, service)


class Outside:
    """A development suite whose five services can be put to sleep, so that the containers take their place."""

    def __init__(self, home: Path, binary: Path) -> None:
        self.suite = Suite(home=home, consultations=1, binary=binary)
        self._asleep: list[int] = []

    def up(self) -> None:
        self.suite.up()
        read = lambda service: tomllib.loads((self.suite.run / f"{service}.toml").read_text())  # noqa: E731
        self.configs = {service: read(service) for service in SERVICES}

    def sleep(self) -> None:
        """Stops the suite's own services in their tracks; its peers, issuer and databases stay."""
        self._asleep = list(self.suite.pids().values())
        for pid in self._asleep:
            kill(pid, signal.SIGSTOP)

    def down(self) -> None:
        for pid in self._asleep:
            try:
                kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.suite.down()

    def beside(self) -> Beside:
        """The suite's keys and databases, as Secrets and ConfigMaps."""
        keys = {
            name: (self.suite.run / "keys" / name).read_text()
            for name in ("pages-key", "patient-key", "grant-key.pem", "audit-key.pem", "jwks.json", "grant-jwks.json")
        }
        mesh = self.configs["writeback"]["service"]["mesh"]
        secrets = {
            "pages-key": keys["pages-key"],
            "patient-key": keys["patient-key"],
            "grant-key": keys["grant-key.pem"],
            "audit-key": keys["audit-key.pem"],
        }
        secrets |= {"mesh-password": mesh["password"], "mesh-shared-key": mesh["shared_key"]}
        databases = {
            (service, role): self.configs[service]["database"][f"{role}_url"]
            for service in SERVICES
            for role in ("run", "work", "migrate")
        }
        authorities = self.configs["prescribing"]["service"]["eps"].get("authorities", [])
        world = Beside(NAMESPACE, CLUSTER, databases=databases, secrets=secrets, people=keys["jwks.json"])
        world.prescribers = "".join(Path(file).read_text() for file in authorities)
        world.grant_keys = keys["grant-jwks.json"]
        return world

    def values(self, ports: dict[str, dict[str, int]], image: str) -> dict:
        """What a site would write: addresses of the outside, names of Secrets (those of the profile), here also ports."""
        repository, tag = image.rsplit(":", 1)
        auth = self.configs["intake"]["auth"]
        values = {
            "image": {"repository": repository, "tag": tag},
            "auth": {
                "audience": auth["audience"],
                "issuers": [
                    {
                        "issuer": self.suite.world["issuer"],
                        "jwks": {"file": "/etc/ehub/people/jwks.json"},
                        "algorithms": ["EdDSA"],
                    }
                ],
                "grants": {
                    "audience": auth["grants"]["audience"],
                    "kid": self.configs["allocation"]["service"]["grants"]["kid"],
                },
                "identity": {"issuer": CLUSTER, "expirationSeconds": 3600},
            },
        }
        put(values, "config.telemetry", {"otlp_endpoint": self.suite.world["otlp"], "format": "json"})
        put(values, "workload.extraVolumes", [{"name": "people", "configMap": {"name": "people"}}])
        put(values, "workload.extraVolumeMounts", [{"name": "people", "mountPath": "/etc/ehub/people"}])
        for service, of in ports.items():
            # On this machine only; in a pod the address is its own.
            here = [
                {"name": f"EHUB_{service.upper()}__SERVER__{port.upper()}", "value": f"127.0.0.1:{number}"}
                for port, number in of.items()
            ]
            put(values, f"services.{service}.workload", {"ports": of, "extraEnv": here})
        own = {service: self.configs[service]["service"] for service in SERVICES}
        put(values, "services.intake.settings.mesh.connection.url", own["intake"]["mesh"]["connection"]["url"])
        put(values, "services.intake.settings.mesh.duty_contact", own["intake"]["mesh"]["duty_contact"])
        put(values, "services.intake.settings.demographics.url", own["intake"]["demographics"]["url"])
        put(values, "services.allocation.settings.duty.contacts", own["allocation"]["duty"]["contacts"])
        put(values, "services.writeback.settings.mesh.url", own["writeback"]["mesh"]["url"])
        put(values, "services.prescribing.settings.eps.base_url", own["prescribing"]["eps"]["base_url"])
        put(values, "services.audit.settings.origin", own["audit"]["origin"])
        if own["prescribing"]["eps"].get("authorities"):
            put(values, "services.prescribing.authorities", {"existingConfigMap": "prescribers"})
        return values

    def world_file(self, folder: Path, ports: dict[str, dict[str, int]]) -> Path:
        """The file that tells clients where services are, now in containers."""
        world = dict(self.suite.world)
        world["services"] = {
            service: {port: f"http://127.0.0.1:{number}" for port, number in of.items()}
            for service, of in ports.items()
        }
        file = folder / "ehub.json"
        file.write_text(json.dumps(world))
        return file


def free_ports() -> dict[str, dict[str, int]]:
    """Free ports below those that the system gives to whoever asks: nobody takes one before its container does."""
    candidates = iter(random.SystemRandom().sample(range(20_000, 32_000), 2_000))
    ports: dict[str, dict[str, int]] = {}
    for service in SERVICES:
        for port in PORTS:
            ports.setdefault(service, {})[port] = next(number for number in candidates if _is_free(number))
    return ports


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def chart(values: dict) -> Rendered:
    """The chart in the dev profile with these values."""
    return Rendered(rendered(*PROFILES["dev"], values=values, namespace=NAMESPACE))


def hosts(objects: Rendered) -> dict[str, str]:
    """The names that cluster DNS would know, here on this machine."""
    names = {
        peer["uri"].removeprefix("http://").split(":")[0]
        for service in SERVICES
        for peer in objects.config(service)["peers"].values()
    }
    return {name: "127.0.0.1" for name in sorted(names)}
