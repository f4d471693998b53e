// What a refusal says: the `google.rpc.Status` in the trailers, taken apart.

import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import protobuf from "protobufjs";

const types = protobuf.loadSync(fileURLToPath(new URL("google_rpc.proto", import.meta.url)));
// Metadata that lets its holder act is never printed or logged.
const SECRET = ["grant"];
const AGAIN = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED];

/** A call that did not succeed. Decide by `reason` and `domain`; the message is for people and may change. */
export class Refusal extends Error {
  /** Reads an error's details; one that never reached eHub has none. */
  constructor(error) {
    super(error.details ?? error.message, { cause: error });
    this.code = error.code;
    Object.assign(this, { reason: "", domain: "", metadata: {}, fields: [], preconditions: [], retryAfterMs: undefined });
    const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
    if (bytes) this.#read(types.lookupType("google.rpc.Status").decode(bytes).details);
  }

  #read(details) {
    for (const { type_url: url, value } of details) {
      const type = types.lookup(url.split("/").pop());
      const detail = type?.decode(value);
      if (type?.name === "ErrorInfo") {
        Object.assign(this, { reason: detail.reason, domain: detail.domain, metadata: detail.metadata });
      } else if (type?.name === "BadRequest") {
        this.fields = detail.fieldViolations;
      } else if (type?.name === "PreconditionFailure") {
        this.preconditions = detail.violations;
      } else if (type?.name === "RetryInfo") {
        this.retryAfterMs = Number(detail.retryDelay.seconds) * 1000 + detail.retryDelay.nanos / 1e6;
      }
    }
  }

  /** Whether the very same request may succeed later: eHub says when, or nobody knows what became of it. */
  get worthRepeating() {
    return this.retryAfterMs !== undefined || AGAIN.includes(this.code);
  }

  toString() {
    const lines = [`refused ${status[this.code]} ${this.reason} (${this.domain}): ${this.message}`];
    lines.push(...this.fields.map(({ field, description }) => `  ${field}: ${description}`));
    lines.push(...this.preconditions.map(({ subject, description }) => `  ${subject}: ${description}`));
    const open = Object.entries(this.metadata).filter(([key]) => !SECRET.includes(key));
    lines.push(...open.sort().map(([key, value]) => `  ${key} = ${value}`));
    return lines.join("\n");
  }
}
