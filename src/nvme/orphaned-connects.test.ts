import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { orphansEnded } from "./orphaned-connects.ts";

it("a connect of an earlier process is waited for, and nobody else's", async () => {
  await using proc = await mkdtempDisposable(join(tmpdir(), "nvmetcp-csi-proc-"));
  const run = async (pid: number, ...argv: readonly string[]) => {
    await mkdir(join(proc.path, String(pid)));
    await writeFile(join(proc.path, String(pid), "cmdline"), `${argv.join("\0")}\0`);
  };
  await run(7, "/usr/bin/dd", "of=/dev/null", "bs=4096");
  await run(8, "/usr/sbin/nvme", "list-subsys");
  await run(9, "grep", "of=/dev/nvme-fabrics");
  await mkdir(join(proc.path, "10"));
  await orphansEnded(proc.path, AbortSignal.timeout(1000));

  await run(11, "/usr/bin/dd", "of=/dev/nvme-fabrics", "bs=4096");
  await assert.rejects(orphansEnded(proc.path, AbortSignal.timeout(50)), { name: /^(Timeout|Abort)Error$/ });
  const waited = orphansEnded(proc.path, AbortSignal.timeout(5000));
  await rm(join(proc.path, "11"), { recursive: true });
  await waited;
});
