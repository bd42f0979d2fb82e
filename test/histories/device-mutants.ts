/** Faults in what tells a volume's dead mounts from another volume's, of which remembered.ts has the histories. */
import type { Mutation } from "../support/mutant.ts";

export interface Planted {
  readonly fault: string;
  /** What the round must say. */
  readonly shows: RegExp;
  readonly mutations: readonly [Mutation, ...Mutation[]];
}

const staged = "src/services/staged-volume.ts";
const publishing = "src/services/publishing.ts";

export const plantedInDevices: readonly Planted[] = [
  {
    fault: "a dead file system of another volume that is taken for one of the device's former volume",
    shows: /^I5 is broken: unstage must be ok/,
    mutations: [
      {
        ...{ name: "histories-followed", file: staged },
        ...{ replace: 'others.some((other) => hasFollowed(other, device)) ? "replaced" : "lost"', by: '"lost"' },
      },
    ],
  },
  {
    fault: "a dead file system of the volume itself that is taken for another one's",
    shows: /^I[56] |^I1, I4 or I5 /,
    mutations: [
      {
        ...{ name: "histories-own-lost", file: staged },
        ...{ replace: 'others.some((other) => hasFollowed(other, device)) ? "replaced" : "lost"', by: '"replaced"' },
      },
    ],
  },
  {
    fault: "an earlier device of a number that is taken for a later one",
    shows: /^I[56] |^I1, I4 or I5 /,
    mutations: [
      {
        ...{ name: "histories-order", file: staged },
        ...{ replace: "later.sequence > device.sequence", by: "later.sequence !== device.sequence" },
      },
    ],
  },
  {
    fault: "a dead bind of another volume's node that is taken for one of the name's former volume",
    shows: /^I5 is broken: unstage must be ok/,
    mutations: [
      {
        ...{ name: "histories-other-node", file: staged },
        ...{ replace: "(!isKnown || nodes.includes(mount.node))", by: "(!isKnown || nodes !== undefined)" },
      },
    ],
  },
  {
    fault: "a dead bind of the volume itself that is taken for another one's",
    shows: /^I[56] /,
    mutations: [
      {
        ...{ name: "histories-own-node", file: staged },
        ...{ replace: "(!isKnown || nodes.includes(mount.node))", by: "(!isKnown || nodes === undefined)" },
      },
    ],
  },
  {
    fault: "a bind of a device node that is not written down before",
    shows: /^I[56] /,
    mutations: [
      {
        ...{ name: "histories-node", file: publishing },
        ...{ replace: "withDevice(devices, bound, [bound.node])", by: "withDevice(devices, bound)" },
      },
    ],
  },
];
