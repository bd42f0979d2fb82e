/**
 * The bad-input table, asked of a driver process: every field of every request that is served, left out, too large,
 * malformed or in contradiction to another one; the code is that of the CSI specification, and the message has field,
 * rule and value. The fields come from the wire definition, so a new one without rows fails.
 */
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { csiMethods, type CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { buildMutant } from "../../support/mutant.ts";
import { ask, faultOf, tooLargeFaults } from "./ask.ts";
import { controllerRows } from "./controller-rows.ts";
import { groupRows } from "./group-rows.ts";
import { leavesOf } from "./fields.ts";
import { nodeRows } from "./node-rows.ts";
import { missing, type Row } from "./row.ts";
import { treeOf } from "./tree.ts";
import { openWorld, type World } from "./world.ts";

const rows: Partial<Record<CsiMethodPath, readonly Row[]>> = { ...controllerRows, ...groupRows, ...nodeRows };
const methods = Object.keys(csiMethods).filter((method): method is CsiMethodPath => method in csiMethods);
const project = path.join(import.meta.dirname, "../../..");

async function stateOf({ driver, paths }: World): Promise<unknown> {
  const { controller } = driver.client;
  const [volumes, snapshots] = [await controller.ListVolumes({}), await controller.ListSnapshots({})];
  return { volumes, snapshots, tree: await treeOf(paths.root) };
}

describe("a wrong request", { timeout: 120_000 }, () => {
  let world: World;
  let untouched: unknown;
  before(async () => {
    world = await openWorld({ signal: AbortSignal.timeout(30_000) });
    untouched = await stateOf(world);
  });
  after(async () => world[Symbol.asyncDispose]());

  it("has rows for each field of each RPC that is served, left out and otherwise wrong", async () => {
    for (const method of methods) {
      const { outcome } = await ask(world, method, {});
      const table = rows[method] ?? [];
      const leaves = leavesOf(csiMethods[method].request);
      if (outcome === "UNIMPLEMENTED") assert.deepEqual(table, [], `${method} is not served`);
      else for (const { path: at } of leaves) assertRows(method, at, table);
    }
  });

  for (const method of methods) {
    const { name } = csiMethods[method];
    for (const row of rows[method] ?? []) {
      const [field, value, outcome] = row;
      const what = value === missing ? `without ${field}` : `with ${field} = ${JSON.stringify(value).slice(0, 60)}`;
      it(`to ${name} ${what} is answered with ${outcome}`, async () => {
        assert.equal(await faultOf(world, method, row), undefined);
      });
    }
    if (rows[method] === undefined) continue;
    it(`to ${name} is refused for each text that is too large, and not for one that just fits`, async () => {
      assert.deepEqual(await tooLargeFaults(world, method), []);
    });
  }

  it("that is larger than 4 MiB in all is refused, and the next one is served", async () => {
    const huge = { name: "x".repeat(5 * 1024 ** 2) };
    assert.equal((await ask(world, "/csi.v1.Controller/CreateVolume", huge)).outcome, "RESOURCE_EXHAUSTED");
    assert.equal((await ask(world, "/csi.v1.Identity/Probe", {})).outcome, "OK");
  });

  it("changes neither a volume nor a snapshot nor a file", async () => {
    assert.deepEqual(await stateOf(world), untouched);
  });
});

/** Two rows at least: one without the field, or a map's key, and one with a value. */
function assertRows(method: string, at: string, table: readonly Row[]): void {
  const own = table.filter(([field]) => field === at || field.startsWith(`${at}.`));
  assert.ok(
    own.some(([, value]) => value === missing),
    `${method}: no row leaves out ${at}`,
  );
  assert.ok(
    own.some(([, value]) => value !== missing),
    `${method}: no row has a value for ${at}`,
  );
}

describe("the bad-input table", { timeout: 120_000 }, () => {
  const guards = [
    { name: "any-path", file: "src/csi/decode.ts", replace: "normalize(path) === path", by: "true" },
    { name: "any-size", file: "src/csi/size-limits.ts", replace: "if (size <= limit) return;", by: "return;" },
  ] as const;

  it("fails for a driver that does not look at paths and sizes", async (t) => {
    const folder = await buildMutant(...guards);
    await using world = await openWorld({ main: path.join(project, folder, "main.js"), signal: t.signal });
    const unstage = "/csi.v1.Node/NodeUnstageVolume";
    const faults = [];
    for (const row of nodeRows[unstage] ?? []) faults.push(await faultOf(world, unstage, row));
    assert.match(faults.join("\n"), /staging_target_path = "\/a\/\.\.\/b" must be INVALID_ARGUMENT, and is OK/);
    assert.match((await tooLargeFaults(world, unstage)).join("\n"), /volume_id with 129 bytes is OK/);
  });

  it("fails for a field that has no row", () => {
    const table = nodeRows["/csi.v1.Node/NodeUnstageVolume"] ?? [];
    assert.throws(() => assertRows("NodeUnstageVolume", "new_field", table), /no row leaves out new_field/);
  });
});
