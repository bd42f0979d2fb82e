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

const lock = () => [inFlight(({ method, subject }) => (method === "CreateVolume" ? `id of ${subject}` : subject))];
const changing = [
  "/csi.v1.Controller/CreateVolume",
  "/csi.v1.Controller/DeleteVolume",
  "/csi.v1.Controller/ControllerPublishVolume",
  "/csi.v1.Controller/ControllerUnpublishVolume",
  "/csi.v1.Node/NodeStageVolume",
  "/csi.v1.Node/NodeUnstageVolume",
  "/csi.v1.Node/NodePublishVolume",
  "/csi.v1.Node/NodeUnpublishVolume",
] as const;
const subject = (path: CsiMethodPath, name: string) => (path.endsWith("CreateVolume") ? { name } : { volume_id: name });

describe("two calls for one volume", () => {
  for (const path of changing) {
    it(`do not run at once: ${path}`, async () => {
      const call = () => callOf(path, subject(path, "v"));
      assert.equal(await overlap(lock(), call(), call()), false);
      assert.equal(await overlap([], call(), call()), true, "without the lock they do");
    });
  }

  it("do not run at once when one names it and the other has its id", async () => {
    const create = callOf("/csi.v1.Controller/CreateVolume", { name: "n" });
    const remove = callOf("/csi.v1.Controller/DeleteVolume", { volume_id: "id of n" });
    assert.equal(await overlap(lock(), create, remove), false);
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
    await assert.rejects(run(call), { kind: "busy", message: /in progress; got "v"/ });
    resolve({});
    await first;
    await run(call);
  });

  it("run at once when one is of the controller and one of the node", async () => {
    const stage = callOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" });
    const get = callOf("/csi.v1.Controller/DeleteVolume", { volume_id: "v" });
    assert.equal(await overlap(lock(), stage, get), true);
  });

  it("run at once when they change nothing", async () => {
    const stats = callOf("/csi.v1.Node/NodeGetVolumeStats", { volume_id: "v" });
    assert.equal(await overlap(lock(), stats, stats), true);
  });
});

describe("two calls for two volumes", () => {
  it("run at once", async () => {
    const [one, two] = ["v", "w"].map((id) => callOf("/csi.v1.Node/NodeStageVolume", { volume_id: id }));
    assert.ok(one && two);
    assert.equal(await overlap(lock(), one, two), true);
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
