/**
 * What lies behind a volume, whoever looks at it: its file system, and tokens that stand for what pods wrote. The target
 * owns it; nodes reach it through a connection.
 */
import type { Bytes } from "../../src/domain/capacity.ts";
import type { Content } from "../../src/domain/model.ts";
import type { Signature } from "../../src/filesystem/index.ts";

export class Disk {
  signature: Signature | undefined;
  /** The format intent on it. */
  intent: Buffer | undefined;
  /** Whether there are bytes that nothing recognises: raw data, or half a file system. */
  hasBytes = false;
  /** Of the file system. */
  filesystemSize: Bytes = 0n;
  tokens = new Set<string>();
  /** Whether a file system of it was mounted, or somebody wrote to it: from then on nobody may format it (I1). */
  isUsed = false;
  /** How often somebody formatted it nevertheless. */
  losses = 0;

  copy(): Disk {
    const { signature, hasBytes, filesystemSize, tokens, isUsed } = this;
    return Object.assign(new Disk(), { signature, hasBytes, filesystemSize, isUsed, tokens: new Set(tokens) });
  }

  /** What a reading of it shows (DESIGN 5.1 a). */
  get content(): Content {
    if (this.signature !== undefined) return { state: "present", ...this.signature };
    return this.hasBytes || this.intent !== undefined ? { state: "present", type: "unknown" } : { state: "blank" };
  }

  /** A mkfs begins: from here on what was there is gone. */
  async smear(): Promise<void> {
    if (this.isUsed) this.losses += 1;
    this.signature = undefined;
    this.hasBytes = true;
    this.tokens.clear();
    await Promise.resolve();
  }

  /** It ends. */
  async complete(signature: Signature, size: Bytes): Promise<void> {
    this.signature = signature;
    this.filesystemSize = size;
    await Promise.resolve();
  }

  write(token: string): void {
    this.isUsed = true;
    this.hasBytes = true;
    this.tokens.add(token);
  }
}
