/**
 * Unix socket paths: prepared before a server listens, closed to others after.
 */
import { chmod } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { failure } from "../domain/errors.ts";
import { ensureDirectories, errorCode, lstatOf, removeFile } from "./files.ts";

/** Makes the directory and removes a stale socket; refuses a path that is no socket, or one on which somebody answers. */
export async function prepareSocketPath(path: string): Promise<void> {
  await ensureDirectories(dirname(path));
  const found = await lstatOf(path);
  if (found === undefined) return;
  const cannot = `listen on ${path}`;
  if (!found.isSocket()) throw failure("precondition", { cannot, rule: "it must be a socket or absent" });
  if (await answers(path)) throw failure("in_use", { cannot, rule: "another process serves it" });
  await removeFile(path);
}

/** Whether somebody serves it. */
export async function answers(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect(path, () => resolve(true));
  socket.on("error", (error) => {
    if (["ECONNREFUSED", "ENOENT"].includes(errorCode(error) ?? "")) resolve(false);
    else reject(error);
  });
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Only the owner may connect. */
export async function restrictSocket(path: string): Promise<void> {
  await chmod(path, 0o600);
}
