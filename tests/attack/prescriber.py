"""Signs as the development prescriber: an XML Signature over the digest that EPS gave."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

DSIG = "http://www.w3.org/2000/09/xmldsig#"


def signature(folder: str, digest: str) -> str:
    """The base64 of the Signature element, by the key and certificate kept in a folder."""
    home = Path(folder)
    key = serialization.load_der_private_key((home / "prescriber-key.der").read_bytes(), None)
    lines = (home / "prescriber-certificate.pem").read_text().splitlines()
    certificate = "".join(line for line in lines if line and not line.startswith("-----"))
    signed_info = base64.b64decode(digest)
    value = base64.b64encode(key.sign(signed_info, padding.PKCS1v15(), hashes.SHA256())).decode()
    # Inside Signature the namespace is inherited; canonicalising SignedInfo brings it back.
    inner = signed_info.decode().replace(f' xmlns="{DSIG}"', "", 1)
    known = f"<KeyInfo><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo>"
    whole = f'<Signature xmlns="{DSIG}">{inner}<SignatureValue>{value}</SignatureValue>{known}</Signature>'
    return base64.b64encode(whole.encode()).decode()
