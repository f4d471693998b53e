"""Keys and secrets as an operator would make them: contents for the Secrets and ConfigMaps that the chart asks for."""

from __future__ import annotations

import base64
import datetime
import json
import os
import time
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID


def b64(data: bytes) -> str:
    """Base64url without padding, as JOSE writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def pem(key) -> str:
    """A private key as PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def ed25519_jwks(kid: str, key: ed25519.Ed25519PrivateKey) -> str:
    """The public half as a key set."""
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return json.dumps(
        {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": b64(raw)}]}
    )


def _certificate() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    )
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(), pem(key)


@dataclass
class Cluster:
    """The identity of a Kubernetes cluster: signs service-account tokens as its API server does."""

    issuer: str
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def kid(self) -> str:
        """Kubernetes names a key by the hash of its public half."""
        der = self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = hashes.Hash(hashes.SHA256())
        digest.update(der)
        return b64(digest.finalize())

    def jwks(self) -> str:
        """What `/openid/v1/jwks` answers."""
        numbers = self.key.public_key().public_numbers()
        modulus, exponent = (
            number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.n, numbers.e)
        )
        return json.dumps(
            {
                "keys": [
                    {"use": "sig", "kty": "RSA", "kid": self.kid, "alg": "RS256", "n": b64(modulus), "e": b64(exponent)}
                ]
            }
        )

    def token(self, namespace: str, account: str, audience: str, seconds: int) -> str:
        """A projected service-account token, with the claims and the header that Kubernetes writes."""
        now = int(time.time())
        claims = {
            "aud": [audience],
            "exp": now + seconds,
            "iat": now,
            "iss": self.issuer,
            "jti": f"{os.urandom(4).hex()}-0000-4000-8000-{os.urandom(6).hex()}",
            "kubernetes.io": {
                "namespace": namespace,
                "serviceaccount": {"name": account, "uid": "0"},
                "pod": {"name": account, "uid": "0"},
            },
            "nbf": now,
            "sub": f"system:serviceaccount:{namespace}:{account}",
        }
        head = {"alg": "RS256", "kid": self.kid}
        text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{text}.{b64(self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def secret_contents(grants: ed25519.Ed25519PrivateKey) -> dict[str, str]:
    """What stands behind each reference of `services.<name>.secret`, but the URLs of databases."""
    certificate, key = _certificate()
    random = lambda: base64.b64encode(os.urandom(32)).decode()  # noqa: E731
    return {
        "pages-key": random(),
        "patient-key": random(),
        "grant-key": pem(grants),
        "audit-key": pem(ed25519.Ed25519PrivateKey.generate()),
        "mesh-password": "made-up",
        "mesh-shared-key": "made-up",
        "mesh-ca": certificate,
        "mesh-cert": certificate,
        "mesh-key": key,
        "demographics-token": "made-up",
        "eps-ca": certificate,
        "eps-token": "made-up",
    }
