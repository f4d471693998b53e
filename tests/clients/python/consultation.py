"""One consultation from submit to close, with every answer an integrator has to understand.

While the suite is up:  .local/venv/bin/python tests/clients/python/consultation.py
Needs grpcio, grpcio-tools, grpcio-status and cryptography. Another suite than the clone's: EHUB_WORLD=…/ehub.json
"""

from __future__ import annotations

from pathlib import Path

import contract as compiled
from calls import Caller
from clinician import Clinician
from patient import registered
from prescriber import Prescriber
from supplier import Supplier, refused
from world import World

PRACTICE = "A81001"


def main() -> None:
    """The whole story, line by line."""
    contract, world = compiled.load(), World()
    patient = registered(world, PRACTICE)
    supplier = Supplier(contract, Caller(world, "supplier"))

    say(refused(lambda: supplier.submit(supplier.wrong())))
    request = supplier.request(PRACTICE, patient, "My throat has been sore since Monday.")
    first = supplier.submit(request)
    say(f"submitted {first.body.consultation}, reference {first.body.receipt.reference}, replayed {first.replayed}")
    again = supplier.submit(request)
    say(f"submitted again: same answer {again.body == first.body}, replayed {again.replayed}")
    say(f"consultations of this supplier reference: {len(supplier.named(request.supplier_reference))}")

    clinician = Clinician(contract, Caller(world, "gp-anna"))
    item = clinician.awaits(first.body.consultation)
    say(f"in the inbox, to be answered by {item.respond_by.ToJsonString()}")
    claim = clinician.claim(item.consultation)
    say(f"claimed until {claim.expire_time.ToJsonString()}")
    say(refused(lambda: clinician.read(grant=None)))
    say(f"reads: {clinician.read(clinician.grant).content.free_text}")
    entry = clinician.file()
    say(f"filed {entry}")

    prescriber = Prescriber(contract, clinician, Path(world.facts["signer"]))
    raised, prepared = prescriber.raise_and_prepare()
    say(f"raised {raised.name}, short id {raised.short_id}, to be signed with {prepared.algorithm}")
    early = refused(clinician.complete)
    say(early)
    # The refusal ended the old grant and brought a new one to settle what is open with.
    clinician.grant = early.metadata["grant"]
    say(f"issued: {prescriber.sign_and_issue()}")
    say(f"completed, waiting for {', '.join(sorted(clinician.complete().manifest))}")

    outcome = clinician.arrived(Caller(world, "practice-alder"), entry)
    say(f"entry: {contract.entry.EntryState.Name(outcome.state)} {outcome.attention_reason}".rstrip())
    say(f"status: {supplier.closed(first.body.receipt.reference, patient.birth_date)}")
    auditor = Caller(world, "auditor")
    audit = auditor.stub("audit", contract.audit_grpc.AuditServiceStub)
    timeline = contract.audit.GetTimelineRequest(consultation=first.body.consultation)
    for event in auditor.call(audit.GetTimeline, timeline).body.events:
        say(f"  {event.time.ToJsonString()} {event.actor or event.source} {event.action} {event.outcome}")


def say(what: object) -> None:
    """A line, at once."""
    print(what, flush=True)


if __name__ == "__main__":
    main()
