"""Makes any token: from the claims and keys of the real issuer, changed in one place."""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from keys import Key, b64, jws, with_hmac
from provider import Provider
from suite import Suite


# Where bad tokens say that keys are.
TRAP = "/stolen-keys"


class Trap:
    """Listens where a bad token says that keys can be had. Nobody may ever come."""

    def __init__(self) -> None:
        visits = self.visits = []

        class Visited(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.append(self.path)
                self.send_error(404)

            def log_message(self, *_) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Visited)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()


class Forge:
    """What bad tokens are made with."""

    def __init__(self, provider: Provider, suite: Suite, trap: Trap, grant: str) -> None:
        self.provider, self.suite, self.trap, self.grant = provider, suite, trap, grant
        self.key, self.elliptic = provider.rsa, provider.elliptic
        self._parts, self._lock = ("", 0.0), threading.Lock()
        self.stranger, self.strange_elliptic = Key.rsa("rsa-1"), Key.elliptic("ec-1")

    # Parts of a good token

    def header(self, key: Key | None = None, /, **changes) -> dict:
        """The header of a good token, with changes; `None` leaves a parameter out."""
        key = key or self.key
        header = {"alg": key.alg, "typ": "at+jwt", "kid": key.kid} | changes
        return {name: value for name, value in header.items() if value is not None}

    def claims(self, **changes) -> dict:
        """The claims of a good token, with changes; `None` leaves a claim out."""
        return self.provider.claims("olga", **changes)

    def id_claims(self) -> dict:
        """The claims of the issuer's own ID token, which is for the application and not for us."""
        return json.loads(decoded(self.provider.id_token("olga").split(".")[1]))

    def claims_text(self, name: str, raw: str) -> str:
        """The claims as JSON, one of them written as given."""
        text = json.dumps(self.claims(**{name: None}))
        return f'{text[:-1]}, "{name}": {raw}}}'

    def twice(self, of: dict, name: str) -> str:
        """A JSON object that says one thing twice."""
        return f'{json.dumps(of)[:-1]}, "{name}": {json.dumps(of[name])}}}'

    # Tokens

    def good(self, key: Key | None = None) -> str:
        """A good token."""
        return jws(self.header(key), self.claims(), key or self.key)

    def with_claims(self, **changes) -> str:
        """A token with changed claims, signed as it should be."""
        return jws(self.header(), self.claims(**changes), self.key)

    def with_claim(self, name: str, raw: str) -> str:
        """A token in which one claim is written as given."""
        return jws(self.header(), self.claims_text(name, raw), self.key)

    def with_header(self, key: Key | None = None, /, **changes) -> str:
        """A token with a changed header, signed as the key signs."""
        key = key or self.key
        return jws(self.header(key, **changes), self.claims(), key)

    def signed_by(self, key: Key, alg: str | None = None, /, **header) -> str:
        """A token signed by some key; the algorithm is the one that is named."""
        return jws(self.header(key, **({"alg": alg} if alg else {}) | header), self.claims(), key, alg)

    def unsigned(self, alg: str, signature: bytes | str = b"") -> str:
        """A token with a signature of choice."""
        return f"{b64(json.dumps(self.header(alg=alg)))}.{b64(json.dumps(self.claims()))}.{b64(signature)}"

    def elliptic_signed(self, signature: bytes) -> str:
        """An ES256 token with a signature of choice."""
        return f"{b64(json.dumps(self.header(self.elliptic)))}.{b64(json.dumps(self.claims()))}.{b64(signature)}"

    def hmac(self, secret: bytes, bits: int = 256, kid: str | None = None) -> str:
        """A token signed with a shared secret."""
        header = self.header(alg=f"HS{bits}", **({"kid": kid} if kid else {}))
        return with_hmac(header, self.claims(), secret, bits)

    def parts(self) -> tuple[str, str, str]:
        """The three parts of one good token, the same for a while."""
        with self._lock:
            if self._parts[1] < time.monotonic():
                self._parts = (self.good(), time.monotonic() + 60)
            header, payload, signature = self._parts[0].split(".")
        return header, payload, signature

    def signed_with(self, signature: bytes | str) -> str:
        """Header and payload of that token, with a signature of choice: bytes, or text as it stands."""
        header, payload, _ = self.parts()
        return f"{header}.{payload}.{signature if isinstance(signature, str) else b64(signature)}"

    def again(self, part: str) -> str:
        """The same bytes in base64 that is not canonical: spare bits are set in the last character."""
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        other = part[:-1] + alphabet[alphabet.index(part[-1]) | 1]
        if len(part) % 4 == 0 or other == part:
            raise ValueError("these bytes leave no spare bits")
        return other

    # The other issuer: the suite's own, which signs with Ed25519 and publishes by file

    def development(self, header: dict | None = None, **changes) -> str:
        """A token of the development issuer."""
        return self.suite.minted(self.suite.fresh("gp-anna", **changes), header)

    def development_claims(self) -> dict:
        """The claims of a good one."""
        return self.suite.fresh("gp-anna")

    def issuer_of_development(self) -> str:
        """Its name."""
        return self.suite.world["issuer"]


def decoded(part: str) -> bytes:
    """The bytes of a part."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
