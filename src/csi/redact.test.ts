import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csiMessages, type CsiField, type CsiMessageName } from "../gen/csi-fields.ts";
import { redact } from "./redact.ts";

const names = Object.keys(csiMessages) as CsiMessageName[];

/** A message with every field set: secrets hold one text, everything else another. Recursive types end at depth 4. */
function filled(type: CsiMessageName, depth = 0): Record<string, unknown> {
  if (depth > 4) return {};
  return Object.fromEntries(csiMessages[type].map((field) => [field.name, valueOf(field, depth)]));
}

function valueOf(field: CsiField, depth: number): unknown {
  const word = field.secret ? "SECRET" : "open";
  const one =
    field.kind === "map" ? { [`${word}-key`]: word } : field.kind === "message" ? filled(field.type, depth + 1) : word;
  return field.repeated ? [one, one] : one;
}

describe("a request in the log", () => {
  it("has no secret left, for every secret field of every message, nested and repeated ones too", () => {
    let secrets = 0;
    for (const type of names) {
      const message = filled(type);
      secrets += csiMessages[type].filter(({ secret }) => secret).length;
      const before = JSON.stringify(message);
      const text = JSON.stringify(redact(type, message));
      assert.doesNotMatch(text, /SECRET/, type);
      assert.equal(JSON.stringify(message), before, "the request itself is not changed");
    }
    assert.ok(secrets >= 14, `the table marks ${secrets} secret fields`);
  });

  it("shows every other field", () => {
    for (const type of names) {
      const shown = redact(type, filled(type));
      for (const field of csiMessages[type]) {
        assert.ok(field.name in shown, `${type}.${field.name} is shown`);
        const isOpen = !field.secret && field.kind !== "message" && field.name !== "mount_flags";
        if (isOpen) assert.match(JSON.stringify(shown[field.name]), /open/);
      }
    }
  });

  it("drops what is no field of the message, and what is absent", () => {
    const shown = redact("csi.v1.DeleteVolumeRequest", { volume_id: "v", password: "SECRET", secrets: null });
    assert.deepEqual(shown, { volume_id: "v" });
  });

  it("hides mount flags, which may carry passwords", () => {
    const shown = redact("csi.v1.VolumeCapability.MountVolume", { fs_type: "ext4", mount_flags: ["password=SECRET"] });
    assert.doesNotMatch(JSON.stringify(shown), /SECRET/);
    assert.equal(shown["fs_type"], "ext4");
  });
});
