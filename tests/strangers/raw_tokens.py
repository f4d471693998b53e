"""Tokens in bytes that no client library would send, and more of them than fit: by HTTP/2 frames made by hand."""

from __future__ import annotations

import json
import time

from forge import Forge
from h2raw import CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, RST_STREAM, Peer, block, frame
from keys import jws
from stage import Stage
from suite import SERVICES

ASKED = {"intake": "ListConsultations", "allocation": "ListInbox", "writeback": "ListEntries", "prescribing": "ListCostCentres", "audit": "GetCheckpoint"}
FRAME = 16_384
# Bytes that a header's value may hold (RFC 9110 §5.5): the call is a call, and its token is refused. Others may end the
# stream or the connection as well (RFC 9113 §8.2.1, §10.5.1).
REFUSED, ENDED = ("refused",), ("refused", "reset", "cut")


def cases(forge: Forge) -> list[tuple[str, str, bytes, tuple[str, ...]]]:
    """What, its source, the value of `authorization`, how it may end."""
    good = forge.good().encode()
    head, rest = good[:20], good[20:]
    legal, illegal, own = "RFC 6750 §2.1, RFC 9110 §5.5", "RFC 9113 §8.2.1", "house rule: at most 4 KiB"
    many = forge.claims() | {f"claim-{number}": "x" * 20 for number in range(1500)}
    return [
        ("a byte that is not ASCII behind", legal, b"Bearer " + good + b"\xff", REFUSED),
        ("a byte that is not ASCII inside", legal, b"Bearer " + head + b"\x80" + rest, REFUSED),
        ("letters in UTF-8", legal, "Bearer żółć.żółć.żółć".encode(), REFUSED),
        ("a letter of two bytes behind", legal, b"Bearer " + good + "é".encode(), REFUSED),
        ("a no-break space for the space", legal, b"Bearer\xc2\xa0" + good, REFUSED),
        ("a tab for the space", legal, b"Bearer\t" + good, REFUSED),
        ("a tab inside", legal, b"Bearer " + head + b"\t" + rest, REFUSED),
        ("overlong UTF-8", legal, b"Bearer " + head + b"\xc0\xae" + rest, REFUSED),
        *[(f"the control byte {byte:#04x} {where}", illegal, value, ENDED) for byte in (0x00, 0x01, 0x08, 0x0A, 0x0D, 0x1B, 0x7F)
          for where, value in (("behind", b"Bearer " + good + bytes([byte])), ("inside", b"Bearer " + head + bytes([byte]) + rest))],
        ("another header behind a line break", illegal, b"Bearer x.y.z\r\nauthorization: Bearer " + good, ENDED),
        ("1,500 claims, signed", own, b"Bearer " + jws(forge.header(), json.dumps(many), forge.key).encode(), ENDED),
        ("a mebibyte, signed", own, b"Bearer " + forge.with_claims(pad="p" * 1_000_000).encode(), ENDED),
    ]


class RawTokens:
    """Each of them at every service; before and behind them a good one by the same means."""

    def __init__(self, stage: Stage, forge: Forge) -> None:
        self.stage, self.report, self.forge = stage, stage.report, forge

    def run(self) -> None:
        """Good ones are taken, bad ones refused, and none leaves an audit event."""
        found, before = cases(self.forge), self.stage.quiet()
        self.stage.each(lambda service: self._service(service, found), SERVICES)
        after = self.stage.quiet()
        for service in SERVICES:
            # The two good calls of each service are somebody's.
            added = after[service] - before[service]
            self.report.expect(added <= 2, f"{service}: no audit event for a call of nobody", added)
        self.report.counts["bad tokens: cases in bytes"] = len(found)

    def _service(self, service: str, found: list) -> None:
        good = b"Bearer " + self.forge.good().encode()
        self._tried(service, "a good token", "", good, ("taken",))
        for name, source, value, wanted in found:
            self._tried(service, name, source, value, wanted)
            self.report.count("bad tokens: refused in bytes")
        self._tried(service, "a good token behind the bad ones", "", good, ("taken",))

    def _tried(self, service: str, name: str, source: str, value: bytes, wanted: tuple[str, ...]) -> None:
        rpc = self.stage.rpc(ASKED[service])
        said = self._sent(service, rpc.path.encode(), value, self.stage.request(rpc).SerializeToString())
        self.report.expect(said in wanted, f"{rpc.short}: in bytes: {name} ({source})", said)

    def _sent(self, service: str, path: bytes, value: bytes, message: bytes) -> str:
        """How a call ends: `refused` without a message, `taken` with one, `reset`, `cut`, or `silence`."""
        peer = Peer(self.stage.suite.world["services"][service]["grpc"])
        head = block(path, (b"authorization", value))
        parts = [head[at : at + FRAME] for at in range(0, len(head), FRAME)]
        for number, part in enumerate(parts):
            last = END_HEADERS if number == len(parts) - 1 else 0
            peer.send(frame(CONTINUATION if number else HEADERS, last, 1, part))
        peer.send(frame(DATA, END_STREAM, 1, b"\0" + len(message).to_bytes(4, "big") + message))
        try:
            for kind, flags, stream, payload in peer.read(time.monotonic() + 20):
                if kind == GOAWAY and payload[4:8] != bytes(4):
                    return "cut"
                if stream == 1 and kind == RST_STREAM:
                    return "reset"
                if stream == 1 and kind == HEADERS and flags & END_STREAM:
                    return "refused"
                if stream == 1 and kind == DATA and payload:
                    return "taken"
            return "cut" if peer.closed else "silence"
        finally:
            peer.close()
