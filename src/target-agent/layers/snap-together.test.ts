import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VolumeId } from "../../domain/identity.ts";
import type { Exec } from "../../host/exec.ts";
import { snapTogether, type SnapTogetherDeps } from "./snap-together.ts";
import type { ThinPool } from "./thin-pool.ts";
import type { VolumeGroup } from "./volume-group.ts";

const size = 320n * 1024n * 1024n;
const pairs = ["a", "b"].map((source) => ({ source, copy: { id: `copy-${source}` as VolumeId, size } }));
const numbers = new Map([...["a", "b", "copy-a", "copy-b"].entries()].map(([number, name]) => [name, number + 1]));

/** A group and a pool that write down what they are told; `broken` is what fails. */
function bench(broken?: string) {
  const told: string[] = [];
  const suspended = new Set<string>();
  /** Run once a thing was told. */
  const after = new Map<string, () => void>();
  const tell = (what: string) => {
    told.push(what);
    if (what === broken) throw new Error(`no ${what}`);
    after.get(what)?.();
  };
  const group = {
    name: "vg",
    mappedName: (name: string) => name,
    change: async (command: string, args: readonly string[]) => {
      await Promise.resolve();
      tell(`${command} ${args.at(-1)} of ${args[args.indexOf("--virtualsize") + 1]}`);
    },
    list: async () => Promise.resolve([...numbers].map(([name, thinId]) => ({ name, thinId }))),
    quiet: async (_signal: AbortSignal, work: () => Promise<void>) => work(),
    device: async (name: string) => Promise.resolve({ isSuspended: suspended.has(name) }),
  };
  const pool = {
    name: "thin",
    tell: async (message: string) =>
      Promise.resolve().then(() => {
        tell(message);
      }),
  };
  const exec: Exec = async (_file, args) => {
    const [order = "", name = ""] = [args[0], args.at(-1)];
    await Promise.resolve();
    if (order === "suspend" && `suspend ${name}` !== broken) suspended.add(name);
    if (order === "resume") suspended.delete(name);
    tell(`${order} ${name}`);
    return { exitCode: 0, signal: undefined, stdout: "", stderr: "" };
  };
  const deps = { group, pool, exec } as unknown as SnapTogetherDeps & {
    readonly group: VolumeGroup;
    readonly pool: ThinPool;
  };
  return { deps, told, suspended, after };
}

const takes = ["create_snap 3 1", "create_snap 4 2"];

describe("thin snapshots at one instant", () => {
  it("are taken while every source is suspended, in the place of empty volumes that LVM has made", async () => {
    const { deps, told, suspended } = bench();
    await snapTogether(deps, pairs);
    const made = ["lvcreate copy-a of 335544320b", "lvcreate copy-b of 335544320b", "delete 3", "delete 4"];
    assert.deepEqual(told, [...made, "suspend a", "suspend b", ...takes, "resume a", "resume b"]);
    assert.equal(suspended.size, 0);
  });

  it("are not begun when a source could not be suspended, and the others go on", async () => {
    const { deps, told, suspended } = bench("suspend b");
    await assert.rejects(snapTogether(deps, pairs), /no suspend b/);
    assert.deepEqual(
      told.filter((what) => takes.includes(what)),
      [],
    );
    assert.equal(suspended.size, 0);
  });

  it("are not begun when a source goes on again at once", async () => {
    const { deps, told, suspended, after } = bench();
    after.set("suspend b", () => void suspended.delete("a"));
    await assert.rejects(snapTogether(deps, pairs), {
      kind: "unavailable",
      message: /must stay suspended .*; got "a"/,
    });
    assert.deepEqual(
      told.filter((what) => takes.includes(what)),
      [],
    );
    assert.equal(suspended.size, 0);
  });

  it("do not count when somebody lets a source go on before the last is taken", async () => {
    const { deps, suspended, after } = bench();
    after.set("create_snap 4 2", () => void suspended.delete("a"));
    await assert.rejects(snapTogether(deps, pairs), { kind: "unavailable", message: /must stay suspended/ });
    assert.equal(suspended.size, 0);
  });

  it("that fail in any step leave no source suspended", async () => {
    for (const broken of ["delete 3", "delete 4", ...takes, "resume a"]) {
      const { deps, suspended } = bench(broken);
      await assert.rejects(snapTogether(deps, pairs), new RegExp(`no ${broken}`));
      assert.equal(suspended.size, 0, broken);
    }
  });

  it("are refused of what is no thin volume", async () => {
    const { deps } = bench();
    const other = [{ source: "root", copy: { id: "copy-a" as VolumeId, size } }];
    await assert.rejects(snapTogether(deps, other), {
      kind: "precondition",
      message: /vg\/root must be a thin volume/,
    });
  });
});
