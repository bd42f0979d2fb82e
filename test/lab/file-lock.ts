/**
 * A lock between processes, held by a flock(1) child: the kernel drops it with the child, and the child's standard input
 * ends with this process.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";

export async function lockFile(path: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const child = spawn("flock", [path, "cat"], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  exited.catch(() => undefined);
  const release = async () => {
    child.stdin.end();
    await exited;
  };
  try {
    // cat runs only with the lock held, so its echo is the proof.
    child.stdin.write("locked\n");
    await Promise.race([
      once(child.stdout, "data", { signal }),
      exited.then(() => Promise.reject(new Error(`cannot lock ${path}: flock ended`))),
    ]);
  } catch (error) {
    child.kill();
    throw error;
  }
  return { [Symbol.asyncDispose]: release };
}
