"""What patients write and clinicians record: made up, each with a word of its own to be found again by."""

from __future__ import annotations

import base64
import json
import urllib.request
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

HUB, ALDER, BIRCH, CEDAR, COST_CENTRE = "H8H01", "A81001", "B82002", "C83003", "Y01234"
# How a patient is reached: none of it matters to the hub, all of it has to be kept.
REACHED = {
    "phone": "07700 900123", "email": "ada@example.org", "address": "1 Mill Lane, Alder",
    "communication": {"interpreter": True, "format": "large-print"},
    "contact_safety": {"text_is_safe": True, "voicemail_is_safe": False},
}  # fmt: skip
DSIG = "http://www.w3.org/2000/09/xmldsig#"


def nhs_number(serial: int) -> str:
    """The first valid number of the test range from a serial on."""
    while True:
        nine = f"999{serial % 1_000_000:06}"
        check = (11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11) % 11
        if check != 10:
            return nine + str(check)
        serial += 1


def patient(number: int, practice: str) -> dict:
    """A patient of the test range; `register` makes demographics know them."""
    return {
        "nhs_number": nhs_number(100_000 + number * 3),
        "family_name": f"Fault{number:06}",
        "given_names": "Ada",
        "birth_date": f"19{60 + number % 40}-0{1 + number % 9}-1{number % 10}",
        "gender": "female",
        "practice": practice,
    }


def register(demographics: str, patients: list[dict]) -> None:
    """Makes demographics know patients under the details they give."""
    known = [
        {
            "nhs_number": one["nhs_number"], "family": one["family_name"], "given": one["given_names"],
            "birth_date": one["birth_date"], "gender": one["gender"], "gp_ods": one["practice"],
        }
        for one in patients
    ]  # fmt: skip
    control(demographics, "/control/patients", {"patients": known})


def control(peer: str, path: str, body: dict | None = None) -> dict:
    """Asks or tells a peer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(peer + path, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")


def submission(who: dict, word: str, need: int = 1, topic: str = "back-pain", text: str = "") -> dict:
    """Fields of a SubmitConsultation; `word` stands in the free text and nowhere else."""
    person = {name: value for name, value in who.items() if name != "practice"} | REACHED
    free_text = f"{text or 'Stiff since Monday.'} {word}"
    since = {"question_id": "since", "question": "Since when?", "answer": f"Monday, or before. {word[-8:]}"}
    return {
        "practice_ods": who["practice"],
        "channel": 1,
        "patient": person,
        "submitter": {"kind": 1},
        "content": {"need": need, "topic": topic, "free_text": free_text, "answers": [since]},
    }


def entry(word: str) -> dict:
    """Content of an entry."""
    return {
        "headings": {"assessment": f"Mechanical back pain. {word}", "plan": "Keep moving; review in a week."},
        "items": [{"kind": "FINDING", "concept_id": "149951000000107", "term": "Online consultation"}],
        "observations": [{"concept_id": "703421000", "term": "Temperature", "value": "37.2", "unit": "Cel"}],
        "follow_up": f"By phone in a week. {word[-8:]}",
    }


def medicine(note: str = "") -> dict:
    """One item of a prescription; `note` may hold a phrase that makes EPS misbehave."""
    return {
        "medicine_code": "39732311000001104",
        "medicine_name": "Amoxicillin 250mg capsules",
        "quantity": "15",
        "unit_code": "428673006",
        "unit_name": "capsule",
        "dosage": f"One capsule three times a day for five days {note}".strip(),
        "days": 5,
        "course_of_therapy": "acute",
    }


class Signer:
    """The development prescriber's smartcard."""

    def __init__(self, folder: Path) -> None:
        self._key = serialization.load_der_private_key((folder / "prescriber-key.der").read_bytes(), None)
        pem = (folder / "prescriber-certificate.pem").read_text()
        self._certificate = "".join(line for line in pem.splitlines() if not line.startswith("-----"))

    def sign(self, digest: str) -> str:
        """Signs the SignedInfo that EPS prepared."""
        signed_info = base64.b64decode(digest)
        value = base64.b64encode(self._key.sign(signed_info, padding.PKCS1v15(), hashes.SHA256())).decode()
        inner = signed_info.decode().replace(f' xmlns="{DSIG}"', "", 1)
        xml = (
            f'<Signature xmlns="{DSIG}">{inner}<SignatureValue>{value}</SignatureValue><KeyInfo><X509Data>'
            f"<X509Certificate>{self._certificate}</X509Certificate></X509Data></KeyInfo></Signature>"
        )
        return base64.b64encode(xml.encode()).decode()
