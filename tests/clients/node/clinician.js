// The clinician's part: watch, claim, read, file, complete.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Inbox } from "./inbox.js";

/** This moment on the wire. */
export function now() {
  return { seconds: Math.floor(Date.now() / 1000), nanos: 0 };
}

/** A clinician of the hub, with one claim at a time. */
export class Clinician {
  #ehub;
  #allocation;
  #intake;
  #writeback;

  constructor(ehub, caller) {
    this.#ehub = ehub;
    this.caller = caller;
    this.#allocation = caller.client("allocation", ehub.allocation.v1.AllocationService);
    this.#intake = caller.client("intake", ehub.intake.v1.IntakeService);
    this.#writeback = caller.client("writeback", ehub.writeback.v1.WritebackService);
  }

  /** Watches the inbox until a consultation is there; its work item. */
  async awaits(consultation) {
    const inbox = new Inbox(this.#ehub, this.caller);
    for await (const _ of inbox.changes()) {
      if (inbox.items.has(consultation)) return inbox.items.get(consultation);
    }
  }

  /** Claims it. The grant in the answer is what opens it to this person, here and at every service. */
  async claim(consultation) {
    const request = { request_id: randomUUID(), consultation };
    const { claim } = (await this.caller.call(this.#allocation, "ClaimItem", request)).body;
    Object.assign(this, { consultation, grant: claim.grant });
    return claim;
  }

  /** The consultation with its content. */
  async read(grant) {
    const request = { name: this.consultation };
    return (await this.caller.call(this.#intake, "GetConsultation", request, { grant })).body.consultation;
  }

  /** Files the coded entry for the practice, under a name of our own; its name. */
  async file() {
    const request = {
      request_id: randomUUID(),
      name: `entries/${randomUUID()}`,
      consultation: this.consultation,
      content: {
        headings: { assessment: "Tonsillitis, no red flags.", plan: "Antibiotic; review if not better in a week." },
        items: [{ kind: "FINDING", concept_id: "149951000000107", term: "Online consultation" }],
        observations: [{ concept_id: "703421000", term: "Temperature", value: "37.9", unit: "Cel" }],
      },
    };
    return (await this.caller.call(this.#writeback, "FileEntry", request, { grant: this.grant })).body.name;
  }

  /** Closes the consultation: who told the patient, when and how, and the record seen. */
  async complete() {
    const request = {
      request_id: randomUUID(),
      consultation: this.consultation,
      outcome: { kind: "OUTCOME_KIND_TREATED" },
      told: { time: now(), channel: "PHONE" },
      record_seen: { source: "GP_CONNECT", time: now() },
    };
    return (await this.caller.call(this.#allocation, "Complete", request, { grant: this.grant })).body;
  }

  /** The entry, read as `caller`, once the practice has acknowledged it or a person must act; as it was otherwise. */
  async arrived(caller, name, patienceMs = 150_000) {
    const over = ["ENTRY_STATE_ACKNOWLEDGED", "ENTRY_STATE_NEEDS_ATTENTION", "ENTRY_STATE_REJECTED"];
    for (const end = performance.now() + patienceMs; ; await sleep(500)) {
      const { entry } = (await caller.call(this.#writeback, "GetEntry", { name })).body;
      if (over.includes(entry.state) || performance.now() > end) return entry;
    }
  }
}
