"""The issuer the strangers get their tokens from: started, asked, and given other keys while it serves."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import time
import urllib.parse
from pathlib import Path

import requests
from keys import Key, b64

HERE = Path(__file__).resolve().parent / "issuer"
PREFIX = "acme:"
AUDIENCE = "ehub"
CALLBACK = "http://127.0.0.1/callback"
# Seconds. A deployer's defaults are a minute each; the bound is their sum whatever they are.
REFRESH, OVERLAP = 5, 2
TTL = 300
ORGANISATIONS = {"hub": "H8H01", "alder": "A81001", "birch": "B82002"}


class Provider:
    """A running oidc-provider; its private keys are known here, so that any token can be made."""

    def __init__(self, home: Path, scopes: list[str]) -> None:
        self.home, self.scopes = home, scopes
        self.secret = secrets.token_urlsafe(24)
        self.rsa, self.elliptic = Key.rsa("rsa-1"), Key.elliptic("ec-1")
        self.weak, self.big_curve = Key.rsa("weak-1", 1024), Key.elliptic("p521-1", "P-521")
        self.ed, self.for_encryption, self.shared = Key.edwards("ed-1"), Key.rsa("enc-1"), secrets.token_bytes(32)
        self.people = {
            "olga": _person("hub", "gp", "Dr Olga Oak"),
            "rolf": _person("hub", "gp", "Dr Rolf Rowan"),
            "ada": _person("alder", "administrator", "Ada Ash"),
            "beth": _person("birch", "administrator", "Beth Beech"),
        }
        self.clients = {"acme-forms": {"claims": {"ehub_org": "SUP01", "ehub_practices": ["A81001", "B82002"]}}}
        self._process: subprocess.Popen | None = None
        self._kept: dict[str, tuple[str, float]] = {}
        self._id_tokens: dict[str, str] = {}

    # The process

    def start(self) -> None:
        """Starts it; installs what it needs when that is not there yet."""
        _install()
        self.home.mkdir(parents=True, exist_ok=True)
        ready = self.home / "ready.json"
        ready.unlink(missing_ok=True)
        config = {"audience": AUDIENCE, "scopes": self.scopes, "people": self.people, "clients": self.clients}
        config |= {"secret": self.secret, "ttl": TTL, "ready": str(ready)} | self._keys()
        (self.home / "config.json").write_text(json.dumps(config))
        command = [shutil.which("node") or "node", str(HERE / "issuer.mjs"), str(self.home / "config.json")]
        log = (self.home / "issuer.log").open("w")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the issuer did not start: " + (self.home / "issuer.log").read_text()[-2000:])
            time.sleep(0.05)
        said = json.loads(ready.read_text())
        self.issuer, self.orders = said["issuer"], said["orders"]

    def stop(self) -> None:
        """Ends it."""
        if self._process:
            self._process.stdin.close()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def trusted_by(self, file: Path) -> Path:
        """Writes what a deployer writes to trust it, for `ehub dev --issuer`."""
        file.write_text(
            f'issuer = "{self.issuer}"\n'
            f'jwks = {{ url = "{self.issuer}/jwks" }}\n'
            'algorithms = ["RS256", "ES256"]\n'
            f'subject_prefix = "{PREFIX}"\n'
            f'refresh = "{REFRESH}s"\noverlap = "{OVERLAP}s"\n'
        )
        return file

    # Keys

    def _keys(self) -> dict:
        keys = [self.rsa.private(), self.elliptic.private()]
        return {"keys": keys, "extra": self._unusable(), "sign": {"alg": self.elliptic.alg, "kid": self.elliptic.kid}}

    def _unusable(self) -> list[dict]:
        """Keys that stand in the key set and must verify nothing: weak, of another curve or use, not allowed, shared."""
        shared = {"kty": "oct", "kid": "oct-1", "alg": "HS256", "use": "sig", "k": b64(self.shared)}
        encryption = self.for_encryption.public() | {"use": "enc"}
        return [self.weak.public(), self.big_curve.public(), self.ed.public(), encryption, shared]

    def order(self, what: str, **body) -> dict:
        """Tells the provider something; gives what it says of itself."""
        return requests.post(f"{self.orders}/{what}", json=body, timeout=10).json()

    def fetches(self) -> int:
        """How often anybody asked for the key set."""
        return self.order("stats")["fetches"]

    def publish(self, keys: list[Key], signing: Key) -> None:
        """From now on these keys are published, and one of them signs."""
        self._kept.clear()
        private = [key.private() for key in keys]
        self.order("keys", keys=private, extra=self._unusable(), sign={"alg": signing.alg, "kid": signing.kid})

    # Tokens

    def token(self, who: str, fresh: bool = False) -> str:
        """A token the provider itself issued, to a person by code and PKCE or to a client by its credentials."""
        kept = self._kept.get(who)
        if kept and kept[1] > time.monotonic() and not fresh:
            return kept[0]
        ask = self._by_code if who in self.people else self._by_credentials
        try:
            token = ask(who)
        except RuntimeError:
            # With its keys it forgets who was just signing in; they sign in again.
            token = ask(who)
        self._kept[who] = (token, time.monotonic() + 120)
        return token

    def _by_credentials(self, client: str) -> str:
        form = {"grant_type": "client_credentials", "scope": " ".join(self.scopes)}
        return self._ask(form, client)

    def _by_code(self, who: str) -> str:
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "client_id": "front-end",
            "response_type": "code",
            "scope": "openid " + " ".join(self.scopes),
            "redirect_uri": CALLBACK,
            "login_hint": who,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": secrets.token_urlsafe(8),
        }
        browser = requests.Session()
        place = f"{self.issuer}/auth?" + urllib.parse.urlencode(query)
        for _ in range(12):
            answer = browser.get(place, allow_redirects=False, timeout=20)
            place = urllib.parse.urljoin(place, answer.headers.get("location", ""))
            if place.startswith(CALLBACK):
                break
            if answer.status_code not in (302, 303):
                raise RuntimeError(f"the issuer said {answer.status_code} to {who}: {answer.text[:500]}")
        found = urllib.parse.parse_qs(urllib.parse.urlsplit(place).query)
        if "code" not in found:
            raise RuntimeError(f"the issuer gave {who} no code: {place}")
        form = {"grant_type": "authorization_code", "code": found["code"][0], "redirect_uri": CALLBACK}
        return self._ask(form | {"code_verifier": verifier}, "front-end", who)

    def id_token(self, who: str) -> str:
        """What the provider says of a person to the application they sign in to: no access token."""
        if who not in self._id_tokens:
            self.token(who, fresh=True)
        return self._id_tokens[who]

    def _ask(self, form: dict, client: str, who: str = "") -> str:
        answer = requests.post(f"{self.issuer}/token", form, auth=(client, self.secret), timeout=20)
        if answer.status_code != 200:
            raise RuntimeError(f"the issuer refused {client} a token: {answer.text[:500]}")
        said = answer.json()
        if "id_token" in said:
            self._id_tokens[who] = said["id_token"]
        return said["access_token"]

    def claims(self, who: str, **changes) -> dict:
        """The claims of a person's token, new, with changes; `None` leaves a claim out."""
        body = self.token(who).split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        now = int(time.time())
        claims |= {"iat": now, "exp": now + TTL, "jti": secrets.token_hex(8)} | changes
        return {name: value for name, value in claims.items() if value is not None}


def _person(organisation: str, role: str, name: str) -> dict:
    return {"claims": {"ehub_org": ORGANISATIONS[organisation], "ehub_role": role, "ehub_name": name}}


def _install() -> None:
    """Installs the packages of the lock file, once for each lock file."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules/.ehub-lock"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    command = [shutil.which("npm") or "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=HERE, check=True, env=os.environ | {"npm_config_update_notifier": "false"})
    stamp.write_text(lock)
