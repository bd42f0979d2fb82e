/** Which kernel runs, as `uname -r` says: `6.12.107+deb13-amd64`. */
import { release } from "node:os";

export function kernelRelease(): string {
  return release();
}
