/**
 * The contract that every back end keeps, asked over gRPC as the sidecars of Kubernetes ask it. `memory` passes it on
 * any machine, `nvmet` inside a machine with the kernel target: one suite, so that the two cannot differ.
 *
 * 1. Every test makes its own volumes and snapshots under names of its own, and takes them away however it ends.
 * 2. Sizes are as small as the driver allows; no data is written.
 */
import { after, before, describe } from "node:test";
import type { CsiClient } from "../support/csi-client.ts";
import { Bench } from "./controller-contract/bench.ts";
import { copyTests } from "./controller-contract/copies.ts";
import { groupTests, noGroupTests } from "./controller-contract/groups.ts";
import { growthTests } from "./controller-contract/growth.ts";
import { lookupTests } from "./controller-contract/lookup.ts";
import { parallelTests } from "./controller-contract/parallel.ts";
import { provisioningTests } from "./controller-contract/provisioning.ts";
import { publishingTests } from "./controller-contract/publishing.ts";
import { sharingTests } from "./controller-contract/sharing.ts";
import { snapshotLookupTests } from "./controller-contract/snapshot-lookup.ts";
import { snapshotTests } from "./controller-contract/snapshots.ts";

/** A driver that serves the Controller of the back end under test. */
export interface OpenedController {
  readonly client: CsiClient;
  close(): Promise<void>;
}

/** What a back end may lack. */
export interface Abilities {
  /** Whether it takes snapshots of several volumes at one instant. */
  readonly groups: boolean;
}

export function controllerContract(name: string, { groups }: Abilities, open: () => Promise<OpenedController>): void {
  describe(`the Controller contract on ${name}`, () => {
    let opened: OpenedController | undefined;
    const bench = new Bench(() => {
      if (opened === undefined) throw new Error("BUG: the driver is not open");
      return opened.client;
    });
    before(async () => {
      opened = await open();
    });
    after(async () => {
      await opened?.close();
    });
    provisioningTests(bench);
    publishingTests(bench);
    sharingTests(bench);
    lookupTests(bench);
    growthTests(bench);
    snapshotTests(bench);
    snapshotLookupTests(bench);
    copyTests(bench);
    if (groups) groupTests(bench);
    else noGroupTests(bench);
    parallelTests(bench);
  });
}
