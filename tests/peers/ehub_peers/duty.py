"""The duty contact's webhook: where an access hub sends a clinical alert that somebody must see now."""

from __future__ import annotations

import datetime

from aiohttp import web

from . import serving
from .behaviour import Switches, bad_behaviour_is_400, perform

_KEPT_HEADERS = ("content-type", "idempotency-key", "x-request-id", "authorization", "traceparent")


def _failure(status: int) -> web.Response:
    return web.json_response({"error": f"status {status} on request"}, status=status)


class Duty:
    """The server."""

    def __init__(self, _config: dict) -> None:
        self._alerts: list[dict] = []
        self._switches = Switches(["alerts"])

    def application(self) -> web.Application:
        """Routes of the webhook and of its control API."""
        app = web.Application(middlewares=[bad_behaviour_is_400])
        app.add_routes(
            [
                web.post("/alerts", self._post),
                web.get("/alerts", self._list),
                web.delete("/alerts", self._forget),
                web.get("/health", serving.health),
                *self._switches.routes(),
            ]
        )
        return app

    async def _post(self, request: web.Request) -> web.StreamResponse:
        return await perform(request, self._switches.by_name["alerts"].take(), self._record, _failure)

    async def _record(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except ValueError:
            return web.json_response({"error": "the body is not JSON"}, status=400)
        headers = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
        if "authorization" in headers:
            headers["authorization"] = headers["authorization"].partition(" ")[0] + " (given)"
        key = headers.get("idempotency-key")
        repeated = key is not None and any(alert["headers"].get("idempotency-key") == key for alert in self._alerts)
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        self._alerts.append(
            {"index": len(self._alerts), "received_at": at, "headers": headers, "repeated": repeated, "body": body}
        )
        return web.json_response({"index": len(self._alerts) - 1}, status=202)

    async def _list(self, request: web.Request) -> web.Response:
        try:
            since = int(request.query.get("since", "0"))
        except ValueError as error:
            raise web.HTTPBadRequest(text="since is not a number") from error
        return web.json_response({"alerts": self._alerts[since:], "next": len(self._alerts)})

    async def _forget(self, _request: web.Request) -> web.Response:
        self._alerts.clear()
        return web.json_response({"alerts": []})
