import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { lstat, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { prepareSocketPath, restrictSocket } from "./unix-socket.ts";

describe("the path of a unix socket", () => {
  const stack = new AsyncDisposableStack();
  let root = "";
  before(async () => {
    root = stack.use(await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-socket-"))).path;
  });
  after(async () => stack.disposeAsync());

  it("may be absent", async () => {
    await prepareSocketPath(path.join(root, "absent.sock"));
  });

  it("is freed of a socket that nobody serves", async () => {
    const file = path.join(root, "stale.sock");
    // A process that ends without closing its socket leaves the file.
    const program = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
    await promisify(execFile)(process.execPath, ["-e", program, file]).catch(() => undefined);
    assert.ok((await lstat(file)).isSocket());
    await prepareSocketPath(file);
    await assert.rejects(lstat(file), { code: "ENOENT" });
  });

  it("is refused while somebody serves it, and stays theirs", async () => {
    const file = path.join(root, "live.sock");
    await using server = createServer().listen(file);
    await once(server, "listening");
    const refusal = { kind: "in_use", message: `cannot listen on ${file}: another process serves it` };
    await assert.rejects(prepareSocketPath(file), refusal);
    assert.ok((await lstat(file)).isSocket());
  });

  it("is refused when it is something else, which stays", async () => {
    const file = path.join(root, "file");
    await writeFile(file, "data");
    const link = path.join(root, "link");
    await symlink(file, link);
    for (const taken of [file, link, root]) {
      await assert.rejects(prepareSocketPath(taken), { kind: "precondition", message: /must be a socket or absent/ });
      assert.ok(await lstat(taken));
    }
  });

  it("is open to its owner only", async () => {
    const file = path.join(root, "own.sock");
    await using server = createServer().listen(file);
    await once(server, "listening");
    await restrictSocket(file);
    assert.equal((await lstat(file)).mode & 0o777, 0o600);
  });
});
