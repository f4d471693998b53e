"""The prescriber's signature, as a smartcard or signing service would make it; eHub never holds the key."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

DSIG = "http://www.w3.org/2000/09/xmldsig#"


def sign(folder: Path, digest: str) -> str:
    """Base64 of the XML `Signature` over the canonical SignedInfo that EPS gave."""
    key = serialization.load_der_private_key((folder / "prescriber-key.der").read_bytes(), None)
    lines = (folder / "prescriber-certificate.pem").read_text().splitlines()
    certificate = "".join(line for line in lines if not line.startswith("-----"))
    signed_info = base64.b64decode(digest)
    value = base64.b64encode(key.sign(signed_info, padding.PKCS1v15(), hashes.SHA256())).decode()
    # Inside Signature the namespace is inherited; a verifier's canonical form brings it back.
    inner = signed_info.decode().replace(f' xmlns="{DSIG}"', "", 1)
    signature = (
        f'<Signature xmlns="{DSIG}">{inner}<SignatureValue>{value}</SignatureValue>'
        f"<KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></Signature>"
    )
    return base64.b64encode(signature.encode()).decode()
