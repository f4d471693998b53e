"""Bad tokens by their form: how they are carried, built, signed, and what their header says. One line each, with its source."""

from __future__ import annotations

import json

from forge import TRAP, decoded
from keys import b64, jws

# The order of the group of P-256 (FIPS 186-5, D.1.2.3): as r or s it is as good as zero.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def bearer(token: str) -> list[tuple[str, str]]:
    """The metadata of a call with a token."""
    return [("authorization", "Bearer " + token)]


def carriage() -> list[tuple]:
    """One `authorization` header, one scheme, one token of bounded size, and nowhere else."""
    of = "RFC 6750 §2.1"
    return [
        ("no token", of, lambda f: []),
        ("the scheme alone", of, lambda f: [("authorization", "Bearer")]),
        ("the scheme and a space", of, lambda f: [("authorization", "Bearer ")]),
        ("the token alone", of, lambda f: [("authorization", f.good())]),
        ("scheme Basic", "RFC 9110 §11.4", lambda f: [("authorization", "Basic " + f.good())]),
        ("scheme DPoP", "RFC 9449 §7.1", lambda f: [("authorization", "DPoP " + f.good())]),
        ("scheme and colon", of, lambda f: [("authorization", "Bearer: " + f.good())]),
        ("two spaces", of, lambda f: [("authorization", "Bearer  " + f.good())]),
        ("a space inside", of, lambda f: [("authorization", "Bearer " + f.good().replace(".", ". ", 1))]),
        ("more after the token", of, lambda f: [("authorization", f"Bearer {f.good()} x")]),
        ("a parameter after the token", "RFC 9110 §11.4", lambda f: [("authorization", f'Bearer {f.good()}, realm="x"')]),
        ("in quotes", of, lambda f: [("authorization", f'Bearer "{f.good()}"')]),
        ("percent-encoded", of, lambda f: [("authorization", "Bearer " + f.good().replace(".", "%2E"))]),
        ("two headers, the same", "RFC 9110 §5.3", lambda f: bearer(f.good()) * 2),
        ("two headers, the second bad", "RFC 9110 §5.3", lambda f: bearer(f.good()) + bearer("x.y.z")),
        ("two headers, the first bad", "RFC 9110 §5.3", lambda f: bearer("x.y.z") + bearer(f.good())),
        ("two in one header", "RFC 9110 §5.3", lambda f: [("authorization", f"Bearer {f.good()}, Bearer {f.good()}")]),
        ("in a cookie", "RFC 6750 §2", lambda f: [("cookie", "access_token=" + f.good())]),
        ("in proxy-authorization", "RFC 9110 §11.7.2", lambda f: [("proxy-authorization", "Bearer " + f.good())]),
        ("in a header of its own", "RFC 6750 §2", lambda f: [("x-access-token", f.good())]),
        ("in a forwarded header", "RFC 6750 §2", lambda f: [("x-forwarded-authorization", "Bearer " + f.good())]),
        ("in ehub-grant", "RFC 6750 §2", lambda f: [("ehub-grant", f.good())]),
        ("longer than 4 KiB, signed", "house rule: at most 4 KiB", lambda f: bearer(f.with_claims(pad="p" * 4000))),
        ("8 KiB of letters", "house rule: at most 4 KiB", lambda f: bearer("a" * 8192)),
        ("300 claims, signed", "house rule: at most 4 KiB", lambda f: bearer(f.with_claims(**{f"claim-{number}": number for number in range(300)}))),
    ]


