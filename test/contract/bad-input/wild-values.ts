/** Values for the fields of requests: right ones, wrong ones and nonsense, made from the wire definition. */
import fc from "fast-check";
import { csiMessages, type CsiField, type CsiMessageName } from "../../../src/gen/csi-fields.ts";

/** Texts that mean something to the driver, besides those of the field's own. */
export interface Known {
  readonly volumes: readonly string[];
  /** Of each volume, the id of the snapshot that bears its name. */
  readonly snapshots: readonly string[];
  /** Of each volume, the id of the group of snapshots that bears its name. */
  readonly groups: readonly string[];
  readonly names: readonly string[];
  readonly nodes: readonly string[];
  /** A folder with `pod`, `file` and `link` in it; every absolute path that is made lies in it. */
  readonly inside: string;
  readonly paths: readonly string[];
}

export const contextKeys = ["schema", "epoch", "portals", "size", "blankSizes", "access", "content", "contentType"];
const contextValues = ["1", "2", "0", "-1", "1e3", "blank", "present", "read-only", "127.0.0.1:4420", "335544320"];
const hostile = [
  "../../etc/passwd",
  "%00",
  "'; --",
  "${HOME}",
  "nvmet/v1-0",
  "__proto__",
  "constructor",
  "\ud800",
  "NaN",
];
const flags = ["noatime", "bind", "ro", "loop=/dev/sda", "commit=5", "data=ordered", "compress"];
const sizes = [0n, 1n, -1n, 4n << 20n, 320n << 20n, (320n << 20n) + 1n, 1n << 30n, 1n << 46n, (1n << 63n) - 1n];

const nonsense = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 150 }),
  fc.constantFrom(...hostile),
  fc.integer({ min: 1, max: 5000 }).map((length) => "x".repeat(length)),
);

function pathIn({ inside, paths }: Known): fc.Arbitrary<string> {
  const name = fc.stringMatching(/^[^/\p{Cc}]{1,30}$/u).filter((text) => text !== "." && text !== "..");
  const wrong = [
    "pod/../pod/a",
    "pod//a",
    "pod/",
    "./pod",
    "pod/a\n",
    "pod/a\0",
    "none/none/a",
    "link/a",
    "file",
    "file/a",
  ];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...paths) },
    { weight: 2, arbitrary: name.map((text) => `${inside}/pod/${text}`) },
    { weight: 2, arbitrary: fc.constantFrom(...wrong).map((text) => `${inside}/${text}`) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 5000 }).map((length) => `${inside}/${"p".repeat(length)}`) },
    { weight: 1, arbitrary: nonsense.map((text) => (text.startsWith("/") ? `${inside}/pod/${text}` : text)) },
  );
}

function textFor(name: string, known: Known): fc.Arbitrary<string> {
  if (name.endsWith("_path")) return pathIn(known);
  const right = {
    volume_id: fc.constantFrom(...known.volumes),
    source_volume_id: fc.constantFrom(...known.volumes),
    source_volume_ids: fc.constantFrom(...known.volumes),
    snapshot_ids: fc.constantFrom(...known.snapshots),
    group_snapshot_id: fc.constantFrom(...known.groups),
    snapshot_id: fc.constantFrom(...known.snapshots),
    name: fc.constantFrom(...known.names),
    node_id: fc.constantFrom(...known.nodes),
    fs_type: fc.constantFrom("", "ext4", "xfs", "btrfs"),
  };
  const own = new Map<string, fc.Arbitrary<string> | undefined>(Object.entries(right)).get(name);
  return fc.oneof(own ?? fc.constant(""), nonsense);
}

/** A value for a key of a publish_context, or of another map. */
export const contextText = fc.oneof(fc.constantFrom(...contextValues, "memory", "nvmet"), nonsense);

const map = fc.dictionary(
  fc.oneof(fc.constantFrom(...contextKeys, "backend", "csi.storage.k8s.io/pvc/name"), nonsense),
  contextText,
  { maxKeys: 5, noNullPrototype: true },
);
/** Numbers that the specification has a name for, and others. */
const someEnum = fc.oneof(fc.integer({ min: -1, max: 8 }), fc.constantFrom(99, 2 ** 31 - 1));

function oneFor(field: CsiField, known: Known, depth: number): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case "string":
      return field.name === "mount_flags" ? fc.oneof(fc.constantFrom(...flags), nonsense) : textFor(field.name, known);
    case "bool":
      return fc.boolean();
    case "int32":
      return fc.oneof(fc.integer(), fc.integer({ min: -2, max: 5 }));
    case "int64":
      return fc.oneof(fc.constantFrom(...sizes), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map(String);
    case "enum":
      return someEnum;
    case "map":
      return map;
    case "message":
      return depth > 3 ? fc.constant({}) : messageOf(field.type, known, depth + 1);
  }
}

/** A value of a field's type; its absence too. */
export function valueFor(field: CsiField, known: Known, depth = 0): fc.Arbitrary<unknown> {
  const one = oneFor(field, known, depth);
  return fc.option(field.repeated ? fc.array(one, { maxLength: 4 }) : one, { nil: undefined, freq: 8 });
}

function messageOf(type: CsiMessageName, known: Known, depth: number): fc.Arbitrary<object> {
  const model = Object.fromEntries(csiMessages[type].map((field) => [field.name, valueFor(field, known, depth)]));
  return fc.record(model, { requiredKeys: [], noNullPrototype: true });
}
