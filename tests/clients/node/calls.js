// One way to call: a token, a deadline, and the same request again while that is worth it.

import { setTimeout as sleep } from "node:timers/promises";
import { Metadata, status } from "@grpc/grpc-js";
import { Refusal } from "./refusal.js";
import { Tokens } from "./world.js";

const DEADLINE_MS = 10_000;
// How long one intent may take with all its repetitions.
const PATIENCE_MS = 60_000;

/** Calls services as one client or person. */
export class Caller {
  #world;
  #tokens;

  constructor(world, clientId) {
    this.#world = world;
    this.#tokens = new Tokens(world, clientId);
  }

  /** A client of a service. */
  client(service, Client) {
    return this.#world.client(service, Client);
  }

  /** What goes with every call; the grant where a claim is acted under. */
  async metadata(grant) {
    const metadata = new Metadata();
    metadata.set("authorization", await this.#tokens.bearer());
    if (grant) metadata.set("ehub-grant", grant);
    return metadata;
  }

  /**
   * Calls until it succeeds, is refused for good, or patience ends; `{ body, replayed }`.
   *
   * The request goes out unchanged each time, `request_id` included: what was done already is answered, not done twice.
   */
  async call(client, method, request, { grant, deadlineMs = DEADLINE_MS } = {}) {
    const end = performance.now() + PATIENCE_MS;
    let renewed = false;
    for (let attempt = 1; ; ) {
      let refusal;
      try {
        return await once(client, method, request, await this.metadata(grant), deadlineMs);
      } catch (error) {
        if (error.code === undefined) throw error;
        refusal = new Refusal(error);
      }
      if (refusal.code === status.UNAUTHENTICATED && !renewed) {
        renewed = true;
        this.#tokens.forget();
        continue;
      }
      const ms = pause(refusal, attempt++);
      if (!refusal.worthRepeating || performance.now() + ms > end) throw refusal;
      console.error(`again in ${(ms / 1000).toFixed(1)} s: ${status[refusal.code]} ${refusal.reason}`.trimEnd());
      await sleep(ms);
    }
  }
}

/** What eHub asks for; without that, longer each time, and never in step with other clients. */
export function pause(refusal, attempt) {
  if (refusal.retryAfterMs !== undefined) return refusal.retryAfterMs + Math.random() * 200;
  return 100 + Math.random() * Math.min(200 * 2 ** attempt, 5000);
}

function once(client, method, request, metadata, deadlineMs) {
  return new Promise((resolve, reject) => {
    let replayed = false;
    const options = { deadline: Date.now() + deadlineMs };
    const call = client[method](request, metadata, options, (error, body) => (error ? reject(error) : resolve({ body, replayed })));
    call.on("metadata", (headers) => {
      replayed = headers.get("ehub-replayed")[0] === "true";
    });
  });
}