def structure() -> list[tuple]:
    """Three parts of canonical base64url, two JSON objects in which nothing stands twice."""
    compact, valid, unique = "RFC 7515 §7.1", "RFC 7515 §5.2", "RFC 7515 §4, RFC 7519 §4"
    dot = ".".join
    return [
        ("one part", compact, lambda f: f.parts()[0]),
        ("two parts", compact, lambda f: dot(f.parts()[:2])),
        ("four parts", compact, lambda f: f.good() + ".AAAA"),
        ("a dot behind", compact, lambda f: f.good() + "."),
        ("a dot before", compact, lambda f: "." + f.good()),
        ("five parts: JWE", "house rule: no encryption; RFC 7516 §9", lambda f: dot([b64('{"alg":"dir","enc":"A256GCM"}'), "", "AAAA", f.parts()[1], "AAAA"])),
        ("five parts around a good token", "RFC 7516 §9", lambda f: f.good() + ".AAAA.AAAA"),
        ("JSON serialisation", "RFC 7515 §7.2.2", lambda f: b64(json.dumps(dict(zip(("protected", "payload", "signature"), f.parts(), strict=True))))),
        ("no header", valid, lambda f: dot(["", *f.parts()[1:]])),
        ("no payload", valid, lambda f: dot([f.parts()[0], "", f.parts()[2]])),
        ("no signature", valid, lambda f: dot([*f.parts()[:2], ""])),
        ("detached payload", "RFC 7797 §5.2", lambda f: jws(f.header(), "", f.key)),
        ("header with padding", "RFC 7515 §2", lambda f: dot([f.parts()[0] + "=", *f.parts()[1:]])),
        ("signature with padding", "RFC 7515 §2", lambda f: f.signed_with(f.parts()[2] + "==")),
        ("standard alphabet", "RFC 4648 §5", lambda f: f.signed_with("++//" + f.parts()[2][4:])),
        ("spare bits in the signature", "RFC 4648 §3.5", lambda f: f.signed_with(f.again(f.parts()[2]))),
        ("a letter too many", "RFC 4648 §3.3", lambda f: f.signed_with(f.parts()[2] + "AAA")),
        ("header is a list", valid, lambda f: jws("[1]", f.claims(), f.key)),
        ("header is text", valid, lambda f: jws('"alg"', f.claims(), f.key)),
        ("header is no JSON", valid, lambda f: jws("{alg:RS256}", f.claims(), f.key)),
        ("header and more", valid, lambda f: jws(json.dumps(f.header()) + "{}", f.claims(), f.key)),
        ("header behind a byte order mark", "RFC 8259 §8.1", lambda f: jws("\ufeff" + json.dumps(f.header()), f.claims(), f.key)),
        ("payload is a list", "RFC 7519 §7.2", lambda f: jws(f.header(), f"[{json.dumps(f.claims())}]", f.key)),
        ("payload is text", "RFC 7519 §7.2", lambda f: jws(f.header(), '"claims"', f.key)),
        ("payload is null", "RFC 7519 §7.2", lambda f: jws(f.header(), "null", f.key)),
        ("payload is a token", "RFC 7519 §7.2", lambda f: jws(f.header(), f.good(), f.key)),
        ("payload and more", "RFC 7519 §7.2", lambda f: jws(f.header(), json.dumps(f.claims()) + " x", f.key)),
        ("payload in UTF-16", "RFC 8725 §3.7", lambda f: jws(f.header(), json.dumps(f.claims()).encode("utf-16"), f.key)),
        ("payload is not UTF-8", "RFC 8725 §3.7", lambda f: jws(f.header(), b'{"iss":"\xff\xfe"}', f.key)),
        ("payload 500 deep", "house rule; RFC 8259 §9", lambda f: jws(f.header(), f.claims_text("x", "[" * 500 + "]" * 500), f.key)),
        *[(f"{name} twice in the header", unique, lambda f, n=name: jws(f.twice(f.header(), n), f.claims(), f.key)) for name in ("alg", "kid", "typ")],
        *[(f"{name} twice", unique, lambda f, n=name: jws(f.header(), f.twice(f.claims(), n), f.key)) for name in ("iss", "sub", "aud", "exp", "iat", "scope", "ehub_org", "client_id")],
        ("aud twice, once escaped", unique, lambda f: jws(f.header(), json.dumps(f.claims())[:-1] + ', "\\u0061ud": "ehub"}', f.key)),
    ]


