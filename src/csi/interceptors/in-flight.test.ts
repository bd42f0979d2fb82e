import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { csiMethods, type CsiMethodPath } from "../../gen/csi-fields.ts";
import { compose, type Call, type Interceptor } from "../call.ts";
import { inFlight } from "./in-flight.ts";

function callOf(path: CsiMethodPath, request: object): Call {
  const { name: method, request: requestType } = csiMethods[path];
  const { signal } = new AbortController();
  return { id: "1", path, method, requestType, request, deadline: Infinity, signal, note: () => undefined };
}

/** Runs two calls at once and tells whether the second was let in while the first ran. */
async function overlap(interceptors: readonly Interceptor[], first: Call, second: Call): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<object>();
  let running = 0;
  const run = compose(interceptors, async () => {
    running += 1;
    return await promise;
  });
  const calls = [run(first), run(second).catch(() => ({}))];
  await new Promise((done) => setImmediate(done));
  const both = running === 2;
  resolve({});
  await Promise.all(calls);
  return both;
}

/** As in a driver: what is made is locked by the id that it will have, and a volume has another one than a snapshot. */
const kinds: ReadonlyMap<string, string> = new Map([
  ["CreateVolume", "volume"],
  ["CreateSnapshot", "snapshot"],
]);
const keyOf = ({ method, subject }: { readonly method: string; readonly subject: string }) => {
  const kind = kinds.get(method);
  return kind === undefined ? subject : `${kind} id of ${subject}`;
};
const lock = () => [inFlight(keyOf)];
const changing = [
  "/csi.v1.Controller/CreateVolume",
  "/csi.v1.Controller/DeleteVolume",
  "/csi.v1.Controller/ControllerPublishVolume",
  "/csi.v1.Controller/ControllerUnpublishVolume",
  "/csi.v1.Controller/ControllerExpandVolume",
  "/csi.v1.Controller/CreateSnapshot",
  "/csi.v1.Controller/DeleteSnapshot",
  "/csi.v1.Node/NodeStageVolume",
  "/csi.v1.Node/NodeUnstageVolume",
  "/csi.v1.Node/NodePublishVolume",
  "/csi.v1.Node/NodeUnpublishVolume",
  "/csi.v1.Node/NodeExpandVolume",
] as const;
/** A request about the volume or snapshot of that name or id. */
function subject(path: CsiMethodPath, name: string): object {
  if (kinds.has(csiMethods[path].name)) return { name, source_volume_id: "source" };
  return path.endsWith("Snapshot") ? { snapshot_id: name } : { volume_id: name };
}

