/** Several pools in the chart: what the driver is told, and what its pod sees. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePools } from "../../src/domain/pool-settings.ts";
import { containerOf, mountsOf, podOf } from "./pod.ts";
import { render } from "./render.ts";

const signal = AbortSignal.timeout(30 * 60 * 1000);

describe("a pod with several pools", () => {
  it("sees the directories of several pools, and the locks of LVM where it needs them", async () => {
    const several = podOf(await render("several-pools", signal));
    const mounts = mountsOf(several, "driver").filter((line) => /pool|lvm/.test(line));
    assert.deepEqual(mounts, [
      "/srv/nvmetcp-csi/pool -> /srv/nvmetcp-csi/pool rw",
      "/run/lvm -> /run/lvm rw",
      "/run/lock/lvm -> /run/lock/lvm rw",
    ]);
    const [pools = ""] = (containerOf(several, "driver").args ?? []).filter((word) => /^--pools?=/.test(word));
    const parsed = parsePools(pools.replace("--pools=", ""));
    const found = "pools" in parsed ? parsed.pools : assert.fail(parsed.wrong);
    assert.deepEqual(
      found.map(({ name }) => name),
      ["default", "fast"],
    );
    assert.deepEqual(containerOf(several, "kernel-modules").args?.slice(-2), ["load", "dm-thin-pool"]);
  });
});
