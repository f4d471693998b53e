"""The peers as processes: a hub's part is played here against the sandbox and every server, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
import time
import uuid
from pathlib import Path

import aiohttp

from . import itk3_ack, samples, signing
from .mesh_client import Mailbox, MeshClient, MeshError, MeshUnavailable

HUB = Mailbox("HUB01", "hub-password", samples.HUB_ODS, "Test hub")
PRACTICES = [Mailbox(f"GP{n:02}", f"secret-{n}", f"A830{n:02}", f"Practice {n}") for n in range(1, 6)]
WORKFLOW = "GPFED_CONSULT_REPORT"


def run(documents: int) -> int:
    """Runs the live checks; 0 when all passed."""
    try:
        asyncio.run(_run(documents))
    except AssertionError as error:
        print(f"FAIL  live: {error}")
        return 1
    return 0


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


@contextlib.asynccontextmanager
async def _process(folder: Path, name: str, config: dict):
    config_file, ready = folder / f"{name}.json", folder / f"{name}.ready"
    config_file.write_text(json.dumps(config), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ehub_peers", name, "--config", str(config_file), "--ready", str(ready),
        "--exit-with-parent", stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        started = time.monotonic()
        while not ready.exists():
            _expect(process.returncode is None, f"{name} ended with {process.returncode}")
            _expect(time.monotonic() - started < 20, f"{name} was not ready in 20 s")
            await asyncio.sleep(0.02)
        yield json.loads(ready.read_text(encoding="utf-8"))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            raise AssertionError(f"{name} did not end within 10 s of SIGTERM") from None
    _expect(code == 0, f"{name} ended with {code} on SIGTERM")


async def _run(documents: int) -> None:
    boxes = [box.__dict__ for box in (HUB, *PRACTICES)]
    with tempfile.TemporaryDirectory(prefix="ehub-peers-") as temporary:
        folder = Path(temporary)
        async with _process(folder, "mesh", {"mesh": {"mailboxes": boxes, "shared_key": "TestKey"}}) as mesh:
            config = {
                "mesh": {"url": mesh["mesh"], "shared_key": "TestKey"},
                "practice": {"mailboxes": boxes[1:], "documents_dir": str(folder / "documents")},
                "demographics": {
                    "patients": [
                        {"nhs_number": "9990000018", "family": "Testerton", "birth_date": "1970-02-03",
                         "gp_ods": "A83001", "nominated_pharmacy": "FA565"},
                        {"nhs_number": "9990000026", "family": "Hidden", "birth_date": "1980-01-01", "security": "R"},
                        {"nhs_number": "9990000034", "untraced": True},
                    ],
                    "default_gp_ods": "A83002",
                },
            }
            async with _process(folder, "all", config) as peers, aiohttp.ClientSession() as session:
                hub = Hub(session, mesh, peers)
                for check in (hub.documents, hub.misbehaviour, hub.lost_answer, hub.prescriptions, hub.patients, hub.alerts):
                    await check()
                    print(f"ok    live: {check.__name__.replace('_', ' ')}")
                print(f"ok    live: {await hub.throughput(documents)}")


class Hub:
    """A hub that does everything right."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: dict, peers: dict) -> None:
        self.session, self.mesh_url, self.peers = session, sandbox["mesh"], peers
        self.sandbox_pid = sandbox["pid"]
        self.mesh = MeshClient(session, self.mesh_url, "TestKey")
        self.acks: dict[str, list[str]] = {}
        self.unreadable = 0

    async def post(self, url: str, body: object, headers: dict[str, str] | None = None) -> tuple[int, dict]:
        async with self.session.post(url, json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def get(self, url: str) -> tuple[int, dict]:
        async with self.session.get(url) as response:
            return response.status, await response.json(content_type=None)

    async def send(self, box: Mailbox, **options: object) -> tuple[bytes, dict[str, str]]:
        body, ids = samples.send_document(mailbox=HUB.mailbox, **options)  # type: ignore[arg-type]
        await self.mesh.send(HUB, box.mailbox, WORKFLOW, body, "Consultation report, Version: 1")
        return body, ids

    async def collect(self) -> None:
        for mesh_id in await self.mesh.inbox(HUB, WORKFLOW + "_ACK"):
            received = await self.mesh.download(HUB, mesh_id)
            try:
                response = itk3_ack.read_response(received.body)
                self.acks.setdefault(response.sender_reference, []).append(response.code)
            except Exception:
                self.unreadable += 1
            await self.mesh.acknowledge(HUB, mesh_id)

    async def await_acks(self, reference: str, codes: list[str], seconds: float = 10) -> None:
        started = time.monotonic()
        while self.acks.get(reference) != codes:
            _expect(time.monotonic() - started < seconds, f"wanted {codes}, got {self.acks.get(reference)}")
            await self.collect()
            await asyncio.sleep(0.05)

    async def documents(self) -> None:
        await self.mesh.handshake(HUB)
        body, ids = await self.send(PRACTICES[0])
        await self.await_acks(ids["reference"], ["20013", "30001"])
        await self.mesh.send(HUB, PRACTICES[0].mailbox, WORKFLOW, body, "Consultation report, Version: 1")
        await self.await_acks(ids["reference"], ["20013", "30001", "20007"])
        _, listed = await self.get(f"{self.peers['practice']}/documents?sender_reference={ids['reference']}")
        _expect([d["accepted"] for d in listed["documents"]] == [True, False], "one document, one duplicate")
        wrong = Mailbox(HUB.mailbox, "wrong", HUB.ods, HUB.name)
        try:
            await self.mesh.inbox(wrong, WORKFLOW)
            raise AssertionError("the sandbox accepted a wrong password")
        except MeshError as error:
            _expect("403" in str(error), "a wrong password is refused")

    async def misbehaviour(self) -> None:
        _, negative = await self.send(PRACTICES[1], text="TRIGGER-BUSINESS-30003")
        _, silent = await self.send(PRACTICES[1], in_pdf="TRIGGER-SILENT")
        _, reordered = await self.send(PRACTICES[2], text="TRIGGER-REORDERED")
        _, double = await self.send(PRACTICES[2], text="TRIGGER-DUPLICATE")
        _, half = await self.send(PRACTICES[3], text="TRIGGER-HALF")
        await self.await_acks(negative["reference"], ["20013", "30003"])
        await self.await_acks(reordered["reference"], ["30001", "20013"])
        await self.await_acks(double["reference"], ["20013", "20013", "30001", "30001"])
        await self.await_acks(half["reference"], ["30001"])
        _expect(silent["reference"] not in self.acks and self.unreadable == 1, "one silent, one half reply")
        status, _ = await self.post(
            f"{self.peers['practice']}/behaviour", {"practice": PRACTICES[4].ods, "infrastructure": "late:400", "times": 1}
        )
        _expect(status == 200, "behaviour accepted")
        started = time.monotonic()
        _, late = await self.send(PRACTICES[4])
        await self.await_acks(late["reference"], ["20013", "30001"])
        _expect(time.monotonic() - started >= 0.4, "late")

    async def lost_answer(self) -> None:
        control = f"{self.mesh_url}/control/behaviour"
        for behaviour in ("503-after", "cut", "half"):
            await self.post(control, {"send": behaviour, "times": 1})
            body, ids = samples.send_document(mailbox=HUB.mailbox)
            try:
                await self.mesh.send(HUB, PRACTICES[0].mailbox, WORKFLOW, body, "Consultation report, Version: 1")
                raise AssertionError(f"{behaviour} was answered")
            except MeshUnavailable:
                pass
            await self.mesh.send(HUB, PRACTICES[0].mailbox, WORKFLOW, body, "Consultation report, Version: 1")
            await self.await_acks_unordered(ids["reference"], {"20013", "30001", "20007"})
            _, listed = await self.get(f"{self.peers['practice']}/documents?sender_reference={ids['reference']}")
            _expect(sum(d["accepted"] for d in listed["documents"]) == 1, "one document in spite of two sends")

    async def await_acks_unordered(self, reference: str, codes: set[str]) -> None:
        started = time.monotonic()
        while set(self.acks.get(reference, [])) != codes:
            _expect(time.monotonic() - started < 10, f"wanted {codes}, got {self.acks.get(reference)}")
            await self.collect()
            await asyncio.sleep(0.05)

    async def prescriptions(self) -> None:
        base = self.peers["eps"]
        process = f"{base}/FHIR/R4/$process-message"
        key, certificate = samples.certificate()

        def headers() -> dict[str, str]:
            return {"X-Request-ID": str(uuid.uuid4())}

        async def make(**options: object) -> dict:
            bundle = samples.prescription(**options)  # type: ignore[arg-type]
            status, prepared = await self.post(f"{base}/FHIR/R4/$prepare", bundle, headers())
            _expect(status == 200, f"$prepare: {prepared}")
            values = {p["name"]: p["valueString"] for p in prepared["parameter"]}
            return samples.signed(bundle, signing.sign(values["digest"], key, certificate), values["timestamp"])

        unknown = await make()
        status, _ = await self.post(process, unknown, headers())
        _expect(status == 400, "an unregistered key is refused")
        pem = certificate.public_bytes(signing.serialization.Encoding.PEM).decode()
        await self.post(f"{base}/control/certificates", {"certificates": [pem]})
        order = await make(items=2)
        await self.post(f"{base}/control/behaviour", {"process": "504-after", "times": 1})
        request = headers()
        _expect((await self.post(process, order, request))[0] == 504, "accepted but answered 504")
        _expect((await self.post(process, order, request))[0] == 200, "the same request again")
        _expect((await self.post(process, await make(), request))[0] == 400, "its id with another body")
        status, refused = await self.post(process, order, headers())
        code = refused["issue"][0]["details"]["coding"][0]["code"]
        _expect((status, code) == (400, "DUPLICATE_PRESCRIPTION_ID"), "the prescription under another id")
        tampered = json.loads(json.dumps(await make()))
        tampered["entry"][1]["resource"]["dosageInstruction"][0]["text"] = "Take ten"
        _expect((await self.post(process, tampered, headers()))[0] == 400, "changed after signing")
        status, answer = await self.post(process, samples.cancellation(order), headers())
        _expect(status == 200 and "R-0001" in json.dumps(answer), "cancelled")
        slow = await make(dosage="TRIGGER-EPS-504-BEFORE")
        request = headers()
        codes = [(await self.post(process, slow, request))[0] for _ in range(2)]
        _expect(codes == [504, 200], f"phrase: {codes}")
        _, held = await self.get(f"{base}/control/prescriptions")
        counts = [(p["accepted"], p["duplicates_refused"], p["replayed"]) for p in held["prescriptions"]]
        _expect(counts == [(1, 1, 1), (1, 0, 0)], f"counts: {counts}")

    async def patients(self) -> None:
        base = f"{self.peers['demographics']}/personal-demographics/FHIR/R4/Patient"
        status, known = await self.get(f"{base}/9990000018")
        practice = known["generalPractitioner"][0]["identifier"]["value"]
        _expect((status, practice) == (200, "A83001"), "a configured patient")
        _, sensitive = await self.get(f"{base}/9990000026")
        _expect("generalPractitioner" not in sensitive and "address" not in sensitive, "a sensitive patient")
        _expect((await self.get(f"{base}/9990000034"))[0] == 404, "an untraced patient")
        _, default = await self.get(f"{base}/9990000042")
        _expect(default["generalPractitioner"][0]["identifier"]["value"] == "A83002", "a patient by default")
        _expect((await self.get(f"{base}/9434765919"))[0] == 404, "outside the test range")
        _expect((await self.get(f"{base}/9990000019"))[0] == 400, "a wrong check digit")
        moved = {"nhs_number": "9990000018", "family": "Testerton", "birth_date": "1970-02-03", "gp_ods": "A83003"}
        await self.post(f"{self.peers['demographics']}/control/patients", {"patients": [moved]})
        _, found = await self.get(f"{base}?family=Testerton&birthdate=eq1970-02-03")
        patient = found["entry"][0]["resource"]
        _expect(patient["generalPractitioner"][0]["identifier"]["value"] == "A83003", "moved")
        _expect(patient["meta"]["versionId"] == "2", "a new version")

    async def alerts(self) -> None:
        base = self.peers["duty"]
        await self.post(f"{base}/control/behaviour", {"alerts": "500", "times": 1})
        codes = [(await self.post(f"{base}/alerts", {"n": n}, {"Idempotency-Key": "k"}))[0] for n in range(3)]
        _, listed = await self.get(f"{base}/alerts")
        _expect(codes == [500, 202, 202], f"codes: {codes}")
        _expect([a["repeated"] for a in listed["alerts"]] == [False, True], "a repetition is marked")

    async def throughput(self, documents: int) -> str:
        pids = {"peers": self.peers["pid"], "sandbox": self.sandbox_pid}
        started, cpu = time.monotonic(), {name: _cpu_seconds(pid) for name, pid in pids.items()}
        messages = [samples.send_document(mailbox=HUB.mailbox) for _ in range(documents)]
        limit = asyncio.Semaphore(16)

        async def send(number: int) -> None:
            async with limit:
                to = PRACTICES[number % len(PRACTICES)].mailbox
                await self.mesh.send(HUB, to, WORKFLOW, messages[number][0], "Consultation report, Version: 1")

        await asyncio.gather(*(send(n) for n in range(documents)))
        wanted = {ids["reference"] for _, ids in messages}
        while True:
            _, health = await self.get(f"{self.peers['practice']}/health")
            _, listed = await self.get(f"{self.peers['practice']}/documents?accepted=true")
            done = {d["sender_reference"] for d in listed["documents"] if len(d["answers"]) == 2}
            if wanted <= done:
                break
            _expect(time.monotonic() - started < 120, f"only {len(wanted & done)} of {documents} answered in 120 s")
            await asyncio.sleep(0.1)
        seconds = time.monotonic() - started
        _expect(health["answers_refused"] == 0, "no answer was refused")
        costs = ", ".join(
            f"{name} {1000 * (_cpu_seconds(pid) - cpu[name]) / documents:.1f} ms of CPU each and {_memory_mib(pid)} MiB"
            for name, pid in pids.items()
        )
        rate = f"{seconds:.1f} s, {documents / seconds:.0f}/s"
        return f"{documents} documents sent, filed and acknowledged twice ({rate}); {costs}"


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024
