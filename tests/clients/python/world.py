"""Where eHub is and how tokens are had: two addresses of your configuration, here read from the development suite."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

import grpc

ROOT = Path(__file__).resolve().parents[3]

# A connection that died silently is noticed by a ping within 30 s, also while a stream waits.
OPTIONS = [("grpc.keepalive_time_ms", 20_000), ("grpc.keepalive_timeout_ms", 10_000)]


class World:
    """The addresses of one eHub."""

    def __init__(self) -> None:
        self.facts = json.loads(Path(os.environ.get("EHUB_WORLD", ROOT / ".local/ehub.json")).read_text())
        self._channels: dict[str, grpc.Channel] = {}

    def channel(self, service: str) -> grpc.Channel:
        """The channel to a service: one for the whole program. A deployment uses `secure_channel`."""
        if service not in self._channels:
            address = self.facts["services"][service]["grpc"].removeprefix("http://")
            self._channels[service] = grpc.insecure_channel(address, options=OPTIONS)
        return self._channels[service]


class Tokens:
    """Access tokens of one client or person, fetched anew a minute before they expire."""

    def __init__(self, world: World, client_id: str) -> None:
        self._url, self._client_id = world.facts["issuer"] + "/token", client_id
        self._token, self._fresh_until, self._lock = "", 0.0, threading.Lock()

    def bearer(self) -> str:
        """The value of the metadata key `authorization`."""
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                form = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": self._client_id})
                with urllib.request.urlopen(self._url, form.encode(), timeout=10) as answer:
                    said = json.load(answer)
                self._token = said["access_token"]
                self._fresh_until = time.monotonic() + max(said["expires_in"] - 60, 1)
            return "Bearer " + self._token

    def forget(self) -> None:
        """Fetches a new one next time: the last was refused."""
        with self._lock:
            self._fresh_until = 0.0
