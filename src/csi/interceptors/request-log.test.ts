import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pino } from "pino";
import { failure } from "../../domain/errors.ts";
import { csiMethods, type CsiMethodPath } from "../../gen/csi-fields.ts";
import { compose, type Handler } from "../call.ts";
import { requestLog } from "./request-log.ts";

type Line = Readonly<Record<string, unknown>>;

/** Runs one call and returns what was logged. */
async function linesOf(
  path: CsiMethodPath,
  request: object,
  handler: Handler,
  level = "info",
): Promise<readonly Line[]> {
  const lines: Line[] = [];
  const write = (text: string) => void lines.push(JSON.parse(text) as Line);
  const logger = pino({ level, formatters: { level: (label) => ({ level: label }) } }, { write });
  const log = requestLog(logger, ({ method, subject }) => (method.startsWith("Create") ? `id of ${subject}` : subject));
  const { name: method, request: requestType } = csiMethods[path];
  const { signal } = new AbortController();
  const call = { id: "1", path, method, requestType, request, deadline: Infinity, signal, note: () => undefined };
  await compose([log], handler)(call).catch(() => undefined);
  return lines;
}

const served: Handler = async () => Promise.resolve({});
const refused: Handler = async () => Promise.reject(failure("busy", { cannot: "do it", rule: "wait" }));
const create = "/csi.v1.Controller/CreateVolume";

describe("the log line of a call", () => {
  it("has the volume id, and for a volume that is made its name too, however the call ends", async () => {
    for (const handler of [served, refused]) {
      const [made, ...more] = await linesOf(create, { name: "pvc-1" }, handler);
      assert.deepEqual([made?.["volume"], made?.["name"], more.length], ["id of pvc-1", "pvc-1", 0]);
      const [staged] = await linesOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" }, handler);
      assert.deepEqual([staged?.["volume"], staged && "name" in staged], ["v", false]);
    }
  });

  it("has the ids of the snapshot and of its source, and for a snapshot that is taken its name too", async () => {
    const cases = [
      ["CreateSnapshot", { name: "s-1", source_volume_id: "v" }, { volume: "v", snapshot: "id of s-1", name: "s-1" }],
      ["CreateSnapshot", { name: "s-1" }, { snapshot: "id of s-1", name: "s-1" }],
      ["DeleteSnapshot", { snapshot_id: "s" }, { snapshot: "s" }],
      ["GetSnapshot", { snapshot_id: "s" }, { snapshot: "s" }],
      ["ListSnapshots", { snapshot_id: "s", source_volume_id: "v" }, { volume: "v", snapshot: "s" }],
      ["ListSnapshots", { snapshot_id: "", source_volume_id: "" }, {}],
      ["ControllerExpandVolume", { volume_id: "v" }, { volume: "v" }],
    ] as const;
    for (const [method, request, expected] of cases) {
      for (const handler of [served, refused]) {
        const [line, ...more] = await linesOf(`/csi.v1.Controller/${method}`, request, handler);
        assert.ok(line && more.length === 0, method);
        const own = Object.entries(line).filter(([key]) => ["volume", "snapshot", "name"].includes(key));
        assert.deepEqual(Object.fromEntries(own), expected, method);
      }
    }
  });

  it("has neither where the request names no volume", async () => {
    for (const [path, request] of [
      [create, { name: "" }],
      ["/csi.v1.Node/NodeStageVolume", { volume_id: "" }],
      ["/csi.v1.Controller/ListVolumes", {}],
    ] as const) {
      const [line] = await linesOf(path, request, served);
      assert.ok(line && !("volume" in line) && !("name" in line), path);
    }
  });

  it("cuts texts of any length", async () => {
    const long = "x".repeat(5000);
    const [made] = await linesOf(create, { name: long }, served);
    assert.equal(made?.["name"], "x".repeat(128));
    const [staged] = await linesOf("/csi.v1.Node/NodeStageVolume", { volume_id: long }, served);
    assert.equal(staged?.["volume"], "x".repeat(128));
    const [listed] = await linesOf(
      "/csi.v1.Controller/ListSnapshots",
      { snapshot_id: long, source_volume_id: long },
      served,
    );
    assert.deepEqual([listed?.["snapshot"], listed?.["volume"]], ["x".repeat(128), "x".repeat(128)]);
  });

  it("says what was done, also when the call failed later", async () => {
    for (const end of [served, refused]) {
      const [line] = await linesOf("/csi.v1.Node/NodeStageVolume", { volume_id: "v" }, async (call) => {
        call.note("formatted");
        call.note("mounted");
        return await end(call);
      });
      assert.equal(line?.["did"], "formatted; mounted");
    }
  });

  it("is left out at level info for the success of what is asked all the time, and for nothing else", async () => {
    const paths = Object.keys(csiMethods) as CsiMethodPath[];
    const quiet: string[] = [];
    for (const path of paths) {
      if ((await linesOf(path, {}, served)).length === 0) quiet.push(csiMethods[path].name);
      assert.equal((await linesOf(path, {}, refused)).length, 1, `${path} refused`);
    }
    assert.deepEqual(quiet.toSorted(), ["GetPluginCapabilities", "GetPluginInfo", "NodeGetCapabilities", "Probe"]);
    assert.deepEqual(
      (await linesOf("/csi.v1.Identity/Probe", {}, served, "debug")).map(({ msg }) => msg),
      ["request", "Probe"],
    );
  });
});
