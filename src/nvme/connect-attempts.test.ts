import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HostIdentity, Nqn, Uuid } from "../domain/identity.ts";
import type { Exec } from "../host/exec.ts";
import { ConnectAttempts, connectOptions } from "./connect-attempts.ts";

const nqn = "nqn.2026-11.dev.nvmetcp.csi:0a1b2c3d:v1-00112233445566778899aabbccddeeff" as Nqn;
const hostId = "6ba7b811-9dad-51d1-80b4-00c04fd430c8" as Uuid;
const host: HostIdentity = { hostNqn: `nqn.2014-08.org.nvmexpress:uuid:${hostId}` as Nqn, hostId };
const portal = { address: "192.0.2.1", port: 4420 };
const timing = { reconnectDelay: 5, keepAlive: 7 };

describe("the options of a connect", () => {
  it("name one portal, both identities, and never give up", () => {
    const identity = `nqn=${nqn},transport=tcp,traddr=192.0.2.1,trsvcid=4420,hostnqn=${host.hostNqn},hostid=${hostId}`;
    const times = "ctrl_loss_tmo=-1,reconnect_delay=5,keep_alive_tmo=7";
    assert.equal(connectOptions(nqn, host, portal, timing), `${identity},${times}`);
  });

  it("spell an IPv6 address in one way", () => {
    const spelt = (address: string) => connectOptions(nqn, host, { address, port: 1 }, timing);
    assert.equal(spelt("fd00:0::1"), spelt("FD00::1"));
    assert.match(spelt("FD00::1"), /,traddr=fd00::1,trsvcid=1,/);
  });

  it("refuse every value that could carry another option", () => {
    const refuses = (work: () => unknown, rule: RegExp) =>
      assert.throws(work, { kind: "invalid_argument", message: rule });
    for (const address of [
      "",
      "example.org",
      "192.0.2.1,hostnqn=nqn.x",
      "fe80::1%eth0",
      "--dump-config",
      "192.0.2.256",
    ]) {
      refuses(() => connectOptions(nqn, host, { address, port: 4420 }, timing), /IP address/);
    }
    for (const port of [0, 65536, 1.5, NaN]) {
      refuses(() => connectOptions(nqn, host, { address: "::1", port }, timing), /port/);
    }
    for (const bad of ["", "nqn.A", "nqn.a,b", "nqn.a b", "nqn.a\n", "-nqn", `nqn.${"a".repeat(219)}`]) {
      refuses(() => connectOptions(bad as Nqn, host, portal, timing), /NQN/);
      refuses(() => connectOptions(nqn, { hostNqn: bad as Nqn, hostId }, portal, timing), /NQN/);
    }
    refuses(() => connectOptions(nqn, { ...host, hostId: "x" as Uuid }, portal, timing), /UUID/);
    refuses(() => connectOptions(nqn, host, portal, { ...timing, keepAlive: 0.5 }), /seconds/);
    assert.ok(connectOptions(`nqn.${"a".repeat(218)}` as Nqn, host, portal, timing));
  });
});

describe("attempts to connect", () => {
  const said = "dd: error writing '/dev/nvme-fabrics': Connection refused";
  const result = { exitCode: 1, signal: undefined, stdout: "", stderr: said };

  it("are written in one piece, by a program whose arguments say nothing of them, and never make a file", async () => {
    const calls: unknown[] = [];
    const attempts = new ConnectAttempts((file, args, { input }) => {
      calls.push([file, ...args], input);
      return Promise.resolve({ ...result, exitCode: 0, stderr: "" });
    }, timing);
    assert.match(await attempts.connect(nqn, host, portal, AbortSignal.timeout(5000)), /the kernel took the request/);
    const how = ["bs=4096", "count=1", "iflag=fullblock", "conv=nocreat,notrunc", "status=none"];
    assert.deepEqual(calls, [["dd", "of=/dev/nvme-fabrics", ...how], connectOptions(nqn, host, portal, timing)]);
  });

  it("are joined, outlive the request, and are waited for by subsystem", async () => {
    const { promise, resolve } = Promise.withResolvers<typeof result>();
    let runs = 0;
    const slow: Exec = () => {
      runs++;
      return promise;
    };
    const attempts = new ConnectAttempts(slow, timing);
    const impatient = new AbortController();
    const first = attempts.connect(nqn, host, portal, impatient.signal);
    const second = attempts.connect(nqn, host, portal, AbortSignal.timeout(5000));
    impatient.abort(new Error("the request ended"));
    await assert.rejects(first, /the request ended/);
    assert.equal(runs, 1);
    await attempts.settled("nqn.other" as Nqn, AbortSignal.timeout(5000));
    await assert.rejects(attempts.settled(nqn, AbortSignal.abort()), { name: "AbortError" });
    resolve(result);
    await attempts.settled(nqn, AbortSignal.timeout(5000));
    assert.equal(await second, "192.0.2.1 port 4420: Connection refused");
    await attempts.connect(nqn, host, portal, AbortSignal.timeout(5000));
    assert.equal(runs, 2);
  });

  it("end in the kernel's words, and say where these would mislead", async () => {
    const ended = async (stderr: string, exitCode = 1) => {
      const attempts = new ConnectAttempts(() => Promise.resolve({ ...result, exitCode, stderr }), timing);
      return await attempts.connect(nqn, host, portal, AbortSignal.timeout(5000));
    };
    const at = "192.0.2.1 port 4420: ";
    const writing = (reason: string) => `dd: error writing '/dev/nvme-fabrics': ${reason}\n`;
    assert.equal(await ended(writing("Input/output error")), `${at}Input/output error`);
    assert.equal(
      await ended(writing("Operation already in progress")),
      `${at}this host has a connection to it already`,
    );
    assert.equal(
      await ended("dd: failed to open '/dev/nvme-fabrics': No such file or directory\n"),
      `${at}/dev/nvme-fabrics does not open, is nvme-tcp loaded? No such file or directory`,
    );
    assert.equal(await ended("", 7), `${at}the connect ended with 7`);
  });

  it("that cannot start are words too", async () => {
    const attempts = new ConnectAttempts(() => Promise.reject(new Error("no such program")), timing);
    assert.match(await attempts.connect(nqn, host, portal, AbortSignal.timeout(5000)), /no such program/);
  });
});
