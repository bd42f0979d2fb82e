import assert from "node:assert/strict";
import { mkdtempDisposable, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { lockMachine } from "./machine-lock.ts";

describe("the lock of a machine", () => {
  it("says which kernel modules to load when there is no nvmet directory", async (t) => {
    await using directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-lock-"));
    const absent = path.join(directory.path, "nvmet");
    const message =
      "cannot start the target agent: the kernel modules nvmet and nvmet-tcp must be loaded (modprobe nvmet-tcp) and " +
      `configfs must be mounted; got no directory ${absent}`;
    await assert.rejects(lockMachine(absent, t.signal), { kind: "unavailable", message });
    await assert.rejects(stat(absent), { code: "ENOENT" }, "nothing is made in its place");
  });
});
