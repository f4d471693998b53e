"""How a peer is told to misbehave over HTTP: one small language for every server here.

A behaviour is words joined by commas. Before the work is done: ``slow:MS`` waits, ``NNN`` or ``NNN-before`` answers that
status, ``cut-before`` closes the connection. After it is done: ``NNN-after`` answers that status in place of the result,
``half`` sends half of the answer's body, ``cut`` sends nothing. ``ok`` is none of these.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadBehaviour(ValueError):
    """A behaviour that cannot be read."""


@dataclass(frozen=True)
class HttpBehaviour:
    """One parsed behaviour."""

    slow_ms: int = 0
    before: int | None = None
    after: int | None = None
    half: bool = False
    cut_before: bool = False
    cut_after: bool = False

    @staticmethod
    def parse(text: str) -> HttpBehaviour:
        """Reads the language of this module."""
        fields: dict[str, object] = {}
        for word in text.lower().split(","):
            word = word.strip()
            if word == "ok":
                continue
            if match := re.fullmatch(r"slow:(\d+)", word):
                fields["slow_ms"] = int(match[1])
            elif match := re.fullmatch(r"([1-5]\d\d)(?:-(before|after))?", word):
                fields["after" if match[2] == "after" else "before"] = int(match[1])
            elif word in ("half", "cut", "cut-before"):
                fields[{"half": "half", "cut": "cut_after", "cut-before": "cut_before"}[word]] = True
            else:
                raise BadBehaviour(f"unknown behaviour {word!r}")
        return HttpBehaviour(**fields)  # type: ignore[arg-type]


OK = HttpBehaviour()


class Switch:
    """The behaviour of one operation: a default, and a count of uses after which it is `ok` again."""

    def __init__(self) -> None:
        self.text = "ok"
        self.behaviour = OK
        self.remaining: int | None = None

    def set(self, text: str, times: int | None) -> None:
        """From now on `text`, for `times` uses or, without a number, until changed."""
        self.behaviour = HttpBehaviour.parse(text)
        self.text = text
        self.remaining = times

    def take(self) -> HttpBehaviour:
        """The behaviour of this use."""
        current = self.behaviour
        if self.remaining is not None:
            self.remaining -= 1
            if self.remaining <= 0:
                self.set("ok", None)
        return current

    def describe(self) -> dict[str, object]:
        """For the control answer."""
        return {"behaviour": self.text, "times": self.remaining}


def read_times(body: dict) -> int | None:
    """The `times` of a control body: a positive number, or None for "until changed"."""
    times = body.get("times")
    if times is None or times == 0:
        return None
    if not isinstance(times, int) or times < 0:
        raise BadBehaviour("times must be a positive number")
    return times


class Switches:
    """The switches of one server, set through `POST /control/behaviour` with one key per operation."""

    def __init__(self, names: Iterable[str]) -> None:
        self.by_name = {name: Switch() for name in names}

    def apply(self, body: dict) -> dict[str, object]:
        """Sets what the body names; all or nothing."""
        unknown = set(body) - set(self.by_name) - {"times"}
        if unknown:
            raise BadBehaviour(f"unknown operation {sorted(unknown)}; known: {sorted(self.by_name)}")
        times = read_times(body)
        chosen = {name: str(text) for name, text in body.items() if name in self.by_name}
        for text in chosen.values():
            HttpBehaviour.parse(text)
        for name, text in chosen.items():
            self.by_name[name].set(text, times)
        return self.describe()

    def describe(self) -> dict[str, object]:
        """What is in force."""
        return {name: switch.describe() for name, switch in self.by_name.items()}

    def routes(self) -> list[web.RouteDef]:
        """The control routes."""

        async def post(request: web.Request) -> web.Response:
            return web.json_response(self.apply(await json_object(request)))

        async def get(_request: web.Request) -> web.Response:
            return web.json_response(self.describe())

        return [web.post("/control/behaviour", post), web.get("/control/behaviour", get)]


async def json_object(request: web.Request) -> dict:
    """The body as a JSON object, or a 400."""
    try:
        body = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(text="the body is not JSON") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="the body is not a JSON object")
    return body


async def perform(
    request: web.Request,
    behaviour: HttpBehaviour,
    handler: Handler,
    failure: Callable[[int], web.Response],
) -> web.StreamResponse:
    """Runs `handler` in the manner asked for; `failure` renders a bare status in the server's own error format."""
    if behaviour.slow_ms:
        await asyncio.sleep(behaviour.slow_ms / 1000)
    if behaviour.cut_before:
        return _cut(request)
    if behaviour.before is not None:
        await request.read()
        return failure(behaviour.before)
    answer = await handler(request)
    if behaviour.cut_after:
        return _cut(request)
    if behaviour.after is not None:
        return failure(behaviour.after)
    if behaviour.half:
        return await _half(request, answer)
    return answer


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    body = answer.body if isinstance(answer, web.Response) and isinstance(answer.body, bytes) else b"{}"
    partial = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(body))})
    partial.content_type = answer.content_type
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2])
    # A clean end after half of the promised length, as a crashing server leaves it.
    if request.transport is not None:
        request.transport.close()
    return partial


@web.middleware
async def bad_behaviour_is_400(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A control call that cannot be read is the caller's mistake."""
    try:
        return await handler(request)
    except BadBehaviour as error:
        return web.json_response({"error": str(error)}, status=400)
