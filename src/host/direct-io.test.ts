import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { askOf, childrenOf } from "../../test/support/children.ts";
import type { Expectation } from "./direct-io-child.ts";
import { poll } from "./clock.ts";
import { ChildPool } from "./child-pool.ts";
import { canClaim, holdDevice, readRegions, runHolding, startChild, swapBlock, writeGuarded } from "./direct-io.ts";
import type { Exec } from "./exec.ts";

const children = new ChildPool({ start: startChild });
after(async () => children[Symbol.asyncDispose]());
const MiB = 1024 * 1024;
const everything = [
  { offset: 0n, length: 5 * MiB },
  { offset: 8n * 1048576n, length: 4096 },
];
const file = { kind: "file" } as const;

describe("a direct reading", () => {
  let directory = "";
  const name = (leaf: string) => join(directory, leaf);
  const signal = () => AbortSignal.timeout(20_000);
  const read = (path: string, more = {}) =>
    readRegions(
      children.ask,
      { path, expect: file, exclusive: false, regions: everything, ...more },
      { signal: signal() },
    );

  before(() => {
    directory = mkdtempSync(join(tmpdir(), "direct-io-"));
    writeFileSync(name("zeros"), "");
    truncateSync(name("zeros"), 16 * MiB);
    const content = Buffer.alloc(16 * MiB);
    content[4 * MiB + 4097] = 1;
    writeFileSync(name("late"), content);
    writeFileSync(name("short"), Buffer.alloc(6 * MiB));
  });
  after(() => rmSync(directory, { recursive: true }));

  it("of zeros finds nothing", async () => {
    assert.deepEqual(await read(name("zeros")), { kind: "read", blocks: [] });
  });

  it("names the first byte that is not zero, also beyond the first chunk", async () => {
    assert.deepEqual(await read(name("late")), { kind: "read", firstNonZero: BigInt(4 * MiB + 4097), blocks: [] });
  });

  it("returns the blocks that were asked for, and does not judge what they hold", async () => {
    const content = readFileSync(name("late"));
    const offsets = [4 * MiB + 4096, 0, 12 * MiB];
    const reading = await read(name("late"), { blocks: offsets.map(BigInt) });
    const blocks = offsets.map((offset) => content.subarray(offset, offset + 4096));
    assert.deepEqual(reading, { kind: "read", blocks });
    const another = await read(name("late"), { blocks: [4n * 1048576n] });
    assert.equal(another.kind === "read" && another.firstNonZero, BigInt(4 * MiB + 4097), "the block beside it");
  });

  it("that ends early is unreadable, never zero", async () => {
    const reading = await read(name("short"));
    assert.equal(reading.kind === "unreadable" && reading.code, "SHORT_READ");
  });

  it("of an absent path is unreadable", async () => {
    const reading = await read(name("absent"));
    assert.equal(reading.kind === "unreadable" && reading.code, "ENOENT");
  });

  it("refuses a regular file where a device is expected, and the reverse", async () => {
    const expect = { kind: "block", major: 259, minor: 1 };
    const asDevice = await read(name("zeros"), { expect });
    assert.equal(asDevice.kind === "unreadable" && asDevice.code, "WRONG_DEVICE");
    assert.match(asDevice.kind === "unreadable" ? asDevice.reason : "", /is not a block device/);
    const directoryReading = await read(directory, { regions: [] });
    assert.equal(directoryReading.kind, "unreadable");
  });

  it("is not complete when the child says nothing, or nonsense, or dies", async () => {
    for (const stdout of ["", "{}", '{"ok":true}', '{"ok":true,"firstNonZero":"x"}', "zero"]) {
      const silent: Exec = () => Promise.resolve({ exitCode: 0, signal: undefined, stdout, stderr: "Killed" });
      const request = { path: "/dev/nvme0n1", exclusive: true, regions: [] };
      const reading = await readRegions(askOf(silent), request, { signal: signal() });
      assert.equal(reading.kind === "unreadable" && reading.code, "NO_ANSWER", stdout);
    }
  });

  it("passes the whole request to the child as data", async () => {
    const seen: unknown[] = [];
    const spy: Exec = (_program, _args, { input }) => {
      seen.push(JSON.parse(input ?? ""));
      return Promise.resolve({
        exitCode: 0,
        signal: undefined,
        stdout: '{"ok":true,"firstNonZero":null,"blocks":[]}',
        stderr: "",
      });
    };
    const expect = { kind: "block", major: 259, minor: 300 } as const;
    const request = { path: "/dev/a b", expect, exclusive: true, regions: everything, blocks: [4096n] };
    const reading = await readRegions(askOf(spy), request, { signal: signal() });
    assert.equal(reading.kind === "unreadable" && reading.code, "NO_ANSWER", "a block is missing in the answer");
    assert.deepEqual(seen, [
      {
        op: "read",
        path: "/dev/a b",
        expect,
        exclusive: true,
        regions: [
          { offset: "0", length: 5 * MiB },
          { offset: "8388608", length: 4096 },
        ],
        blocks: ["4096"],
      },
    ]);
  });
});

