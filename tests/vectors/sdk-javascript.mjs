// Signs the cases with the two JavaScript signers that people use, and writes down what they answered.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";

const require = createRequire(import.meta.url);
const older = require("aws-cloudfront-sign");
const cases = JSON.parse(readFileSync("cases.json", "utf8"));
const date = (seconds) => new Date(seconds * 1000).toISOString();
const until = { dateLessThan: date(cases.expires) };
const from = { dateGreaterThan: date(cases.starts_after) };

/** Everything the AWS SDK can be asked for, with each key and hash. */
function sdk() {
  const vectors = {};
  for (const [kind, { file, id }] of Object.entries(cases.keys)) {
    for (const hash of cases.hashes) {
      const key = {
        keyPairId: id,
        privateKey: readFileSync(`keys/${file}`, "utf8"),
        algorithm: hash.toUpperCase(),
      };
      const add = (name, made) => (vectors[`${name} ${kind} ${hash}`] = { key: kind, hash, ...made });
      const policy = JSON.stringify({
        Statement: [
          { Resource: cases.pattern, Condition: { DateLessThan: { "AWS:EpochTime": cases.expires } } },
        ],
      });
      add("cookies canned", { url: cases.url, cookies: getSignedCookies({ url: cases.url, ...until, ...key }) });
      add("cookies pattern", { url: cases.url, cookies: getSignedCookies({ policy, ...key }) });
      for (const [name, conditions] of Object.entries({
        network: { ipAddress: cases.network },
        address: { ipAddress: cases.address },
        start: from,
        everything: { ...from, ipAddress: cases.network },
      })) {
        const asked = { url: cases.pattern, ...until, ...conditions, ...key };
        add(`cookies ${name}`, { url: cases.url, cookies: getSignedCookies(asked) });
        add(`url ${name}`, { url: getSignedUrl({ url: cases.url, ...until, ...conditions, ...key }) });
      }
      add("url canned", { url: getSignedUrl({ url: cases.url, ...until, ...key }) });
      add("url canned query", { url: getSignedUrl({ url: cases.url_with_query, ...until, ...key }) });
      add("url start query", { url: getSignedUrl({ url: cases.url_with_query, ...until, ...from, ...key }) });
      add("url pattern", { url: getSignedUrl({ url: cases.url, policy, ...key }) });
    }
  }
  return vectors;
}

/** aws-cloudfront-sign: RSA over SHA-1 only, and always custom cookies. */
function community() {
  const { file, id } = cases.keys.rsa;
  const key = { keypairId: id, privateKeyString: readFileSync(`keys/${file}`, "utf8") };
  const asked = { ...key, expireTime: cases.expires * 1000 };
  const made = { key: "rsa", hash: "sha1" };
  return {
    "cookies pattern": { ...made, url: cases.url, cookies: older.getSignedCookies(cases.pattern, asked) },
    "url canned": { ...made, url: older.getSignedUrl(cases.url, asked) },
    "url canned query": { ...made, url: older.getSignedUrl(cases.url_with_query, asked) },
    "url network": { ...made, url: older.getSignedUrl(cases.url, { ...asked, ipRange: cases.network }) },
  };
}

const write = (file, vectors) => writeFileSync(file, JSON.stringify(vectors, null, 1) + "\n");
write("sdk-javascript.json", sdk());
write("aws-cloudfront-sign.json", community());
