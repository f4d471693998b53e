"""Messages just below the size limit that become much more in memory: millions of empty members, unknown fields, repeats."""

from __future__ import annotations

import time
from collections.abc import Iterator

from catalogue import Rpc
from fixture import ALDER, INTAKE, new
from google.protobuf.descriptor import FieldDescriptor as F
from groups_bytes import WIRE_BYTES, tag, varint
from groups_rpc import Attack
from memory import Peak
from unchanged import refused

SUBMIT, GET = f"{INTAKE}.IntakeService/SubmitConsultation", f"{INTAKE}.IntakeService/GetConsultation"


def most(rpc: Rpc) -> int:
    """Just below what a message to its service may have."""
    return (4 << 20 if rpc.service == "intake" else 1 << 20) - 12_288


# What may be held while such a call runs, for how long, and what may be kept of it.
AT_MOST_KB, SECONDS, KEPT_KB = 512 * 1024, 20.0, 64 * 1024


class Big:
    """What is refused first, then what has to be taken."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book = attack, attack.fx, attack.book

    def run(self) -> None:
        """All of it."""
        for rpc in self.attack.rpcs:
            good = rpc.good(self.fx)
            for path, body in _members(good.DESCRIPTOR, most(rpc)):
                if rpc.mutates:
                    good.request_id = new()
                codes = ("INVALID_ARGUMENT",) if rpc.required else ("INVALID_ARGUMENT", "OK")
                whole = _without(good, path).SerializeToString() + body
                self._held(rpc, "a message full of empty members", whole, codes, about=path)
            if body := _again(good, most(rpc)):
                codes = ("INVALID_ARGUMENT",) if rpc.required else ("INVALID_ARGUMENT", "OK")
                self._held(rpc, "a message full of one singular field, again and again", body, codes)
        self._taken()

    def _held(self, rpc: Rpc, case: str, body: bytes, codes: tuple[str, ...], about: str = "") -> object:
        """One call: its answer, the time it took, and what the service held meanwhile and afterwards."""
        times = []

        def call():
            began = time.monotonic()
            answer = self.attack.go(rpc, body, self.attack.as_usual(rpc))
            times.append(time.monotonic() - began)
            return answer

        with Peak(self.attack.suite, rpc.service) as held:
            answer, changed = refused(self.attack.tables, rpc.service, call)
        took = max(times)
        # A machine that is busy may not come to the end of it in time; how long it takes is judged below.
        self.book.answer("big", rpc.short, case, answer, (*codes, "DEADLINE_EXCEEDED"), about=about)
        wrong = [changed] if changed else []
        wrong += [f"{held.more // 1024} MiB more while it ran"] if held.more > AT_MOST_KB else []
        wrong += [f"{(held.after - held.before) // 1024} MiB kept"] if held.after - held.before > KEPT_KB else []
        wrong += [f"{took:.1f} s"] if took > SECONDS else []
        wrong += [f"a refusal of {len(answer.raw)} bytes"] if len(answer.raw) > 8192 else []
        self.book.note("big", rpc.short, case + ": memory and time", "bounded", "; ".join(wrong), about)
        if took > 1 or held.more > 64 * 1024:
            print(f"  {rpc.short} {case} {about}: {took:.1f} s, {held.more // 1024} MiB more at the most", flush=True)
        return answer

    def _taken(self) -> None:
        """Unknown fields are passed over; of a singular field given twice the last counts, for access as for storage."""
        rpc = next(rpc for rpc in self.attack.rpcs if rpc.method == SUBMIT)
        unknown = b"\x78\x01" * (most(rpc) // 2)
        assert 15 not in rpc.good(self.fx).DESCRIPTOR.fields_by_number
        self._held(rpc, "a message full of unknown fields", self.fx.submission().SerializeToString() + unknown, ("OK",))
        code = lambda ods: tag(self._number(rpc, "practice_ods"), WIRE_BYTES) + varint(len(ods)) + ods.encode()  # noqa: E731
        first = code("Z99999") + self._bare()
        answer = self._held(rpc, "a singular field twice, the last one good", first + code(ALDER), ("OK",))
        stored = ""
        if answer.ok:
            name = self.fx.read(SUBMIT, answer).consultation
            stored = self.fx.must(GET, self.fx.request(GET, name=name), "practice-alder").consultation.practice_ods
        wrong = "" if stored == ALDER else f"stored for {stored or 'nobody'}"
        self.book.note("big", rpc.short, "a singular field twice", "the last is stored", wrong)
        last = self._bare() + code(ALDER) + code("Z99999")
        answer = self.attack.go(rpc, last, self.attack.as_usual(rpc))
        case = "a singular field twice, the last one not the caller's"
        self.book.answer("big", rpc.short, case, answer, "PERMISSION_DENIED", "PRACTICE_NOT_ALLOWED")

    def _bare(self) -> bytes:
        request = self.fx.submission()
        request.ClearField("practice_ods")
        return request.SerializeToString()

    def _number(self, rpc: Rpc, name: str) -> int:
        return rpc.good(self.fx).DESCRIPTOR.fields_by_name[name].number


def _members(kind, size: int, way: tuple = (), prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Of every list of messages or texts at any depth: its path, and as much as there may be of nothing but empty members."""
    for field in kind.fields:
        inner = field.message_type
        if field.is_repeated and field.type in (F.TYPE_MESSAGE, F.TYPE_STRING):
            one = tag(field.number, WIRE_BYTES) + b"\0"
            body = one * (size // len(one))
            for number in reversed(way):
                body = tag(number, WIRE_BYTES) + varint(len(body)) + body
            yield prefix + field.name, body
        elif inner and inner.full_name.startswith("ehub."):
            yield from _members(inner, size, (*way, field.number), f"{prefix}{field.name}.")


def _without(good, path: str):
    """A copy of a good request without what the path begins with."""
    copy = type(good)()
    copy.CopyFrom(good)
    copy.ClearField(path.partition(".")[0])
    return copy


def _again(good, size: int) -> bytes:
    """The first text or message of a request, empty, as often as goes: what is left is a request that lacks it."""
    field = next((one for one in good.DESCRIPTOR.fields if one.type == F.TYPE_STRING and not one.is_repeated), None)
    if field is None:
        return b""
    one = tag(field.number, WIRE_BYTES) + b"\0"
    return good.SerializeToString() + one * (size // len(one))
