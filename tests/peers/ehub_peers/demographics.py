"""A demographics service of the shape of the Personal Demographics Service (FHIR R4): retrieve and search patients."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

from aiohttp import web

from . import identifiers, serving
from .behaviour import BadBehaviour, Switches, bad_behaviour_is_400, json_object, perform

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
VERIFICATION = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
ERRORS = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
_SECURITY = {"U": "unrestricted", "R": "restricted", "V": "very restricted"}

# Names of the people that exist only by default.
_FAMILIES = ("Testerton", "Sampleford", "Mockridge", "Demowell", "Exampley", "Trialby", "Proofield", "Draftholm")
_GIVENS = ("Alex", "Robin", "Sam", "Jo", "Chris", "Pat", "Lee", "Kim")


@dataclass
class Patient:
    """One record; `gp_ods` None means registered nowhere, `untraced` that the service does not know the number."""

    nhs_number: str
    family: str = ""
    given: str | list[str] = ""
    birth_date: str = ""
    gender: str = "unknown"
    gp_ods: str | None = None
    gp_since: str = "2015-04-01"
    security: str = "U"
    deceased: str | None = None
    superseded_by: str | None = None
    nominated_pharmacy: str | None = None
    postcode: str = "LS1 6AE"
    untraced: bool = False
    invalidated: bool = False
    version: int = 1
    prefix: list[str] = field(default_factory=list)

    @staticmethod
    def parse(entry: dict) -> Patient:
        """Reads one configured patient, refusing what is unknown or wrong."""
        try:
            patient = Patient(**entry)
        except TypeError as error:
            raise BadBehaviour(f"a patient has an unknown or missing field: {error}") from error
        for number in (patient.nhs_number, patient.superseded_by):
            if number is not None and not identifiers.is_test_nhs_number(str(number)):
                raise BadBehaviour("an NHS number is not a valid one of the test range")
        if patient.security not in _SECURITY:
            raise BadBehaviour("security is not U, R or V")
        return patient

    def given_names(self) -> list[str]:
        """Given names as a list."""
        return self.given.split() if isinstance(self.given, str) else list(self.given)

    def fhir(self) -> dict:
        """The Patient resource; a restricted one has no address and no practice."""
        name = {"id": "1", "use": "usual", "family": self.family, "given": self.given_names()}
        if self.prefix:
            name["prefix"] = self.prefix
        resource: dict = {
            "resourceType": "Patient",
            "id": self.nhs_number,
            "meta": {
                "versionId": str(self.version),
                "security": [
                    {"system": CONFIDENTIALITY, "code": self.security, "display": _SECURITY[self.security]}
                ],
            },
            "identifier": [
                {
                    "system": NHS_NUMBER,
                    "value": self.nhs_number,
                    "extension": [
                        {
                            "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
                            "valueCodeableConcept": {
                                "coding": [
                                    {"system": VERIFICATION, "code": "01", "display": "Number present and verified"}
                                ]
                            },
                        }
                    ],
                }
            ],
            "name": [name],
            "gender": self.gender,
            "birthDate": self.birth_date,
        }
        if self.deceased:
            resource["deceasedDateTime"] = self.deceased
        if self.security == "U":
            resource |= self._open_parts()
        return resource

    def _open_parts(self) -> dict:
        parts: dict = {"address": [{"id": "1", "use": "home", "line": ["1 Test Street"], "postalCode": self.postcode}]}
        if self.gp_ods:
            practice = {"system": ODS, "value": self.gp_ods, "period": {"start": self.gp_since}}
            parts["generalPractitioner"] = [{"id": "1", "type": "Organization", "identifier": practice}]
        if self.nominated_pharmacy:
            parts["extension"] = [
                {
                    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NominatedPharmacy",
                    "valueReference": {"identifier": {"system": ODS, "value": self.nominated_pharmacy}},
                }
            ]
        return parts


def _outcome(status: int, code: str, display: str, issue: str = "value") -> web.Response:
    body = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": issue,
                "details": {"coding": [{"system": ERRORS, "version": "1", "code": code, "display": display}]},
            }
        ],
    }
    return web.json_response(body, status=status, content_type="application/fhir+json")


def _failure(status: int) -> web.Response:
    return _outcome(status, "ERROR", f"Status {status} on request", "exception")


class Demographics:
    """The server."""

    def __init__(self, config: dict) -> None:
        self._patients: dict[str, Patient] = {}
        self._put(config.get("patients", []))
        default = config.get("default_gp_ods") or []
        self._default = [default] if isinstance(default, str) else list(default)
        self._switches = Switches(["retrieve", "search"])
        self._counts = {"retrieved": 0, "searched": 0}

    def application(self) -> web.Application:
        """Routes of the service and of its control API."""
        app = web.Application(middlewares=[bad_behaviour_is_400])
        base = "/personal-demographics/FHIR/R4/Patient"
        app.add_routes(
            [
                web.get(base, self._search_route),
                web.get(base + "/{number}", self._retrieve_route),
                web.post("/control/patients", self._post_patients),
                web.get("/control/patients", self._get_patients),
                web.get("/health", self._health),
                *self._switches.routes(),
            ]
        )
        return app

    def _put(self, entries: list[dict]) -> int:
        for patient in [Patient.parse(entry) for entry in entries]:
            before = self._patients.get(patient.nhs_number)
            if before is not None:
                patient.version = max(patient.version, before.version + 1)
            self._patients[patient.nhs_number] = patient
        return len(entries)

    def find(self, number: str) -> Patient | None:
        """The record under a number; configured ones first, then the default for the rest of the test range."""
        if number in self._patients:
            return self._patients[number]
        if self._default and identifiers.is_test_nhs_number(number):
            return self._by_default(number)
        return None

    def _by_default(self, number: str) -> Patient:
        n = int(number[3:9])
        birth = datetime.date(1930, 1, 1) + datetime.timedelta(days=n * 7919 % 32000)
        return Patient(
            nhs_number=number,
            family=_FAMILIES[n % len(_FAMILIES)],
            given=_GIVENS[n // 7 % len(_GIVENS)],
            birth_date=birth.isoformat(),
            gender="female" if n % 2 else "male",
            gp_ods=self._default[n % len(self._default)],
        )

    async def _retrieve_route(self, request: web.Request) -> web.StreamResponse:
        self._counts["retrieved"] += 1
        return await perform(request, self._switches.by_name["retrieve"].take(), self._retrieve, _failure)

    async def _search_route(self, request: web.Request) -> web.StreamResponse:
        self._counts["searched"] += 1
        return await perform(request, self._switches.by_name["search"].take(), self._search, _failure)

    async def _retrieve(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if not identifiers.is_nhs_number(number):
            return _outcome(400, "INVALID_RESOURCE_ID", "Resource Id is invalid")
        patient = self.find(number)
        # A superseded number is answered with the record that took its place, under the new number.
        followed = 0
        while patient is not None and patient.superseded_by and followed < 8:
            patient = self.find(patient.superseded_by)
            followed += 1
        if patient is None or patient.untraced:
            return _outcome(404, "RESOURCE_NOT_FOUND", "Resource not found", "not-found")
        if patient.invalidated:
            return _outcome(404, "INVALIDATED_RESOURCE", "Resource that has been marked as invalid was requested")
        return _fhir(patient.fhir(), request, {"ETag": f'W/"{patient.version}"'})

    async def _search(self, request: web.Request) -> web.Response:
        family = request.query.get("family", "").lower()
        birth = request.query.get("birthdate", "").removeprefix("eq")
        gender = request.query.get("gender", "")
        if not family or not birth:
            return _outcome(400, "INVALID_SEARCH_DATA", "Search data is invalid - family and birthdate are needed")
        given = request.query.get("given", "").lower()
        found = [
            patient
            for patient in self._patients.values()
            if not (patient.untraced or patient.invalidated or patient.superseded_by)
            and patient.family.lower() == family
            and patient.birth_date == birth
            and gender in ("", patient.gender)
            and (not given or given in [name.lower() for name in patient.given_names()])
        ]
        if len(found) > int(request.query.get("_max-results", "1")):
            return _outcome(200, "TOO_MANY_MATCHES", "Too Many Matches", "multiple-matches")
        entries = [
            {
                "fullUrl": f"{request.url.origin()}/personal-demographics/FHIR/R4/Patient/{patient.nhs_number}",
                "search": {"score": 1},
                "resource": patient.fhir(),
            }
            for patient in found
        ]
        bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
        return _fhir(bundle | {"timestamp": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")}, request)

    async def _post_patients(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        return web.json_response({"changed": self._put(body.get("patients", []))})

    async def _get_patients(self, _request: web.Request) -> web.Response:
        return web.json_response({"patients": [patient.__dict__ for patient in self._patients.values()]})

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "patients": len(self._patients)} | self._counts)


def _fhir(body: dict, request: web.Request, headers: dict[str, str] | None = None) -> web.Response:
    all_headers = dict(headers or {})
    # PDS gives both back, so that a log line on either side finds the other.
    for name, default in (("X-Request-ID", str(uuid.uuid4())), ("X-Correlation-ID", "")):
        if value := request.headers.get(name, default):
            all_headers[name] = value
    return web.json_response(body, headers=all_headers, content_type="application/fhir+json")
