import assert from "node:assert/strict";
import { mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import { volumeIdOf, type ClusterId } from "../domain/identity.ts";
import { FileJournal } from "./file-journal.ts";
import type { JournalEntry } from "./index.ts";

const [volume, other] = ["a", "b"].map((name) => volumeIdOf("c" as ClusterId, name));
const entry: JournalEntry = {
  volume: volume ?? volumeIdOf("c" as ClusterId, "x"),
  epoch: 3,
  stagingPath: "/var/lib/kubelet/staging",
  usage: "filesystem",
  isRawReady: false,
  isGrowing: false,
  readOnlyTargets: [],
  devices: [],
};
const whole: JournalEntry = {
  ...entry,
  usage: "block",
  isRawReady: true,
  isGrowing: true,
  readOnlyTargets: ["/var/lib/kubelet/pods/1/target"],
  devices: [{ path: "/dev/nvme0n1", number: { major: 259, minor: 7 }, isPast: false, sequence: 12, nodes: [384] }],
};
const boot = "7f000000-1111-4222-8333-444455556666";

async function makeJournal() {
  const directory = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-journal-"));
  const file = path.join(directory.path, `${entry.volume}.json`);
  return {
    at: directory.path,
    file,
    journal: new FileJournal({ directory: directory.path, boot }),
    [Symbol.asyncDispose]: async () => directory.remove(),
  };
}

describe("the journal of a node", () => {
  it("remembers an entry as it was saved, in another process too", async () => {
    await using at = await makeJournal();
    for (const saved of [entry, whole]) {
      await at.journal.save(saved);
      assert.deepEqual(await new FileJournal({ directory: at.at, boot }).load(entry.volume), saved);
    }
    assert.equal((await stat(at.file)).mode & 0o777, 0o600);
  });

  it("knows nothing of other volumes, and of removed ones", async () => {
    await using at = await makeJournal();
    await at.journal.save(entry);
    assert.ok(other);
    assert.equal(await at.journal.load(other), undefined);
    for (const _time of ["once", "again"]) await at.journal.remove(entry.volume);
    assert.equal(await at.journal.load(entry.volume), undefined);
  });

  it("knows all entries, but for those that cannot be read", async () => {
    await using at = await makeJournal();
    assert.deepEqual(await at.journal.all(), []);
    assert.ok(other);
    for (const volume of [entry.volume, other]) await at.journal.save({ ...whole, volume });
    await writeFile(path.join(at.at, `${entry.volume}.json.tmp`), "half");
    assert.deepEqual((await at.journal.all()).map(({ volume }) => volume).toSorted(), [entry.volume, other].toSorted());
    await writeFile(at.file, "{");
    assert.deepEqual(await at.journal.all(), [{ ...whole, volume: other }]);
  });

  it("forgets the devices of an earlier boot, of which nothing is left", async () => {
    await using at = await makeJournal();
    await at.journal.save(whole);
    const later = new FileJournal({ directory: at.at, boot: "8f000000-1111-4222-8333-444455556666" });
    assert.deepEqual(await later.load(entry.volume), { ...whole, devices: [] });
  });

  it("keeps the devices of an entry of schema 1, which says nothing of the boot and of what tells them apart", async () => {
    await using at = await makeJournal();
    const devices = [{ path: "/dev/nvme0n1", number: { major: 259, minor: 7 }, isPast: false }];
    await writeFile(at.file, JSON.stringify({ schema: 1, ...whole, devices }));
    assert.deepEqual(await at.journal.load(entry.volume), { ...whole, devices });
  });

  it("refuses an entry of a newer schema with both versions named, and leaves it as it is", async () => {
    await using at = await makeJournal();
    const newer = JSON.stringify({ ...entry, schema: 3, future: true });
    await writeFile(at.file, newer);
    await assert.rejects(at.journal.load(entry.volume), { kind: "precondition", message: /schema 2 .*got 3/ });
    assert.equal(await readFile(at.file, "utf8"), newer);
  });

  const good = { schema: 2, boot, ...entry };
  const bad: Readonly<Record<string, string>> = {
    "no JSON": "{",
    nothing: "",
    "a list": "[]",
    "no schema": JSON.stringify(entry),
    "an unknown key": JSON.stringify({ ...good, extra: 1 }),
    "an epoch of 0": JSON.stringify({ ...good, epoch: 0 }),
    "no usage": JSON.stringify({ ...good, usage: undefined }),
    "a usage that does not exist": JSON.stringify({ ...good, usage: "tape" }),
    "another volume": JSON.stringify({ ...good, volume: other }),
  };
  for (const [what, text] of Object.entries(bad)) {
    it(`refuses an entry with ${what}, naming the volume`, async () => {
      await using at = await makeJournal();
      await writeFile(at.file, text);
      await assert.rejects(at.journal.load(entry.volume), {
        kind: "precondition",
        message: new RegExp(`cannot read .*/${entry.volume}\\.json: `),
      });
    });
  }
});