describe("the swap of a block", () => {
  let directory = "";
  let path = "";
  const block = (byte: number) => Buffer.alloc(4096, byte);
  const swap = (from: Buffer, to: Buffer, expect: Expectation = file) =>
    swapBlock(children.ask, { path, expect, offset: 8192n, from, to }, { signal: AbortSignal.timeout(20_000) });

  before(() => {
    directory = mkdtempSync(join(tmpdir(), "direct-io-"));
    path = join(directory, "file");
  });
  beforeEach(() => writeFileSync(path, Buffer.concat([1, 2, 3, 4].map(block))));
  after(() => rmSync(directory, { recursive: true }));

  it("replaces this block and no other", async () => {
    assert.equal(await swap(block(3), block(9)), true);
    assert.deepEqual(readFileSync(path), Buffer.concat([1, 2, 9, 4].map(block)));
  });

  it("leaves a block that holds something else", async () => {
    const almost = block(3);
    almost[4095] = 4;
    assert.equal(await swap(almost, block(9)), false);
    assert.deepEqual(readFileSync(path), Buffer.concat([1, 2, 3, 4].map(block)));
  });

  it("writes to no other device than the expected one", async () => {
    const expect = { kind: "block", major: 259, minor: 1 } as const;
    await assert.rejects(swap(block(3), block(9), expect), { kind: "unavailable", message: /not a block device/ });
    assert.deepEqual(readFileSync(path), Buffer.concat([1, 2, 3, 4].map(block)));
  });

  it("is no success without the child's word", async () => {
    const silent: Exec = () => Promise.resolve({ exitCode: 0, signal: undefined, stdout: "", stderr: "Killed" });
    const request = { path, expect: file, offset: 0n, from: block(1), to: block(0) };
    await assert.rejects(swapBlock(askOf(silent), request, { signal: AbortSignal.timeout(1000) }), {
      kind: "unavailable",
    });
  });
});

describe("claiming a device", () => {
  const answering =
    (answer: object): Exec =>
    () =>
      Promise.resolve({ exitCode: 0, signal: undefined, stdout: JSON.stringify(answer), stderr: "" });
  const claim = (answer: object) =>
    canClaim(
      askOf(answering(answer)),
      { path: "/dev/nvme0n1", number: { major: 259, minor: 1 } },
      { signal: AbortSignal.timeout(1000) },
    );
  const refused = (code: string) => ({ ok: false, code, message: "it says no" });

  it("fails while something holds it", async () => assert.equal(await claim(refused("EBUSY")), false));

  it("succeeds when it is free, gone, or another device by now", async () => {
    assert.equal(await claim({ ok: true, firstNonZero: null, blocks: [] }), true);
    for (const code of ["ENOENT", "ENXIO", "ENODEV", "WRONG_DEVICE"]) assert.equal(await claim(refused(code)), true);
  });

  it("is no answer when the open failed for another reason", async () => {
    await assert.rejects(claim(refused("EIO")), { kind: "unavailable", message: /cannot claim .*it says no.*EIO/ });
  });
});

