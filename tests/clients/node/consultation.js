// One consultation from submit to close, with every answer an integrator has to understand.
//
// While the suite is up:  cd tests/clients/node && npm ci && node consultation.js
// Another suite than the clone's: EHUB_WORLD=…/ehub.json

import { isDeepStrictEqual } from "node:util";
import { Caller } from "./calls.js";
import { Clinician } from "./clinician.js";
import { load } from "./contract.js";
import { registered } from "./patient.js";
import { Prescriber } from "./prescriber.js";
import { refused, Supplier } from "./supplier.js";
import { World } from "./world.js";

const PRACTICE = "A81001";
const ehub = load();
const world = new World();
const patient = await registered(world, PRACTICE);
const supplier = new Supplier(ehub, new Caller(world, "supplier"));

say(await refused(() => supplier.submit(supplier.wrong(patient))));
const request = supplier.request(PRACTICE, patient, "My throat has been sore since Monday.");
const first = await supplier.submit(request);
say(`submitted ${first.body.consultation}, reference ${first.body.receipt.reference}, replayed ${first.replayed}`);
const again = await supplier.submit(request);
say(`submitted again: same answer ${isDeepStrictEqual(again.body, first.body)}, replayed ${again.replayed}`);
say(`consultations of this supplier reference: ${(await supplier.named(request.supplier_reference)).length}`);

const clinician = new Clinician(ehub, new Caller(world, "gp-anna"));
const item = await clinician.awaits(first.body.consultation);
say(`in the inbox, to be answered by ${time(item.respond_by)}`);
const claim = await clinician.claim(item.consultation);
say(`claimed until ${time(claim.expire_time)}`);
say(await refused(() => clinician.read()));
say(`reads: ${(await clinician.read(clinician.grant)).content.free_text}`);
const entry = await clinician.file();
say(`filed ${entry}`);

const prescriber = new Prescriber(ehub, clinician, world.facts.signer);
const { raised, prepared } = await prescriber.raiseAndPrepare();
say(`raised ${raised.name}, short id ${raised.short_id}, to be signed with ${prepared.algorithm}`);
const early = await refused(() => clinician.complete());
say(early);
// The refusal ended the old grant and brought a new one to settle what is open with.
clinician.grant = early.metadata.grant;
say(`issued: ${await prescriber.signAndIssue()}`);
say(`completed, waiting for ${(await clinician.complete()).manifest.sort().join(", ")}`);

const outcome = await clinician.arrived(new Caller(world, "practice-alder"), entry);
say(`entry: ${outcome.state} ${outcome.attention_reason}`.trimEnd());
say(`status: ${await supplier.closed(first.body.receipt.reference, patient.birth_date)}`);
const auditor = new Caller(world, "auditor");
const audit = auditor.client("audit", ehub.audit.v1.AuditService);
const timeline = await auditor.call(audit, "GetTimeline", { consultation: first.body.consultation });
for (const event of timeline.body.events) {
  say(`  ${time(event.time)} ${event.actor || event.source} ${event.action} ${event.outcome}`);
}
// Open channels keep a program alive.
process.exit(0);

function say(what) {
  console.log(String(what));
}

function time({ seconds, nanos }) {
  return new Date(Number(seconds) * 1000 + nanos / 1e6).toISOString();
}