def algorithm() -> list[tuple]:
    """Only the algorithms of the issuer, each with the one key it is for."""
    allow, none, confusion, right = "RFC 8725 §3.1", "RFC 8725 §2.1, §3.2", "RFC 8725 §2.1", "RFC 7515 §4.1.1"
    return [
        *[(f"alg {name!r} without signature", none, lambda f, n=name: f.unsigned(n)) for name in ("none", "None", "NONE", "nOnE", "")],
        *[(f"alg {name!r} with the signature of a good one", none, lambda f, n=name: f.unsigned(n, decoded(f.parts()[2]))) for name in ("none", "None")],
        *[
            (f"HS{bits} with the public key as PEM", confusion, lambda f, b=bits: f.hmac(f.key.pem(), b))
            for bits in (256, 384, 512)
        ],
        ("HS256 with PEM without its last line break", confusion, lambda f: f.hmac(f.key.pem().strip())),
        ("HS256 with the public key as JWK", confusion, lambda f: f.hmac(json.dumps(f.key.public()).encode())),
        ("HS256 with the modulus", confusion, lambda f: f.hmac(decoded(f.key.public()["n"]))),
        ("HS256 with the public elliptic key", confusion, lambda f: f.hmac(f.elliptic.pem(), kid="ec-1")),
        ("HS256 with an empty secret", "RFC 8725 §2.2, §3.5", lambda f: f.hmac(b"")),
        ("HS256 with the key id", "RFC 8725 §2.2, §3.5", lambda f: f.hmac(b"rsa-1")),
        ("HS256 with a secret of the key set", "RFC 8725 §3.1", lambda f: f.hmac(f.provider.shared, kid="oct-1")),
        *[(f"{name}, signed so", allow, lambda f, n=name: f.signed_by(f.key, n)) for name in ("RS384", "RS512", "PS256", "PS384", "PS512")],
        ("EdDSA by a key of the key set", allow, lambda f: f.signed_by(f.provider.ed)),
        ("RS256 for an issuer that signs with EdDSA", allow, lambda f: jws(f.header(kid="outside-1"), f.development_claims(), f.key)),
        ("ES256 for an issuer that signs with EdDSA", allow, lambda f: jws(f.header(f.elliptic, kid="outside-1"), f.development_claims(), f.elliptic)),
        ("ES256 under the key id of an RSA key", "RFC 8725 §3.1", lambda f: f.signed_by(f.elliptic, kid="rsa-1")),
        ("RS256 under the key id of an elliptic key", "RFC 8725 §3.1", lambda f: f.signed_by(f.key, kid="ec-1")),
        ("ES256 with r and s zero", "RFC 8725 §3.3, CVE-2022-21449", lambda f: f.elliptic_signed(bytes(64))),
        ("ES256 with r and s the order", "CVE-2022-21449", lambda f: f.elliptic_signed(ORDER.to_bytes(32, "big") * 2)),
        ("ES256 with r one and s zero", "FIPS 186-5 §6.4.2", lambda f: f.elliptic_signed(bytes(31) + b"\x01" + bytes(32))),
        ("ES256 signature in DER", "RFC 7518 §3.4", lambda f: f.elliptic_signed(b"\x30\x06\x02\x01\x01\x02\x01\x01")),
        ("ES256 signature of 63 bytes", "RFC 7518 §3.4", lambda f: f.elliptic_signed(f.elliptic.sign(b"x")[:63])),
        ("RSA signature of zeros", "RFC 8017 §8.2.2", lambda f: f.unsigned("RS256", bytes(256))),
        ("RSA signature of one", "RFC 8017 §8.2.2", lambda f: f.unsigned("RS256", bytes(255) + b"\x01")),
        *[
            (f"alg {name!r}", right, lambda f, n=name: f.with_header(alg=n))
            for name in ("rs256", "RS256 ", "RS1", "ES256K", "Ed448", "dir", "RSA-OAEP", "PBES2-HS256+A128KW", "A128KW", "ML-DSA-44")
        ],
        ("no alg", right, lambda f: f.with_header(alg=None)),
        *[(f"alg is {json.dumps(value)}", right, lambda f, v=value: jws(json.dumps(f.header() | {"alg": v}), f.claims(), f.key)) for value in (None, 1, ["RS256"], {})],
        ("one bit of the signature changed", "RFC 7515 §5.2", lambda f: f.signed_with(bytes([decoded(f.parts()[2])[0] ^ 1]) + decoded(f.parts()[2])[1:])),
        ("the signature of another token", "RFC 7515 §5.2", lambda f: f.signed_with(f.with_claims(sub="rolf").split(".")[2])),
    ]


