"""Writes down what every case got, and makes the table and the document of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from known import KNOWN, known
from wire import Answer

# All that may be left out, and why; what is skipped and not named here is a failure, and so is a line that is not used.
SKIPPED = {
    "a claim that runs out by itself": "leases last five minutes here; an expired grant is forged instead",
}


@dataclass(frozen=True)
class Row:
    """One case: which RPC, what was tried with which field, what it got, and what was wrong with that."""

    group: str
    rpc: str
    case: str
    about: str
    got: str
    wrong: str = ""
    # For the ledger of what every RPC must have: see `coverage.py`.
    kind: str = ""

    @property
    def method(self) -> str:
        """The RPC by its full name."""
        return "ehub." + self.rpc


class Book:
    """All rows."""

    def __init__(self, canaries: list[str]) -> None:
        self.rows: list[Row] = []
        self.skipped: list[tuple[str, str]] = []
        self.known: list[tuple[tuple[str, str], str, str]] = []
        self.canaries = canaries

    def note(
        self, group: str, rpc: str, case: str, got: str, wrong: str = "", about: str = "", kind: str = ""
    ) -> bool:
        """One row; `wrong` is empty when all is well."""
        if wrong and (key := known(rpc, case)):
            self.known.append((key, rpc, wrong))
            print(f"  known: {rpc} | {case} {about} | {wrong}", flush=True)
            got, wrong, kind = "wrong, and known to be: see below", "", ""
        self.rows.append(Row(group, rpc, case, about, got, wrong, kind))
        if wrong:
            print(f"  WRONG {rpc} | {case} {about} | {got} | {wrong}", flush=True)
        return not wrong

    def skip(self, case: str) -> None:
        """A case that cannot be tried here, for a reason that `SKIPPED` gives."""
        if case not in SKIPPED:
            self.note("suite", "the suite", "a case left out without a reason", "skipped", "`SKIPPED` does not name it", case)
            return
        self.skipped.append((case, SKIPPED[case]))

    def in_vain(self) -> None:
        """After a whole run: what may be skipped was, and what is known to be wrong still is."""
        for case in sorted(set(SKIPPED) - {case for case, _ in self.skipped}):
            self.note("suite", "the suite", "a case that may be left out", "tried", "`SKIPPED` names it in vain", case)
        for rpc, case in sorted(set(KNOWN) - {key for key, _, _ in self.known}):
            self.note("suite", "the suite", "a fault that is known", "mended", "take it out of `KNOWN`", f"{rpc}: {case}")

    def answer(
        self,
        group: str,
        rpc: str,
        case: str,
        answer: Answer,
        code: str | tuple[str, ...],
        reason: str | tuple[str, ...] | None = None,
        path: str | None = None,
        about: str = "",
        message: str | None = None,
        kind: str = "",
    ) -> bool:
        """Judges an answer: code, reason, that the wrong field is named, and that nothing it says came from the caller."""
        wrong = []
        codes = (code,) if isinstance(code, str) else code
        reasons = (reason,) if isinstance(reason, str) else reason
        if answer.code not in codes:
            wrong.append(f"expected {' or '.join(codes)}, got {answer}")
        elif reasons and answer.reason not in reasons:
            wrong.append(f"expected reason {' or '.join(reasons)}, got {answer.reason or 'none'}")
        if path and path not in answer.paths:
            wrong.append(f"{path} is not named; named: {', '.join(answer.paths) or 'nothing'}")
        if message is not None and answer.message != message:
            wrong.append(f"message is {answer.message!r}, not {message!r}")
        wrong += self.manners(answer)
        got = answer.code + (f" {answer.reason}" if answer.reason else "")
        return self.note(group, rpc, case, got, "; ".join(wrong), about, kind)

    def manners(self, answer: Answer) -> list[str]:
        """What no refusal may do, whatever was tried."""
        if answer.ok:
            return []
        wrong = []
        if answer.code in ("INTERNAL", "UNKNOWN"):
            wrong.append(f"a bug answered {answer.code}: {answer.message}")
        if not answer.reason and answer.code not in ("UNIMPLEMENTED", "CANCELLED"):
            wrong.append("no ErrorInfo")
        if answer.code == "INVALID_ARGUMENT" and answer.reason == "INVALID_FIELDS" and not answer.fields:
            wrong.append("INVALID_FIELDS without a field")
        if answer.code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED") and not answer.retry:
            wrong.append("no RetryInfo")
        if any(not description.strip() for _, description in answer.fields):
            wrong.append("a field without what would be right")
        said = answer.message + repr(answer.metadata) + repr(answer.fields) + answer.raw.decode("utf-8", "replace")
        said += repr(answer.headers) + repr(answer.trailers) + repr(answer.preconditions)
        wrong += [f"says the canary {canary[:6]}…" for canary in self.canaries if canary in said]
        return wrong

    @property
    def failed(self) -> list[Row]:
        return [row for row in self.rows if row.wrong]

    def table(self) -> str:
        """Cases per RPC."""
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in self.rows:
            counts[row.rpc][bool(row.wrong)] += 1
        width = max(map(len, counts))
        lines = [f"{'RPC':<{width}}  passed  failed"]
        lines += [f"{rpc:<{width}}  {passed:>6}  {failed:>6}" for rpc, (passed, failed) in sorted(counts.items())]
        return "\n".join(lines)
