/**
 * Tells the kubelet of this driver: a socket of our own in its plugins_registry directory, on which it asks for the CSI
 * socket.
 *
 * R1  The socket is there exactly while the driver serves: the kubelet takes its going for the driver's going.
 * R2  Whatever happens to the directory or the socket (a kubelet that is set up anew, a clean-up), the socket comes back
 *     within seconds, and with it the registration.
 */
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { driverName } from "../domain/identity.ts";
import { failure } from "../domain/errors.ts";
import { sleep } from "../host/clock.ts";
import { lstatOf, removeFile } from "../host/files.ts";
import { prepareSocketPath, restrictSocket } from "../host/unix-socket.ts";
import { registrationService, type RegistrationHandlers } from "./registration-wire.ts";

export interface RegistrationOptions {
  /** The kubelet's plugins_registry directory. */
  readonly directory: string;
  /** Path of the CSI socket, as the kubelet sees it. */
  readonly endpoint: string;
  readonly signal: AbortSignal;
  /** Told of each outcome: undefined for a registration, else what went wrong. */
  readonly onOutcome: (error: unknown) => void;
}

const checkEveryMs = 2000;

/** Runs until the signal fires; then the socket is gone. */
export async function keepRegistered(options: RegistrationOptions): Promise<void> {
  const { signal, onOutcome } = options;
  while (!signal.aborted) {
    try {
      await serveOnce(options);
    } catch (error) {
      onOutcome(error);
    }
    await sleep(checkEveryMs, signal).catch(() => undefined);
  }
}

/** Serves one socket until it is no longer there, or the signal fires. */
async function serveOnce({ directory, endpoint, signal, onOutcome }: RegistrationOptions): Promise<void> {
  if ((await lstatOf(directory))?.isDirectory() !== true) {
    const rule = "the kubelet's plugins_registry directory must be there";
    throw failure("unavailable", { cannot: "register with the kubelet", rule, got: directory });
  }
  const path = join(directory, `${driverName}-reg.sock`);
  const server = new Server();
  server.addService(registrationService, { ...handlers(endpoint, onOutcome) });
  await prepareSocketPath(path);
  await listen(server, path);
  const inode = (await lstatOf(path))?.ino;
  const isOurs = async () => (await lstatOf(path))?.ino === inode;
  try {
    await restrictSocket(path);
    while (!signal.aborted && (await isOurs())) await sleep(checkEveryMs, signal).catch(() => undefined);
  } finally {
    // Closing a listening socket unlinks its path, whoever's it is by now: ours is taken away first.
    if (await isOurs()) await removeFile(path);
    server.forceShutdown();
  }
}

function handlers(endpoint: string, onOutcome: RegistrationOptions["onOutcome"]): RegistrationHandlers {
  return {
    GetInfo(_call, callback) {
      callback(null, { type: "CSIPlugin", name: driverName, endpoint, supported_versions: ["1.0.0"] });
    },
    NotifyRegistrationStatus({ request }, callback) {
      const { plugin_registered: isRegistered, error } = request;
      const rule = "the kubelet refused";
      onOutcome(isRegistered ? undefined : failure("unavailable", { cannot: "register", rule, got: error }));
      callback(null, {});
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => {
    if (error) reject(error);
    else resolve(undefined);
  });
  await promise;
}
