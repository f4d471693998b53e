"""The running suite: starting and stopping it, tokens of every sort, process ids, logs.

Every program that looks at eHub from outside starts it with this. `Suite()` is the clone's own suite, found running or
started; `Suite(home=…)` is one apart, with files and a database cluster of its own.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "allocation", "writeback", "prescribing", "audit")
KID = "outside-1"


class NotRunning(Exception):
    """The suite cannot be started, or has ended."""


def b64(data: bytes) -> str:
    """Base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Suite:
    """One suite; ours, or somebody's who started it before."""

    def __init__(
        self,
        home: Path | None = None,
        consultations: int = 12,
        restart: bool = False,
        env: dict[str, str] | None = None,
        binary: Path = ROOT / "target/debug/ehub",
    ) -> None:
        self.home = home or ROOT / ".local"
        self.run = self.home / "run"
        self._apart = home is not None
        self._command = [str(binary), "dev", "--home", str(self.home), "--consultations", str(consultations)]
        self._command += ["--restart"] if restart else []
        self._env = os.environ | {"EHUB_HOME": str(self.home)} | (env or {})
        self._world_file = self.home / "ehub.json"
        self._process: subprocess.Popen | None = None
        self._key = Ed25519PrivateKey.generate()
        self._tokens: dict[str, tuple[str, float]] = {}
        self.world: dict = {}
        self.log_offsets: dict[Path, int] = {}

    def up(self) -> str:
        """Finds or starts the suite; says which."""
        if self._world_file.exists():
            self.reload()
            if self._alive():
                self._trust_our_key()
                return "a suite that was running"
        try:
            self._start()
        except NotRunning as error:
            # What is attacked here is the suite, not its morning: a morning that fails once is said and repeated.
            print(error, flush=True)
            self._start()
        return "a suite of its own"

    def _alive(self) -> bool:
        return all(_exists(pid) for pid in self.pids().values())

    def reload(self) -> None:
        """Reads again what `ehub dev` noted: process ids change when it starts services again."""
        self.world = json.loads(self._world_file.read_text())

    def postgres(self, act: str) -> str:
        """What `scripts/postgres ACT` prints about this suite's cluster."""
        command = [str(ROOT / "scripts/postgres"), act]
        return subprocess.run(command, env=self._env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def pids(self) -> dict[str, int]:
        """The process ids of the five services, as `ehub dev` noted them."""
        return {name: self.world["pids"][name] for name in SERVICES}

    def _start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        keys = self.run / "keys/jwks.json"
        before = keys.stat().st_mtime_ns if keys.exists() else 0
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said: list[str] = []
        done = threading.Event()

        def listen() -> None:
            for line in self._process.stdout:
                said.append(line)
                if "the suite stays up" in line:
                    done.set()
            done.set()

        threading.Thread(target=listen, daemon=True).start()
        deadline = time.monotonic() + 240
        trusted = False
        while not done.wait(0.005 if not trusted else 0.2):
            # The development key set is ours to extend: with a key of our own every sort of token can be made.
            if not trusted and _written(keys, before):
                self._trust_our_key()
                trusted = True
            if time.monotonic() > deadline:
                break
        if not any("the suite stays up" in line for line in said):
            self.down()
            raise NotRunning("`ehub dev` did not get through its morning:\n" + "".join(said[-30:]))
        self.reload()
        if not trusted:
            self._trust_our_key()

    def _trust_our_key(self) -> None:
        path = self.run / "keys/jwks.json"
        document = json.loads(path.read_text())
        public = self._key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        ours = {"alg": "EdDSA", "crv": "Ed25519", "kid": KID, "kty": "OKP", "use": "sig", "x": b64(public)}
        document["keys"] = [key for key in document["keys"] if key["kid"] != KID] + [ours]
        beside = path.with_suffix(".ours")
        beside.write_text(json.dumps(document))
        beside.replace(path)

    def down(self) -> None:
        """Stops the suite if this program started it."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(2)
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
            if self._apart:
                self.postgres("stop")

    # Tokens

    def token(self, persona: str, scope: str | None = None) -> str:
        """A good token of the development issuer, kept for two minutes."""
        name = f"{persona} {scope}"
        kept = self._tokens.get(name)
        if kept and kept[1] > time.monotonic():
            return kept[0]
        form = {"grant_type": "client_credentials", "client_id": persona}
        if scope is not None:
            form["scope"] = scope
        with urllib.request.urlopen(self.world["issuer"] + "/token", urllib.parse.urlencode(form).encode(), 10) as answer:
            token = json.load(answer)["access_token"]
        self._tokens[name] = (token, time.monotonic() + 120)
        return token

    def claims(self, persona: str) -> dict:
        """What the good token of a persona says."""
        body = self.token(persona).split(".")[1]
        return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))

    def minted(self, claims: dict, header: dict | None = None, key: Ed25519PrivateKey | None = None) -> str:
        """A token with any claims, signed with the key that this program put into the development key set."""
        head = {"alg": "EdDSA", "typ": "at+jwt", "kid": KID} | (header or {})
        return sign(head, claims, key or self._key)

    def fresh(self, persona: str, **changes) -> dict:
        """The claims of a persona, new, with changes; `None` leaves a claim out."""
        now = int(time.time())
        claims = self.claims(persona) | {"iat": now, "exp": now + 300, "jti": os.urandom(8).hex()} | changes
        return {name: value for name, value in claims.items() if value is not None}

    def service_token(self, service: str) -> str:
        """The token a service calls others with."""
        return (self.run / "tokens" / service).read_text().strip()

    def forged_grant(self, grant: str, /, header: dict | None = None, **changes) -> str:
        """A grant with changed claims, signed with the development suite's own grant key."""
        body = grant.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | changes
        key = serialization.load_pem_private_key((self.run / "keys/grant-key.pem").read_bytes(), None)
        return sign({"alg": "EdDSA", "typ": "ehub-grant+jwt", "kid": "grant-1"} | (header or {}), claims, key)

    # Logs

    def mark_logs(self) -> None:
        """From here on logs are looked at."""
        self.log_offsets = {path: path.stat().st_size for path in self.run.glob("*.log")}

    def in_logs(self, needle: str) -> list[str]:
        """Where a text stands in the services' logs since they were marked."""
        found = []
        for service in SERVICES:
            path = self.run / f"{service}.log"
            with path.open("rb") as log:
                log.seek(self.log_offsets.get(path, 0))
                for line in log.read().decode("utf-8", "replace").splitlines():
                    if needle.lower() in line.lower():
                        found.append(f"{service}: {line[:400]}")
        return found

    def unexpected(self) -> list[str]:
        """`unexpected failure` lines since the logs were marked: each is a bug that was answered INTERNAL."""
        return self.in_logs("unexpected failure") + self.in_logs("panicked")


def sign(header: dict, claims: dict, key: Ed25519PrivateKey) -> str:
    """A JWS in compact form."""
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{text}.{b64(key.sign(text.encode()))}"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return True


def _written(path: Path, before: int) -> bool:
    """Whether a JSON file is there, whole, and not the one of before."""
    try:
        return path.stat().st_mtime_ns != before and bool(json.loads(path.read_text()))
    except (OSError, ValueError):
        return False
