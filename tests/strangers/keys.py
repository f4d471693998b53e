"""Keys of every sort, as JWK and as signer: good ones, weak ones, and ones that lie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

_CURVES = {"P-256": (ec.SECP256R1, "ES256", 32), "P-384": (ec.SECP384R1, "ES384", 48), "P-521": (ec.SECP521R1, "ES512", 66)}
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(data: bytes | str) -> str:
    """Base64url without padding, as JOSE writes it."""
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int | None = None) -> str:
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@dataclass
class Key:
    """A private key under a key id."""

    kid: str
    alg: str
    secret: object

    @classmethod
    def rsa(cls, kid: str, bits: int = 2048) -> Key:
        """An RSA key."""
        return cls(kid, "RS256", rsa.generate_private_key(65537, bits))

    @classmethod
    def elliptic(cls, kid: str, curve: str = "P-256") -> Key:
        """A key on a curve of NIST."""
        make, alg, _ = _CURVES[curve]
        return cls(kid, alg, ec.generate_private_key(make()))

    @classmethod
    def edwards(cls, kid: str) -> Key:
        """An Ed25519 key."""
        return cls(kid, "EdDSA", ed25519.Ed25519PrivateKey.generate())

    def public(self) -> dict:
        """The public JWK (RFC 7517)."""
        return {name: value for name, value in self.private().items() if name not in ("d", "p", "q", "dp", "dq", "qi")}

    def private(self) -> dict:
        """The private JWK."""
        common = {"kid": self.kid, "alg": self.alg, "use": "sig"}
        if isinstance(self.secret, rsa.RSAPrivateKey):
            n = self.secret.private_numbers()
            values = {"n": n.public_numbers.n, "e": n.public_numbers.e, "d": n.d, "p": n.p, "q": n.q}
            values |= {"dp": n.dmp1, "dq": n.dmq1, "qi": n.iqmp}
            return common | {"kty": "RSA"} | {name: _number(value) for name, value in values.items()}
        if isinstance(self.secret, ec.EllipticCurvePrivateKey):
            curve = next(name for name, (make, _, _) in _CURVES.items() if isinstance(self.secret.curve, make))
            size, n = _CURVES[curve][2], self.secret.private_numbers()
            point = {"x": _number(n.public_numbers.x, size), "y": _number(n.public_numbers.y, size)}
            return common | {"kty": "EC", "crv": curve, "d": _number(n.private_value, size)} | point
        raw = serialization.Encoding.Raw
        x = self.secret.public_key().public_bytes(raw, serialization.PublicFormat.Raw)
        d = self.secret.private_bytes(raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
        return common | {"kty": "OKP", "crv": "Ed25519", "x": b64(x), "d": b64(d)}

    def pem(self) -> bytes:
        """The public key as PEM: what a careless verifier uses as a shared secret."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.secret.public_key().public_bytes(serialization.Encoding.PEM, form)

    def sign(self, message: bytes, alg: str | None = None) -> bytes:
        """A signature in the form of JOSE (RFC 7518 §3)."""
        alg = alg or self.alg
        if isinstance(self.secret, rsa.RSAPrivateKey):
            digest = _HASHES[alg[2:]]
            if alg.startswith("PS"):
                return self.secret.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            return self.secret.sign(message, padding.PKCS1v15(), digest)
        if isinstance(self.secret, ec.EllipticCurvePrivateKey):
            size = (self.secret.curve.key_size + 7) // 8
            r, s = decode_dss_signature(self.secret.sign(message, ec.ECDSA(_HASHES[alg[2:]])))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        return self.secret.sign(message)


def jws(header: dict | str, payload: dict | str | bytes, key: Key, alg: str | None = None) -> str:
    """A compact JWS of any header and payload."""
    text = f"{b64(_text(header))}.{b64(_text(payload))}"
    return f"{text}.{b64(key.sign(text.encode(), alg))}"


def with_hmac(header: dict, payload: dict, secret: bytes, bits: int = 256) -> str:
    """A compact JWS with a shared secret."""
    text = f"{b64(_text(header))}.{b64(_text(payload))}"
    return f"{text}.{b64(hmac.new(secret, text.encode(), getattr(hashlib, f'sha{bits}')).digest())}"


def _text(value: dict | str | bytes) -> str | bytes:
    return json.dumps(value) if isinstance(value, dict) else value
