import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csiMessages, csiMethods, type CsiField, type CsiMessageName } from "../gen/csi-fields.ts";
import { checkSizes } from "./size-limits.ts";

const requestTypes = [...new Set(Object.values(csiMethods).map(({ request }) => request))];
/** Where the specification gives another limit than 128 bytes. */
const others: Readonly<Record<string, number>> = {
  node_id: 256,
  staging_target_path: 4095,
  target_path: 4095,
  volume_path: 4095,
};

interface Place {
  readonly path: string;
  readonly field: CsiField;
  /** The request with this value in that place. */
  readonly request: (value: unknown) => object;
}

/** Every place in a request type where a text can stand, however deep. */
function placesOf(type: CsiMessageName, depth = 0): readonly Place[] {
  if (depth > 4) return [];
  return csiMessages[type].flatMap((field): readonly Place[] => {
    if (field.kind === "string" || field.kind === "map") {
      return [{ path: field.name, field, request: (value: unknown) => ({ [field.name]: value }) }];
    }
    if (field.kind !== "message") return [];
    const wrap = (inner: object) => ({ [field.name]: field.repeated ? [{}, inner] : inner });
    return placesOf(field.type, depth + 1).map((place) => ({
      path: `${field.name}.${place.path}`,
      field: place.field,
      request: (value: unknown) => wrap(place.request(value)),
    }));
  });
}

function valueOf(field: CsiField, size: number): unknown {
  if (field.kind === "map") return { k: "v".repeat(size - 1) };
  return field.repeated ? ["v".repeat(size - 1), "v"] : "v".repeat(size);
}

function limitOf(field: CsiField): number {
  return field.kind === "map" || field.repeated ? 4096 : (others[field.name] ?? 128);
}

describe("the size limits", () => {
  for (const type of requestTypes) {
    it(`hold for every text of ${type}, and name the field`, () => {
      for (const { path, field, request } of placesOf(type)) {
        const limit = limitOf(field);
        checkSizes("Test", type, request(valueOf(field, limit)));
        assert.throws(
          () => checkSizes("Test", type, request(valueOf(field, limit + 1))),
          (error: unknown) =>
            error instanceof Error && error.message.includes(field.name) && error.message.includes(`${limit} bytes`),
          path,
        );
      }
    });
  }

  it("count bytes, not characters", () => {
    checkSizes("Test", "csi.v1.DeleteVolumeRequest", { volume_id: "é".repeat(64) });
    assert.throws(() => checkSizes("Test", "csi.v1.DeleteVolumeRequest", { volume_id: `${"é".repeat(64)}x` }), {
      kind: "invalid_argument",
      message: /^cannot serve Test: volume_id .*; got "129 bytes"$/,
    });
  });

  it("count all keys and values of a map together", () => {
    const of = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${100 + n}`, "v"]));
    checkSizes("Test", "csi.v1.DeleteVolumeRequest", { secrets: of(512) });
    assert.throws(() => checkSizes("Test", "csi.v1.DeleteVolumeRequest", { secrets: of(513) }));
  });

  it("never repeat the value in the refusal", () => {
    const secrets = { password: `SENTINEL${"x".repeat(5000)}` };
    assert.throws(
      () => checkSizes("Test", "csi.v1.DeleteVolumeRequest", { secrets }),
      (error: unknown) => error instanceof Error && !error.message.includes("SENTINEL"),
    );
  });
});
