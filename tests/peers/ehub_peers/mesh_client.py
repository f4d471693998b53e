"""A small MESH client over the v2 API, with the authorisation header of the MESH specification."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass

import aiohttp

_ACCEPT = "application/vnd.mesh.v2+json"


class MeshError(Exception):
    """An answer that MESH gave and that a repetition will not change."""


class MeshUnavailable(Exception):
    """No answer, or one that a repetition may change."""


@dataclass(frozen=True)
class Mailbox:
    """One mailbox and the organisation that owns it."""

    mailbox: str
    password: str
    ods: str
    name: str


@dataclass(frozen=True)
class Received:
    """A downloaded message."""

    mesh_id: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A `mex-` header, or an empty string."""
        return self.headers.get(name.lower(), "")


def authorization(shared_key: str, mailbox: str, password: str, now: datetime.datetime | None = None) -> str:
    """`NHSMESH mailbox:nonce:count:timestamp:hash`; a nonce is used once."""
    nonce = str(uuid.uuid4())
    timestamp = (now or datetime.datetime.now(datetime.UTC)).strftime("%Y%m%d%H%M")
    message = f"{mailbox}:{nonce}:1:{password}:{timestamp}"
    digest = hmac.new(shared_key.encode(), message.encode(), hashlib.sha256).hexdigest()
    return f"NHSMESH {mailbox}:{nonce}:1:{timestamp}:{digest}"


class MeshClient:
    """The calls a practice makes."""

    def __init__(self, session: aiohttp.ClientSession, url: str, shared_key: str) -> None:
        self._session = session
        self._base = url.rstrip("/") + "/messageexchange"
        self._shared_key = shared_key

    async def handshake(self, box: Mailbox) -> None:
        """Validates the mailbox, once a day or at start."""
        await self._call(
            box,
            "POST",
            "",
            {"mex-ClientVersion": "ehub-peers", "mex-OSName": "Linux", "mex-OSVersion": "0"},
        )

    async def inbox(self, box: Mailbox, workflow: str) -> list[str]:
        """Ids of messages not yet acknowledged, oldest first."""
        _, body = await self._call(box, "GET", f"/inbox?max_results=500&workflow_filter={workflow}")
        return list(_json(body).get("messages", []))

    async def download(self, box: Mailbox, mesh_id: str) -> Received:
        """The whole message, its chunks joined."""
        headers, body = await self._call(box, "GET", f"/inbox/{mesh_id}")
        total = headers.get("mex-chunk-range", "1:1").partition(":")[2] or "1"
        parts = [body]
        for number in range(2, int(total) + 1):
            _, chunk = await self._call(box, "GET", f"/inbox/{mesh_id}/{number}")
            parts.append(chunk)
        return Received(mesh_id, headers, b"".join(parts))

    async def acknowledge(self, box: Mailbox, mesh_id: str) -> None:
        """Takes the message out of the inbox."""
        await self._call(box, "PUT", f"/inbox/{mesh_id}/status/acknowledged")

    async def send(
        self, box: Mailbox, to: str, workflow: str, body: bytes, subject: str = "", file_name: str = ""
    ) -> str:
        """Sends one message and returns MESH's id for it."""
        headers = {
            "mex-To": to,
            "mex-WorkflowID": workflow,
            "mex-LocalID": box.ods,
            "mex-Subject": subject,
            "mex-FileName": file_name,
            "Content-Type": "application/xml",
        }
        _, answer = await self._call(box, "POST", "/outbox", {k: v for k, v in headers.items() if v}, body)
        return str(_json(answer)["message_id"])

    async def _call(
        self, box: Mailbox, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> tuple[dict[str, str], bytes]:
        all_headers = {
            "Authorization": authorization(self._shared_key, box.mailbox, box.password),
            "Accept": _ACCEPT,
            **(headers or {}),
        }
        url = f"{self._base}/{box.mailbox}{path}"
        try:
            async with self._session.request(method, url, headers=all_headers, data=body) as response:
                content = await response.read()
                status = response.status
                answered = {name.lower(): value for name, value in response.headers.items()}
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise MeshUnavailable(f"{method} {path.partition('?')[0]}: {type(error).__name__}") from error
        if status >= 500 or status in (408, 429):
            raise MeshUnavailable(f"{method} {path.partition('?')[0]}: {status}")
        if status >= 300:
            raise MeshError(f"{method} {path.partition('?')[0]}: {status} {content[:200]!r}")
        return answered, content


def _json(body: bytes) -> dict:
    try:
        return json.loads(body)
    except ValueError as error:
        # Half an answer; the next poll or the next attempt gets a whole one.
        raise MeshUnavailable("an answer that is not JSON") from error
