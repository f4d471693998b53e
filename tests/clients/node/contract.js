// The contract, read straight from proto/ at the start: no generated code.

import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const PROTO = path.join(ROOT, "proto");

// Field and enum names stay as the contract writes them; 64-bit numbers, which JavaScript cannot hold, become strings.
const STYLE = { keepCase: true, enums: String, longs: String, defaults: true, oneofs: true, includeDirs: [PROTO] };

/** Every service of v1 by its context: `ehub.intake.v1.IntakeService` and so on. */
export function load() {
  const files = readdirSync(path.join(PROTO, "ehub")).flatMap((context) => {
    const folder = path.join("ehub", context, "v1");
    const names = context === "internal" ? [] : readdirSync(path.join(PROTO, folder));
    return names.filter((name) => name.endsWith(".proto")).map((name) => path.join(folder, name));
  });
  return loadPackageDefinition(loadSync(files, STYLE)).ehub;
}
