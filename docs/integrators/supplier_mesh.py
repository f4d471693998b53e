"""A supplier's end of MESH: sends a message to the hub's mailbox, and waits for the answers.

    python docs/integrators/supplier_mesh.py send FILE            send it and print MESH's id
    python docs/integrators/supplier_mesh.py answers FILE COUNT   wait for so many answers to it and print them

Uses the national client (PyPI mesh-client). Mailbox, password and key are those of the development suite.
"""

import os
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from mesh_client import MeshClient

HUB, OURS = "HUBINT01", "SUPPL001"
REQUEST, ANSWER = "GPFED_CONSULT_REPORT", "GPFED_CONSULT_REPORT_ACK"
FHIR = {"f": "http://hl7.org/fhir"}


def value(body: bytes, path: str) -> str:
    """The value of an element of a message."""
    found = ElementTree.fromstring(body).find(path, FHIR)
    return "" if found is None else found.get("value")


def answers(mesh: MeshClient, request: bytes, count: int) -> None:
    """Prints code and outcome of each answer to a message, in the order of their codes; gives up after a minute."""
    header = value(request, ".//f:MessageHeader/f:id")
    end, got = time.monotonic() + 60, []
    while len(got) < count and time.monotonic() < end:
        for message in mesh.iterate_all_messages():
            body = message.read()
            # Answers to other messages stay in the mailbox for whoever waits for them.
            if message.workflow_id == ANSWER and value(body, ".//f:response/f:identifier") == header:
                code = value(body, ".//f:OperationOutcome/f:issue/f:details/f:coding/f:code")
                got.append(f"{code} {value(body, './/f:response/f:code')}")
                message.acknowledge()
        time.sleep(0.3)
    print("\n".join(sorted(got)))
    if len(got) != count:
        sys.exit(f"{len(got)} answers instead of {count}")


if __name__ == "__main__":
    with MeshClient(os.environ["MESH"], OURS, "development", shared_key=b"DevelopmentKey") as client:
        report = Path(sys.argv[2]).read_bytes()
        if sys.argv[1] == "send":
            print(client.send_message(HUB, report, workflow_id=REQUEST))
        else:
            answers(client, report, int(sys.argv[3]))