describe("two calls for one volume or snapshot", () => {
  for (const path of changing) {
    it(`do not run at once: ${path}`, async () => {
      const call = () => callOf(path, subject(path, "v"));
      assert.equal(await overlap(lock(), call(), call()), false);
      assert.equal(await overlap([], call(), call()), true, "without the lock they do");
    });
  }

  it("do not run at once when one names it and the other has its id", async () => {
    const create = callOf("/csi.v1.Controller/CreateVolume", { name: "n" });
    const remove = callOf("/csi.v1.Controller/DeleteVolume", { volume_id: "volume id of n" });
    assert.equal(await overlap(lock(), create, remove), false);
    const take = callOf("/csi.v1.Controller/CreateSnapshot", { name: "n", source_volume_id: "v" });
    const drop = callOf("/csi.v1.Controller/DeleteSnapshot", { snapshot_id: "snapshot id of n" });
    assert.equal(await overlap(lock(), take, drop), false);
  });

  it("do not run at once when one makes a volume larger and the other takes it away", async () => {
    const grow = callOf("/csi.v1.Controller/ControllerExpandVolume", { volume_id: "v" });
    const remove = callOf("/csi.v1.Controller/DeleteVolume", { volume_id: "v" });
    assert.equal(await overlap(lock(), grow, remove), false);
    const growHere = callOf("/csi.v1.Node/NodeExpandVolume", { volume_id: "v", volume_path: "/pod" });
    const unpublish = callOf("/csi.v1.Node/NodeUnpublishVolume", { volume_id: "v", target_path: "/pod" });
    assert.equal(await overlap(lock(), growHere, unpublish), false);
  });

  it("do not run at once when they are a stage and a publish on the node", async () => {
    const stage = callOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" });
    const publish = callOf("/csi.v1.Node/NodePublishVolume", { volume_id: "v" });
    assert.equal(await overlap(lock(), stage, publish), false);
  });

  it("are refused as busy with the volume named, and served when the first has ended", async () => {
    const [interceptor] = lock();
    assert.ok(interceptor);
    const { promise, resolve } = Promise.withResolvers<object>();
    const run = compose([interceptor], async () => promise);
    const call = callOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" });
    const first = run(call);
    const second = assert.rejects(run(call), { kind: "busy", message: /in progress; got "v"/ });
    resolve({});
    await Promise.all([first, second]);
    await run(call);
  });

  it("are refused with the snapshot named where they are about one", async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    const run = compose(lock(), async () => promise);
    const take = callOf("/csi.v1.Controller/CreateSnapshot", { name: "n", source_volume_id: "v" });
    const first = run(take);
    const second = assert.rejects(run(take), { kind: "busy", message: /on this snapshot is in progress; got "n"$/ });
    // Also a call that is let in must end, so that the test fails and does not hang.
    resolve({});
    await Promise.all([first, second]);
  });

  it("run at once when one is of the controller and one of the node", async () => {
    const stage = callOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" });
    const get = callOf("/csi.v1.Controller/DeleteVolume", { volume_id: "v" });
    assert.equal(await overlap(lock(), stage, get), true);
  });

  it("run at once when they change nothing", async () => {
    const stats = callOf("/csi.v1.Node/NodeGetVolumeStats", { volume_id: "v" });
    assert.equal(await overlap(lock(), stats, stats), true);
    const look = callOf("/csi.v1.Controller/GetSnapshot", { snapshot_id: "s" });
    assert.equal(await overlap(lock(), look, look), true);
    const list = callOf("/csi.v1.Controller/ListSnapshots", { snapshot_id: "s", source_volume_id: "v" });
    assert.equal(await overlap(lock(), list, list), true);
  });

  it("are of one of the methods above when they change something", () => {
    const isLooking = /Get|List|Validate|Probe/;
    const served = Object.keys(csiMethods).filter((path) => /^\/csi\.v1\.(?:Identity|Controller|Node)\//.test(path));
    const others = served.filter((path) => !isLooking.test(path) && !changing.some((known) => known === path));
    assert.deepEqual(others, ["/csi.v1.Controller/ControllerModifyVolume"], "which is not served");
  });
});

describe("two calls for two volumes or snapshots", () => {
  it("run at once", async () => {
    const [one, two] = ["v", "w"].map((id) => callOf("/csi.v1.Node/NodeStageVolume", { volume_id: id }));
    assert.ok(one && two);
    assert.equal(await overlap(lock(), one, two), true);
  });

  it("run at once when they take snapshots of one volume, or one of them makes a volume of the snapshot's name", async () => {
    const [one, two] = ["n", "m"].map((name) =>
      callOf("/csi.v1.Controller/CreateSnapshot", { name, source_volume_id: "v" }),
    );
    assert.ok(one && two);
    assert.equal(await overlap(lock(), one, two), true);
    assert.equal(await overlap(lock(), one, callOf("/csi.v1.Controller/CreateVolume", { name: "n" })), true);
  });
});

describe("a call that fails", () => {
  it("frees its volume", async () => {
    const [interceptor] = lock();
    assert.ok(interceptor);
    const run = compose([interceptor], async () => Promise.reject(new Error("it failed")));
    const call = callOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" });
    for (const _time of ["once", "again"]) await assert.rejects(run(call), /it failed/);
  });
});
