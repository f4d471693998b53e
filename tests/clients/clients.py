"""The example clients in Python and Node: a whole consultation, lost replies, restarts, and a script of refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import scripted
import story
from lossy import LossyWay
from programs import LANGUAGES, Listening, Wrong, environment, play
from suite import ROOT, Suite


def each(act) -> list:
    """Something for every language, side by side."""
    with ThreadPoolExecutor(len(LANGUAGES)) as pool:
        return list(pool.map(act, LANGUAGES))


def whole_consultation(suite: Suite, world: Path) -> str:
    """From submit to close, and what practice and EPS saw of it."""

    def one(language: str) -> None:
        code, output, errors = play(language, "consultation", world)
        if code:
            raise Wrong(f"{language}: exit code {code}\n{output}\n{errors}")
        named = story.check(output)
        if named["first"].lower() != "false":
            raise Wrong(f"{language}: a first submission is no replay")
        story.seen_outside(suite.world, named)

    each(one)
    return f"{len(LANGUAGES)} consultations from submit to close"


def lost_replies(suite: Suite, world: Path) -> str:
    """The reply to a submission is lost on the way: repeated, answered as a replay, and done once."""
    ways = {"cut": "UNAVAILABLE", "hold": "DEADLINE_EXCEEDED"}

    def one(case: tuple[str, str]) -> None:
        language, how = case
        # The first answer of the service is the refusal of the wrong request, the second the acceptance.
        way = LossyWay(suite.world["services"]["intake"]["grpc"], 2, how)
        facts = json.loads(world.read_text())
        facts["services"]["intake"]["grpc"] = way.address
        changed = world.parent / f"lossy-{language}-{how}.json"
        changed.write_text(json.dumps(facts))
        try:
            code, output, errors = play(language, "consultation", changed)
        finally:
            way.close()
            changed.unlink()
        if code or not way.lost.is_set() or ways[how] not in errors:
            raise Wrong(f"{language}, {how}: exit code {code}, reply lost: {way.lost.is_set()}\n{output}\n{errors}")
        named = story.check(output)
        if named["first"].lower() != "true":
            raise Wrong(f"{language}, {how}: the repeated submission does not say that it is a replay")

    cases = [(language, how) for how in ways for language in LANGUAGES]
    with ThreadPoolExecutor(len(cases)) as pool:
        list(pool.map(one, cases))
    return f"{len(cases)} lost replies repeated with the same request id"


def restarts(suite: Suite, world: Path) -> str:
    """Watching goes on when the service is stopped, and when it is killed."""
    watching = [Listening(language, "watch", world) for language in LANGUAGES]
    try:
        places = [one.until("current:") for one in watching]
        for how, said in ((signal.SIGTERM, "UNAVAILABLE STOPPING"), (signal.SIGKILL, "UNAVAILABLE")):
            suite.reload()
            os.kill(suite.pids()["allocation"], how)
            places = [one.until(said, place) for one, place in zip(watching, places, strict=True)]
            places = [one.until("current:", place) for one, place in zip(watching, places, strict=True)]
        name = submitted(world)
        for one, place in zip(watching, places, strict=True):
            one.until(f"item {name}", place)
    finally:
        for one in watching:
            one.stop()
    return "watched through a stop and a kill of allocation"


def submitted(world: Path) -> str:
    """A consultation submitted with the command."""
    command = [str(ROOT / "target/debug/ehub"), "submit", "--output", "json"]
    done = subprocess.run(command, env=environment(world), capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Wrong(f"ehub submit: {done.stderr}")
    return json.loads(done.stdout)["consultation"]


def scripted_refusals(suite: Suite, world: Path) -> str:
    """Every wait is as long as asked, what is repeated is the same to the byte, and what is final is not repeated."""
    watched = "item a,item b,current: 2 items,item b,current: 1 items,"
    watched += "item c,current: 1 items,item d,current: 1 items,gone d,current: 0 items"

    def one(language: str) -> None:
        server = scripted.Scripted(world.parent)
        try:
            code, output, errors = play(language, "watch", server.world)
            told = [line.replace("consultations/", "").removesuffix(" scripted") for line in output.splitlines()]
            if ",".join(told) != watched or "PERMISSION_DENIED" not in errors or code == 0:
                raise Wrong(f"{language}: watching a script, exit code {code}\n{output}\n{errors}")
            waited(server, scripted.WATCH, 3, language)
            code, output, errors = play(language, "consultation", server.world)
            wanted = ["refused INVALID_ARGUMENT INVALID_FIELDS (server.ehub): scripted"]
            wanted += ["  content.answers[3].answer: is required", "  patient.phone: must have at most 40 characters"]
            if output.splitlines() != wanted or "INTERNAL" not in errors or code == 0:
                raise Wrong(f"{language}: a script of refusals, exit code {code}\n{output}\n{errors}")
            waited(server, scripted.SUBMIT, 3, language)
            first, again, other = (request for _, request in server.arrivals[scripted.SUBMIT])
            if first != again or again == other:
                raise Wrong(f"{language}: a repeated request is not the same, or another intent is")
        finally:
            server.close()

    each(one)
    return "RetryInfo honoured, RESET taken, final refusals not repeated"


def waited(server: scripted.Scripted, method: str, calls: int, language: str) -> None:
    """The second call came no earlier than the first answer asked for, and there were no more calls than scripted."""
    arrivals, ends = server.arrivals[method], server.ends[method]
    if len(arrivals) != calls:
        raise Wrong(f"{language}: {len(arrivals)} calls of {method} instead of {calls}")
    if (pause := arrivals[1][0] - ends[0]) < scripted.WAIT:
        raise Wrong(f"{language}: came again after {pause:.2f} s instead of {scripted.WAIT} s")
