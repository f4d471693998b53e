"""The real MESH sandbox (PyPI `mesh-sandbox`) with generated mailboxes, behind a thin layer that can spoil answers.

The layer exists because a lost answer to a send is the case that matters most: MESH has no idempotency key. It passes
everything through untouched until `POST /control/behaviour` says otherwise.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import tempfile
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from . import serving
from .behaviour import BadBehaviour, HttpBehaviour, Switches

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

DEFAULT_WORKFLOWS = ("GPFED_CONSULT_REPORT", "GPFED_CONSULT_REPORT_ACK")


def write_directory(directory: Path, mailboxes: list[dict], workflows: list[str]) -> None:
    """Writes `mailboxes.jsonl` and `workflows.jsonl`; every mailbox may send and receive every workflow."""
    directory.mkdir(parents=True, exist_ok=True)
    ids = [box["mailbox"].upper() for box in mailboxes]
    if len(set(ids)) != len(ids):
        raise ValueError("a mailbox is listed twice")
    with (directory / "mailboxes.jsonl").open("w", encoding="utf-8") as out:
        for mailbox_id, box in zip(ids, mailboxes, strict=True):
            row = {
                "mailbox_id": mailbox_id,
                "mailbox_name": box["name"],
                "billing_entity": "England",
                "ods_code": box["ods"],
                "org_code": box["ods"],
                "org_name": box["name"],
                "password": box["password"],
            }
            out.write(json.dumps(row) + "\n")
    with (directory / "workflows.jsonl").open("w", encoding="utf-8") as out:
        for workflow in workflows:
            out.write(json.dumps({"workflow_id": workflow, "senders": ids, "receivers": ids}) + "\n")


def operation_of(method: str, path: str) -> str | None:
    """Which switch rules a request: `send`, `list`, `download`, `acknowledge`, or none."""
    parts = [part for part in path.split("/") if part]
    if len(parts) < 3 or parts[0] != "messageexchange":
        return None
    tail = parts[2:]
    if method == "POST" and tail[0] == "outbox":
        return "send"
    if method == "GET" and tail == ["inbox"]:
        return "list"
    if method == "GET" and tail[0] == "inbox":
        return "download"
    if method == "PUT" and tail[-1] == "acknowledged":
        return "acknowledge"
    return None


class Spoiler:
    """ASGI layer in front of the sandbox: the control routes, and the misbehaviour they set."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._switches = Switches(["send", "list", "download", "acknowledge"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == "/control/behaviour":
            await self._control(scope, receive, send)
            return
        operation = operation_of(scope["method"], scope["path"])
        behaviour = self._switches.by_name[operation].take() if operation else HttpBehaviour()
        await self._perform(behaviour, scope, receive, send)

    async def _perform(self, behaviour: HttpBehaviour, scope: Scope, receive: Receive, send: Send) -> None:
        if behaviour == HttpBehaviour():
            await self._app(scope, receive, send)
            return
        if behaviour.slow_ms:
            await asyncio.sleep(behaviour.slow_ms / 1000)
        if behaviour.before is not None:
            await _read_all(receive)
            await _answer(send, behaviour.before, b"{}")
            return
        if behaviour.cut_before:
            await _read_all(receive)
            await _broken(send, 202, b"")
            return
        kept: list[MutableMapping[str, Any]] = []

        async def keep(message: MutableMapping[str, Any]) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        status = next((m["status"] for m in kept if m["type"] == "http.response.start"), 500)
        body = b"".join(m.get("body", b"") for m in kept if m["type"] == "http.response.body")
        if behaviour.after is not None:
            await _answer(send, behaviour.after, b"{}")
        elif behaviour.half or behaviour.cut_after:
            await _broken(send, status, body[: len(body) // 2] if behaviour.half else b"")
        else:
            for message in kept:
                await send(message)

    async def _control(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "POST":
                body = json.loads(await _read_all(receive))
                result = self._switches.apply(body)
            else:
                result = self._switches.describe()
            await _answer(send, 200, json.dumps(result).encode())
        except (BadBehaviour, ValueError) as error:
            await _answer(send, 400, json.dumps({"error": str(error)}).encode())


async def _read_all(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _broken(send: Send, status: int, part: bytes) -> None:
    """Promises more than it sends; uvicorn then closes the connection."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(part) + 64).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": part, "more_body": False})


def _sandbox_app(config: dict, directory: Path) -> AsgiApp:
    """The sandbox's application, its store reading our mailboxes in place of the ones in its package."""
    # It reads these when it is imported.
    os.environ.update(
        ENV="local",
        AUTH_MODE="full",
        SHARED_KEY=config.get("shared_key", "TestKey"),
        STORE_MODE=config.get("store", "memory"),
        MAILBOXES_DATA_DIR=str(directory / "messages"),
    )
    # Its parameter declarations are older than its FastAPI.
    warnings.filterwarnings("ignore", module="mesh_sandbox")
    from mesh_sandbox import dependencies
    from mesh_sandbox.api import app
    from mesh_sandbox.common.messaging import Messaging
    from mesh_sandbox.models.message import MessageStatus

    logger = dependencies.get_logger()
    # Two log lines a request at INFO cost a third of its throughput.
    logger.setLevel(logging.ERROR)
    store = dependencies.get_store()
    store._canned_data_dir = str(directory)  # noqa: SLF001 (the sandbox has no setting for it)
    store.initialise()

    every_message = store.get_inbox_messages
    waiting = (MessageStatus.ACCEPTED, MessageStatus.UPLOADING)

    async def waiting_messages(mailbox_id: str, predicate: Callable[[Any], bool] | None = None) -> list:
        # The sandbox keeps acknowledged messages and walks over all of them at every request; live MESH forgets them.
        store.inboxes[mailbox_id] = [message for message in store.inboxes[mailbox_id] if message.status in waiting]
        return await every_message(mailbox_id, predicate)

    store.get_inbox_messages = waiting_messages
    # As coroutines: FastAPI sends every plain function to a thread, several times a request.
    made = {
        dependencies.get_messaging: Messaging(store=store),
        dependencies.get_fernet: dependencies.get_fernet(),
        dependencies.get_logger: logger,
        dependencies.get_env_config: dependencies.get_env_config(),
    }
    for dependency, value in made.items():
        app.dependency_overrides[dependency] = _constant(value)
    return app


def _constant(value: object) -> Callable[[], Awaitable[object]]:
    async def give() -> object:
        return value

    return give


async def run(config: dict, port: int, ready: str | None, exit_with_parent: bool) -> None:
    """Serves the sandbox until told to stop."""
    stop = serving.stop_event()
    with tempfile.TemporaryDirectory(prefix="ehub-mesh-") as temporary:
        directory = Path(config.get("directory") or temporary)
        workflows = [*DEFAULT_WORKFLOWS, *config.get("workflows", [])]
        write_directory(directory, config["mailboxes"], list(dict.fromkeys(workflows)))
        listener = serving.bind(port)
        server = uvicorn.Server(
            uvicorn.Config(
                Spoiler(_sandbox_app(config, directory)),
                log_level="warning",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=2,
                timeout_keep_alive=75,
            )
        )
        # Ours are installed already; uvicorn would replace them and re-raise the signal when it ends.
        server.capture_signals = _no_signals  # type: ignore[method-assign]
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        if not task.done():
            serving.write_ready(ready, {"mesh": serving.url_of(listener)})
            await serving.wait_until_stopped(stop, exit_with_parent)
            server.should_exit = True
        await task


class _no_signals:  # noqa: N801 (used as the context manager function it replaces)
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None
