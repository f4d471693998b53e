"""Log lines of a call carry its trace and its consultation, and the level changes while a service runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from fixture import ALLOCATION
from story import Storyteller, until
from suite import SERVICES, Suite


def read(suite: Suite, service: str) -> list[dict]:
    """The JSON lines of a service's log; what is no JSON comes as `{"unreadable": …}`."""
    lines = []
    for line in (suite.run / f"{service}.log").read_text(errors="replace").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            lines.append({"unreadable": line})
    return lines


def malformed(suite: Suite) -> list[str]:
    """Lines that are no JSON, and lines of calls without their trace."""
    wrong = []
    for service in SERVICES:
        for line in read(suite, service):
            if "unreadable" in line:
                wrong.append(f"{service}: a line is no JSON: {line['unreadable'][:120]}")
            elif "rpc.method" in line and not ("trace_id" in line and "span_id" in line):
                wrong.append(f"{service}: a call's line without its trace: {line['message']}")
    return wrong


def refused_claim(teller: Storyteller, consultation: str) -> str:
    """A claim that is refused, by a traced caller; the trace id."""
    trace, _ = teller.traced()
    claim = f"{ALLOCATION}.AllocationService/ClaimItem"
    answer = teller.call(claim, teller.request(claim, request_id=trace[:8] + "-0000-4000-8000-" + trace[:12],
                                               consultation=f"consultations/{consultation}"), "gp-bert")  # fmt: skip
    teller.traceparent = None
    if answer.ok:
        raise RuntimeError("the claim was meant to be refused")
    return trace


def correlated(suite: Suite, teller: Storyteller, consultation: str) -> list[str]:
    """The line about a refused call names the caller's trace, the consultation and the client."""
    trace = refused_claim(teller, consultation)
    found = until(lambda: [line for line in read(suite, "allocation") if line.get("trace_id") == trace])
    if not found:
        return ["allocation wrote no line with the caller's trace"]
    wanted = {"ehub.consultation.id": consultation, "rpc.method": f"{ALLOCATION}.AllocationService/ClaimItem"}
    wrong = [f"the line says {found[0].get(key)!r} for {key}" for key, value in wanted.items() if found[0].get(key) != value]
    return wrong + [f"the line lacks {key}" for key in ("span_id", "ehub.client.id", "level") if not found[0].get(key)]


def set_filter(suite: Suite, service: str, directives: str) -> int:
    """Asks a running service for another log filter; the HTTP status."""
    url = suite.world["services"][service]["admin"].rstrip("/") + "/log-filter"
    request = urllib.request.Request(url, directives.encode(), method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def changeable(suite: Suite, teller: Storyteller, consultation: str) -> list[str]:
    """At `error` a refusal leaves no line, back at `info` it does; a filter that is none changes nothing."""
    wrong = []
    if set_filter(suite, "allocation", "error") != 204:
        wrong.append("the filter could not be set to error")
    silent = refused_claim(teller, consultation)
    if set_filter(suite, "allocation", "=,=") != 400:
        wrong.append("a filter that is none was not refused")
    if set_filter(suite, "allocation", "info") != 204:
        wrong.append("the filter could not be set to info")
    heard = refused_claim(teller, consultation)
    if not until(lambda: any(line.get("trace_id") == heard for line in read(suite, "allocation"))):
        wrong.append("back at info, a refusal left no line")
    if any(line.get("trace_id") == silent for line in read(suite, "allocation")):
        wrong.append("at error, a refusal left a line")
    return wrong


def check(suite: Suite, teller: Storyteller, consultation: str) -> list[str]:
    """Everything about lines."""
    return malformed(suite) + correlated(suite, teller, consultation) + changeable(suite, teller, consultation)
