// The prescriber's part: raise, prepare, sign, issue.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { now } from "./clinician.js";
import { sign } from "./signing.js";

/** A clinician who is a member of the hub's cost centre. */
export class Prescriber {
  #clinician;
  #keyFolder;
  #prescribing;
  #prepared;

  constructor(ehub, clinician, keyFolder) {
    this.#clinician = clinician;
    this.#keyFolder = keyFolder;
    this.#prescribing = clinician.caller.client("prescribing", ehub.prescribing.v1.PrescribingService);
  }

  /** Raises an acute prescription and fetches the digest to sign; both answers. */
  async raiseAndPrepare() {
    const item = {
      medicine_code: "39732311000001104",
      medicine_name: "Amoxicillin 250mg capsules",
      quantity: "15",
      unit_code: "428641000",
      unit_name: "capsule",
      dosage: "One capsule three times a day for five days",
      days: 5,
      course_of_therapy: "acute",
    };
    const { consultation } = this.#clinician;
    const name = `prescriptions/${randomUUID()}`;
    const raised = await this.#act("RaisePrescription", { name, consultation, cost_centre_ods: "Y01234", items: [item] }, true);
    this.name = name;
    // The etag of each answer goes with the next act, so that nobody signs what has changed since.
    this.#prepared = await this.#act("PreparePrescription", { name, etag: raised.etag }, true);
    return { raised, prepared: this.#prepared };
  }

  /** Signs the digest with the prescriber's own key and has it sent to EPS; the state reached. */
  async signAndIssue(patienceMs = 60_000) {
    const { name } = this;
    const signed = await this.#act("SignPrescription", {
      name,
      etag: this.#prepared.etag,
      signature: sign(this.#keyFolder, this.#prepared.digest),
      record_seen_source: "GP_CONNECT",
      record_seen_time: now(),
    });
    let { state } = await this.#act("IssuePrescription", { name, etag: signed.etag });
    const end = performance.now() + patienceMs;
    // SENDING: EPS has not answered; eHub goes on by itself with identical bytes, so only look again.
    while (state === "PRESCRIPTION_STATE_SENDING" && performance.now() < end) {
      await sleep(500);
      const options = { grant: this.#clinician.grant };
      const { body } = await this.#clinician.caller.call(this.#prescribing, "GetPrescription", { name }, options);
      state = body.prescription.state;
    }
    return state;
  }

  async #act(method, fields, granted = false) {
    const options = granted ? { grant: this.#clinician.grant } : {};
    const request = { request_id: randomUUID(), ...fields };
    return (await this.#clinician.caller.call(this.#prescribing, method, request, options)).body;
  }
}
