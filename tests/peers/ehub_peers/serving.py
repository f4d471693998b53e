"""Running servers: loopback sockets, the ready file, and an orderly end on SIGTERM."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

LOOPBACK = "127.0.0.1"


def bind(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one."""
    # Naming the protocol makes asyncio switch Nagle's algorithm off, which would add 40 ms to every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, port))
    listener.listen(512)
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """The base address to give to others."""
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"


async def serve(app: web.Application, listener: socket.socket) -> web.AppRunner:
    """Starts an application on a bound socket; clean the runner up to stop it."""
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    return runner


def write_ready(path: str | None, addresses: Mapping[str, str]) -> None:
    """Writes `{"pid": …, name: address …}` in one step, so that a reader never sees half of it; and prints it."""
    content = json.dumps({"pid": os.getpid(), **addresses})
    print(content, flush=True)
    if path is None:
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(content + "\n", encoding="utf-8")
    temporary.replace(target)


def stop_event() -> asyncio.Event:
    """An event set by SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def wait_until_stopped(stop: asyncio.Event, exit_with_parent: bool) -> None:
    """Waits for the signal or, if asked to, for the death of the process that started this one."""
    parent = os.getppid()
    while not stop.is_set():
        if exit_with_parent and os.getppid() != parent:
            return
        try:
            await asyncio.wait_for(stop.wait(), timeout=1.0)
        except TimeoutError:
            continue


async def health(_request: web.Request) -> web.Response:
    """Every server's `GET /health`."""
    return web.json_response({"status": "ok"})