def header() -> list[tuple]:
    """`alg`, `typ`, `kid`, and nothing else; nothing in a header says where keys are."""
    fetch, critical, own = "RFC 8725 §2.9, §3.10", "RFC 7515 §4.1.11", "RFC 8725 §3.8, §3.10"
    evil = lambda f: f.trap.url + TRAP  # noqa: E731
    sql, far = "' OR 1=1 --", "../../../../dev/null"
    return [
        ("jwk of the attacker, who signs", own, lambda f: jws(f.header(jwk=f.stranger.public()), f.claims(), f.stranger)),
        ("jwk of our own key", own, lambda f: f.with_header(jwk=f.key.public())),
        ("jku of the attacker, who signs", fetch, lambda f: jws(f.header(jku=evil(f), kid="theirs"), f.claims(), f.stranger)),
        ("jku beside a good signature", fetch, lambda f: f.with_header(jku=evil(f))),
        ("jku of the issuer", fetch, lambda f: f.with_header(jku=f.provider.issuer + "/jwks")),
        ("x5u", fetch, lambda f: f.with_header(x5u=evil(f))),
        ("x5c", own, lambda f: f.with_header(x5c=["MIIB"])),
        ("x5t", "RFC 7515 §4.1.7", lambda f: f.with_header(x5t="AAAA")),
        ("x5t#S256", "RFC 7515 §4.1.8", lambda f: f.with_header(**{"x5t#S256": "AAAA"})),
        ("crit of something unknown", critical, lambda f: f.with_header(crit=["surprise"], surprise=1)),
        ("crit exp", critical, lambda f: f.with_header(crit=["exp"], exp=1)),
        ("crit empty", critical, lambda f: f.with_header(crit=[])),
        ("crit alg", critical, lambda f: f.with_header(crit=["alg"])),
        ("b64 false", "RFC 7797 §6", lambda f: f.with_header(b64=False)),
        ("b64 false and critical", "RFC 7797 §6", lambda f: f.with_header(b64=False, crit=["b64"])),
        ("zip", "RFC 8725 §3.6", lambda f: f.with_header(zip="DEF")),
        ("cty JWT", "RFC 7515 §4.1.10", lambda f: f.with_header(cty="JWT")),
        ("enc", "house rule: no encryption; RFC 7516 §4.1.2", lambda f: f.with_header(enc="A256GCM")),
        ("p2c of two thousand million", "house rule; RFC 7518 §8.1", lambda f: f.with_header(p2c=2_000_000_000)),
        ("claims repeated in the header", "RFC 7519 §5.3", lambda f: f.with_header(iss=f.provider.issuer)),
        ("something unknown", "RFC 7515 §4.3", lambda f: f.with_header(nonsense=1)),
        ("no kid", "RFC 7515 §4.1.4", lambda f: f.with_header(kid=None)),
        *[(f"kid {name}", "RFC 8725 §2.9, §3.10", lambda f, k=kid: f.with_header(kid=k)) for name, kid in [
            ("empty", ""), ("of a path", far), ("of SQL", sql), ("with NUL", "rsa-1\0"), ("of an address", "http://127.0.0.1/k"),
            ("of 65 letters", "k" * 65), ("of 2,000 letters", "k" * 2000), ("in capitals", "RSA-1"), ("unknown", "rsa-9"), ("with a space", "rsa-1 "),
        ]],
        ("kid is a number", "RFC 7515 §4.1.4", lambda f: f.with_header(kid=1)),
        ("kid is a list", "RFC 7515 §4.1.4", lambda f: f.with_header(kid=["rsa-1"])),
        ("no typ", "RFC 9068 §2.1, §4", lambda f: f.with_header(typ=None)),
        *[(f"typ {typ!r}", "RFC 8725 §3.11, RFC 9068 §4", lambda f, t=typ: f.with_header(typ=t)) for typ in (
            "", "JWT", "jwt", "AT+JWT", "at+jwt ", "application/at+jwt", "id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "ehub-grant+jwt",
        )],
        ("typ is a list", "RFC 7515 §4.1.9", lambda f: f.with_header(typ=["at+jwt"])),
    ]
