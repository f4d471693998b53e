"""Bad tokens by what they say, and by whose key they are: signed well, and still not to be believed. One line each, with its source."""

from __future__ import annotations

import json
import time

from keys import b64, jws

DAY = 86_400


def _now(seconds: int) -> int:
    return int(time.time()) + seconds


def times() -> list[tuple]:
    """Whole seconds, in force now, and not for long."""
    exp, nbf, iat, date, life = "RFC 7519 §4.1.4", "RFC 7519 §4.1.5", "RFC 7519 §4.1.6", "RFC 7519 §2 NumericDate", "house rule; RFC 6750 §5.3 asks for short lives"
    odd = {
        "text": lambda: f'"{_now(60)}"', "with a fraction": lambda: f"{_now(60)}.5", "a float": lambda: f"{_now(60)}.0",
        "in exponent form": lambda: "1.9e9", "beyond every float": lambda: "1e400", "negative": lambda: "-1",
        "2^63-1": lambda: "9223372036854775807", "2^63": lambda: "9223372036854775808", "2^64-1": lambda: "18446744073709551615",
        "after the year 9999": lambda: "253402300800", "null": lambda: "null", "true": lambda: "true",
        "a list": lambda: f"[{_now(60)}]", "an object": lambda: "{}", "empty text": lambda: '""', "hexadecimal text": lambda: '"0x7fffffff"',
    }
    return [
        ("expired an hour ago", exp, lambda f: f.with_claims(iat=_now(-3900), exp=_now(-3600))),
        ("expired a minute ago", exp, lambda f: f.with_claims(iat=_now(-300), exp=_now(-60))),
        ("expired six seconds ago: past the permitted skew", exp, lambda f: f.with_claims(iat=_now(-300), exp=_now(-6))),
        ("exp 0", exp, lambda f: f.with_claims(exp=0)),
        ("no exp", "RFC 9068 §2.2", lambda f: f.with_claims(exp=None)),
        ("nbf a minute ahead", nbf, lambda f: f.with_claims(nbf=_now(60))),
        ("nbf a day ahead", nbf, lambda f: f.with_claims(nbf=_now(DAY))),
        ("nbf nine seconds ahead: beyond the permitted skew", nbf, lambda f: f.with_claims(nbf=_now(9))),
        ("iat nine seconds ahead: beyond the permitted skew", "house rule; " + iat, lambda f: f.with_claims(iat=_now(9), exp=_now(200))),
        ("iat a minute ahead", "house rule; " + iat, lambda f: f.with_claims(iat=_now(60), exp=_now(200))),
        ("iat a day ahead", "house rule; " + iat, lambda f: f.with_claims(iat=_now(DAY), exp=_now(DAY + 60))),
        ("no iat", "RFC 9068 §2.2", lambda f: f.with_claims(iat=None)),
        ("lives a second too long", life, lambda f: f.with_claims(iat=_now(0), exp=_now(0) + 902)),
        ("lives a day", life, lambda f: f.with_claims(exp=_now(DAY))),
        ("lives ten years", life, lambda f: f.with_claims(exp=_now(3650 * DAY))),
        ("lives to the year 9999", life, lambda f: f.with_claims(exp=253_402_300_799)),
        ("was issued too long ago for its end", life, lambda f: f.with_claims(iat=_now(-1000))),
        ("issued in 1970", life, lambda f: f.with_claims(iat=0)),
        ("ends before it begins", life, lambda f: f.with_claims(iat=_now(3), exp=_now(2))),
        *[(f"{name} {what}", date, lambda f, n=name, r=raw: f.with_claim(n, r())) for name in ("exp", "iat", "nbf") for what, raw in odd.items()],
    ]


