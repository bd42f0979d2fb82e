/**
 * What a CSI message looks like as an object after it has crossed a real gRPC connection, loaded from src/gen alone.
 * The rest of the code relies on these shapes; a new version of the gRPC packages must not change them unseen.
 */
import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { csiDescriptor, csiLoaderOptions } from "../../../src/gen/csi-descriptor.ts";
import type { ControllerHandlers } from "../../../src/gen/csi/v1/Controller.ts";
import type { CreateVolumeRequest__Output } from "../../../src/gen/csi/v1/CreateVolumeRequest.ts";
import type { IdentityHandlers } from "../../../src/gen/csi/v1/Identity.ts";
import type { ProbeResponse } from "../../../src/gen/csi/v1/ProbeResponse.ts";

const beyondDouble = "9007199254740993"; // 2^53 + 1: a JavaScript number cannot hold it.
const definitions = fromJSON(csiDescriptor, csiLoaderOptions);

function service(name: string): ServiceDefinition {
  const definition = definitions[`csi.v1.${name}`];
  assert.ok(definition && !("format" in definition), `${name} is a service`);
  return definition;
}

const controller = service("Controller");
const identity = service("Identity");

function method(definition: ServiceDefinition, name: string): ServiceDefinition[string] {
  const found = definition[name];
  assert.ok(found, `${name} is a method`);
  return found;
}

describe("a CSI message on the wire", () => {
  const stack = new AsyncDisposableStack();
  const server = new Server();
  let client: Client;
  let probeAnswer: ProbeResponse;
  let lastRequest: CreateVolumeRequest__Output;

  const identityHandlers: Pick<IdentityHandlers, "Probe"> = {
    Probe: (_call, callback) => callback(null, probeAnswer),
  };
  const controllerHandlers: Pick<ControllerHandlers, "CreateVolume" | "CreateSnapshot"> = {
    CreateVolume: (call, callback) => {
      lastRequest = call.request;
      const { name, capacity_range, parameters } = call.request;
      const capacity_bytes = capacity_range?.required_bytes ?? "0";
      callback(null, { volume: { volume_id: name, capacity_bytes, volume_context: parameters } });
    },
    CreateSnapshot: (call, callback) => {
      const creation_time = { seconds: beyondDouble, nanos: 999_999_999 };
      callback(null, { snapshot: { snapshot_id: call.request.name, creation_time, ready_to_use: true } });
    },
  };

  function call(at: ServiceDefinition, name: string, request: object, signal: AbortSignal): Promise<unknown> {
    const { path: route, requestSerialize, responseDeserialize } = method(at, name);
    return new Promise((resolve, reject) => {
      const pending = client.makeUnaryRequest(
        route,
        requestSerialize,
        responseDeserialize,
        request,
        (error, answer) => {
          if (error) reject(error);
          else resolve(answer);
        },
      );
      signal.addEventListener("abort", () => pending.cancel(), { once: true });
    });
  }

  before(async () => {
    const dir = stack.use(await mkdtempDisposable(path.join(tmpdir(), "csi-wire-")));
    const address = `unix://${path.join(dir.path, "csi.sock")}`;
    server.addService(identity, identityHandlers);
    server.addService(controller, controllerHandlers);
    await promisify(server.bindAsync.bind(server))(address, ServerCredentials.createInsecure());
    stack.defer(() => server.forceShutdown());
    client = new Client(address, credentials.createInsecure());
    stack.defer(() => client.close());
  });
  after(() => stack.disposeAsync());

  it("tells a wrapped false from a wrapper that is absent", async (t) => {
    probeAnswer = { ready: { value: true } };
    assert.deepEqual(await call(identity, "Probe", {}, t.signal), { ready: { value: true } });
    probeAnswer = { ready: { value: false } };
    assert.deepEqual(await call(identity, "Probe", {}, t.signal), { ready: { value: false } });
    probeAnswer = {};
    assert.deepEqual(await call(identity, "Probe", {}, t.signal), { ready: null });
  });

  it("keeps a 64-bit size exact in both directions", async (t) => {
    const capacity_range = { required_bytes: beyondDouble };
    const request = { name: "pvc-1", capacity_range, parameters: { pool: "fast" } };
    const answer = await call(controller, "CreateVolume", request, t.signal);
    assert.deepEqual(lastRequest.capacity_range, { required_bytes: beyondDouble, limit_bytes: "0" });
    assert.deepEqual(answer, {
      volume: {
        volume_id: "pvc-1",
        capacity_bytes: beyondDouble,
        volume_context: { pool: "fast" },
        content_source: null,
        accessible_topology: [],
      },
    });
  });

  it("keeps a timestamp exact to the nanosecond", async (t) => {
    const answer = await call(controller, "CreateSnapshot", { name: "snap-1" }, t.signal);
    assert.deepEqual(answer, {
      snapshot: {
        snapshot_id: "snap-1",
        source_volume_id: "",
        size_bytes: "0",
        creation_time: { seconds: beyondDouble, nanos: 999_999_999 },
        ready_to_use: true,
        group_snapshot_id: "",
      },
    });
  });

  it("shows what is absent as null, an empty string, an empty list or an empty map", async (t) => {
    await call(controller, "CreateVolume", {}, t.signal);
    assert.deepEqual(lastRequest, {
      name: "",
      capacity_range: null,
      volume_capabilities: [],
      parameters: {},
      secrets: {},
      volume_content_source: null,
      accessibility_requirements: null,
      mutable_parameters: {},
    });
  });

  it("names the member of a oneof that is set, and has no key for the others", async (t) => {
    const mount = { fs_type: "ext4", mount_flags: ["noatime"] };
    const volume_capabilities = [{ block: {} }, { mount, access_mode: { mode: "SINGLE_NODE_WRITER" } }, {}];
    await call(controller, "CreateVolume", { volume_capabilities }, t.signal);
    assert.deepEqual(lastRequest.volume_capabilities, [
      { access_type: "block", block: {}, access_mode: null },
      {
        access_type: "mount",
        mount: { ...mount, volume_mount_group: "" },
        access_mode: { mode: "SINGLE_NODE_WRITER" },
      },
      { access_mode: null },
    ]);
  });

  it("shows an enum value it does not know as a number, though the type says string", () => {
    const { requestDeserialize } = method(controller, "CreateVolume");
    // CreateVolumeRequest.volume_capabilities (3) . access_mode (3) . mode (1) = 99
    const request = requestDeserialize(Buffer.from([0x1a, 0x04, 0x1a, 0x02, 0x08, 99]));
    assert.ok("volume_capabilities" in request);
    assert.deepEqual(request.volume_capabilities, [{ access_mode: { mode: 99 } }]);
  });

  it("shows both members of a oneof when a caller sends both, and names the later field", () => {
    const { requestDeserialize } = method(controller, "CreateVolume");
    // CreateVolumeRequest.volume_capabilities (3) . mount (2) = {} and then block (1) = {}
    const request = requestDeserialize(Buffer.from([0x1a, 0x04, 0x12, 0x00, 0x0a, 0x00]));
    assert.ok("volume_capabilities" in request);
    const mount = { fs_type: "", mount_flags: [], volume_mount_group: "" };
    assert.deepEqual(request.volume_capabilities, [{ access_type: "mount", block: {}, mount, access_mode: null }]);
  });
});
