/** CreateVolume with a source: volumes that are made of a snapshot or of another volume. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { VolumeContentSource } from "../../../src/gen/csi/v1/VolumeContentSource.ts";
import { nodeIdOf } from "../../support/node-ids.ts";
import { exactly, GiB, neverMade, neverTaken, refused, smallest, step, type Bench } from "./bench.ts";

/** The two sources of one kind each, for a test that holds for both. */
interface Sources extends AsyncDisposable {
  readonly volume: string;
  readonly snapshot: string;
  readonly contents: readonly VolumeContentSource[];
}

const ofSnapshot = (snapshot_id: string) => ({ snapshot: { snapshot_id } });
const ofVolume = (volume_id: string) => ({ volume: { volume_id } });

/** A volume and a snapshot of it. */
async function openSources(bench: Bench, size = smallest): Promise<Sources> {
  await using stack = new AsyncDisposableStack();
  const volume = stack.use(await bench.volume({ capacity_range: exactly(size) })).id;
  const snapshot = stack.use(await bench.snapshot(volume)).id;
  const held = stack.move();
  const contents = [ofSnapshot(snapshot), ofVolume(volume)];
  return { volume, snapshot, contents, [Symbol.asyncDispose]: async () => held.disposeAsync() };
}

export function copyTests(bench: Bench): void {
  echoTests(bench);
  sizeTests(bench);
  sourceTests(bench);
  repeatTests(bench);
  lifeTests(bench);
}

/** A volume's source as it is shown, without what the wire adds. */
function shownSource(source: VolumeContentSource | null | undefined): VolumeContentSource | undefined {
  if (source?.snapshot) return ofSnapshot(source.snapshot.snapshot_id ?? "");
  return source?.volume ? ofVolume(source.volume.volume_id ?? "") : undefined;
}

function echoTests(bench: Bench): void {
  it("shows what a volume is a copy of wherever it shows the volume, and of others nothing", async () => {
    await using sources = await openSources(bench);
    for (const volume_content_source of [...sources.contents, undefined]) {
      const made = await bench.create({
        name: bench.newName(),
        ...(volume_content_source && { volume_content_source }),
      });
      try {
        assert.deepEqual(shownSource(made.content_source), volume_content_source);
        assert.deepEqual(await bench.shown(made.volume_id), made);
        const { entries } = await bench.controller.ListVolumes({});
        const listed = entries.find(({ volume }) => volume?.volume_id === made.volume_id);
        assert.deepEqual(listed?.volume, made);
      } finally {
        await bench.discard(made.volume_id);
      }
    }
  });
}

function sizeTests(bench: Bench): void {
  const present = smallest + step;
  /** The size of a copy that is made and taken away again. */
  const sizeOf = async (volume_content_source: VolumeContentSource, capacity_range: object) => {
    const made = await bench.create({ name: bench.newName(), volume_content_source, capacity_range });
    await bench.discard(made.volume_id);
    return BigInt(made.capacity_bytes);
  };

  it("makes a copy as large as its source, or larger where more is required", async () => {
    await using sources = await openSources(bench, present);
    const asked = [
      [{}, present],
      [{ limit_bytes: String(GiB) }, present],
      [{ limit_bytes: String(present) }, present],
      [{ required_bytes: String(smallest) }, present],
      [{ required_bytes: String(smallest), limit_bytes: String(present) }, present],
      [exactly(present), present],
      [exactly(present + step), present + step],
      [{ required_bytes: String(present + 1n) }, present + step],
    ] as const;
    for (const content of sources.contents) {
      for (const [range, expected] of asked)
        assert.equal(await sizeOf(content, range), expected, JSON.stringify(range));
    }
  });

  it("makes no copy that is smaller than its source", async () => {
    await using sources = await openSources(bench, present);
    for (const volume_content_source of sources.contents) {
      for (const capacity_range of [{ limit_bytes: String(present - 1n) }, exactly(smallest)]) {
        const request = { name: bench.newName(), volume_content_source, capacity_range };
        await refused(bench.create(request), "OUT_OF_RANGE", /limit_bytes/, /source/);
      }
    }
  });

  it("gives a copy of a snapshot the size from before its source grew, and a copy of the source the new one", async () => {
    await using sources = await openSources(bench);
    await bench.grow(sources.volume, exactly(present));
    const [snapshot = {}, volume = {}] = sources.contents;
    assert.equal(await sizeOf(snapshot, {}), smallest);
    assert.equal(await sizeOf(volume, {}), present);
    const request = { name: bench.newName(), volume_content_source: volume, capacity_range: exactly(smallest) };
    await refused(bench.create(request), "OUT_OF_RANGE", /source/);
  });

  it("leaves nothing of a copy that no pool has room for", async () => {
    await using sources = await openSources(bench);
    for (const volume_content_source of sources.contents) {
      const name = bench.newName();
      const capacity_range = { required_bytes: String(64n * 1024n * GiB) };
      await refused(bench.create({ name, volume_content_source, capacity_range }), "RESOURCE_EXHAUSTED");
      await using plain = await bench.volume({ name });
      assert.equal((await bench.shown(plain.id)).content_source, null, "the name is free");
    }
  });
}

