"""Many practices' document workflows in one process: each polls its MESH mailbox, judges what it finds and answers."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from . import itk3, itk3_ack, itk3_rules, triggers
from .answers import Answer, Behaviour, with_triggers
from .behaviour import BadBehaviour, bad_behaviour_is_400, json_object, read_times
from .mesh_client import Mailbox, MeshClient, MeshError, MeshUnavailable, Received

log = logging.getLogger("ehub_peers.practice")

WORKFLOW = "GPFED_CONSULT_REPORT"
# Downloads at one time over all mailboxes.
CONCURRENCY = 16


@dataclass
class Seen:
    """What one practice has taken in, for de-duplication."""

    messages: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    compositions: set[str] = field(default_factory=set)


@dataclass
class Verdict:
    """A judged message: the codes to answer with, and the record of it."""

    request: itk3.SendDocument
    infrastructure: str
    business: str | None
    diagnostics: str
    manner: tuple[Answer, Answer]
    record: dict


class Register:
    """The judgement of messages and the log of documents; no network."""

    def __init__(self, ods_codes: Iterable[str], documents_dir: str | None = None) -> None:
        self.records: list[dict] = []
        self.behaviours = {ods: Behaviour() for ods in ods_codes}
        self._seen = {ods: Seen() for ods in self.behaviours}
        self._documents_dir = Path(documents_dir) if documents_dir else None

    def judge(self, ods: str, mailbox: str, received: Received) -> Verdict:
        """Parses, checks, de-duplicates and logs one message."""
        behaviour = self._take(ods)
        subject = received.header("mex-subject")
        try:
            request = itk3.read(received.body)
            refusal = itk3_rules.first_refusal(request, subject, len(received.body))
        except itk3.Unreadable as error:
            request = itk3.SendDocument()
            refusal = (itk3_rules.UNREADABLE, str(error))
        duplicate = self._duplicate(ods, request) if refusal is None else None
        if duplicate and behaviour.dedupe:
            refusal = duplicate
        if refusal is None and not duplicate:
            refusal = self._cannot_replace(ods, request)
        phrases = triggers.find(request.text)
        infrastructure, business = with_triggers(behaviour, phrases)
        code, diagnostics = refusal or (itk3_rules.SUCCESS, "")
        # A forced code never turns a refusal into a success.
        if infrastructure.code and refusal is None:
            code, diagnostics = infrastructure.code, "asked for by the test"
        accepted = code in itk3_ack.POSITIVE
        business_code = (business.code or itk3_rules.PATIENT_KNOWN) if accepted else None
        record = self._record(ods, mailbox, received, request, subject)
        record |= {
            "accepted": accepted,
            "duplicate": duplicate is not None,
            "infrastructure": code,
            "business": business_code,
            "diagnostics": diagnostics,
            "triggers": phrases,
            "answers": [],
        }
        self.records.append(record)
        if accepted:
            self._remember(ods, request)
            self._keep(record, request)
        return Verdict(request, code, business_code, diagnostics, (infrastructure, business), record)

    def _take(self, ods: str) -> Behaviour:
        current = self.behaviours[ods]
        if current.remaining is not None:
            current.remaining -= 1
            if current.remaining <= 0:
                self.behaviours[ods] = Behaviour()
        return current

    def _duplicate(self, ods: str, request: itk3.SendDocument) -> tuple[str, str] | None:
        seen = self._seen[ods]
        if {request.bundle_id, request.message_id} & seen.messages:
            return itk3_rules.DUPLICATE_MESSAGE, "this message was received before"
        if request.document_id in seen.documents:
            return itk3_rules.DUPLICATE_DOCUMENT, "this document was received before in another message"
        return None

    def _cannot_replace(self, ods: str, request: itk3.SendDocument) -> tuple[str, str] | None:
        known = self._seen[ods].compositions
        if any(target.removeprefix("urn:uuid:") not in known for target in request.replaces):
            return itk3_rules.CANNOT_REPLACE, "the document it replaces was never received"
        return None

    def _remember(self, ods: str, request: itk3.SendDocument) -> None:
        seen = self._seen[ods]
        seen.messages |= {request.bundle_id, request.message_id}
        seen.documents.add(request.document_id)
        names = {request.composition_identifier, request.document_id, request.bundle_id} - {""}
        seen.compositions |= {name.removeprefix("urn:uuid:") for name in names}

    def _record(
        self, ods: str, mailbox: str, received: Received, request: itk3.SendDocument, subject: str
    ) -> dict:
        pdf = next((a.content for a in request.attachments if a.content), b"")
        return {
            "index": len(self.records),
            "practice": ods,
            "mailbox": mailbox,
            "mesh_id": received.mesh_id,
            "received_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            "subject": subject,
            "local_id": received.header("mex-localid"),
            "message_sha256": hashlib.sha256(received.body).hexdigest(),
            "bundle_id": request.bundle_id,
            "message_id": request.message_id,
            "document_id": request.document_id,
            "composition_identifier": request.composition_identifier,
            "sender_reference": request.sender_reference,
            "sender_ods": request.sender_ods,
            "sender_mailbox": request.source_endpoint or received.header("mex-from"),
            "recipient_type": request.recipient_type,
            "nhs_number": next(iter(request.nhs_numbers), None),
            "title": request.title,
            "version": itk3_rules.version_of(request, subject),
            "replaces": request.replaces,
            "pdf_bytes": len(pdf),
            "pdf_sha256": hashlib.sha256(pdf).hexdigest() if pdf else None,
        }

    def _keep(self, record: dict, request: itk3.SendDocument) -> None:
        if self._documents_dir is None:
            return
        folder = self._documents_dir / record["practice"]
        folder.mkdir(parents=True, exist_ok=True)
        for attachment in request.attachments:
            if attachment.content:
                (folder / f"{record['document_id']}-v{record['version']}.pdf").write_bytes(attachment.content)

    def set_behaviour(self, body: dict) -> dict:
        """The control call: `practice` is an ODS code or `*`."""
        known = {"practice", "infrastructure", "business", "dedupe", "times"}
        if unknown := set(body) - known:
            raise BadBehaviour(f"unknown field {sorted(unknown)}; known: {sorted(known)}")
        practice = body.get("practice", "*")
        chosen = list(self.behaviours) if practice == "*" else [practice]
        if any(ods not in self.behaviours for ods in chosen):
            raise BadBehaviour(f"no practice {practice!r} here")
        infrastructure = Answer.parse(body.get("infrastructure", "ok"))
        business = Answer.parse(body.get("business", "ok"))
        for ods in chosen:
            self.behaviours[ods] = Behaviour(infrastructure, business, bool(body.get("dedupe", True)), read_times(body))
        return {"practices": len(chosen)}

    def select(self, query: dict[str, str]) -> list[dict]:
        """Records filtered by `practice`, `sender_reference`, `nhs_number`, `accepted`, and `since` (an index)."""
        since = int(query.get("since", "0"))
        wanted = {k: v for k, v in query.items() if k in ("practice", "sender_reference", "nhs_number")}
        accepted = query.get("accepted")
        return [
            record
            for record in self.records[since:]
            if all(record[name] == value for name, value in wanted.items())
            and (accepted is None or record["accepted"] == (accepted == "true"))
        ]


class PracticePeer:
    """The network side: polling, answering, control."""

    def __init__(self, config: dict, mesh: dict) -> None:
        self.mailboxes = [Mailbox(**box) for box in config["mailboxes"]]
        self.register = Register((box.ods for box in self.mailboxes), config.get("documents_dir"))
        self._poll = config.get("poll_ms", 300) / 1000
        self._poll_idle = max(self._poll, config.get("poll_idle_ms", 1000) / 1000)
        self._mesh_config = mesh
        self._limit = asyncio.Semaphore(CONCURRENCY)
        self._tasks: set[asyncio.Task] = set()
        # Messages whose answers are out while the acknowledgement to MESH was lost.
        self._answered: dict[str, Verdict] = {}
        self._counts = {"polls": 0, "mesh_errors": 0, "answers_sent": 0, "answers_refused": 0}
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Starts one polling task per mailbox."""
        connector = aiohttp.TCPConnector(limit=32, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))
        self._mesh = MeshClient(self._session, self._mesh_config["url"], self._mesh_config.get("shared_key", "TestKey"))
        for box in self.mailboxes:
            self._spawn(self._watch(box))

    async def stop(self) -> None:
        """Ends at once; answers still waiting their time are not sent."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def application(self) -> web.Application:
        """The control API."""
        app = web.Application(middlewares=[bad_behaviour_is_400])
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/documents", self._documents),
                web.delete("/documents", self._forget),
                web.get("/behaviour", self._get_behaviour),
                web.post("/behaviour", self._post_behaviour),
            ]
        )
        return app

    def _spawn(self, coroutine) -> None:  # noqa: ANN001
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _watch(self, box: Mailbox) -> None:
        greeted = False
        pause = self._poll
        while True:
            try:
                if not greeted:
                    await self._mesh.handshake(box)
                    greeted = True
                found = await self._mesh.inbox(box, WORKFLOW)
                self._counts["polls"] += 1
                # All of them end before the next poll: a message still in hand would be listed, and judged, again.
                results = await asyncio.gather(*(self._receive(box, i) for i in found), return_exceptions=True)
                for failure in results:
                    if isinstance(failure, BaseException):
                        raise failure
                # An idle mailbox is asked less and less often, down to the configured limit.
                pause = self._poll if found else min(pause * 1.5, self._poll_idle)
            except (MeshUnavailable, MeshError) as error:
                self._counts["mesh_errors"] += 1
                log.warning("mailbox %s: %s", box.mailbox, error)
                pause = min(pause * 2, 5.0)
            await asyncio.sleep(pause)

    async def _receive(self, box: Mailbox, mesh_id: str) -> None:
        async with self._limit:
            verdict = self._answered.get(mesh_id)
            if verdict is None:
                received = await self._mesh.download(box, mesh_id)
                verdict = self.register.judge(box.ods, box.mailbox, received)
                self._answered[mesh_id] = verdict
                self._spawn(self._answer(box, verdict))
            await self._mesh.acknowledge(box, mesh_id)
            self._answered.pop(mesh_id, None)

    async def _answer(self, box: Mailbox, verdict: Verdict) -> None:
        infrastructure, business = verdict.manner
        request = verdict.request
        steps: list[tuple[Answer, str]] = []
        # An unreadable message cannot say what it wants; refusals are always worth telling.
        if request.infrastructure_requested == "true" or verdict.infrastructure != itk3_rules.SUCCESS:
            steps.append((infrastructure, verdict.infrastructure))
        if request.business_requested == "true" and verdict.business:
            steps.append((business, verdict.business))
        # "Reordered": the business acknowledgement overtakes the infrastructure one.
        steps.sort(key=lambda step: not step[0].first)
        for manner, code in steps:
            if manner.silent:
                continue
            if manner.late_ms:
                await asyncio.sleep(manner.late_ms / 1000)
            body = itk3_ack.build(
                request, code, verdict.diagnostics, box.ods, box.mailbox, f"{box.ods}:{verdict.record['mesh_id']}"
            )
            if manner.half:
                body = body[: len(body) // 2]
            for _ in range(manner.times):
                await self._send(box, verdict, code, body)

    async def _send(self, box: Mailbox, verdict: Verdict, code: str, body: bytes) -> None:
        pause = self._poll
        to = verdict.record["sender_mailbox"]
        while True:
            try:
                mesh_id = await self._mesh.send(box, to, WORKFLOW + "_ACK", body, "ITK Response", "response.xml")
            except MeshError as error:
                self._counts["answers_refused"] += 1
                verdict.record["answers"].append({"code": code, "refused": str(error)})
                return
            except MeshUnavailable:
                self._counts["mesh_errors"] += 1
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            self._counts["answers_sent"] += 1
            at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            verdict.record["answers"].append({"code": code, "mesh_id": mesh_id, "sent_at": at})
            return

    async def _health(self, _request: web.Request) -> web.Response:
        documents = len(self.register.records)
        return web.json_response({"status": "ok", "practices": len(self.mailboxes), "documents": documents} | self._counts)

    async def _documents(self, request: web.Request) -> web.Response:
        try:
            records = self.register.select(dict(request.query))
        except ValueError as error:
            raise web.HTTPBadRequest(text="since is not a number") from error
        return web.json_response({"documents": records, "next": len(self.register.records)})

    async def _forget(self, _request: web.Request) -> web.Response:
        self.register.records.clear()
        return web.json_response({"documents": []})

    async def _get_behaviour(self, _request: web.Request) -> web.Response:
        return web.json_response({ods: repr(behaviour) for ods, behaviour in self.register.behaviours.items()})

    async def _post_behaviour(self, request: web.Request) -> web.Response:
        return web.json_response(self.register.set_behaviour(await json_object(request)))
