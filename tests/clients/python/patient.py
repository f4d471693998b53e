"""A made-up patient of the NHS test range, known to the development suite's demographics."""

from __future__ import annotations

import json
import random
import urllib.request
from dataclasses import dataclass

from world import World


@dataclass
class TestPatient:
    """Who the consultation is for. Never try eHub with a real person's details."""

    nhs_number: str
    family_name: str = "Zażółć"
    given_names: str = "Łucja"
    birth_date: str = "1985-04-12"
    gender: str = "female"


def registered(world: World, practice_ods: str) -> TestPatient:
    """A new patient whom demographics has at a practice. In a deployment patients are there already."""
    patient = TestPatient(test_number())
    record = {
        "nhs_number": patient.nhs_number,
        "family": patient.family_name,
        "given": patient.given_names,
        "birth_date": patient.birth_date,
        "gender": patient.gender,
        "gp_ods": practice_ods,
        "nominated_pharmacy": "FA565",
    }
    body = json.dumps({"patients": [record]}).encode()
    url = world.facts["demographics"] + "/control/patients"
    urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": "application/json"}), timeout=10).close()
    return patient


def test_number() -> str:
    """A number from 999 000 0000 to 999 999 9999, set aside for tests, with its check digit (modulus 11)."""
    while True:
        nine = f"999{random.randrange(1_000_000):06}"
        check = -sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            return f"{nine}{check}"
