"""Clients cancel calls in mid-flight by the thousand: no half state, no lost connection, and the next call is good."""

from __future__ import annotations

import random
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import forms
from bits import last
from client import PACKAGES
from stage import PROBES, Stage, require
from story import Story

CANCELS = {"ci": 1000, "acceptance": 20_000, "soak": 200_000}
AT_ONCE = 16


def play(stage: Stage) -> dict:
    """Cancels submissions and reads at random moments; after each lot a good call has to be seen by everybody."""
    pick, patient = random.Random(stage.seed), stage.patient()
    words: list[str] = []
    answered: dict[str, str] = {}
    outcomes: dict[str, int] = {}
    lot, good = 100, 0.05
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(CANCELS[stage.tier] // lot):
            calls = []
            for number in range(lot):
                submit = number % 8 == 0
                word = "W" + uuid.uuid4().hex
                words += [word] if submit else []
                # At random moments from the first on, and, half of them, about when the answer is on its way.
                after = pick.expovariate(1 / 0.015) if number % 16 else pick.uniform(0.5, 5) * good
                calls.append((submit, word, after))
            for call, (code, name) in zip(calls, pool.map(lambda call: _cancelled(stage, patient, *call), calls), strict=True):
                outcomes[code] = outcomes.get(code, 0) + 1
                answered |= {call[1]: name} if name else {}
            good = _next_call_is_good(stage)
    require(bool(answered), "every submission was cancelled before its answer: none could have been lost after it")
    _whole(stage, words, answered)
    return {"cancelled": outcomes, "submissions_among_them": len(words), "submissions_answered_ok": len(answered)}


def _cancelled(stage: Stage, patient: dict, submit: bool, word: str, after: float) -> tuple[str, str]:
    """One call, cancelled so many seconds after it was sent; its code, and the consultation that it was told of."""
    who, method, fields = PROBES["allocation"]
    if submit:
        who, method = "supplier", "IntakeService/SubmitConsultation"
        fields = {"request_id": str(uuid.uuid4())} | forms.submission(patient, word)
    service = method.partition("/")[0]
    stub = stage.lines.channel(service.removesuffix("Service").lower()).unary_unary(f"/{PACKAGES[service]}.{method}")
    metadata = [("authorization", "Bearer " + stage.suite.token(who))]
    calling = stub.future(stage.client.request(method, **fields).SerializeToString(), metadata=metadata, timeout=20)
    try:
        body = calling.result(timeout=after)
        return "OK", last(body)[1].decode() if submit else ""
    except Exception:  # noqa: BLE001 - the time is up, or the call was refused: either way it is cancelled now
        calling.cancel()
    code = calling.code().name
    # The answer may have come before the cancellation.
    return code, last(calling.result())[1].decode() if submit and code == "OK" else ""


def _next_call_is_good(stage: Stage) -> float:
    """How long a submission takes by itself."""
    story, began = Story(stage), time.monotonic()
    story.submit()
    took = time.monotonic() - began
    require(story.consultations() == 1, f"{story.word}: acknowledged, and another connection does not see it")
    stage.until(lambda: stage.probe("allocation"), "the next read is good", 10)
    return took


def missing(answered: dict[str, str], found: list[dict]) -> list[str]:
    """The words of submissions that were answered OK, and that are not there under the name that was told."""
    there = {row["word"]: row["id"] for row in found}
    return [word for word, name in answered.items() if there.get(word) != name.rpartition("/")[2]]


def _whole(stage: Stage, words: list[str], answered: dict[str, str]) -> None:
    """Each cancelled submission is there whole or not at all; no session hangs; the pools are as they were."""
    listed = ",".join(f"'{word}'" for word in words)
    found = stage.databases.rows(
        "intake",
        "select substring(content->>'free_text' from 'W[0-9a-f]{32}') as word, c.id, "
        "(select count(*) from ehub.outbox o where o.stream = c.id and o.kind like '%ConsultationAccepted') as events, "
        "(select count(*) from intake.reference_directory d where d.consultation = c.id) as names "
        f"from intake.consultation c where substring(content->>'free_text' from 'W[0-9a-f]{{32}}') in ({listed})",
    )
    for row in found:
        require(row["events"] == row["names"] == "1", f"{row['word']}: half there: {row}")
    require(len({row["word"] for row in found}) == len(found), "a cancelled submission has two effects")
    lost = missing(answered, found)
    require(not lost, f"answered OK, and not there: {lost[:5]}")
    hanging = (
        "select count(*) as n from pg_stat_activity where datname like 'ehub%' and state like 'idle in transaction%' "
        "and state_change < now() - interval '5 seconds'"
    )
    stage.until(lambda: stage.databases.value("intake", hanging) == "0", "no session idle in a transaction", 15)
    for service in ("intake", "allocation"):
        query = f"select count(*) as n from pg_stat_activity where usename = 'ehub_{service}_run'"
        count = int(stage.databases.value(service, query))
        require(count <= 16, f"{service}: {count} connections of a pool of 16")
    with ThreadPoolExecutor(16) as pool:
        good = list(pool.map(lambda _: stage.until(lambda: stage.probe("intake"), "a good call", 15), range(16)))
    require(all(good), "sixteen calls at once are not all good")
