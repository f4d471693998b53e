"""Which audit events the calls of a run left: exactly one for each call of a known caller. Read from outside, by SQL."""

from __future__ import annotations

import time
from collections import Counter, defaultdict

from tables import EVENT, Tables
from wire import Answer

# Refusals before there is a call of a known caller; counted by the server, and without an audit event.
UNCALLED = {
    "TOKEN_INVALID", "METHOD_UNKNOWN", "NOT_GRPC", "MALFORMED_REQUEST", "MESSAGE_TOO_LARGE", "DEADLINE_MALFORMED",
    "DEADLINE_REQUIRED", "OVERLOADED",
}
LATE, UNREAD = "late", "unread"


class World:
    """The audit events of a period. Every call has a trace of its own, and its event carries it."""

    def __init__(self, tables: Tables) -> None:
        self.sql = tables.sql
        self._since = self._known_events_at_rest()
        self.late: list[tuple[str, Answer]] = []
        self._told: set[str] = set()

    def _known_events(self) -> Counter:
        trace = "split_part(coalesce(traceparent, ''), '-', 2)"
        query = f"select {trace}, action, outcome, count(*) from audit.event where kind = '{EVENT}' group by 1, 2, 3"
        return Counter({(trace, action, outcome): int(count) for trace, action, outcome, count in self.sql.rows("audit", query)})

    def _known_events_at_rest(self) -> Counter:
        """What audit knows once nothing more arrives of what was done before: the same four times in a row."""
        known, times = self._known_events(), 1
        while times < 4:
            time.sleep(0.5)
            now = self._known_events()
            times = times + 1 if now == known else 1
            known = now
        return known

    def audited(self, calls: list[tuple[str, Answer]], patience: float = 60) -> list[str]:
        """What is not as it should be: a call without its event, with two, with another's, or an event without a call.

        Each is said once, and waited for once.
        """
        wanted = expected(calls)
        end = time.monotonic() + patience
        while True:
            found: dict[tuple[str, str], list[str]] = defaultdict(list)
            for (trace, action, outcome), count in (self._known_events() - self._since).items():
                if not _of_our_own(action, outcome):
                    found[trace, action] += [outcome] * count
            said = [one for one in differences(found, wanted) if one not in self._told]
            if not said or time.monotonic() > end:
                break
            time.sleep(0.5)
        self._told |= set(said)
        # What was late without an event was no call: its message had not come. It is counted; see `counted.py`.
        self.late = [
            (path, answer) for path, answer in calls
            if wanted.get(key := (answer.trace, path.lstrip("/"))) == LATE and key not in found
        ]
        return said


def _of_our_own(action: str, outcome: str) -> bool:
    """What services ask of each other is theirs; what others are refused there is looked at."""
    return action.startswith("ehub.internal.") and outcome == "OK"


def differences(found: dict[tuple[str, str], list[str]], wanted: dict[tuple[str, str], str]) -> list[str]:
    """What does not fit, call by call.

    A call whose caller was told that time is over goes on, and its event says how it ended; one whose message had not
    come by then was no call, and has none. What an answer says that the client could not read is known to the event only.
    """
    said = []
    for (trace, action), outcome in wanted.items():
        events = found.get((trace, action), [])
        if outcome in (LATE, UNREAD):
            fits = len(events) <= 1
        else:
            fits = events == [outcome]
        if not fits:
            said.append(f"{action} {outcome}, trace {trace}: {' and '.join(sorted(events)) or 'no event'}")
    said += [f"{action} {outcomes}, trace {trace or 'none'}: no call" for (trace, action), outcomes in found.items()
             if (trace, action) not in wanted]
    return said


def expected(calls: list[tuple[str, Answer]]) -> dict[tuple[str, str], str]:
    """The outcome that the audit event of each call has, by its trace and action."""
    wanted: dict[tuple[str, str], str] = {}
    for path, answer in calls:
        action = path.lstrip("/")
        if answer.reason in UNCALLED or not action.startswith("ehub.") or answer.code == "UNIMPLEMENTED":
            continue
        if answer.ok and action.startswith("ehub.internal."):
            continue
        if answer.ok:
            wanted[answer.trace, action] = "REPLAYED" if answer.replayed else "OK"
        elif answer.code == "DEADLINE_EXCEEDED":
            wanted[answer.trace, action] = LATE
        elif answer.reason:
            wanted[answer.trace, action] = answer.reason
        elif not answer.code.startswith("HTTP "):
            wanted[answer.trace, action] = UNREAD
    return wanted


# A closing that is refused for what is still open gives a new grant, at a new epoch, with the refusal.
GIVES = "OPEN_ACTIONS"


def without_effect(calls: list[tuple[str, Answer]]) -> set[str]:
    """The traces of calls that were refused and had ended, or were given the answer of before."""
    gone_on = lambda answer: answer.ok or answer.code == "DEADLINE_EXCEEDED" or answer.reason == GIVES  # noqa: E731
    return {answer.trace for _, answer in calls if answer.trace and (answer.replayed or not gone_on(answer))}
