"""Texts that are almost what a field must be: names, ids, codes, dates, and other scripts' digits and letters."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

_UUID = "0199c0de-0000-7000-8000-0000000000a7"
_RESOURCES = {"name", "consultation", "alert", "entry"}


def _dates(canary: str) -> dict[str, str]:
    return {
        "30 February": "2026-02-30",
        "compact date": "20260105",
        "week date": "2026-W01-1",
        "ordinal date": "2026-00001",
        "month 13": "2026-13-01",
        "date in Arabic digits": "٢٠٢٦-٠١-٠٥",
        "a word for a date": canary,
        "date with time": "2026-01-05T00:00:00Z",
        "29 February of a common year": "2026-02-29",
        "the year 0": "0000-01-01",
        "a year of five digits": "12026-01-05",
        "date with a name behind": "2026-01-05" + canary,
        "date with a line end": "2026-01-05\n",
        "date with a minus for a hyphen": "2026−01−05",
    }


def _names(canary: str) -> dict[str, str]:
    return {
        "name of another collection": f"things/{_UUID}",
        "UUID without a collection": _UUID,
        "name without a UUID": f"consultations/{canary}",
        "nil UUID": "consultations/00000000-0000-0000-0000-000000000000",
        "name with a slash at its end": f"consultations/{_UUID}/",
        "name that climbs": f"consultations/../consultations/{_UUID}",
        "name with an encoded slash": f"consultations%2F{_UUID}",
        "name with a line end": f"consultations/{_UUID}\n",
        "name with full-width digits": "consultations/０１９９c0de-0000-7000-8000-0000000000a7",
    }


_REQUEST_IDS = {
    "request id that is no UUID": "one-two",
    "nil request id": "00000000-0000-0000-0000-000000000000",
    "request id in braces": "{" + _UUID + "}",
    "request id without hyphens": _UUID.replace("-", ""),
    "request id with a line end": _UUID + "\n",
    "request id as a URN": "urn:uuid:" + _UUID,
    "request id of 37 characters": _UUID + "0",
}
_ODS = {"code of two characters": "A8", "code of nine characters": "A81001234", "code with a hyphen": "A81-01", "code with ä": "ä81001"}
_ODS |= {"code with a Cyrillic letter": "А81001", "code with full-width letters": "Ａ８１００１"}
_ODS |= {"code with a zero-width space": "A81\u200b001", "code with a space within": "A81 001"}
_SCTID = {
    "SNOMED code with a bad check digit": "149951000000108",
    "SNOMED code of a description": "37331000000119",
    "SNOMED code of five digits": "12345",
    "SNOMED code of letters": "abcdefg",
    "SNOMED code with a leading zero": "0149951000000107",
    "SNOMED code of nineteen digits": "1499510000001071234",
    "SNOMED code in Arabic digits": "١٤٩٩٥١٠٠٠٠٠٠١٠٧",
    "SNOMED code with a space": "149951000000107 ",
}
_NHS = {
    "NHS number with a bad check digit": "9990000019",
    "NHS number of equal digits": "4444444444",
    "NHS number of nine digits": "999000001",
    "NHS number of letters": "ABCDEFGHIJ",
    "NHS number of eleven digits": "99900000188",
    "NHS number with a sign": "+999000018",
    "NHS number in Arabic digits": "٩٩٩٠٠٠٠٠١٨",
}
_EVENT = {case.replace("request id", "event"): text for case, text in _REQUEST_IDS.items()}
_DESCRIPTION = {case: text for case, text in _SCTID.items() if case != "SNOMED code of a description"}
_DESCRIPTION |= {"SNOMED code with a bad check digit": "37331000000118", "SNOMED code of a concept": "149951000000107"}
_REFERENCE = {
    "reference of eight characters": "ABCDEFGH",
    "reference of ten characters": "ABCDEFGHJK",
    "reference with a letter outside its alphabet": "UUU-UUU-UUU",
    "reference with full-width letters": "ＡＢＣＤＥＦＧＨＪ",
    "reference of hyphens": "---------",
    "reference with a sign": "+BCDEFGHJ",
}
_OF_SIX = {"code of five": "12345", "code of seven": "6123456", "code with a hyphen": "612-45", "code with ä": "6123ä",
           "code in Arabic digits": "٦١٢٣٤٥", "code with a line end": "61234\n"}
_PRESCRIBER = {
    "sds_user_id": {"id of eleven digits": "55508668919", "id of thirteen digits": "5550866891990", "id of letters": "ABCDEFGHIJKL",
                    "id in Arabic digits": "٥٥٥٠٨٦٦٨٩١٩٩", "id with a sign": "+55508668919", "id with a line end": "55508668919\n"},
    "sds_role_profile_id": {"id of sixteen digits": "2001027321990000", "id of letters": "ABC", "id in Arabic digits": "٢٠٠١٠٢",
                            "id with a sign": "-20010273219", "id with a space": "20010 2732"},
    "role_code": {"role of three digits": "R800", "role of five digits": "R80000", "role in small letters": "r8000",
                  "role of two parts": "S8000:R8000", "role with a colon at its end": "S8000:G8000:R8000:",
                  "role with a full-width letter": "Ｒ8000", "role in Arabic digits": "R٨٠٠٠", "role with a line end": "R8000\n"},
    "professional_register": {"register in capitals": "GMC", "register nobody knows": "bma", "register with a space": "gmc "},
    "professional_code": {"code of three": "612", "code of thirteen": "6123459612345", "code with a hyphen": "61-3459",
                          "code with ä": "612345ä", "code in Arabic digits": "٦١٢٣٤٥٩", "code with a line end": "612345\n"},
    "din": _OF_SIX,
    "spurious_code": _OF_SIX | {"code that begins with 5": "512349"},
    "prescription_type": {"type nobody knows": "9999", "type of three digits": "101", "type with a space": "0101 ",
                          "type in full-width digits": "０１０１"},
}
_MAILBOX = {"mailbox with a slash": "PRACA001/inbox", "mailbox that climbs": "../PRACA001", "mailbox with ä": "PRÄCA001",
            "mailbox with a line end": "PRACA001\n", "mailbox with a space": "PRAC A001", "mailbox of 41 letters": "A" * 41}
_BY_NAME = {
    "mesh_mailbox": _MAILBOX,
    "request_id": _REQUEST_IDS, "event": _EVENT, "nhs_number": _NHS, "reference": _REFERENCE, "description_id": _DESCRIPTION,
    "concept_id": _SCTID, "medicine_code": _SCTID, "unit_code": _SCTID,
} | _PRESCRIBER


def forms(name: str, canary: str, number: str) -> Iterator[tuple[str, str]]:
    """What a field of this name must not be, as far as its name says; never without a name or number that must not come back."""
    if name in _RESOURCES:
        yield from _names(canary).items()
    elif name.endswith("_date"):
        yield from _dates(canary).items()
        if name == "birth_date":
            today = datetime.date.today()
            yield "birth date tomorrow", (today + datetime.timedelta(days=2)).isoformat()
            yield "age 131", today.replace(year=today.year - 132).isoformat()
    elif name == "ods" or name.endswith("_ods"):
        yield from _ODS.items()
        yield "a name for a code", canary
    elif name in _BY_NAME:
        yield from _BY_NAME[name].items()
        if name == "mesh_mailbox":
            # Any letters and digits make one.
            return
        yield "a name for a code", canary
        yield "an NHS number with a letter behind", number + "x"
