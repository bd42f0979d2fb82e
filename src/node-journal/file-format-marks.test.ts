import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import { FileFormatMarks } from "./file-format-marks.ts";

const volume = volumeIdOf("c" as ClusterId, "a");
const other = volumeIdOf("c" as ClusterId, "b");
const day = 24 * 60 * 60 * 1000;

async function makeMarks() {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-marks-"));
  let now = Date.parse("2026-11-21T00:00:00Z");
  return {
    at: directory.path,
    file: path.join(directory.path, `${volume}.json`),
    open: () => new FileFormatMarks({ directory: directory.path, now: () => new Date(now) }),
    pass: (days: number) => (now += days * day),
    [Symbol.asyncDispose]: async () => directory.remove(),
  };
}

describe("a format mark", () => {
  it("is known to another process, for its volume and its epoch only", async () => {
    await using marks = await makeMarks();
    await marks.open().add(volume, 3);
    assert.equal((await marks.open().of(volume, 3)).isFormatted, true);
    assert.equal((await marks.open().of(volume, 4)).isFormatted, false);
    assert.equal((await marks.open().of(other, 3)).isFormatted, false);
    assert.equal((await stat(marks.file)).mode & 0o777, 0o600);
  });

  it("keeps the sizes at which a mkfs was begun, before and after one has ended, and only for its epoch", async () => {
    await using marks = await makeMarks();
    const [small, large] = [2n ** 30n, 2n ** 40n];
    await marks.open().begin(volume, 3, small);
    assert.deepEqual(await marks.open().of(volume, 3), { isFormatted: false, begunAt: [small] });
    for (const _time of ["once", "again"]) await marks.open().begin(volume, 3, large);
    await marks.open().add(volume, 3);
    assert.deepEqual(await marks.open().of(volume, 3), { isFormatted: true, begunAt: [small, large] });
    await marks.open().begin(volume, 4, large);
    assert.deepEqual(await marks.open().of(volume, 4), { isFormatted: false, begunAt: [large] });
  });

  it("of schema 1 is one of a volume that was formatted", async () => {
    await using marks = await makeMarks();
    const mark = { schema: 1, volume, epoch: 3, formattedAt: "2026-11-21T00:00:00.000Z" };
    await writeFile(marks.file, JSON.stringify(mark));
    assert.deepEqual(await marks.open().of(volume, 3), { isFormatted: true, begunAt: [] });
  });

  it("is gone when it was removed, however often", async () => {
    await using marks = await makeMarks();
    await marks.open().add(volume, 3);
    for (const _time of ["once", "again"]) await marks.open().remove(volume);
    assert.equal((await marks.open().of(volume, 3)).isFormatted, false);
  });

  it("does not end by age: the context of its publication says blank for as long as that lasts", async () => {
    await using marks = await makeMarks();
    await marks.open().add(volume, 3);
    marks.pass(1000);
    assert.equal((await marks.open().of(volume, 3)).isFormatted, true);
  });

  it("gives way to a mark of a later epoch", async () => {
    await using marks = await makeMarks();
    await marks.open().add(volume, 3);
    await marks.open().add(volume, 4);
    assert.equal((await marks.open().of(volume, 3)).isFormatted, false);
    assert.deepEqual(await readdir(marks.at), [`${volume}.json`]);
  });

  it("that cannot be read is refused, never taken for none", async () => {
    await using marks = await makeMarks();
    for (const text of ["", "{", "{}", JSON.stringify({ schema: 3 })]) {
      await writeFile(marks.file, text);
      await assert.rejects(marks.open().of(volume, 3), { kind: "precondition", message: new RegExp(marks.file) });
    }
  });
});
