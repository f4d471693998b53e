// The prescriber's signature, as a smartcard or signing service would make it; eHub never holds the key.

import { createPrivateKey, sign as signBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";

const DSIG = "http://www.w3.org/2000/09/xmldsig#";

/** Base64 of the XML `Signature` over the canonical SignedInfo that EPS gave. */
export function sign(folder, digest) {
  const der = readFileSync(path.join(folder, "prescriber-key.der"));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const pem = readFileSync(path.join(folder, "prescriber-certificate.pem"), "utf8");
  const certificate = pem.split("\n").filter((line) => !line.startsWith("-----")).join("").trim();
  const signedInfo = Buffer.from(digest, "base64");
  const value = signBytes("RSA-SHA256", signedInfo, key).toString("base64");
  // Inside Signature the namespace is inherited; a verifier's canonical form brings it back.
  const inner = signedInfo.toString().replace(` xmlns="${DSIG}"`, "");
  const signature =
    `<Signature xmlns="${DSIG}">${inner}<SignatureValue>${value}</SignatureValue>` +
    `<KeyInfo><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></Signature>`;
  return Buffer.from(signature).toString("base64");
}