describe("a held device", () => {
  const signal = () => AbortSignal.timeout(20_000);

  it("is the one that was meant, or is not held at all", async () => {
    const directory = mkdtempSync(join(tmpdir(), "direct-io-"));
    const path = join(directory, "regular");
    writeFileSync(path, "");
    const device = { path, number: { major: 259, minor: 1 } };
    const hold = async (other: string) => holdDevice(children.talk, { ...device, path: other }, { signal: signal() });
    await assert.rejects(hold(path), { kind: "unavailable", message: /is not a block device/ });
    await assert.rejects(hold(join(directory, "absent")), { kind: "unavailable", message: /ENOENT/ });
    rmSync(directory, { recursive: true });
  });

  it("is let go when the child answers nonsense", async () => {
    const ended: string[] = [];
    const ask = () => Promise.resolve({ exitCode: 0, signal: undefined, stdout: "yes", stderr: "" });
    const device = { path: "/dev/nvme0n1", number: { major: 259, minor: 1 } };
    const work = holdDevice(childrenOf(ask, () => ended.push("ended")).talk, device, { signal: signal() });
    await assert.rejects(work, { kind: "unavailable", message: /yes/ });
    assert.deepEqual(ended, ["ended"]);
  });

  it("has programs run one after the other by one child", async () => {
    const { ask, end } = await children.talk(signal());
    const run = async (...argv: readonly [string, ...string[]]) => runHolding(ask, argv, { signal: signal() });
    const result = await run("sh", "-c", "echo $PPID; echo why >&2; exit 7");
    assert.deepEqual([result.exitCode, result.stderr], [7, "why"]);
    assert.equal((await run("sh", "-c", "echo $PPID")).stdout, result.stdout, "the same parent");
    await assert.rejects(run("/nowhere/at/all"), { kind: "unavailable", message: /did not start/ });
    end();
  });

  it("ends the program that runs when it is told to end", async () => {
    const { ask } = await children.talk(signal());
    const directory = mkdtempSync(join(tmpdir(), "direct-io-"));
    const file = join(directory, "ended");
    const stop = new AbortController();
    const script = `trap 'echo yes > "$0"; exit' TERM; echo > "$0.ready"; while :; do sleep 0.05; done`;
    const running = runHolding(ask, ["sh", "-c", script, file], { signal: stop.signal });
    await poll(() => Promise.resolve(existsSync(`${file}.ready`) ? true : undefined), signal());
    stop.abort(new Error("enough"));
    await assert.rejects(running, { message: "enough" });
    await poll(() => Promise.resolve(existsSync(file) ? true : undefined), signal());
    rmSync(directory, { recursive: true });
  });
});

describe("a guarded write", () => {
  it("happens only where the files beside it say what is expected", async () => {
    const directory = mkdtempSync(join(tmpdir(), "direct-io-"));
    const name = (leaf: string) => join(directory, leaf);
    for (const leaf of ["a", "b"]) writeFileSync(name(leaf), "0");
    writeFileSync(name("nqn"), "mine\n");
    const write = (leaf: string, text: string) => ({
      path: name(leaf),
      text: "1",
      expect: [{ path: name("nqn"), text }],
    });
    const writes = [write("a", "mine"), write("b", "min"), write("absent", "mine")];
    await writeGuarded(children.ask, writes, { signal: AbortSignal.timeout(20_000) });
    assert.equal(readFileSync(name("a"), "utf8"), "1");
    assert.equal(readFileSync(name("b"), "utf8"), "0");
    assert.throws(() => statSync(name("absent")), { code: "ENOENT" });
    rmSync(directory, { recursive: true });
  });
});
