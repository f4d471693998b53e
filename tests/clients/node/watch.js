// Keeps a clinician's inbox on the screen for ever, whatever happens to connections and services.
//
// cd tests/clients/node && npm ci && node watch.js

import { Caller } from "./calls.js";
import { load } from "./contract.js";
import { Inbox } from "./inbox.js";
import { World } from "./world.js";

const inbox = new Inbox(load(), new Caller(new World(), "gp-anna"));
for await (const name of inbox.changes()) {
  if (!name) console.log(`current: ${inbox.items.size} items`);
  else if (inbox.items.has(name)) console.log(`item ${name} ${inbox.items.get(name).topic}`);
  else console.log(`gone ${name}`);
}