def issuer() -> list[tuple]:
    """One string, and exactly the configured one."""
    of, exact = "RFC 8725 §3.8", "RFC 7519 §4.1.1, RFC 8414 §4"
    issuer_of = lambda f: f.provider.issuer  # noqa: E731
    changed = {
        "with a slash behind": lambda i: i + "/", "with a path": lambda i: i + "/auth", "by https": lambda i: i.replace("http:", "https:"),
        "by another name of this machine": lambda i: i.replace("127.0.0.1", "localhost"), "in capitals": lambda i: i.upper(),
        "with a user": lambda i: i.replace("//", "//user@"), "with a query": lambda i: i + "?x", "with a fragment": lambda i: i + "#x",
        "with a space behind": lambda i: i + " ", "with NUL behind": lambda i: i + "\0", "with a full-width letter": lambda i: i.replace("http", "ｈttp"),
        "with a Cyrillic letter": lambda i: i.replace("p:", "р:"), "with an invisible letter": lambda i: i + "\u200b", "without its last digit": lambda i: i[:-1],
        "without scheme": lambda i: i.removeprefix("http://"),
    }
    return [
        ("no iss", "RFC 9068 §2.2", lambda f: f.with_claims(iss=None)),
        ("iss of somebody else", of, lambda f: f.with_claims(iss="https://issuer.example")),
        ("iss empty", of, lambda f: f.with_claims(iss="")),
        *[(f"iss {what}", exact, lambda f, c=change: f.with_claims(iss=c(issuer_of(f)))) for what, change in changed.items()],
        ("iss is null", of, lambda f: f.with_claim("iss", "null")),
        ("iss is a number", of, lambda f: f.with_claims(iss=1)),
        ("iss is a list of ours", of, lambda f: f.with_claims(iss=[issuer_of(f)])),
        ("iss is a list of ours and another", of, lambda f: f.with_claims(iss=[issuer_of(f), "https://issuer.example"])),
        ("iss is an object", of, lambda f: f.with_claims(iss={"0": issuer_of(f)})),
        ("iss of the other trusted issuer", "RFC 8725 §3.8", lambda f: f.with_claims(iss=f.issuer_of_development())),
    ]


def audience() -> list[tuple]:
    """One string, and ours."""
    of = "RFC 8725 §3.9, RFC 9068 §4"
    values = {
        "of somebody else": "somebody", "empty": "", "in capitals": "EHUB", "with a space behind": "ehub ", "that begins like ours": "ehub-other",
        "of grants": "ehub-grants", "that is an address": "https://ehub.example", "a list of ours": ["ehub"], "a list of ours and another": ["ehub", "somebody"],
        "a list of others": ["somebody", "else"], "an empty list": [], "a list in a list": [["ehub"]], "an object": {"ehub": True}, "a number": 1, "true": True,
    }
    return [
        ("no aud", of, lambda f: f.with_claims(aud=None)),
        ("aud is null", of, lambda f: f.with_claim("aud", "null")),
        *[(f"aud {what}", of, lambda f, v=value: f.with_claims(aud=v)) for what, value in values.items()],
    ]


def who() -> list[tuple]:
    """A subject and a client, in letters that mean one thing; scopes, practices and roles of the right form."""
    needed, form, scope = "RFC 9068 §2.2", "RFC 7519 §4.1.2, OpenID Connect Core §2", "RFC 6749 §3.3"
    texts = {"empty": "", "with a space": "a b", "with NUL": "a\0", "with a line break": "a\n", "not ASCII": "é", "of 256 letters": "x" * 256,
             "that turns the line round": "a\u202eb", "a number": 7, "a list": ["olga"], "an object": {}}
    return [
        ("no sub", needed, lambda f: f.with_claims(sub=None)),
        ("sub is null", form, lambda f: f.with_claim("sub", "null")),
        *[(f"sub {what}", form, lambda f, v=value: f.with_claims(sub=v)) for what, value in texts.items()],
        ("no client_id and no azp", needed, lambda f: f.with_claims(client_id=None)),
        ("client_id is null", needed, lambda f: f.with_claim("client_id", "null")),
        ("client_id empty", needed, lambda f: f.with_claims(client_id="")),
        ("azp names another client", "RFC 9068 §2.2", lambda f: f.with_claims(azp="another")),
        ("scope with two spaces", scope, lambda f: f.with_claims(scope="work.read  work.claim")),
        ("scope with a tab", scope, lambda f: f.with_claims(scope="work.read\twork.claim")),
        ("scope is an object", scope, lambda f: f.with_claims(scope={"work.read": True})),
        ("scope of 129 letters", scope, lambda f: f.with_claims(scope="s" * 129)),
        ("101 scopes", scope, lambda f: f.with_claims(scope=" ".join(f"s{n}" for n in range(101)))),
        ("kind service", "RFC 8725 §3.12", lambda f: f.with_claims(ehub_kind="service")),
        ("kind client beside a name and a role", "RFC 8725 §3.12", lambda f: f.with_claims(ehub_kind="client")),
        ("organisation of no form", "house rule", lambda f: f.with_claims(ehub_org="H8")),
        ("organisation in full-width letters", "house rule", lambda f: f.with_claims(ehub_org="Ｈ8H01")),
        ("organisation is a list", "house rule", lambda f: f.with_claims(ehub_org=["H8H01"])),
        ("practices: a star", "house rule", lambda f: f.with_claims(ehub_practices="*")),
        ("practices with commas", "house rule", lambda f: f.with_claims(ehub_practices="A81001,B82002")),
        ("practices: a number among them", "house rule", lambda f: f.with_claims(ehub_practices=["A81001", 7])),
        ("practices are null", "house rule", lambda f: f.with_claim("ehub_practices", "null")),
        ("role with a line break", "house rule", lambda f: f.with_claims(ehub_role="gp\r\nadmin")),
        *[(f"name with {what}", "house rule: names are seen as they are read", lambda f, t=text: f.with_claims(ehub_name=t)) for what, text in {
            "NUL": "Dr\0Oak", "a line break": "Dr\nOak", "an escape": "Dr \u001b[2JOak", "DEL": "Dr\u007fOak", "a control of ISO 6429": "Dr\u0085Oak",
            "what turns the line round": "Dr \u202ekaO", "a mark from right to left": "Dr\u200fOak", "an isolate": "Dr \u2066Oak\u2069",
            "a line separator": "Dr\u2028Oak", "a space without width": "Dr\u200bOak", "a byte order mark": "\ufeffDr Oak", "half of a pair": "Dr \ud800",
        }.items()],
        ("name of 201 letters", "house rule", lambda f: f.with_claims(ehub_name="x" * 201)),
    ]


