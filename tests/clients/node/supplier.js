// The supplier's part: submitting for a patient, and asking later how it stands.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Refusal } from "./refusal.js";

/** An online-consultation supplier. */
export class Supplier {
  #caller;
  #intake;

  constructor(ehub, caller) {
    this.#caller = caller;
    this.#intake = caller.client("intake", ehub.intake.v1.IntakeService);
  }

  /** A request to submit. Keep it until it is answered: a repeated call must be this very request. */
  request(practiceOds, patient, text) {
    return {
      request_id: randomUUID(), // one for each intent
      practice_ods: practiceOds,
      supplier_reference: `EX-${randomUUID()}`, // yours: one consultation for each, for ever
      channel: "CHANNEL_ONLINE",
      patient,
      submitter: { kind: "SUBMITTER_KIND_SELF" },
      content: { need: "NEED_CLINICAL", topic: "sore-throat", free_text: text },
    };
  }

  /** The same with several mistakes, to see what is said of them. */
  wrong(patient) {
    const request = this.request("A8", { ...patient, nhs_number: "9990000019", birth_date: "1985-02-30" }, "A sore throat.");
    request.content.topic = "Sore throat!";
    return request;
  }

  /** Submits; the answer comes when the consultation is durable. */
  submit(request) {
    return this.#caller.call(this.#intake, "SubmitConsultation", request);
  }

  /** The consultations submitted under a reference of ours. */
  async named(supplierReference) {
    const { body } = await this.#caller.call(this.#intake, "ListConsultations", { supplier_reference: supplierReference });
    return body.consultations.map(({ name }) => name);
  }

  /** The public state, once closing has got about; the state when patience ended otherwise. */
  async closed(reference, birthDate, patienceMs = 60_000) {
    for (const end = performance.now() + patienceMs; ; await sleep(500)) {
      const { body } = await this.#caller.call(this.#intake, "GetConsultationStatus", { reference, birth_date: birthDate });
      if (body.close_time || performance.now() > end) return body.state;
    }
  }
}

/** The refusal that an act gets. */
export async function refused(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error("this should have been refused");
}