function sourceTests(bench: Bench): void {
  it("makes no copy of what is not there, nor of a thing of the other kind", async () => {
    await using sources = await openSources(bench);
    const unknown = [
      ...[`memory/${neverTaken}`, `nvmet/${neverTaken}`, "../../etc/passwd", sources.volume].map(ofSnapshot),
      ...[`memory/${neverMade}`, `nvmet/${neverMade}`, "../../etc/passwd", sources.snapshot].map(ofVolume),
    ];
    for (const volume_content_source of unknown) {
      await refused(bench.create({ name: bench.newName(), volume_content_source }), "NOT_FOUND");
    }
  });

  it("needs the id of the source", async () => {
    for (const volume_content_source of [{}, ofSnapshot(""), ofVolume("")]) {
      const request = { name: bench.newName(), volume_content_source };
      await refused(bench.create(request), "INVALID_ARGUMENT", /volume_content_source/);
    }
  });
}

function repeatTests(bench: Bench): void {
  it("finds a copy again under its name, also when its source has gone", async () => {
    await using sources = await openSources(bench);
    for (const volume_content_source of sources.contents) {
      const request = { name: bench.newName(), volume_content_source, capacity_range: exactly(smallest) };
      await using copy = await bench.volume(request);
      const made = await bench.create(request);
      assert.equal(made.volume_id, copy.id);
      await bench.controller.DeleteSnapshot({ snapshot_id: sources.snapshot });
      if ("volume" in volume_content_source) await bench.discard(sources.volume);
      assert.deepEqual(await bench.create(request), made);
    }
  });

  it("refuses the name of a volume that has another source or none", async () => {
    await using sources = await openSources(bench);
    await using others = await openSources(bench);
    const choices = [...sources.contents, ...others.contents, undefined];
    for (const content of choices) {
      const name = bench.newName();
      const withSource = (source: VolumeContentSource | undefined) => ({
        ...{ name, capacity_range: exactly(smallest) },
        ...(source && { volume_content_source: source }),
      });
      await using volume = await bench.volume(withSource(content));
      for (const other of choices.filter((choice) => choice !== content)) {
        await refused(bench.create(withSource(other)), "ALREADY_EXISTS", /copy of/);
      }
      assert.deepEqual(shownSource((await bench.shown(volume.id)).content_source), content);
    }
  });
}

function lifeTests(bench: Bench): void {
  it("makes copies of copies, each of which lives on without the one that it was made of", async () => {
    await using stack = new AsyncDisposableStack();
    const first = stack.use(await bench.volume()).id;
    const second = stack.use(await bench.volume({ volume_content_source: ofVolume(first) })).id;
    const snapshot = stack.use(await bench.snapshot(second)).id;
    const third = stack.use(await bench.volume({ volume_content_source: ofSnapshot(snapshot) })).id;
    await bench.discard(first);
    await bench.discard(second);
    await bench.controller.DeleteSnapshot({ snapshot_id: snapshot });
    assert.deepEqual(shownSource((await bench.shown(third)).content_source), ofSnapshot(snapshot));
    const fourth = stack.use(await bench.volume({ volume_content_source: ofVolume(third) })).id;
    await bench.discard(third);
    assert.equal((await bench.shown(fourth)).capacity_bytes, String(smallest));
    await refused(bench.shown(third), "NOT_FOUND");
  });

  it("makes copies of a published volume, which stays published, and publishes, grows and copies a copy", async () => {
    const [nodeA, nodeB] = [nodeIdOf("node-a"), nodeIdOf("node-b")];
    await using sources = await openSources(bench);
    const { epoch } = await bench.publish(sources.volume, nodeA);
    for (const volume_content_source of sources.contents) {
      const capacity_range = exactly(smallest + step);
      await using copy = await bench.volume({ volume_content_source, capacity_range });
      assert.deepEqual(await bench.holders(copy.id), [], "the copy is nobody's");
      const { context } = await bench.publish(copy.id, nodeB);
      assert.equal(context["size"], String(smallest + step));
      await bench.grow(copy.id, exactly(smallest + 2n * step));
      await using snapshot = await bench.snapshot(copy.id);
      assert.equal(snapshot.taken.size_bytes, String(smallest + 2n * step));
    }
    assert.deepEqual(await bench.holders(sources.volume), [nodeA]);
    assert.equal((await bench.publish(sources.volume, nodeA)).epoch, epoch);
    assert.equal((await bench.shown(sources.volume)).capacity_bytes, String(smallest));
  });
}
