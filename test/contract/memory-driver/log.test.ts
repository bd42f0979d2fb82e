/** What a driver process logs: one line per RPC, and never a secret. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { csiMessages, csiMethods, type CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { mountCapability, refused } from "../controller-contract/bench.ts";
import { startDriver, type Driver, type LogLine } from "../../support/driver-process.ts";

const served = ["/csi.v1.Identity/", "/csi.v1.Controller/", "/csi.v1.Node/"];
const newSentinel = () => `sentinel-${randomBytes(12).toString("hex")}`;
const paths = Object.keys(csiMethods).filter((path): path is CsiMethodPath => path in csiMethods);

/** The RPCs that are served and have secrets, each with the names of its secret fields. */
const secretive = paths
  .filter((path) => served.some((service) => path.startsWith(service)))
  .map((path) => ({ path, fields: csiMessages[csiMethods[path].request].filter(({ secret }) => secret) }))
  .filter(({ fields }) => fields.length > 0);

describe("the log of a driver", () => {
  let driver: Driver;
  before(async () => {
    driver = await startDriver({ flags: ["--log-level", "debug"], signal: AbortSignal.timeout(30_000) });
  });
  after(async () => driver[Symbol.asyncDispose]());

  const linesOf = (rpc: string) => driver.log().filter((line) => line["rpc"] === rpc && "code" in line);
  /** Everything logged up to the end of a call that is made after all others. */
  const wholeOutput = async (signal: AbortSignal) => {
    const name = newSentinel();
    await refused(driver.client.controller.CreateVolume({ name }), "INVALID_ARGUMENT");
    await driver.logged((line) => line["name"] === name && "code" in line, signal);
    return driver.output();
  };

  it("has one line for each RPC that was served or refused", async (t) => {
    const { controller } = driver.client;
    const { volume } = await controller.CreateVolume({ name: "log-1", volume_capabilities: [mountCapability] });
    const volume_id = volume?.volume_id ?? "";
    await controller.DeleteVolume({ volume_id });
    await refused(controller.ControllerGetVolume({ volume_id }), "NOT_FOUND");
    await wholeOutput(t.signal);
    const [created] = linesOf("CreateVolume").filter((line) => line["name"] === "log-1");
    const [deleted] = linesOf("DeleteVolume");
    const [looked] = linesOf("ControllerGetVolume");
    const seen: readonly (readonly [LogLine | undefined, string, string])[] = [
      [created, volume_id, "OK"],
      [deleted, volume_id, "OK"],
      [looked, volume_id, "NOT_FOUND"],
    ];
    for (const [line, id, code] of seen) {
      assert.equal(line?.["volume"], id);
      assert.equal(line["code"], code);
      assert.equal(typeof line["ms"], "number");
      assert.match(String(line["id"]), /^[0-9a-f-]{36}$/);
    }
    assert.equal(linesOf("DeleteVolume").length, 1);
    assert.equal(new Set(seen.map(([line]) => line?.["id"])).size, 3, "each call has an id of its own");
    assert.match(String(looked?.["reason"]), /there is no volume with that volume_id/);
  });

  it("names a snapshot that is taken, its source and its name", async (t) => {
    const { controller } = driver.client;
    const { volume } = await controller.CreateVolume({ name: "log-2", volume_capabilities: [mountCapability] });
    const source_volume_id = volume?.volume_id ?? "";
    const { snapshot } = await controller.CreateSnapshot({ name: "log-2", source_volume_id });
    const snapshot_id = snapshot?.snapshot_id ?? "";
    await controller.DeleteSnapshot({ snapshot_id });
    await controller.DeleteVolume({ volume_id: source_volume_id });
    await wholeOutput(t.signal);
    const [[taken], [deleted]] = [linesOf("CreateSnapshot"), linesOf("DeleteSnapshot")];
    const fields = [taken?.["snapshot"], taken?.["volume"], taken?.["name"], deleted?.["snapshot"]];
    assert.deepEqual(fields, [snapshot_id, source_volume_id, "log-2", snapshot_id]);
  });

  it("never shows what is in a secrets map, whichever RPC has it", async (t) => {
    assert.ok(secretive.length >= 10, "the table knows the RPCs with secrets");
    const sentinels = secretive.map(({ path, fields }) => {
      const sentinel = newSentinel();
      const secrets = Object.fromEntries(fields.map(({ name }) => [name, { password: sentinel, [sentinel]: "key" }]));
      return { path, sentinel, secrets };
    });
    for (const { path, secrets } of sentinels) {
      const ids = { volume_id: "secretive", snapshot_id: "secretive", source_volume_id: "secretive" };
      const request = { name: "secretive", ...ids, ...secrets };
      await driver.client.call(path, request).catch(() => undefined);
    }
    const output = await wholeOutput(t.signal);
    for (const { path, sentinel } of sentinels) {
      const name = csiMethods[path].name;
      assert.ok(linesOf(name).length > 0, `${name} was logged`);
      assert.ok(!output.includes(sentinel), `a secret of ${name} is in the log`);
    }
  });

  it("shows fields that are no secrets, so that the test above can fail", async (t) => {
    const sentinel = newSentinel();
    const request = { name: "open", volume_capabilities: [mountCapability], parameters: { [sentinel]: sentinel } };
    await refused(driver.client.controller.CreateVolume(request), "INVALID_ARGUMENT");
    assert.ok((await wholeOutput(t.signal)).includes(sentinel));
  });

  it("never shows a secret that is too large, or beside a mistake", async (t) => {
    const sentinel = newSentinel();
    const huge = { password: sentinel, filler: "x".repeat(5000) };
    await refused(driver.client.controller.DeleteVolume({ volume_id: "v", secrets: huge }), "INVALID_ARGUMENT");
    const secrets = { password: sentinel };
    await refused(driver.client.node.NodeStageVolume({ volume_id: "", secrets }), "INVALID_ARGUMENT");
    assert.ok(!(await wholeOutput(t.signal)).includes(sentinel));
  });

  it("never shows the values of mount flags, which the specification calls sensitive", async (t) => {
    const sentinel = newSentinel();
    const mount = { fs_type: "ext4", mount_flags: [`password=${sentinel}`] };
    const request = { name: "flags", volume_capabilities: [{ ...mountCapability, mount }] };
    await refused(driver.client.controller.CreateVolume(request), "INVALID_ARGUMENT", /mount_flags/);
    assert.ok(!(await wholeOutput(t.signal)).includes(sentinel));
  });
});