def whose() -> list[tuple]:
    """The issuer's own key, strong enough, published for this."""
    bind, weak = "RFC 8725 §3.8", "RFC 8725 §3.5, RFC 7518 §3.3"
    mixed = "RFC 8725 §2.8, §3.11"
    return [
        ("a stranger's key under our key id", "RFC 7515 §5.2", lambda f: f.signed_by(f.stranger)),
        ("a stranger's elliptic key under our key id", "RFC 7515 §5.2", lambda f: f.signed_by(f.strange_elliptic)),
        ("a stranger's key under a name of its own", bind, lambda f: f.signed_by(f.stranger, kid="theirs")),
        ("the other issuer's key, our issuer's name", bind, lambda f: f.suite.minted(f.claims())),
        ("our issuer's key, the other issuer's name", bind, lambda f: jws(f.header(), f.development_claims(), f.key)),
        ("our issuer's key, the other's name and key id", bind, lambda f: jws(f.header(kid="outside-1"), f.development_claims(), f.key)),
        ("an RSA key of 1024 bits", weak, lambda f: f.signed_by(f.provider.weak)),
        ("a key on P-521", "RFC 8725 §3.1, §3.2", lambda f: f.signed_by(f.provider.big_curve)),
        ("ES256 under the key id of a key on P-521", "RFC 7518 §3.4", lambda f: f.signed_by(f.elliptic, kid="p521-1")),
        ("a key for encryption", "RFC 7517 §4.2", lambda f: f.signed_by(f.provider.for_encryption)),
        ("a grant for a token", mixed, lambda f: f.grant),
        ("a token's claims as a grant signs them", mixed, lambda f: f.suite.forged_grant(f.grant, header={"typ": "at+jwt"}, **f.development_claims())),
        ("a grant under another type", mixed, lambda f: f.suite.forged_grant(f.grant, header={"typ": "at+jwt"}, iss=f.issuer_of_development(), aud="ehub")),
        ("the issuer's own ID token", "RFC 8725 §2.8, §3.12, RFC 9068 §2.1", lambda f: f.provider.id_token("olga")),
        ("an ID token's claims under an access token's type", "RFC 8725 §3.9, §3.12", lambda f: jws(f.header(), f.id_claims(), f.key)),
        ("the subject changed, the signature kept", "RFC 7515 §5.2", lambda f: _spliced(f)),
    ]


def _spliced(f) -> str:
    head, _, signature = f.parts()
    return f"{head}.{b64(json.dumps(f.claims(sub='rolf')))}.{signature}"
