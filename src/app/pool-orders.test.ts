import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { failure } from "../domain/errors.ts";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import { askJson } from "../host/json-socket.ts";
import { ordersOver, serveOrders, type PoolOrders } from "./pool-orders.ts";

const signal = () => AbortSignal.timeout(5000);
const id = volumeIdOf("test-cluster" as ClusterId, "a");
const deleted = {
  ...{ id, name: "pvc-1", size: 2n ** 46n },
  deletedAt: new Date("2026-01-01T00:00:00.000Z"),
  until: new Date("2026-01-01T01:00:00.000Z"),
};

async function serve(t: TestContext) {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-orders-"));
  const asked: unknown[] = [];
  const pools: PoolOrders = {
    deleted: async (pool) => Promise.resolve(pool === "default" ? [deleted] : []),
    undelete: async (pool, volume) => {
      asked.push([pool, volume]);
      if (pool === "default") return Promise.resolve({ id, name: "pvc-1", size: 1n });
      throw failure("not_found", { cannot: `undelete volume ${volume}`, rule: "there is none" });
    },
    import: async (pool, request) => {
      asked.push([pool, request]);
      return Promise.resolve({ id, size: 3n, type: "ext4" });
    },
  };
  const socket = path.join(directory.path, "admin.sock");
  const served = await serveOrders(socket, pools);
  t.after(async () => {
    await served[Symbol.asyncDispose]();
    await directory.remove();
  });
  return { socket, pools: ordersOver(socket), asked };
}

describe("orders for a driver that serves", () => {
  it("are carried out as if they were given in its process", async (t) => {
    const { pools, asked } = await serve(t);
    assert.deepEqual(await pools.deleted("default", signal()), [deleted]);
    assert.deepEqual(await pools.deleted("slow & small", signal()), []);
    assert.deepEqual(await pools.undelete("default", id, signal()), { id, name: "pvc-1", size: 1n });
    const request = { name: "old", original: "/pool/old.img" };
    assert.deepEqual(await pools.import("default", request, signal()), { id, size: 3n, type: "ext4" });
    assert.deepEqual(asked, [
      ["default", id],
      ["default", request],
    ]);
    await assert.rejects(pools.undelete("slow", id, signal()), {
      kind: "not_found",
      message: `cannot undelete volume ${id}: there is none`,
    });
  });

  it("are refused when they are not of the agreed form, and reach nobody", async (t) => {
    const { socket, asked } = await serve(t);
    for (const question of [
      {},
      { pool: "default", id: "../../x" },
      { pool: "default", id, more: 1 },
      { pool: 1, id },
    ]) {
      const refused = { kind: "invalid_argument", message: /cannot take an order/ };
      await assert.rejects(askJson(socket, "POST /undelete", question, signal()), refused);
    }
    assert.deepEqual(asked, []);
  });
});
