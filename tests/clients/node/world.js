// Where eHub is and how tokens are had: two addresses of your configuration, here read from the development suite.

import { readFileSync } from "node:fs";
import path from "node:path";
import { credentials } from "@grpc/grpc-js";
import { ROOT } from "./contract.js";

// A connection that died silently is noticed by a ping within 30 s, also while a stream waits.
const OPTIONS = { "grpc.keepalive_time_ms": 20_000, "grpc.keepalive_timeout_ms": 10_000 };

/** The addresses of one eHub. */
export class World {
  constructor() {
    this.facts = JSON.parse(readFileSync(process.env.EHUB_WORLD ?? path.join(ROOT, ".local/ehub.json"), "utf8"));
  }

  /** A client of a service. A deployment uses `credentials.createSsl()`. */
  client(service, Client) {
    return new Client(this.facts.services[service].grpc.replace("http://", ""), credentials.createInsecure(), OPTIONS);
  }
}

/** Access tokens of one client or person, fetched anew a minute before they expire. */
export class Tokens {
  #url;
  #clientId;
  #token = "";
  #freshUntil = 0;

  constructor(world, clientId) {
    this.#url = world.facts.issuer + "/token";
    this.#clientId = clientId;
  }

  /** The value of the metadata key `authorization`. */
  async bearer() {
    if (performance.now() >= this.#freshUntil) {
      const body = new URLSearchParams({ grant_type: "client_credentials", client_id: this.#clientId });
      const answer = await fetch(this.#url, { method: "POST", body, signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error(`the token endpoint says ${answer.status}`);
      const said = await answer.json();
      this.#token = said.access_token;
      this.#freshUntil = performance.now() + Math.max(said.expires_in - 60, 1) * 1000;
    }
    return `Bearer ${this.#token}`;
  }

  /** Fetches a new one next time: the last was refused. */
  forget() {
    this.#freshUntil = 0;
  }
}
