/** The calls of a history, as callers make them. */
import fc from "fast-check";
import { MiB } from "../../src/domain/capacity.ts";
import { nodeNames, pods, snapshotNames, volumeNames } from "./names.ts";
import type { NodeName, Pod, SnapshotName, VolumeName } from "./names.ts";

export const usages = ["ext4", "xfs", "block"] as const;
export type UsageName = (typeof usages)[number];
/** Small, medium, large. */
export const sizes = [320n * MiB, 640n * MiB, 1024n * MiB] as const;

/** With whom a node has a volume. */
export const sharings = ["alone", "readers", "writers"] as const;
export type SharingName = (typeof sharings)[number];

export type Source =
  { readonly kind: "volume"; readonly name: VolumeName } | { readonly kind: "snapshot"; readonly name: SnapshotName };

interface OnNode {
  readonly name: VolumeName;
  readonly node: NodeName;
}

export type Step =
  | {
      readonly do: "create";
      readonly name: VolumeName;
      readonly size: bigint;
      readonly source?: Source | undefined;
      readonly isForWriters: boolean;
    }
  | { readonly do: "delete"; readonly name: VolumeName }
  | { readonly do: "expand"; readonly name: VolumeName; readonly size: bigint; readonly isLimit: boolean }
  | { readonly do: "createSnapshot"; readonly snapshot: SnapshotName; readonly name: VolumeName }
  | { readonly do: "deleteSnapshot"; readonly snapshot: SnapshotName }
  /** Readers read, whatever `isReadOnly` says. */
  | ({ readonly do: "publish"; readonly isReadOnly: boolean; readonly sharing: SharingName } & OnNode)
  | { readonly do: "unpublish"; readonly name: VolumeName; readonly from: NodeName | "everyone" }
  /** `age`: with which of the contexts that the node got, 0 for the last one. */
  | ({ readonly do: "stage"; readonly usage: UsageName; readonly age: number } & OnNode)
  | ({ readonly do: "unstage" } & OnNode)
  | ({
      readonly do: "nodePublish";
      readonly pod: Pod;
      readonly isReadOnly: boolean;
      readonly isForOnePod: boolean;
    } & OnNode)
  /** `pathOf`: a caller may mistake the path of another volume for this one's. */
  | ({ readonly do: "nodeUnpublish"; readonly pod: Pod; readonly pathOf: VolumeName } & OnNode)
  | ({ readonly do: "nodeExpand"; readonly at: Pod | "staging" } & OnNode)
  | ({ readonly do: "stats"; readonly pod: Pod } & OnNode)
  | ({ readonly do: "write"; readonly pod: Pod } & OnNode)
  | ({ readonly do: "lose" } & OnNode)
  | { readonly do: "restart"; readonly node: NodeName };

/** The next steps on the way to a pod that writes, or on the way back; which ones those are depends on what is there. */
export interface Way {
  readonly do: "up" | "down";
  readonly name: VolumeName;
  readonly node: NodeName;
  readonly pod: Pod;
  readonly usage: UsageName;
  /** How the node and the pod are given the volume. */
  readonly isReadOnly: boolean;
  readonly sharing: SharingName;
  /** How many steps. */
  readonly times: number;
}

/** The process that serves the call dies after so many of its steps. */
export interface Kill {
  readonly after: number;
  readonly then: "repeat" | "inverse";
  /** Whether the connection is gone by the time that the next process starts. */
  readonly isLost: boolean;
}

export interface Command {
  readonly step: Step | Way;
  /** Whether a step on a node is taken on the node that holds the volume, and for a pod that has it. */
  readonly isAtHolder: boolean;
  readonly kill?: Kill | undefined;
}

/** The first names come most often, so that much happens to one volume. */
const name = fc
  .constantFrom("a", "a", "a", "a", "b", "c")
  .map((text) => volumeNames.find((known) => known === text) ?? "a");
const node = fc.constantFrom("A", "A", "B").map((text) => nodeNames.find((known) => known === text) ?? "A");
const [pod, size, usage] = [fc.constantFrom(...pods), fc.constantFrom(...sizes), fc.constantFrom(...usages)];
const snapshot = fc.constantFrom(...snapshotNames);
const rarely = fc.nat({ max: 4 }).map((number) => number === 4);
const source: fc.Arbitrary<Source> = fc.oneof(
  fc.record({ kind: fc.constant("volume" as const), name }),
  fc.record({ kind: fc.constant("snapshot" as const), name: snapshot }),
);

function is<const Do extends string>(what: Do): fc.Arbitrary<Do> {
  return fc.constant(what);
}

const age = fc.oneof(
  { arbitrary: fc.constant(0), weight: 3 },
  { arbitrary: fc.integer({ min: 1, max: 3 }), weight: 1 },
);
const from = fc.constantFrom(...nodeNames, "everyone" as const);

const mostly = fc.oneof({ arbitrary: is("ext4"), weight: 3 }, { arbitrary: usage, weight: 3 });
const sharing = fc.constantFrom("alone" as const, "alone" as const, "alone" as const, ...sharings);
const way = { name, node, pod, usage: mostly, isReadOnly: rarely, sharing, times: fc.integer({ min: 1, max: 4 }) };
const copyOf = fc.option(source, { nil: undefined });
const own = fc.record({ do: is("nodeUnpublish"), name, node, pod }).map((step) => ({ ...step, pathOf: step.name }));
const at = fc.constantFrom(...pods, "staging" as const);

const weighted: readonly (readonly [number, fc.Arbitrary<Step | Way>])[] = [
  [32, fc.record({ do: is("up"), ...way })],
  [6, fc.record({ do: is("down"), ...way })],
  [4, fc.record({ do: is("create"), name, size, source: copyOf, isForWriters: rarely })],
  [2, fc.record({ do: is("delete"), name })],
  [2, fc.record({ do: is("expand"), name, size, isLimit: rarely })],
  [3, fc.record({ do: is("createSnapshot"), snapshot, name })],
  [1, fc.record({ do: is("deleteSnapshot"), snapshot })],
  [3, fc.record({ do: is("publish"), name, node, isReadOnly: rarely, sharing })],
  [3, fc.record({ do: is("unpublish"), name, from })],
  [4, fc.record({ do: is("stage"), name, node, usage, age })],
  [2, fc.record({ do: is("unstage"), name, node })],
  [3, fc.record({ do: is("nodePublish"), name, node, pod, isReadOnly: rarely, isForOnePod: rarely })],
  [2, own],
  [1, fc.record({ do: is("nodeUnpublish"), name, node, pod, pathOf: name })],
  [2, fc.record({ do: is("nodeExpand"), name, node, at })],
  [2, fc.record({ do: is("stats"), name, node, pod })],
  [2, fc.record({ do: is("write"), name, node, pod })],
  [2, fc.record({ do: is("lose"), name, node })],
  [1, fc.record({ do: is("restart"), node })],
];
const anyStep = fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const isAtHolder = fc.nat({ max: 3 }).map((number) => number > 0);
const then = fc.constantFrom("repeat" as const, "inverse" as const);
const kill: fc.Arbitrary<Kill> = fc.record({
  after: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 14 })),
  then,
  isLost: rarely,
});

const sometimes = fc.oneof({ arbitrary: fc.constant(undefined), weight: 3 }, { arbitrary: kill, weight: 1 });

export const history: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.record({ step: anyStep, isAtHolder, kill: sometimes }),
  { maxLength: 25, size: "max" },
);
