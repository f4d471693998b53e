"""Runs rendered Deployments and Jobs with podman, under the security context they ask for, from files mounted as the kubelet would."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pods
from helm import ROOT
from invariants import Rendered, pod_of

# A user that no file of the image knows; the group is 0, as OpenShift has it.
USER = "23456:0"
CONFIG = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


STORAGE = """[storage]
driver = "overlay"
graphroot = "{folder}/storage"
runroot = "{folder}/storage-run"
"""


class Podman:
    """podman, as a machine without systemd needs it told, with images of its own: nobody else's are seen or left behind."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "containers.conf").write_text(CONFIG)
        (folder / "storage.conf").write_text(STORAGE.format(folder=folder))
        files = {"CONTAINERS_CONF": folder / "containers.conf", "CONTAINERS_STORAGE_CONF": folder / "storage.conf"}
        self._env = os.environ | {name: str(file) for name, file in files.items()}
        self._started: list[str] = []

    def __call__(
        self, *arguments: object, check: bool = True, program: str = "podman", timeout: int = 300
    ) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [program, *map(str, arguments)], capture_output=True, text=True, env=self._env, timeout=timeout
        )
        if check and done.returncode:
            raise RuntimeError(f"{program} {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
        return done

    def build(self, binary: Path, folder: Path, tag: str) -> dict:
        """Builds the image from a program that is there already; gives what podman says of it."""
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        folder.mkdir(parents=True)
        subprocess.run([ROOT / "k8s/image/rootfs", binary, folder / "rootfs"], cwd=ROOT, check=True)
        dockerfile = ROOT / "k8s/image/Dockerfile"
        self(
            "bud",
            "--isolation",
            "chroot",
            "--build-arg",
            "ROOTFS=prebuilt",
            "-f",
            dockerfile,
            "-t",
            tag,
            folder,
            program="buildah",
        )
        return json.loads(self("image", "inspect", tag).stdout)[0]

    def start(self, name: str, container: dict, folder: Path, hosts: dict[str, str], *more: str) -> str:
        """Starts a container as its pod describes it; `folder` is its mounts, below their mount paths. Gives its id."""
        command = ["run", "--detach", "--name", name, "--network", "host", "--user", USER]
        context = container["securityContext"]
        command += ["--read-only", "--read-only-tmpfs=false"] if context["readOnlyRootFilesystem"] else []
        command += [f"--cap-drop={capability}" for capability in context["capabilities"]["drop"]]
        command += [] if context["allowPrivilegeEscalation"] else ["--security-opt=no-new-privileges"]
        command += ["--memory", container["resources"]["limits"]["memory"].replace("Mi", "m")]
        command += [f"--add-host={host}:{address}" for host, address in hosts.items()]
        for mount in container["volumeMounts"]:
            command += ["--volume", f"{folder}{mount['mountPath']}:{mount['mountPath']}:ro"]
        for variable in container.get("env", []):
            if "value" in variable:
                command += [
                    "--env",
                    f"{variable['name']}={variable['value'].replace('$(POD_NAME)', name).replace('$(NODE_NAME)', 'here')}",
                ]
        command += [
            "--entrypoint",
            json.dumps(container["command"]),
            *more,
            container["image"],
            *container.get("args", []),
        ]
        self._started.append(name)
        return self(*command).stdout.strip()

    def pid(self, name: str) -> int:
        return int(self("inspect", "--format", "{{.State.Pid}}", name).stdout)

    def logs(self, name: str) -> str:
        done = self("logs", name, check=False)
        return done.stdout + done.stderr

    def stop(self, name: str, seconds: int) -> tuple[int, float]:
        """SIGTERM, and SIGKILL after the grace period; the exit status and the seconds it took."""
        began = time.monotonic()
        self("stop", "--time", seconds, name, timeout=seconds + 60)
        return int(self("inspect", "--format", "{{.State.ExitCode}}", name).stdout), time.monotonic() - began

    def wait(self, name: str, seconds: int) -> int:
        """The exit status of a container that ends by itself."""
        return int(self("wait", name, timeout=seconds).stdout)

    def away(self) -> None:
        """Removes what was started and built here."""
        for name in self._started:
            self("rm", "--force", "--ignore", "--time", "2", name, check=False)
        self("rmi", "--all", "--force", check=False)


def start_service(
    podman: Podman, rendered: Rendered, service: str, folder: Path, world: pods.World, hosts: dict[str, str]
) -> str:
    """A service's container, by the name it got."""
    (container,) = [one for one in pod_of(rendered.deployment(service))["spec"]["containers"] if one["name"] == service]
    pods.mount(rendered, service, folder, world)
    name = f"ehub-image-{service}"
    podman("rm", "--force", "--ignore", name, check=False)
    podman.start(name, container, folder, hosts)
    return name


def run_migration(podman: Podman, rendered: Rendered, service: str, folder: Path, world: pods.World) -> str:
    """Runs the service's migration Job to its end; what it said when it failed, else nothing."""
    (job,) = [item for item in rendered.of("Job") if pod_of(item)["spec"]["containers"][0]["args"][1] == service]
    container = pod_of(job)["spec"]["containers"][0]
    place = folder / "etc/ehub/secrets"
    place.mkdir(parents=True, exist_ok=True)
    (place / "migrate-url").write_text(world.database(service, "migrate"))
    (place / "migrate-url").chmod(0o444)
    name = f"ehub-image-migrate-{service}"
    podman("rm", "--force", "--ignore", name, check=False)
    podman.start(name, container, folder, {})
    status = podman.wait(name, 120)
    return f"the migration Job of {service} ends with {status}: {podman.logs(name)[-600:]}" if status else ""


def ready(admin: str) -> tuple[int, list[str]]:
    """What `/readyz` answers: the status and what is unmet; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{admin}/readyz", timeout=5) as answer:
            return answer.status, json.load(answer)["unmet"]
    except urllib.error.HTTPError as refused:
        text = refused.read()
        return (refused.code, json.loads(text)["unmet"]) if text.startswith(b"{") else (0, [])
    except OSError:
        return 0, []


def until(condition, seconds: float, what: str, every: float = 0.02) -> float:
    """Waits for a condition; the seconds it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"not in {seconds:.0f} s: {what}")
        time.sleep(every)
    return time.monotonic() - began


def status_of(pid: int) -> dict[str, str]:
    """A process as the kernel describes it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in lines}


def root_is_read_only(pid: int) -> bool:
    """Whether the process's root is mounted so that nobody can write."""
    lines = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    return all("ro" in line[5].split(",") for line in lines if line[4] == "/")
