/** The size limits of the CSI specification, and what a deadline means, at the driver's socket. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { literally, mountCapability, refused } from "../controller-contract/bench.ts";
import { startDriver, type Driver } from "../../support/driver-process.ts";

describe("a request", () => {
  let driver: Driver;
  before(async () => {
    driver = await startDriver({ signal: AbortSignal.timeout(30_000) });
  });
  after(async () => driver[Symbol.asyncDispose]());

  it("may have a name of 128 bytes, and none of 129", async () => {
    const { controller } = driver.client;
    const volume_capabilities = [mountCapability];
    for (const name of ["n".repeat(128), "é".repeat(64)]) {
      const { volume } = await controller.CreateVolume({ name, volume_capabilities });
      await controller.DeleteVolume({ volume_id: volume?.volume_id ?? "" });
    }
    for (const name of ["n".repeat(129), `${"é".repeat(64)}n`]) {
      await refused(controller.CreateVolume({ name, volume_capabilities }), "INVALID_ARGUMENT", /\bname\b/, /128/);
    }
  });

  it("may have no string beyond 128 bytes, in whatever message it is nested", async () => {
    const { controller, node } = driver.client;
    const long = "x".repeat(129);
    const cases = [
      [controller.DeleteVolume({ volume_id: long }), "volume_id"],
      [controller.ListVolumes({ starting_token: long }), "starting_token"],
      [
        controller.CreateVolume({ name: "n", volume_capabilities: [{ mount: { fs_type: long } }] }),
        "volume_capabilities.mount.fs_type",
      ],
      [node.NodeUnstageVolume({ volume_id: long, staging_target_path: "/s" }), "volume_id"],
    ] as const;
    for (const [call, field] of cases) {
      await refused(call, "INVALID_ARGUMENT", new RegExp(field.replaceAll(".", String.raw`\.(\d+\.)?`)), /128/);
    }
  });

  it("may have maps and mount flags of 4 KiB in all, and no larger ones", async () => {
    const { controller } = driver.client;
    const mapOf = (bytes: number) => ({ key: "v".repeat(bytes - "key".length) });
    const volume_id = "unknown";
    await controller.DeleteVolume({ volume_id, secrets: mapOf(4096) });
    await refused(
      controller.DeleteVolume({ volume_id, secrets: mapOf(4097) }),
      "INVALID_ARGUMENT",
      /secrets/,
      /4096 bytes/,
    );
    const split = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key-${index}`, "v".repeat(50)]));
    await refused(controller.GetCapacity({ parameters: split }), "INVALID_ARGUMENT", /parameters/, /4096/);
    const mount_flags = Array.from({ length: 700 }, () => "noatime");
    const request = { name: "n", volume_capabilities: [{ ...mountCapability, mount: { mount_flags } }] };
    await refused(controller.CreateVolume(request), "INVALID_ARGUMENT", /mount_flags/, /4096/);
  });

  it("may have paths that are longer than other strings, as long as the system takes them", async () => {
    const { node } = driver.client;
    const volume_id = `memory/v1-${"0".repeat(32)}`;
    const long = `/${"p".repeat(200)}`;
    await node.NodeUnpublishVolume({ volume_id, target_path: long });
    const tooLong = `/${"p".repeat(5000)}`;
    await refused(node.NodeUnpublishVolume({ volume_id, target_path: tooLong }), "INVALID_ARGUMENT", /target_path/);
  });

  it("may have a node id of 256 bytes", async () => {
    const { controller } = driver.client;
    const volume_id = "unknown";
    await controller.ControllerUnpublishVolume({ volume_id, node_id: "n".repeat(256) });
    const node_id = "n".repeat(257);
    await refused(controller.ControllerUnpublishVolume({ volume_id, node_id }), "INVALID_ARGUMENT", /node_id/, /256/);
  });

  it("names field, rule and value when it is wrong", async () => {
    const { node } = driver.client;
    const volume_id = `memory/v1-${"0".repeat(32)}`;
    for (const path of ["relative", "/a/../b", "/a//b", "/a/", "/", "/a\nb"]) {
      const call = node.NodeUnstageVolume({ volume_id, staging_target_path: path });
      await refused(
        call,
        "INVALID_ARGUMENT",
        /^cannot serve NodeUnstageVolume: staging_target_path must /,
        literally(`; got ${JSON.stringify(path)}`),
      );
    }
  });

  it("to publish is refused with FAILED_PRECONDITION when it names no stage, as the specification asks for", async () => {
    const request = { volume_id: `memory/v1-${"0".repeat(32)}`, target_path: "/t", volume_capability: mountCapability };
    const rule = /staging_target_path must be where NodeStageVolume has staged the volume; got ""$/;
    await refused(driver.client.node.NodePublishVolume(request), "FAILED_PRECONDITION", rule);
  });

  it("for statistics has a staging path that is absolute, or none", async () => {
    const { node } = driver.client;
    const request = { volume_id: `memory/v1-${"0".repeat(32)}`, volume_path: "/p" };
    await refused(node.NodeGetVolumeStats(request), "NOT_FOUND", /volume_path/);
    const wrong = node.NodeGetVolumeStats({ ...request, staging_target_path: "s" });
    await refused(wrong, "INVALID_ARGUMENT", /staging_target_path must be an absolute path; got "s"$/);
  });

  it("is refused with DEADLINE_EXCEEDED when its time is over, and the driver goes on", async () => {
    await refused(driver.client.controller.ListVolumes({}, { deadlineMs: 0 }), "DEADLINE_EXCEEDED");
    assert.equal((await driver.client.identity.Probe({})).ready?.value, true);
  });
});
