/**
 * Every guard of the format gate, each with what the driver is without it and the situations that only it stops. Only
 * `npm run rounds` plays them.
 */
import type { Mutation } from "../../support/mutant.ts";
import { bytesElsewhere, bytesInHead, named, vmfs, type ForeignData } from "./foreign-data.ts";
import * as scenarios from "./scenarios.ts";

export interface Guard {
  readonly name: string;
  readonly without: Mutation;
  /** A second guard that is enough alone, taken out with the first. */
  readonly alsoWithout?: Mutation;
  /** What goes wrong then. */
  readonly harm?: Readonly<Record<string, scenarios.Scenario>>;
  /** What another guard stops all the same, and what that one says. */
  readonly caught?: Readonly<Record<string, readonly [scenarios.Scenario, RegExp]>>;
}

const gate = "src/services/format-gate.ts";
const { hiddenFromTarget, zeroedBetweenPublications } = scenarios;

function hidden(data: readonly ForeignData[]) {
  return Object.fromEntries(data.map((one) => [one.name, hiddenFromTarget(one)]));
}

function refused(data: readonly ForeignData[], reasonFor: (one: ForeignData) => RegExp) {
  return Object.fromEntries(data.map((one) => [one.name, [hiddenFromTarget(one), reasonFor(one)] as const]));
}

const strangers = "another volume's device under the NQN of this one";

const zeroProof: Mutation = {
  name: "gate-zeros",
  file: gate,
  replace: "if (firstNonZero !== undefined) {",
  by: "if (false) {",
};

const signature: Mutation = {
  name: "gate-signature",
  file: gate,
  replace: "if (signature !== undefined) return",
  by: "if (false) return",
};

/** Against data that the device shows. */
const seenDataGuards: readonly Guard[] = [
  {
    name: "(c) the zero proof",
    without: zeroProof,
    harm: hidden(bytesInHead),
    caught: refused(named, ({ found }) => found),
  },
  {
    name: "(c) the regions behind the first 2 MiB",
    without: {
      name: "gate-regions",
      file: "src/domain/gate-regions.ts",
      replace: "[...fixedSpans(size), ...[size, ...blankSizes].flatMap(endSpans)]",
      by: "[{ start: 0n, end: head }]",
    },
    harm: hidden(bytesElsewhere),
  },
  {
    name: "(d) the signature",
    without: signature,
    harm: hidden([vmfs]),
    caught: refused(named, () => /data that nothing recognises, at byte \d+$/),
  },
  {
    name: "(c) the zero proof and (d) the signature",
    without: zeroProof,
    alsoWithout: signature,
    harm: hidden(named),
  },
];

/** Against data that the device does not show: lost, unreadable, out of its reach, or another device's. */
const unseenDataGuards: readonly Guard[] = [
  {
    name: "(a) what the target says of the content",
    without: { name: "gate-content", file: gate, replace: `if (content.state === "present") {`, by: "if (false) {" },
    harm: {
      "a backing zeroed between two publications": zeroedBetweenPublications("punched out"),
      "data that only the target has seen": scenarios.knownToTargetAlone,
    },
  },
  {
    name: "(a) the target's memory of content",
    without: {
      name: "gate-memory",
      file: "src/target-agent/content.ts",
      replace: "return isLoss ? { ...record, lossSeenAt: now.toISOString() } : record;",
      by: "return { ...record, content: seen };",
    },
    harm: { "a backing zeroed between two publications": zeroedBetweenPublications("punched out") },
  },
  {
    name: "(b) the uuid in the wait for the device",
    without: {
      name: "gate-uuid-wait",
      file: "src/nvme/device-wait.ts",
      replace: "namespaces.find((candidate) => candidate.uuid === uuid)",
      by: "namespaces[0]",
    },
    caught: { [strangers]: [scenarios.strangersDevice, /must have uuid .*; got 5f9e2a34.*WRONG_DEVICE/] },
  },
  {
    name: "(b) the uuid, wherever it is asked for",
    without: {
      name: "gate-uuid",
      file: "src/nvme/kernel-initiator.ts",
      replace: "return await wait.look(await readSubsystems(this.#sys, wanted.nqn), settled);",
      by: `const seen = await readSubsystems(this.#sys, wanted.nqn);
           Object.assign(wanted, { uuid: seen[0]?.namespaces[0]?.uuid ?? wanted.uuid });
           return await wait.look(seen, settled);`,
    },
    harm: { [strangers]: scenarios.strangersDevice },
  },
  {
    name: "(b) the size",
    without: {
      name: "gate-size",
      file: "src/nvme/device-wait.ts",
      replace: "namespace !== undefined && namespace.size >= atLeast",
      by: "namespace !== undefined",
    },
    harm: { "a device of half the size": scenarios.shrunkDevice(60_000) },
  },
  {
    name: "(b) the number and the uuid of the opened device",
    without: {
      name: "gate-number",
      file: "src/host/direct-io-child.ts",
      replace: "if (expect === undefined) return;",
      by: "return;",
    },
    harm: { "another disk's node under the device's name": scenarios.strangersDeviceNode },
  },
  {
    name: "(c) the difference between unreadable and empty",
    without: {
      name: "gate-unreadable",
      file: gate,
      replace: `return { action: "retry", reason: evidence.reason };`,
      by: `return { action: "format" };`,
    },
    harm: { "a file system with an unreadable superblock": scenarios.unreadableFilesystem },
  },
  {
    name: "(e) the node's own mark",
    without: { name: "gate-journal", file: gate, replace: "if (formattedInThisEpoch) {", by: "if (false) {" },
    harm: {
      "a backing zeroed while the node was down": scenarios.zeroedInOnePublication,
      "a backing zeroed between two stages": scenarios.zeroedBetweenStages,
    },
  },
];

export const guards: readonly Guard[] = [...seenDataGuards, ...unseenDataGuards];
