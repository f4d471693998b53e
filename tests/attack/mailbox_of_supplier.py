"""The supplier's MESH mailbox, by the client of the test peers."""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp
from suite import ROOT, Suite

sys.path.insert(0, str(ROOT / "tests/peers"))
from ehub_peers.mesh_client import Mailbox, MeshClient  # noqa: E402

INTAKE, WRITEBACK = "HUBINT01", "HUBWRB01"
WORKFLOW, ACK_WORKFLOW = "GPFED_CONSULT_REPORT", "GPFED_CONSULT_REPORT_ACK"


class Mesh:
    """Sends as the supplier and reads what comes back."""

    def __init__(self, suite: Suite) -> None:
        self._url = suite.world["mesh"]
        settings = json.loads((suite.run / "mesh.json").read_text())["mesh"]
        self._key = settings["shared_key"]
        one = next(box for box in settings["mailboxes"] if box["mailbox"] == "SUPPL001")
        self._box = Mailbox(one["mailbox"], one["password"], one["ods"], one["name"])

    def send(self, body: bytes, to: str = INTAKE, workflow: str = WORKFLOW) -> str:
        """Sends bytes; MESH's id."""
        return self._run(lambda client: client.send(self._box, to, workflow, body))

    def answers(self) -> list[bytes]:
        """Everything in the mailbox, taken out of it."""

        async def take(client: MeshClient) -> list[bytes]:
            bodies = []
            for mesh_id in await client.inbox(self._box, ACK_WORKFLOW):
                bodies.append((await client.download(self._box, mesh_id)).body)
                await client.acknowledge(self._box, mesh_id)
            return bodies

        return self._run(take)

    def _run(self, act):
        async def one():
            async with aiohttp.ClientSession() as session:
                return await act(MeshClient(session, self._url, self._key))

        return asyncio.run(one())
