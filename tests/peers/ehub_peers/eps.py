"""A prescription service of the shape of EPS FHIR R4: `$prepare`, `$process-message`, signatures, de-duplication."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
import uuid

from aiohttp import web
from cryptography.hazmat.primitives import serialization

from . import eps_rules, serving, signing
from .behaviour import BadBehaviour, HttpBehaviour, Switches, bad_behaviour_is_400, json_object, perform
from .eps_rules import Issue, Message
from .eps_store import CANCELLATION_SUCCESS, HISTORY, Answered, Store, words_of

ISSUE_SYSTEM = "https://fhir.nhs.uk/CodeSystem/EPS-IssueCode"
LOWER_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Refused(Exception):
    """A request answered with an OperationOutcome."""

    def __init__(self, issues: list[Issue], status: int = 400) -> None:
        super().__init__()
        self.issues = issues
        self.status = status


def outcome(issues: list[Issue]) -> dict:
    """An OperationOutcome of errors."""
    return {
        "resourceType": "OperationOutcome",
        "meta": {"lastUpdated": _now()},
        "issue": [
            {
                "severity": "error",
                "code": issue.code,
                "details": {"coding": [{"system": ISSUE_SYSTEM, "code": issue.eps_code}]},
                "diagnostics": f"{issue.expression}: {issue.diagnostics}",
                "expression": [issue.expression],
            }
            for issue in issues
        ],
    }


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _failure(status: int) -> web.Response:
    code = {504: "timeout", 503: "transient", 429: "throttled", 400: "invalid"}.get(status, "exception")
    return web.json_response(outcome([Issue(code, "ERROR", "Bundle", f"status {status} on request")]), status=status)


class Eps:
    """The server."""

    def __init__(self, config: dict) -> None:
        self.store = Store()
        self._switches = Switches(["prepare", "process"])
        self._triggered_ids: set[str] = set()
        self._trust_any = bool(config.get("trust_any", False))
        # SubjectPublicKeyInfo → the SDS user who may sign with it, or None for any.
        self._trusted: dict[bytes, str | None] = {}
        for entry in config.get("certificates", []):
            self._trust(entry)

    def application(self) -> web.Application:
        """Routes of the service and of its control API."""
        app = web.Application(middlewares=[bad_behaviour_is_400], client_max_size=4 * 1024 * 1024)
        app.add_routes(
            [
                web.post("/FHIR/R4/$prepare", self._prepare_route),
                web.post("/FHIR/R4/$process-message", self._process_route),
                web.get("/control/prescriptions", self._prescriptions),
                web.delete("/control/prescriptions", self._forget),
                web.post("/control/state", self._set_state),
                web.post("/control/certificates", self._certificates),
                web.get("/health", serving.health),
                *self._switches.routes(),
            ]
        )
        return app

    def _trust(self, entry: object) -> None:
        fields = entry if isinstance(entry, dict) else {"certificate": entry}
        certificate = signing.load_certificate(str(fields.get("certificate", "")))
        self._trusted[signing.public_key_bytes(certificate)] = fields.get("sds_user_id")

    # The service.

    async def _prepare_route(self, request: web.Request) -> web.StreamResponse:
        return await perform(request, self._switches.by_name["prepare"].take(), self._answer(self._prepare), _failure)

    async def _process_route(self, request: web.Request) -> web.StreamResponse:
        behaviour = self._switches.by_name["process"].take()
        body = await request.read()
        request_id = request.headers.get("X-Request-ID", "")
        if behaviour == HttpBehaviour() and request_id not in self._triggered_ids:
            behaviour = _triggered(body)
            # A refusal stays one; any other spoilt answer is spoilt once, so that a faithful re-send gets through.
            if behaviour != HttpBehaviour() and not 400 <= (behaviour.before or 0) < 500:
                self._triggered_ids.add(request_id)
        return await perform(request, behaviour, self._answer(self._process), _failure)

    def _answer(self, handler):  # noqa: ANN001, ANN202 (a handler that may refuse)
        async def answer(request: web.Request) -> web.Response:
            try:
                return await handler(request)
            except Refused as refused:
                return web.json_response(outcome(refused.issues), status=refused.status)

        return answer

    async def _prepare(self, request: web.Request) -> web.Response:
        _request_id(request)
        message = _message(await request.read())
        _refuse(eps_rules.envelope(message, signed=False))
        if message.event != "prescription-order":
            raise Refused([Issue("value", "INVALID_VALUE", "MessageHeader.eventCoding", "not prescription-order")])
        _refuse(eps_rules.order(message))
        timestamp = _now()
        info = signing.expected_signed_info(message.resources, message.prescription_uuid, timestamp)
        values = {"digest": base64.b64encode(info).decode(), "timestamp": timestamp, "algorithm": "RS256"}
        parameters = [{"name": name, "valueString": value} for name, value in values.items()]
        return web.json_response({"resourceType": "Parameters", "parameter": parameters})

    async def _process(self, request: web.Request) -> web.Response:
        request_id = _request_id(request)
        body = await request.read()
        digest = hashlib.sha256(body).hexdigest()
        async with self.store.lock(request_id):
            before = self.store.answers.get(request_id)
            if before is not None:
                if before.body_sha256 != digest:
                    where = "X-Request-ID"
                    raise Refused([Issue("duplicate", "DUPLICATE_REQUEST_ID", where, "was used with another body")])
                if before.uuid in self.store.prescriptions:
                    self.store.prescriptions[before.uuid].replayed += 1
                return web.json_response(before.content, status=before.status)
            message = Message({})
            try:
                message = _message(body)
                status, content = self._accept(message, request_id)
            except Refused as refused:
                status, content = refused.status, outcome(refused.issues)
            self.store.answers[request_id] = Answered(digest, status, content, message.prescription_uuid.upper())
            return web.json_response(content, status=status)

    def _accept(self, message: Message, request_id: str) -> tuple[int, dict]:
        if message.event == "prescription-order":
            return self._order(message, request_id)
        if message.event == "prescription-order-update":
            return self._cancel(message)
        raise Refused([Issue("value", "INVALID_VALUE", "MessageHeader.eventCoding", "unknown event")])

    def _order(self, message: Message, request_id: str) -> tuple[int, dict]:
        _refuse(eps_rules.envelope(message, signed=True))
        _refuse(eps_rules.order(message))
        signature = eps_rules.get(message.resources["Provenance"][0], "signature", 0)
        when = eps_rules.text(signature, "when")
        certificate = self._verify(message, eps_rules.text(signature, "data"), when)
        if not self.store.add(message, request_id, certificate, when, words_of(message)):
            raise Refused(
                [Issue("duplicate", "DUPLICATE_PRESCRIPTION_ID", "MedicationRequest.groupIdentifier", "is held already")]
            )
        return 200, {
            "resourceType": "OperationOutcome",
            "meta": {"lastUpdated": _now()},
            "issue": [{"severity": "information", "code": "informational"}],
        }

    def _verify(self, message: Message, data: str, when: str) -> bytes:
        where = "Provenance.signature"
        if not data or not when:
            raise Refused([Issue("business-rule", "MISSING_DIGITAL_SIGNATURE", where, "data or when is missing")])
        expected = signing.expected_signed_info(message.resources, message.prescription_uuid, when)
        try:
            certificate = signing.verify(data, expected)
        except signing.SignatureRefused as refused:
            raise Refused([Issue("security", "INVALID_SIGNATURE", where, str(refused))]) from refused
        key = signing.public_key_bytes(certificate)
        if key not in self._trusted and not self._trust_any:
            raise Refused([Issue("security", "INVALID_SIGNATURE", where, "the certificate's key is not registered")])
        owner = self._trusted.get(key)
        users = eps_rules.identifiers_of(message.resources["Practitioner"][0], "https://fhir.nhs.uk/Id/sds-user-id")
        if owner is not None and users != [owner]:
            raise Refused([Issue("security", "INVALID_SIGNATURE", where, "the key belongs to another prescriber")])
        return certificate.public_bytes(serialization.Encoding.DER)

    def _cancel(self, message: Message) -> tuple[int, dict]:
        _refuse(eps_rules.envelope(message, signed=None))
        _refuse(eps_rules.cancellation(message))
        code = self.store.cancel(message, words_of(message))
        return (200 if code in CANCELLATION_SUCCESS else 400), _cancellation_response(message, code)

    # Control.

    async def _prescriptions(self, request: web.Request) -> web.Response:
        wanted = request.query.get("id", "").upper()
        found = [
            prescription.describe()
            for prescription in self.store.prescriptions.values()
            if wanted in ("", prescription.uuid, prescription.short_id)
        ]
        return web.json_response({"prescriptions": found})

    async def _forget(self, _request: web.Request) -> web.Response:
        self.store = Store()
        return web.json_response({"prescriptions": []})

    async def _set_state(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        if "state" not in body:
            raise web.HTTPBadRequest(text="state is missing")
        return web.json_response({"items": self.store.set_state(body)})

    async def _certificates(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        try:
            for entry in body.get("certificates", []):
                self._trust(entry)
        except signing.SignatureRefused as refused:
            return web.json_response({"error": str(refused)}, status=400)
        if "trust_any" in body:
            self._trust_any = bool(body["trust_any"])
        return web.json_response({"trusted": len(self._trusted), "trust_any": self._trust_any})


def _request_id(request: web.Request) -> str:
    request_id = request.headers.get("X-Request-ID", "")
    if not LOWER_UUID.fullmatch(request_id):
        raise Refused([Issue("required", "MISSING_VALUE", "X-Request-ID", "not a UUID in lower case")])
    return request_id


def _message(body: bytes) -> Message:
    try:
        bundle = json.loads(body)
    except ValueError as error:
        raise Refused([Issue("structure", "INVALID_VALUE", "Bundle", "the body is not JSON")]) from error
    if not isinstance(bundle, dict):
        raise Refused([Issue("structure", "INVALID_VALUE", "Bundle", "the body is not a JSON object")])
    return eps_rules.take_apart(bundle)


def _refuse(issues: eps_rules.Issues) -> None:
    if found := list(issues):
        raise Refused(found)


def _triggered(body: bytes) -> HttpBehaviour:
    """The manner a phrase in a dosage text or note asks for."""
    try:
        words = words_of(_message(body))
        asked = next((word.removeprefix("EPS-").lower() for word in words if word.startswith("EPS-")), "ok")
        return HttpBehaviour.parse(re.sub(r"^slow-(\d+)$", r"slow:\1", asked))
    except (Refused, BadBehaviour):
        return HttpBehaviour()


def _cancellation_response(message: Message, code: str) -> dict:
    item = json.loads(json.dumps(message.items[0]))
    status = {
        "url": eps_rules.STRUCTURE + "Extension-DM-PrescriptionStatusHistory",
        "extension": [
            {
                "url": "status",
                "valueCoding": {
                    "system": eps_rules.FHIR + "CodeSystem/medicationrequest-status-history",
                    "code": code,
                    "display": HISTORY[code],
                },
            },
            {"url": "statusDate", "valueDateTime": _now()},
        ],
    }
    item["extension"] = [*(item.get("extension") or []), status]
    item["status"] = "cancelled" if code in ("R-0001", "R-0006") else "active"
    item_url = next(url for url, resource in message.by_url.items() if resource is message.items[0])
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": eps_rules.MESSAGE_EVENT, "code": "prescription-order-response"},
        "response": {
            "identifier": eps_rules.text(message.bundle, "identifier", "value"),
            "code": "ok" if code in CANCELLATION_SUCCESS else "fatal-error",
        },
        "focus": [{"reference": item_url}],
    }
    entries = [{"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": header}, {"fullUrl": item_url, "resource": item}]
    for url, resource in message.by_url.items():
        if resource.get("resourceType") in ("Patient", "PractitionerRole", "Practitioner", "Organization"):
            entries.append({"fullUrl": url, "resource": resource})
    identifier = {"system": "https://tools.ietf.org/html/rfc4122", "value": str(uuid.uuid4())}
    return {"resourceType": "Bundle", "type": "message", "identifier": identifier, "entry": entries}
