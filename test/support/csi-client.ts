/**
 * A CSI caller: Identity, Controller, GroupController and Node over a unix socket, as promises. Used by tests and by the demo.
 *
 * 1. Every call has a deadline, so a hanging driver fails a caller instead of stopping it.
 * 2. A refusal keeps the name of its status code and the driver's own words.
 */
import { Client, credentials, status, type ServiceError } from "@grpc/grpc-js";
import { fromJSON, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import { csiDescriptor, csiLoaderOptions } from "../../src/gen/csi-descriptor.ts";
import type { CsiMethodPath } from "../../src/gen/csi-fields.ts";
import type { ControllerDefinition } from "../../src/gen/csi/v1/Controller.ts";
import type { GroupControllerDefinition } from "../../src/gen/csi/v1/GroupController.ts";
import type { IdentityDefinition } from "../../src/gen/csi/v1/Identity.ts";
import type { NodeDefinition } from "../../src/gen/csi/v1/Node.ts";

export type CodeName = keyof typeof status;

/** What a driver answered instead of a response. */
export class CsiError extends Error {
  readonly code: CodeName;
  readonly method: string;

  constructor(method: string, { code, details }: Pick<ServiceError, "code" | "details">) {
    super(details);
    this.name = "CsiError";
    this.code = status[code] as CodeName;
    this.method = method;
  }
}

export interface CallOptions {
  /** Milliseconds until the caller gives up. */
  readonly deadlineMs?: number;
  /** Makes the caller leave early. */
  readonly signal?: AbortSignal;
}

type Call<Request, Response> = (request: Request, options?: CallOptions) => Promise<Response>;

/** The RPCs of a service, from the types that were generated for it. */
type Calls<Definition> = {
  readonly [
    Method in keyof Definition as string extends Method ? never : Method
  ]: Definition[Method] extends MethodDefinition<infer Request, object, object, infer Response>
    ? Call<Request, Response>
    : never;
};

export interface CsiClient extends Disposable {
  readonly identity: Calls<IdentityDefinition>;
  readonly controller: Calls<ControllerDefinition>;
  readonly groups: Calls<GroupControllerDefinition>;
  readonly node: Calls<NodeDefinition>;
  /** Any RPC by its path, for tests that walk a table of them. */
  call(path: CsiMethodPath, request: object, options?: CallOptions): Promise<object>;
  /** Calls made so far. */
  readonly count: number;
  close(): void;
}

const definitions = fromJSON(csiDescriptor, csiLoaderOptions);
const defaultDeadlineMs = 60_000;

/** How calls reach a driver. */
export interface Transport {
  call(path: string, request: object, options: CallOptions): Promise<object>;
  close(): void;
}

/** A client of the driver that listens at a socket path; it connects with the first call. */
export function openCsiClient(socketPath: string): CsiClient {
  // A pool of its own: a client must not inherit the back-off of an earlier one on the same path.
  const client = new Client(`unix://${socketPath}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const call: Transport["call"] = async (path, request, options) => invoke(client, methodOf(path), request, options);
  return clientOver({ call, close: () => client.close() });
}

export function clientOver(transport: Transport): CsiClient {
  let count = 0;
  const call = async (path: string, request: object, options: CallOptions = {}) => {
    count += 1;
    return await transport.call(path, request, options);
  };
  const callsOf = (service: string) =>
    Object.fromEntries(
      Object.values(definitionOf(service)).map(({ path }): [string, Call<object, object>] => [
        path.slice(service.length + 2),
        async (request, options) => call(path, request, options),
      ]),
    );
  return {
    call,
    identity: callsOf("csi.v1.Identity") as Calls<IdentityDefinition>,
    controller: callsOf("csi.v1.Controller") as Calls<ControllerDefinition>,
    groups: callsOf("csi.v1.GroupController") as Calls<GroupControllerDefinition>,
    node: callsOf("csi.v1.Node") as Calls<NodeDefinition>,
    get count() {
      return count;
    },
    close: () => transport.close(),
    [Symbol.dispose]: () => transport.close(),
  };
}

function definitionOf(service: string): ServiceDefinition {
  const definition = definitions[service];
  if (definition === undefined || "format" in definition) throw new Error(`BUG: ${service} is no service`);
  return definition;
}

function methodOf(path: string): ServiceDefinition[string] {
  const [, service = "", name = ""] = path.split("/");
  const method = definitionOf(service)[name];
  if (method === undefined) throw new Error(`BUG: ${path} is no method`);
  return method;
}

async function invoke(
  client: Client,
  { path, requestSerialize, responseDeserialize }: ServiceDefinition[string],
  request: object,
  { deadlineMs = defaultDeadlineMs, signal }: CallOptions,
): Promise<object> {
  const { promise, resolve, reject } = Promise.withResolvers<object>();
  const deadline = Date.now() + deadlineMs;
  const pending = client.makeUnaryRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    { deadline },
    (error, response) => {
      if (error) reject(new CsiError(path, error));
      else resolve(response ?? {});
    },
  );
  const leave = () => pending.cancel();
  signal?.addEventListener("abort", leave, { once: true });
  if (signal?.aborted === true) leave();
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}
