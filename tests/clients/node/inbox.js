// A clinician's inbox, kept true by Watch through lost connections and restarts.

import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { pause } from "./calls.js";
import { Refusal } from "./refusal.js";

// A stream is opened anew at least this often.
const DEADLINE_MS = 3_600_000;
// A heartbeat comes at least every 10 seconds; three missed ones mean that nobody is there.
const SILENCE_MS = 30_000;
// CANCELLED is our own watchdog; UNAUTHENTICATED the token's end, for a stream lives no longer than it.
const OURS = [status.CANCELLED, status.UNAUTHENTICATED];

/** The open items of a person's pools, by consultation. */
export class Inbox {
  #caller;
  #client;

  constructor(ehub, caller) {
    this.#caller = caller;
    this.#client = caller.client("allocation", ehub.allocation.v1.AllocationService);
    this.items = new Map();
  }

  /** The name of each consultation that came, changed or went; an empty name when all of it is current. */
  async *changes() {
    for (let attempt = 0; ; ) {
      try {
        for await (const name of this.#stream()) {
          attempt = 0;
          yield name;
        }
      } catch (error) {
        if (error.code === undefined) throw error;
        const refusal = new Refusal(error);
        if ((!refusal.worthRepeating && !OURS.includes(refusal.code)) || attempt > 8) throw refusal;
        attempt += 1;
        const ms = pause(refusal, attempt);
        console.error(`watching again in ${(ms / 1000).toFixed(1)} s: ${status[refusal.code]} ${refusal.reason}`.trimEnd());
        await sleep(ms);
      }
    }
  }

  async *#stream() {
    // What one stream says begins from nothing: there is no position to resume from, and none is needed.
    let seen = new Map();
    const stream = this.#client.Watch({}, await this.#caller.metadata(), { deadline: Date.now() + DEADLINE_MS });
    const watchdog = setTimeout(() => stream.cancel(), SILENCE_MS);
    try {
      for await (const { change, ...said } of stream) {
        watchdog.refresh();
        if (change === "reset") {
          seen = new Map();
        } else if (change === "item") {
          this.items.set(said.item.consultation, said.item);
          seen?.set(said.item.consultation, said.item);
          yield said.item.consultation;
        } else if (change === "gone") {
          this.items.delete(said.gone);
          yield said.gone;
        } else if (change === "heartbeat") {
          // The first one after a beginning: the snapshot is whole, and what it did not name is no longer there.
          if (seen) this.items = seen;
          seen = undefined;
          yield "";
        }
      }
    } finally {
      clearTimeout(watchdog);
      stream.cancel();
    }
  }
}
