/** ListSnapshots: everything, by either id or both, and page by page. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { ListSnapshotsRequest } from "../../../src/gen/csi/v1/ListSnapshotsRequest.ts";
import { neverMade, neverTaken, refused, type Bench } from "./bench.ts";

/** The ids on one page. */
async function idsOf(bench: Bench, request: ListSnapshotsRequest): Promise<readonly string[]> {
  const { entries } = await bench.controller.ListSnapshots(request);
  return entries.map(({ snapshot }) => snapshot?.snapshot_id ?? "");
}

/** The ids on all pages. `between` is called with the ids of a page before the next one is asked for. */
async function pagesOf(
  bench: Bench,
  request: ListSnapshotsRequest & { readonly max_entries: number },
  between: (page: readonly string[]) => Promise<void> = async () => Promise.resolve(),
): Promise<readonly string[]> {
  const ids: string[] = [];
  let starting_token = "";
  do {
    const { entries, next_token } = await bench.controller.ListSnapshots({ ...request, starting_token });
    assert.ok(entries.length <= request.max_entries, "a page has at most max_entries entries");
    assert.ok(next_token === "" || next_token !== starting_token, "a token makes progress");
    const page = entries.map(({ snapshot }) => snapshot?.snapshot_id ?? "");
    ids.push(...page);
    starting_token = next_token;
    if (starting_token !== "") await between(page);
  } while (starting_token !== "");
  return ids;
}

interface Taken extends AsyncDisposable {
  readonly volumes: readonly [string, string];
  readonly of: readonly [readonly string[], readonly string[]];
}

/** Two volumes with snapshots of both, taken in turn. */
async function takeInTurn(bench: Bench, count: number): Promise<Taken> {
  await using stack = new AsyncDisposableStack();
  const [one, two] = [stack.use(await bench.volume()).id, stack.use(await bench.volume()).id];
  const of: readonly [string[], string[]] = [[], []];
  for (let number = 0; number < count; number += 1) {
    of[0].push(stack.use(await bench.snapshot(one)).id);
    of[1].push(stack.use(await bench.snapshot(two)).id);
  }
  const held = stack.move();
  return { volumes: [one, two], of, [Symbol.asyncDispose]: async () => held.disposeAsync() };
}

export function snapshotLookupTests(bench: Bench): void {
  filterTests(bench);
  pageTests(bench);

  it("aborts a list of snapshots on a token that it did not give out", async () => {
    await using taken = await takeInTurn(bench, 1);
    const ofVolumes = taken.volumes[0].split("/").at(-1) ?? "";
    for (const starting_token of ["invalid-token", "1", "../x", ofVolumes]) {
      for (const filter of [{}, { source_volume_id: taken.volumes[0] }]) {
        await refused(bench.controller.ListSnapshots({ ...filter, starting_token }), "ABORTED", /starting_token/);
      }
    }
    await refused(bench.controller.ListSnapshots({ max_entries: -1 }), "INVALID_ARGUMENT", /max_entries/);
  });
}

function filterTests(bench: Bench): void {
  it("lists snapshots: all, the one of an id, those of a volume, and where both are given the one that fits", async () => {
    await using taken = await takeInTurn(bench, 2);
    const [one, two] = taken.volumes;
    const [ofOne, ofTwo] = taken.of;
    const [id = ""] = ofOne;
    const all = await idsOf(bench, {});
    for (const snapshot of [...ofOne, ...ofTwo]) {
      assert.equal(all.filter((listed) => listed === snapshot).length, 1, "each is listed once");
    }
    assert.deepEqual(await idsOf(bench, { snapshot_id: id }), [id]);
    assert.deepEqual((await idsOf(bench, { source_volume_id: one })).toSorted(), ofOne.toSorted());
    assert.deepEqual((await idsOf(bench, { source_volume_id: two })).toSorted(), ofTwo.toSorted());
    assert.deepEqual(await idsOf(bench, { snapshot_id: id, source_volume_id: one }), [id]);
    assert.deepEqual(await idsOf(bench, { snapshot_id: id, source_volume_id: two }), []);
  });

  it("lists a snapshot as it is shown alone, under its source also when that has gone", async () => {
    await using volume = await bench.volume();
    await using snapshot = await bench.snapshot(volume.id);
    for (const _time of ["with the volume", "without it"]) {
      for (const filter of [{ snapshot_id: snapshot.id }, { source_volume_id: volume.id }]) {
        const { entries, next_token } = await bench.controller.ListSnapshots(filter);
        assert.deepEqual([entries, next_token], [[{ snapshot: snapshot.taken }], ""]);
      }
      await bench.discard(volume.id);
    }
  });

  it("lists nothing for ids that are not there, whatever the other filter is", async () => {
    await using volume = await bench.volume();
    await using snapshot = await bench.snapshot(volume.id);
    const noSnapshot = [`memory/${neverTaken}`, `nvmet/${neverTaken}`, "../../etc/passwd", volume.id];
    const noVolume = [`memory/${neverMade}`, `nvmet/${neverMade}`, "../../etc/passwd", snapshot.id];
    const filters: readonly ListSnapshotsRequest[] = [
      ...noSnapshot.map((snapshot_id) => ({ snapshot_id })),
      ...noSnapshot.map((snapshot_id) => ({ snapshot_id, source_volume_id: volume.id })),
      ...noVolume.map((source_volume_id) => ({ source_volume_id })),
      ...noVolume.map((source_volume_id) => ({ source_volume_id, snapshot_id: snapshot.id })),
    ];
    for (const filter of filters) {
      const { entries, next_token } = await bench.controller.ListSnapshots(filter);
      assert.deepEqual([entries, next_token], [[], ""], JSON.stringify(filter));
    }
  });
}

function pageTests(bench: Bench): void {
  it("lists each snapshot once over several pages, all of them and those of one volume", async () => {
    await using taken = await takeInTurn(bench, 3);
    const own = taken.of.flat();
    const all = (await pagesOf(bench, { max_entries: 2 })).filter((id) => own.includes(id));
    assert.deepEqual(all.toSorted(), own.toSorted());
    for (const max_entries of [1, 2, 3, 4]) {
      const listed = await pagesOf(bench, { max_entries, source_volume_id: taken.volumes[1] });
      assert.deepEqual(listed.toSorted(), taken.of[1].toSorted(), `${max_entries} on a page`);
    }
  });

  it("goes on after a page whose snapshots were deleted meanwhile", async () => {
    await using taken = await takeInTurn(bench, 3);
    const request = { max_entries: 1, source_volume_id: taken.volumes[0] };
    const listed = await pagesOf(bench, request, async (page) => {
      for (const snapshot_id of page) await bench.controller.DeleteSnapshot({ snapshot_id });
    });
    assert.deepEqual(listed.toSorted(), taken.of[0].toSorted());
    const [last] = listed.slice(-1);
    assert.deepEqual(await idsOf(bench, { source_volume_id: taken.volumes[0] }), [last]);
  });
}
