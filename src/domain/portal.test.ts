import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPortal, parsePortal } from "./portal.ts";

describe("a portal", () => {
  const good = [
    ["192.0.2.1:4420", { address: "192.0.2.1", port: 4420 }],
    ["127.0.0.1:1", { address: "127.0.0.1", port: 1 }],
    ["[2001:db8::1]:4420", { address: "2001:db8::1", port: 4420 }],
    ["[::1]:65535", { address: "::1", port: 65_535 }],
    ["[::ffff:192.0.2.1]:4420", { address: "::ffff:192.0.2.1", port: 4420 }],
  ] as const;
  for (const [text, portal] of good) {
    it(`is read from ${text} and written back`, () => {
      assert.deepEqual(parsePortal(text), portal);
      assert.equal(formatPortal(portal), text);
    });
  }

  const bad = [
    "",
    "192.0.2.1",
    "192.0.2.1:",
    "192.0.2.1:0",
    "192.0.2.1:65536",
    "192.0.2.1:99999",
    "192.0.2.1:-1",
    "192.0.2.1:44a",
    "192.0.2.1:4420,hostnqn=nqn.x",
    "192.0.2.1:4420\n",
    " 192.0.2.1:4420",
    "192.0.2.256:4420",
    "192.0.2:4420",
    "2001:db8::1:4420",
    "[192.0.2.1]:4420",
    "[2001:db8::g]:4420",
    "[2001:db8::1]4420",
    "[fe80::1%eth0]:4420",
    "storage.example.org:4420",
    "localhost:4420",
    ":4420",
    "tcp://192.0.2.1:4420",
  ];
  for (const text of bad) {
    it(`is not read from ${JSON.stringify(text)} (V28)`, () => {
      assert.equal(parsePortal(text), undefined);
    });
  }
});
