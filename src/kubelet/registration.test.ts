import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtempDisposable, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { poll } from "../host/clock.ts";
import { keepRegistered } from "./registration.ts";
import { registrationService } from "./registration-wire.ts";

const limit = () => AbortSignal.timeout(20_000);

/** A kubelet's side of the two calls. */
async function call(socket: string, name: "GetInfo" | "NotifyRegistrationStatus", request: object): Promise<object> {
  const method = registrationService[name];
  assert.ok(method);
  const client = new Client(`unix://${socket}`, credentials.createInsecure());
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  const onAnswer = (error: ServiceError | null, answer?: object) => {
    if (error) reject(error);
    else resolve(answer ?? {});
  };
  client.makeUnaryRequest(
    method.path,
    method.requestSerialize,
    method.responseDeserialize as (bytes: Buffer) => object,
    request,
    onAnswer,
  );
  try {
    return await promise;
  } finally {
    client.close();
  }
}

async function start(t: TestContext) {
  const root = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-registry-"));
  t.after(async () => root.remove());
  const directory = path.join(root.path, "plugins_registry");
  await mkdir(directory);
  const stop = new AbortController();
  const outcomes: unknown[] = [];
  const onOutcome = (error: unknown) => outcomes.push(error);
  const ended = keepRegistered({ directory, endpoint: "/plugins/csi.sock", signal: stop.signal, onOutcome });
  const socket = path.join(directory, "csi.nvmetcp.dev-reg.sock");
  const isThere = async () => poll(async () => Promise.resolve(existsSync(socket) || undefined), limit());
  await isThere();
  const end = async () => {
    stop.abort();
    await ended;
  };
  t.after(end);
  return { directory, socket, outcomes, isThere, end };
}

describe("the registration with a kubelet", () => {
  it("says what the driver is called and where it listens, and takes the kubelet's word for the outcome", async (t) => {
    const { socket, outcomes, end } = await start(t);
    assert.deepEqual(await call(socket, "GetInfo", {}), {
      type: "CSIPlugin",
      name: "csi.nvmetcp.dev",
      endpoint: "/plugins/csi.sock",
      supported_versions: ["1.0.0"],
    });
    await call(socket, "NotifyRegistrationStatus", { plugin_registered: true });
    await call(socket, "NotifyRegistrationStatus", { plugin_registered: false, error: "no such driver" });
    assert.deepEqual(outcomes.map(String), [
      "undefined",
      'DomainError: cannot register: the kubelet refused; got "no such driver"',
    ]);
    await end();
    assert.equal(existsSync(socket), false, "the kubelet is to know that the driver has gone");
  });

  it("comes back when its socket is taken away, and when the whole directory is", async (t) => {
    const { directory, socket, isThere } = await start(t);
    await rm(socket);
    await isThere();
    await call(socket, "GetInfo", {});
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await isThere();
    await call(socket, "GetInfo", {});
  });

  it("waits for a directory that is not there, and says so", async (t) => {
    const root = await mkdtempDisposable(path.join(tmpdir(), "nvmetcp-csi-registry-"));
    t.after(async () => root.remove());
    const stop = new AbortController();
    const { promise: told, resolve } = Promise.withResolvers<unknown>();
    const directory = path.join(root.path, "missing");
    const ended = keepRegistered({ directory, endpoint: "/csi.sock", signal: stop.signal, onOutcome: resolve });
    assert.match(String(await told), /plugins_registry directory must be there/);
    stop.abort();
    await ended;
  });
});
