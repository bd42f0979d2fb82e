import assert from "node:assert/strict";
import { isForSnapshots } from "../chart/grants.ts";
import type { Scenario } from "../cluster/scenario.ts";
import { askPermissions, documented } from "../support/permissions.ts";
import { install } from "../support/release.ts";

/** What a stolen token would be used for. */
const neverGranted = ["secrets", "configmaps", "pods/exec", "serviceaccounts/token", "leases.coordination.k8s.io"];

export const scenario: Scenario = {
  title: "the service account may do what docs/permissions.md says, and nothing else",
  ci: true,
  limitMs: 5 * 60_000,
  async run(cluster, signal) {
    await install(cluster, signal);
    const grants = (await documented()).filter((grant) => !isForSnapshots(grant));
    const resources = [...grants.map(({ resource }) => resource), ...neverGranted];
    const { granted, wrong } = await askPermissions(cluster, resources, grants, signal);
    assert.ok(granted > 30);
    assert.deepEqual(wrong, []);
  },
};
