import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { askOf } from "../../test/support/children.ts";
import type { HostIdentity, Nqn, Uuid } from "../domain/identity.ts";
import type { WriteRequest } from "../host/direct-io-child.ts";
import type { Exec } from "../host/exec.ts";
import { KernelInitiator } from "./kernel-initiator.ts";

const nqn = "nqn.2026-11.dev.nvmetcp.csi:0a1b2c3d:v1-00112233445566778899aabbccddeeff" as Nqn;
const uuid = "6ba7b810-9dad-51d1-80b4-00c04fd430c8" as Uuid;
const otherUuid = "7ba7b810-9dad-51d1-80b4-00c04fd430c8" as Uuid;
const MiB = 1024n * 1024n;
const first = { address: "192.0.2.1", port: 4420 };
const second = { address: "192.0.2.2", port: 4420 };

function hostOf(digit: number): HostIdentity {
  const hostId = `${digit}ba7b811-9dad-51d1-80b4-00c04fd430c8` as Uuid;
  return { hostNqn: `nqn.2014-08.org.nvmexpress:uuid:${hostId}` as Nqn, hostId };
}

/** A kernel with one sysfs tree: a connect and the writing child change it as Linux does. */
class FakeKernel {
  readonly sys = mkdtempSync(join(tmpdir(), "initiator-"));
  /** What was run: `connect <address>` and `delete <controller>`. */
  readonly log: string[] = [];
  /** Addresses that refuse. */
  readonly refusing = new Set<string>();
  /** Whether a head appears with the first path. */
  showsHead = true;
  uuid: string = uuid;
  sectors = "655360";
  #controllers = 0;
  readonly #addresses = new Map<string, string>();

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.sys, path)), { recursive: true });
    writeFileSync(join(this.sys, path), text);
  }

  addHead(subsystem = 0, nqnOfSubsystem: string = nqn, device = "259:1"): void {
    const directory = `class/nvme-subsystem/nvme-subsys${subsystem}`;
    const head = `${directory}/nvme${subsystem}n1`;
    this.write(`${directory}/subsysnqn`, nqnOfSubsystem);
    const values = { nsid: "1", uuid: this.uuid, dev: device, size: this.sectors, "queue/logical_block_size": "512" };
    for (const [name, text] of Object.entries(values)) this.write(`${head}/${name}`, text);
  }

  addController(address: string, hostNqn: string, state = "live"): string {
    const name = `nvme${this.#controllers++}`;
    const values = {
      state,
      transport: "tcp",
      hostnqn: hostNqn,
      cntlid: String(this.#controllers),
      subsysnqn: nqn,
      rescan_controller: "",
    };
    for (const [leaf, text] of Object.entries(values)) this.write(`class/nvme/${name}/${leaf}`, text);
    // Whoever reads it meets an error (K4).
    mkdirSync(join(this.sys, "class/nvme", name, "address"));
    this.#addresses.set(name, address);
    this.write("class/nvme-subsystem/nvme-subsys0/subsysnqn", nqn);
    symlinkSync(`../../nvme/${name}`, join(this.sys, "class/nvme-subsystem/nvme-subsys0", name));
    return name;
  }

  removeController(name: string): void {
    this.#addresses.delete(name);
    rmSync(join(this.sys, "class/nvme", name), { recursive: true });
    rmSync(join(this.sys, "class/nvme-subsystem/nvme-subsys0", name));
    if (this.paths().length === 0) rmSync(join(this.sys, "class/nvme-subsystem/nvme-subsys0"), { recursive: true });
  }

  /** As the kernel compares: the host, and the letters of the address. */
  #hasController(address: string, hostNqn: string): boolean {
    const hostAt = (name: string) => readFileSync(join(this.sys, "class/nvme", name, "hostnqn"), "utf8");
    return [...this.#addresses].some(([name, other]) => other === address && hostAt(name) === hostNqn);
  }

  paths(): readonly string[] {
    return this.log.reduce<string[]>((left, entry) => {
      const [verb, name = ""] = entry.split(" ");
      if (verb === "added") left.push(name);
      return verb === "delete" ? left.filter((other) => other !== name) : left;
    }, []);
  }

  exec: Exec = (file, _args, { input }) => {
    const done = (exitCode: number, stderr = "", stdout = "") =>
      Promise.resolve({ exitCode, signal: undefined, stdout, stderr });
    if (file === "dd") {
      const options = new Map((input ?? "").split(",").map((option) => option.split("=") as [string, string]));
      const address = options.get("traddr") ?? "";
      this.log.push(`connect ${address}`);
      const already = "dd: error writing '/dev/nvme-fabrics': Operation already in progress";
      if (this.#hasController(address, options.get("hostnqn") ?? "")) return done(1, already);
      if (this.refusing.has(address)) return done(1, "dd: error writing '/dev/nvme-fabrics': Connection refused");
      this.log.push(`added ${this.addController(address, options.get("hostnqn") ?? "")}`);
      if (this.showsHead) this.addHead();
      return done(0);
    }
    for (const { path, text, expect } of (JSON.parse(input ?? "") as WriteRequest).writes) {
      assert.equal(basename(path), "delete_controller");
      assert.equal(text, "1");
      for (const { path: other, text: wanted } of expect) assert.equal(readFileSync(other, "utf8"), wanted);
      assert.ok(expect.some(({ path: other }) => basename(other) === "subsysnqn"));
      this.log.push(`delete ${basename(dirname(path))}`);
      this.removeController(basename(dirname(path)));
    }
    return done(0, "", '{"ok":true}');
  };
}

describe("the kernel initiator", () => {
  let kernel = new FakeKernel();
  let initiator: KernelInitiator;
  const target = { nqn, uuid };
  const request = { ...target, host: hostOf(1), portals: [first, second], atLeast: 320n * MiB };
  const signal = () => AbortSignal.timeout(10_000);
  const device = {
    path: "/dev/nvme0n1",
    name: "nvme0n1",
    number: { major: 259, minor: 1 },
    size: 320n * MiB,
    uuid,
  };

  beforeEach(() => {
    rmSync(kernel.sys, { recursive: true, force: true });
    kernel = new FakeKernel();
    const timing = { reconnectDelay: 2, keepAlive: 5 };
    const places = { sys: kernel.sys, proc: kernel.sys };
    const { exec } = kernel;
    initiator = new KernelInitiator({ exec, ask: askOf(exec), ...places, timing, rescanAfterMs: 0 });
  });
  afterEach(() => rmSync(kernel.sys, { recursive: true, force: true }));

  it("connects every portal and gives the device with the exact identity", async () => {
    assert.deepEqual(await initiator.connect(request, signal()), device);
    assert.deepEqual(kernel.log.filter((entry) => entry.startsWith("connect")).sort(), [
      "connect 192.0.2.1",
      "connect 192.0.2.2",
    ]);
    assert.deepEqual(await initiator.find(target, signal()), device);
    assert.deepEqual(await initiator.hostsOf(nqn), [hostOf(1).hostNqn]);
  });

  it("names the subsystem that has a namespace of the same uuid, because the kernel hides the second one", async () => {
    const rogue = "nqn.2026-11.example:rogue";
    kernel.showsHead = false;
    kernel.addHead(7, rogue, "259:7");
    const refusal = { kind: "precondition", message: new RegExp(`uuid ${uuid}; got "nvme7n1 of ${rogue}"`) };
    await assert.rejects(initiator.connect(request, signal()), refusal);
  });

  it("adds only the path that is missing when asked again", async () => {
    kernel.refusing.add("192.0.2.2");
    await initiator.connect(request, signal());
    kernel.refusing.clear();
    kernel.log.length = 0;
    await initiator.connect(request, signal());
    await initiator.disconnect("nqn.other" as Nqn, signal());
    assert.deepEqual(
      kernel.log.filter((entry) => entry.startsWith("added")),
      ["added nvme1"],
    );
  });

  it("asks for nothing while all its paths are live", async () => {
    await initiator.connect(request, signal());
    kernel.log.length = 0;
    assert.deepEqual(await initiator.connect(request, signal()), device);
    await initiator.disconnect("nqn.other" as Nqn, signal());
    assert.deepEqual(kernel.log, []);
  });

  it("is unavailable at once, with the kernel's words, when no path comes up", async () => {
    for (const { address } of request.portals) kernel.refusing.add(address);
    await assert.rejects(initiator.connect(request, signal()), {
      kind: "unavailable",
      message: /192\.0\.2\.1 port 4420: .*refused; 192\.0\.2\.2 port 4420: .*refused/,
    });
    await assert.rejects(initiator.connect({ ...request, portals: [] }, signal()), { kind: "unavailable" });
  });

  it("deletes controllers of other hosts first and waits their device away", async () => {
    await initiator.connect({ ...request, host: hostOf(2) }, signal());
    kernel.log.push("--");
    await initiator.connect(request, signal());
    const later = kernel.log.slice(kernel.log.indexOf("--") + 1).map((entry) => entry.split(" ")[0]);
    assert.deepEqual(later, ["delete", "delete", "connect", "added", "connect", "added"]);
    assert.deepEqual(await initiator.hostsOf(nqn), [hostOf(1).hostNqn]);
  });

  it("keeps its own live path when it deletes a stranger's", async () => {
    await initiator.connect({ ...request, portals: [first] }, signal());
    const stranger = kernel.addController("192.0.2.9", hostOf(3).hostNqn);
    kernel.log.length = 0;
    kernel.log.push("added nvme0");
    await initiator.connect({ ...request, portals: [first] }, signal());
    assert.deepEqual(kernel.log.slice(1), [`delete ${stranger}`]);
  });

  it("does not connect while an old device has not gone", async () => {
    kernel.addHead();
    await assert.rejects(initiator.connect(request, AbortSignal.timeout(50)), {
      kind: "timeout",
      message: /controllers and device must go; got \["nvme0n1"\]/,
    });
    assert.deepEqual(kernel.log, []);
  });

  it("refuses a namespace with another uuid at once, naming both", async () => {
    kernel.uuid = otherUuid;
    await assert.rejects(initiator.connect(request, signal()), (error: Error & { kind: string }) => {
      assert.equal(error.kind, "precondition");
      assert.ok(error.message.includes(uuid) && error.message.includes(otherUuid));
      return true;
    });
    assert.equal(await initiator.find(target, signal()), undefined);
  });

  it("waits for an expansion and says both sizes when it does not come", async () => {
    const larger = { ...request, atLeast: 324n * MiB };
    await assert.rejects(initiator.connect(larger, AbortSignal.timeout(100)), {
      kind: "timeout",
      message: /at least 339738624 bytes.*got "?335544320/,
    });
    const waiting = initiator.connect(larger, signal());
    kernel.sectors = "663552";
    kernel.addHead();
    assert.equal((await waiting).size, 324n * MiB);
  });

  it("asks live controllers once to look again when no namespace shows up", async () => {
    kernel.showsHead = false;
    const asked = () => readFileSync(join(kernel.sys, "class/nvme/nvme0/rescan_controller"), "utf8");
    await assert.rejects(initiator.connect(request, AbortSignal.timeout(100)), {
      kind: "timeout",
      message: /no multipath device with namespace uuid/,
    });
    assert.equal(asked(), "1");
  });

  it("waits for a path that is reconnecting instead of making a second one", async () => {
    const name = kernel.addController("192.0.2.1", hostOf(1).hostNqn, "connecting");
    kernel.addHead();
    const alone = { ...request, portals: [first] };
    const late = { kind: "timeout", message: /no path is live.*nvme0 connecting/ };
    await assert.rejects(initiator.connect(alone, AbortSignal.timeout(50)), late);
    const waiting = initiator.connect(alone, signal());
    kernel.write(`class/nvme/${name}/state`, "live");
    assert.deepEqual(await waiting, device);
    assert.ok(!kernel.log.some((entry) => entry.startsWith("added")));
  });

  it("takes the exact NQN of two subsystems whose namespaces have one uuid", async () => {
    kernel.addHead(7, `${nqn}0`, "259:7");
    await initiator.connect(request, signal());
    assert.equal((await initiator.find(target, signal()))?.name, "nvme0n1");
    assert.equal((await initiator.find({ nqn: `${nqn}0` as Nqn, uuid }, signal()))?.number.minor, 7);
  });

  it("disconnects every controller of exactly this NQN, and absence is done", async () => {
    kernel.addHead(7, `${nqn}0`, "259:7");
    await initiator.connect(request, signal());
    await initiator.disconnect(nqn, signal());
    assert.equal(await initiator.find(target, signal()), undefined);
    assert.deepEqual(await initiator.hostsOf(nqn), []);
    assert.ok(await initiator.find({ nqn: `${nqn}0` as Nqn, uuid }, signal()));
    kernel.log.length = 0;
    await initiator.disconnect(nqn, signal());
    assert.deepEqual(kernel.log, []);
  });

  it("tells the number of live paths", async () => {
    assert.deepEqual(await initiator.condition(target), { abnormal: true, message: "the device is not connected" });
    await initiator.connect(request, signal());
    assert.deepEqual(await initiator.condition(target), { abnormal: false, message: "2 of 2 paths are live" });
    kernel.write("class/nvme/nvme1/state", "connecting");
    const message = "1 of 2 paths are live, nvme1 is connecting";
    assert.deepEqual(await initiator.condition(target), { abnormal: true, message });
  });

  it("checks every portal before the first side effect", async () => {
    kernel.addController("192.0.2.1", hostOf(2).hostNqn);
    const portals = [first, { address: "192.0.2.2,hostnqn=nqn.evil", port: 4420 }];
    await assert.rejects(initiator.connect({ ...request, portals }, signal()), { kind: "invalid_argument" });
    assert.deepEqual(kernel.log, []);
  });
});
