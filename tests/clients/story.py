"""What the example programs must say, line by line, and what the outside world must have seen of it."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request

from programs import Wrong

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
TOLD = [
    r"refused INVALID_ARGUMENT INVALID_FIELDS \(server\.ehub\): .+",
    r"  practice_ods: .+",
    r"  patient\.nhs_number: .+",
    r"  patient\.birth_date: .+",
    r"  content\.topic: .+",
    rf"submitted (?P<consultation>consultations/{UUID}), "
    r"reference (?P<reference>\w{3}-\w{3}-\w{3}), replayed (?P<first>(?i:true|false))",
    r"submitted again: same answer (?i:true), replayed (?i:true)",
    r"consultations of this supplier reference: 1",
    rf"in the inbox, to be answered by {TIME}",
    rf"claimed until {TIME}",
    r"refused PERMISSION_DENIED GRANT_REQUIRED \(auth\.ehub\): .+",
    r"reads: My throat has been sore since Monday\.",
    rf"filed (?P<entry>entries/{UUID})",
    rf"raised (?P<prescription>prescriptions/{UUID}), short id (?P<short>\w{{6}}-Y01234-[0-9A-Z+]{{6}}), to be signed with RS256",
    r"refused FAILED_PRECONDITION OPEN_ACTIONS \(allocation\.ehub\): .+",
    r"  (?P=prescription): PRESCRIPTION_NOT_ISSUED",
    r"issued: PRESCRIPTION_STATE_ISSUED",
    r"completed, waiting for (?P=entry), (?P=prescription)",
    r"entry: ENTRY_STATE_ACKNOWLEDGED",
    r"status: STATE_CLOSED",
]
# Who did what, as the timeline must tell it, in this order.
ACTS = [
    ("supplier", "ehub.intake.v1.IntakeService/SubmitConsultation"),
    ("gp-anna", "ehub.allocation.v1.AllocationService/ClaimItem"),
    ("gp-anna", "ehub.intake.v1.IntakeService/GetConsultation"),
    ("gp-anna", "ehub.writeback.v1.WritebackService/FileEntry"),
    ("gp-anna", "ehub.prescribing.v1.PrescribingService/RaisePrescription"),
    ("gp-anna", "ehub.prescribing.v1.PrescribingService/SignPrescription"),
    ("gp-anna", "ehub.prescribing.v1.PrescribingService/IssuePrescription"),
    ("gp-anna", "ehub.allocation.v1.AllocationService/Complete"),
]


def check(output: str) -> dict[str, str]:
    """Holds a program's output against the story; what it named."""
    lines = output.splitlines()
    told = re.match("\n".join(TOLD) + "\n", output)
    if not told:
        for count in range(len(TOLD), 0, -1):
            if re.match("\n".join(TOLD[:count]) + "\n", output):
                break
        else:
            count = 0
        said = lines[count] if count < len(lines) else "nothing more"
        raise Wrong(f"line {count + 1} should be like {TOLD[count]!r}, is: {said}")
    acts = iter(tuple(line.split()[1:4]) for line in lines[len(TOLD) :])
    for actor, action in ACTS:
        if not any(act == (actor, action, "OK") for act in acts):
            raise Wrong(f"the timeline does not tell, in its place, of {actor} {action}")
    if any(word in output for word in ("eyJ", "Bearer")):
        raise Wrong("a token or grant was printed")
    return told.groupdict()


def seen_outside(world: dict, named: dict[str, str]) -> None:
    """The practice has one document, and EPS accepted one prescription once: by their own word."""
    # The last character of a short id may be `+`, which means a space in a query.
    short = urllib.parse.quote(named["short"], safe="")
    with urllib.request.urlopen(f"{world['eps']}/control/prescriptions?id={short}", timeout=10) as answer:
        held = json.load(answer)["prescriptions"]
    if [one["accepted"] for one in held] != [1]:
        raise Wrong(f"EPS should hold one prescription, accepted once, and holds {len(held)}")
    number = held[0]["nhs_number"]
    with urllib.request.urlopen(f"{world['practice']}/documents?nhs_number={number}&accepted=true", timeout=10) as answer:
        documents = json.load(answer)["documents"]
    if len(documents) != 1:
        raise Wrong(f"the practice should have one document of the patient, and has {len(documents)}")
