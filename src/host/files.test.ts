import assert from "node:assert/strict";
import { chmod, mkdir, mkdtempDisposable, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import {
  ensureDirectories,
  ensureDirectory,
  ensureFile,
  ensureSymlink,
  linkTargetOf,
  listNames,
  lstatOf,
  readText,
  realPathOf,
  removeDirectory,
  removeFile,
  statOf,
  writeAttribute,
  writeDurable,
} from "./files.ts";

describe("the directories of the driver", () => {
  it("cannot be made where the kernel allows none, which is an error and no endless wait", async () => {
    await assert.rejects(ensureDirectories("/proc/absent/below"), {
      kind: "unavailable",
      message: "cannot make the directory /proc/absent: ENOENT",
    });
  });
});

describe("files and directories", () => {
  const stack = new AsyncDisposableStack();
  let root = "";
  before(async () => {
    root = stack.use(await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-files-"))).path;
  });
  after(async () => stack.disposeAsync());
  const at = (...names: readonly string[]) => path.join(root, ...names);
  const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

  it("are written durably: old or new content, 0600, and no leftover", async () => {
    await mkdir(at("durable"));
    const file = at("durable", "record.json");
    await writeDurable(file, "one");
    assert.equal(await readFile(file, "utf8"), "one");
    assert.equal(await modeOf(file), 0o600);
    await writeDurable(file, "2");
    assert.equal(await readFile(file, "utf8"), "2");
    assert.deepEqual(await listNames(at("durable")), ["record.json"]);
  });

  it("are written durably over what a killed writer left", async () => {
    await mkdir(at("killed"));
    const file = at("killed", "record.json");
    await writeDurable(file, "old");
    await writeFile(`${file}.tmp`, "half of a much longer text that a kill cut of");
    await chmod(`${file}.tmp`, 0o644);
    assert.equal(await readText(file), "old", "a leftover is not read");
    await writeDurable(file, "new");
    assert.equal(await readFile(file, "utf8"), "new");
    assert.equal(await modeOf(file), 0o600, "the leftover's mode is not kept");
    assert.deepEqual(await listNames(at("killed")), ["record.json"]);
  });

  it("keep their old content when the new one cannot be written", async () => {
    await mkdir(at("refused"));
    const file = at("refused", "record.json");
    await writeDurable(file, "old");
    await mkdir(`${file}.tmp`);
    await assert.rejects(writeDurable(file, "new"), { code: "EISDIR" });
    assert.equal(await readText(file), "old");
  });

  it("are absent as a value, not as an exception", async () => {
    const missing = at("missing", "file");
    await writeFile(at("plain"), "x");
    for (const file of [missing, at("plain", "below-a-file")]) {
      assert.equal(await readText(file), undefined);
      assert.deepEqual(await listNames(file), []);
      assert.equal(await statOf(file), undefined);
      assert.equal(await lstatOf(file), undefined);
      assert.equal(await linkTargetOf(file), undefined);
      assert.equal(await realPathOf(file), undefined);
    }
    assert.equal(await linkTargetOf(at("plain")), undefined, "a file is no link");
  });

  it("fail for any other reason", async () => {
    await assert.rejects(readText(root), { code: "EISDIR" });
    await symlink(at("loop-b"), at("loop-a"));
    await symlink(at("loop-a"), at("loop-b"));
    await assert.rejects(statOf(at("loop-a")), { code: "ELOOP" });
  });

  it("are ensured and removed any number of times", async () => {
    assert.equal(await ensureDirectory(at("d")), true);
    assert.equal(await ensureDirectory(at("d")), false);
    await ensureSymlink(at("d"), at("link"));
    await ensureSymlink(at("d"), at("link"));
    assert.equal(await readlink(at("link")), at("d"));
    await ensureFile(at("f"));
    await writeFile(at("f"), "content");
    await ensureFile(at("f"));
    assert.equal(await readText(at("f")), "content", "a file that is there stays as it is");
    for (const _time of ["once", "again"]) {
      await removeFile(at("link"));
      await removeFile(at("f"));
      await removeDirectory(at("d"));
    }
    assert.equal(await statOf(at("d")), undefined);
  });

  it("are never removed with what is in them (R13)", async () => {
    await mkdir(at("full"));
    await writeFile(at("full", "precious"), "data");
    await assert.rejects(removeDirectory(at("full")), { code: "ENOTEMPTY" });
    assert.equal(await readText(at("full", "precious")), "data");
    await assert.rejects(removeFile(at("full")), /EISDIR|EPERM/);
  });

  it("are the owner's only, however deep", async () => {
    await ensureDirectories(at("own", "deep", "er"));
    for (const names of [["own"], ["own", "deep"], ["own", "deep", "er"]]) {
      assert.equal(await modeOf(at(...names)), 0o700);
    }
    await ensureDirectories(at("own", "deep", "er"));
  });

  it("are not made by writing a kernel attribute", async () => {
    await assert.rejects(writeAttribute(at("attr_serial"), "x"), { code: "ENOENT" });
    await writeFile(at("attr_serial"), "");
    await writeAttribute(at("attr_serial"), "x");
    assert.equal(await readText(at("attr_serial")), "x");
    await rm(at("attr_serial"));
  });

  it("have their white space trimmed when read as an attribute", async () => {
    await writeFile(at("attribute"), " value\n");
    assert.equal(await readText(at("attribute")), "value");
  });
});
