"""One consultation from submission to closure, as an integrator would write it.

Run it while `make run` is up:  .local/venv/bin/python docs/examples/consultation.py
Needs grpcio and grpcio-tools; compiles the contract itself.
"""

import json
import os
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import grpc
import grpc_tools
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[2]
world = json.loads(Path(os.environ.get("EHUB_WORLD", ROOT / ".local/ehub.json")).read_text())

# 1. The contract: compile it once for your language.
generated = tempfile.mkdtemp()
protos = [str(path) for path in (ROOT / "proto/ehub").rglob("v1/*.proto")]
well_known = Path(grpc_tools.__file__).parent / "_proto"
if protoc.main(["", f"-I{ROOT / 'proto'}", f"-I{well_known}", f"--python_out={generated}", f"--grpc_python_out={generated}", *protos]):
    sys.exit("the contract does not compile")
sys.path.insert(0, generated)
from ehub.allocation.v1 import allocation_service_pb2 as allocation  # noqa: E402
from ehub.allocation.v1 import allocation_service_pb2_grpc as allocation_grpc  # noqa: E402
from ehub.allocation.v1 import work_item_pb2 as work  # noqa: E402
from ehub.intake.v1 import consultation_pb2 as consultation  # noqa: E402
from ehub.intake.v1 import intake_service_pb2 as intake  # noqa: E402
from ehub.intake.v1 import intake_service_pb2_grpc as intake_grpc  # noqa: E402
from ehub.writeback.v1 import entry_pb2 as entry  # noqa: E402
from ehub.writeback.v1 import writeback_service_pb2 as writeback  # noqa: E402
from ehub.writeback.v1 import writeback_service_pb2_grpc as writeback_grpc  # noqa: E402


# 2. A token: from your OIDC issuer; here from the development issuer.
def token(client_id):
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": client_id}).encode()
    with urllib.request.urlopen(world["issuer"] + "/token", body) as answer:
        return json.load(answer)["access_token"]


def as_caller(client_id, grant=None):
    metadata = [("authorization", "Bearer " + token(client_id))]
    return metadata + ([("ehub-grant", grant)] if grant else [])


def channel(service):
    return grpc.insecure_channel(world["services"][service]["grpc"].removeprefix("http://"))


def now():
    moment = Timestamp()
    moment.GetCurrentTime()
    return moment


# 3. Submit, as a supplier. The request id makes a repeated call harmless.
intake_service = intake_grpc.IntakeServiceStub(channel("intake"))
submitted = intake_service.SubmitConsultation(
    intake.SubmitConsultationRequest(
        request_id=str(uuid.uuid4()),
        practice_ods="A81001",
        channel=consultation.CHANNEL_ONLINE,
        patient=consultation.Patient(family_name="Zażółć", given_names="Łucja", birth_date="1985-04-12", gender="female"),
        submitter=consultation.Submitter(kind=consultation.SUBMITTER_KIND_SELF),
        content=consultation.Content(
            need=consultation.NEED_CLINICAL, topic="back-pain", free_text="My back has been stiff since Monday."
        ),
    ),
    metadata=as_caller("supplier"),
    timeout=10,
)
print("submitted", submitted.consultation, "reference", submitted.receipt.reference)

# 4. Watch the inbox, as a clinician's front end, until it is there.
allocation_service = allocation_grpc.AllocationServiceStub(channel("allocation"))
watching = allocation_service.Watch(allocation.WatchRequest(), metadata=as_caller("gp-anna"), timeout=30)
for change in watching:
    if change.item.consultation == submitted.consultation:
        print("in the inbox, to be answered by", change.item.respond_by.ToJsonString())
        break
else:
    sys.exit("the inbox ended without it")
watching.cancel()

# 5. Claim it. The grant proves the claim to every other service.
claim = allocation_service.ClaimItem(
    allocation.ClaimItemRequest(request_id=str(uuid.uuid4()), consultation=submitted.consultation),
    metadata=as_caller("gp-anna"),
    timeout=10,
).claim
read = intake_service.GetConsultation(
    intake.GetConsultationRequest(name=submitted.consultation), metadata=as_caller("gp-anna", claim.grant), timeout=10
)
print("reads:", read.consultation.content.free_text)

# 6. File the coded entry for the practice, under an id of our own.
writeback_service = writeback_grpc.WritebackServiceStub(channel("writeback"))
filed = writeback_service.FileEntry(
    writeback.FileEntryRequest(
        request_id=str(uuid.uuid4()),
        name=f"entries/{uuid.uuid4()}",
        consultation=submitted.consultation,
        content=entry.EntryContent(
            headings={"assessment": "Mechanical back pain.", "plan": "Keep moving; review in a week."},
            items=[entry.CodedItem(kind="FINDING", concept_id="149951000000107", term="Online consultation")],
        ),
    ),
    metadata=as_caller("gp-anna", claim.grant),
    timeout=10,
)
print("filed", filed.name)

# 7. Complete: who told the patient, when and how, and the record seen.
allocation_service.Complete(
    allocation.CompleteRequest(
        request_id=str(uuid.uuid4()),
        consultation=submitted.consultation,
        outcome=work.Outcome(kind=work.OUTCOME_KIND_ADVICE_GIVEN),
        told=work.Told(time=now(), channel="PHONE"),
        record_seen=work.RecordSeen(source="GP_CONNECT", time=now()),
    ),
    metadata=as_caller("gp-anna", claim.grant),
    timeout=10,
)

# 8. The entry goes to the practice by itself. This patient gave no NHS number, so a person must see to it.
ended = (entry.ENTRY_STATE_ACKNOWLEDGED, entry.ENTRY_STATE_NEEDS_ATTENTION)
until = time.monotonic() + 60
while True:
    state = writeback_service.GetEntry(
        writeback.GetEntryRequest(name=filed.name), metadata=as_caller("gp-anna", claim.grant), timeout=10
    ).entry
    if state.state in ended or time.monotonic() > until:
        break
    time.sleep(0.2)
print("entry", entry.EntryState.Name(state.state), state.attention_reason)
if state.state != entry.ENTRY_STATE_NEEDS_ATTENTION:
    sys.exit("a person was to see to the entry")
