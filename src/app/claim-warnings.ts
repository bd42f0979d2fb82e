/** Brings failures that concern a claim's owner to the claim, without holding up the call that failed. */
import type { Backend } from "../backends/backend.ts";
import type { FailureNews } from "../csi/interceptors/failure-events.ts";
import { parseHandleOf } from "../csi/volume-handle.ts";
import { messageOf } from "../domain/errors.ts";
import type { ClaimReference, Cluster } from "../kubernetes/index.ts";
import type { Logger } from "../observability/logger.ts";

/** The same failure repeats every few seconds; people read it once. */
const quietMs = 5 * 60 * 1000;
const limitMs = 10_000;

export class ClaimWarnings {
  readonly #cluster: Pick<Cluster, "warn">;
  readonly #backend: Backend;
  readonly #logger: Logger;
  /** When each was told last, by subject and reason. */
  readonly #told = new Map<string, number>();

  constructor(deps: { readonly cluster: Pick<Cluster, "warn">; readonly backend: Backend; readonly logger: Logger }) {
    this.#cluster = deps.cluster;
    this.#backend = deps.backend;
    this.#logger = deps.logger;
  }

  tell(news: FailureNews): void {
    const { reason, volume, claim } = news;
    const key = JSON.stringify([reason, volume, claim]);
    const now = performance.now();
    for (const [old, at] of this.#told) if (now - at > quietMs) this.#told.delete(old);
    if (this.#told.has(key)) return;
    this.#told.set(key, now);
    this.#send(news).catch((error: unknown) => {
      this.#told.delete(key);
      this.#logger.warn({ reason: messageOf(error) }, "cannot put a warning on a claim");
    });
  }

  async #send({ reason, message, ...subject }: FailureNews): Promise<void> {
    const signal = AbortSignal.timeout(limitMs);
    const claim = await this.#claimOf(subject, signal);
    if (claim !== undefined) await this.#cluster.warn({ claim, reason, message }, signal);
  }

  /** A PersistentVolume has the name that its volume was created with. */
  async #claimOf(
    { volume, claim }: Pick<FailureNews, "volume" | "claim">,
    signal: AbortSignal,
  ): Promise<ClaimReference | undefined> {
    if (claim !== undefined) return { kind: "claim", ...claim };
    const handle = volume === undefined ? undefined : parseHandleOf(this.#backend.name, volume);
    const found = handle && (await this.#backend.get(handle.volume, signal));
    return found && { kind: "volume", name: found.name };
  }
}
