"""Reflection and health: the contract can be read over the wire in development, and not in production."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import grpc
from programs import PATIENCE, Wrong
from suite import ROOT, SERVICES, Suite

TOOLS = ROOT / ".local/venv/bin"
PUBLIC = {
    "intake": ["ehub.intake.v1.IntakeService"],
    "allocation": ["ehub.allocation.v1.AllocationService", "ehub.allocation.v1.RegisterService"],
    "writeback": ["ehub.writeback.v1.WritebackService"],
    "prescribing": ["ehub.prescribing.v1.PrescribingService"],
    "audit": ["ehub.audit.v1.AuditService"],
}
HEALTH = "grpc.health.v1.Health"
SERVING = b"\x08\x01"
# A ServerReflectionRequest with list_services = "".
LIST = b"\x3a\x00"


def run(*command: str) -> tuple[int, str]:
    """A tool's exit code, and everything it says."""
    tool = str(TOOLS / command[0])
    done = subprocess.run([tool, *command[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


def tools(suite: Suite, _: Path) -> str:
    """grpcurl reads v1alpha, buf v1; both find every service and its access rules, without a token."""
    for service in SERVICES:
        uri = suite.world["services"][service]["grpc"]
        address, wanted = uri.removeprefix("http://"), sorted([*PUBLIC[service], HEALTH])
        listings = {
            "grpcurl, v1alpha": run("grpcurl", "-plaintext", address, "list"),
            "buf, v1": _buf(uri, "grpc-v1"),
            "buf, v1alpha": _buf(uri, "grpc-v1alpha"),
        }
        for tool, (code, said) in listings.items():
            if code or sorted(said.split()) != wanted:
                raise Wrong(f"{service}, {tool}: expected {wanted}, exit code {code}:\n{said}")
        for name in PUBLIC[service]:
            code, said = run("grpcurl", "-plaintext", address, "describe", name)
            if code or "option (.ehub.auth.v1.rule)" not in said:
                raise Wrong(f"{name} is described without its access rules:\n{said}")
        for name in ("", *PUBLIC[service]):
            code, said = run("grpcurl", "-plaintext", "-d", f'{{"service":"{name}"}}', address, f"{HEALTH}/Check")
            if code or '"SERVING"' not in said:
                raise Wrong(f"the health of {name or service}: exit code {code}: {said}")
    _refusals_in_words(suite)
    return f"{len(SERVICES)} services listed by v1 and v1alpha, described and SERVING"


def _buf(uri: str, protocol: str) -> tuple[int, str]:
    flags = ("--protocol", "grpc", "--http2-prior-knowledge", "--reflect-protocol", protocol)
    return run("buf", "curl", *flags, "--list-services", uri)


def _refusals_in_words(suite: Suite) -> None:
    address = suite.world["services"]["intake"]["grpc"].removeprefix("http://")
    header = "authorization: Bearer " + suite.token("supplier")
    method = "ehub.intake.v1.IntakeService/GetConsultationStatus"
    _, said = run("grpcurl", "-plaintext", "-H", header, "-d", "{}", address, method)
    if '"field":"birth_date"' not in said or "@value" in said:
        raise Wrong(f"grpcurl cannot print the details of a refusal:\n{said}")


def closed_in_production(suite: Suite, _: Path) -> str:
    """With reflection off, as production demands, health answers and reflection does not; with it on, nothing starts.

    The same goes for a production that would take calls without a deadline.
    """
    config, binary = str(suite.run / "intake.toml"), str(ROOT / "target/debug/ehub-intake")
    live = os.environ | {"EHUB_INTAKE__PROFILE": "production", "EHUB_INTAKE__SERVER__DEADLINE__REQUIRED": "false"}
    done = subprocess.run([binary, "--config", config, "--check-config"], env=live, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    if done.returncode == 0 or any(f"server.{what} must stay" not in said for what in ("reflection", "deadline.required")):
        raise Wrong(f"production takes reflection, or calls without a deadline: exit code {done.returncode}: {done.stdout}{done.stderr}")
    ports = {name: _free_port() for name in ("GRPC", "INTERNAL", "ADMIN")}
    quiet = os.environ | {f"EHUB_INTAKE__SERVER__{name}": f"127.0.0.1:{port}" for name, port in ports.items()}
    quiet |= {"EHUB_INTAKE__SERVER__REFLECTION": "false"}
    replica = subprocess.Popen([binary, "--config", config], env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        channel = grpc.insecure_channel(f"127.0.0.1:{ports['GRPC']}")
        _serving(channel, replica)
        for version in ("v1", "v1alpha"):
            path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
            try:
                list(channel.stream_stream(path)(iter([LIST]), timeout=20))
                raise Wrong(f"reflection {version} answers although it is off")
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    raise Wrong(f"reflection {version}, switched off, answers {error.code()}") from error
        channel.close()
    finally:
        replica.terminate()
        replica.wait(60)
    return "refused by the configuration of production; UNIMPLEMENTED when off, beside a health that answers"


def _serving(channel: grpc.Channel, process: subprocess.Popen) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            if channel.unary_unary(f"/{HEALTH}/Check")(b"", timeout=5, wait_for_ready=True) == SERVING:
                return
        except grpc.RpcError:
            pass
        time.sleep(0.2)
    raise Wrong(f"a replica without reflection is not SERVING (exit code {process.poll()})")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
