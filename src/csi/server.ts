/**
 * The gRPC server on a unix socket. `interceptors` below is the whole story of what happens around a handler.
 *
 * G1  The socket has mode 0600; a stale one is replaced, one that answers is refused.
 * G2  `close` lets running calls end, within the caller's patience, then cuts them off.
 */
import { randomUUID } from "node:crypto";
import { Server, ServerCredentials, type handleUnaryCall, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";
import { csiDescriptor, csiLoaderOptions } from "../gen/csi-descriptor.ts";
import { csiMethods, type CsiMethodPath } from "../gen/csi-fields.ts";
import { failure } from "../domain/errors.ts";
import type { Logger } from "../observability/logger.ts";
import { compose, type Call, type HandleOf, type Handler, type Interceptor } from "./call.ts";
import { deadline } from "./interceptors/deadline.ts";
import { failureEvents, type FailureNews } from "./interceptors/failure-events.ts";
import { errorMap } from "./interceptors/error-map.ts";
import { inFlight } from "./interceptors/in-flight.ts";
import { requestLog } from "./interceptors/request-log.ts";
import { sizeLimits } from "./interceptors/size-limits.ts";
import type { Rpcs, ServiceName } from "./rpcs.ts";
import { toStatus } from "./status.ts";

export type { Server };

interface CsiServerOptions {
  readonly logger: Logger;
  /** Gives the in-flight lock its key and the log its volume. */
  readonly lockKey: HandleOf;
  readonly services: CsiServices;
  /** Told of failures that concern the owner of a volume; see failure-events.ts. */
  readonly onFailure?: (failure: FailureNews) => void;
}

export type CsiServices = { readonly [Name in ServiceName]?: Rpcs<Name> };

const definitions = fromJSON(csiDescriptor, csiLoaderOptions);
const largestMessage = 4 * 1024 * 1024;

export function createCsiServer({ logger, lockKey, services, onFailure }: CsiServerOptions): Server {
  const interceptors: readonly Interceptor[] = [
    requestLog(logger, lockKey), // the call's id comes with the call: see unary
    errorMap,
    failureEvents(onFailure ?? (() => undefined)),
    deadline,
    sizeLimits,
    inFlight(lockKey),
  ];
  const server = new Server({ "grpc.max_receive_message_length": largestMessage });
  for (const [name, rpcs] of Object.entries(services)) {
    const definition = serviceDefinition(name);
    const handlers: UntypedServiceImplementation = {};
    for (const method of Object.keys(definition)) {
      handlers[method] = unary(`/${name}/${method}` as CsiMethodPath, compose(interceptors, handlerOf(rpcs, method)));
    }
    server.addService(definition, handlers);
  }
  return server;
}

function serviceDefinition(name: string): ServiceDefinition {
  const definition = definitions[name];
  if (definition === undefined || "format" in definition) throw new Error(`BUG: ${name} is no service`);
  return definition;
}

/** The RPC of that name, or one that says it does not exist. */
function handlerOf(rpcs: object, method: string): Handler {
  const rpc = Reflect.get(rpcs, method) as ((request: object, call: Call) => Promise<object>) | undefined;
  return async (call) => {
    if (rpc !== undefined) return await rpc(call.request, call);
    throw failure("unsupported", { cannot: `serve ${method}`, rule: "the driver does not implement it" });
  };
}

/** Carries a wire call to a handler and its outcome back. */
function unary(path: CsiMethodPath, handler: Handler): handleUnaryCall<object, object> {
  const { name, request: requestType } = csiMethods[path];
  return (wire, callback) => {
    const gone = new AbortController();
    wire.on("cancelled", () => gone.abort(failure("cancelled", { cannot: `serve ${name}`, rule: "the client left" })));
    const deadlineAt = wire.getDeadline();
    handler({
      id: randomUUID(),
      path,
      method: name,
      requestType,
      request: wire.request,
      deadline: deadlineAt instanceof Date ? deadlineAt.getTime() : deadlineAt,
      signal: gone.signal,
      note: () => undefined,
    }).then(
      (response) => callback(null, response),
      (error: unknown) => {
        const { code, message } = toStatus(error);
        // Half a surrogate pair, left by a cut, would make grpc-js throw here and end the process.
        callback({ code, details: message.toWellFormed() });
      },
    );
  };
}

/** Starts to listen; the path must have been prepared (see host/unix-socket.ts). */
export async function listen(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.bindAsync(`unix://${socketPath}`, ServerCredentials.createInsecure(), (error) => {
    if (error) reject(error);
    else resolve(undefined);
  });
  await promise;
}

/** G2. */
export async function close(server: Server, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const force = () => {
    server.forceShutdown();
    resolve(undefined);
  };
  signal.addEventListener("abort", force, { once: true });
  server.tryShutdown(() => resolve(undefined));
  await promise;
  signal.removeEventListener("abort", force);
}
