/** The driver in a lab machine, a caller beside it there, and the bare tools. */
import { GuestVolume } from "../support/guest-volume.ts";
import { startGuestDriver, type GuestDriver, type GuestDriverOptions } from "../support/guest-driver.ts";
import { BareVolume } from "./bare-tools.ts";
import { buildCaller, GuestCaller, sumOf } from "./guest-caller.ts";

/** A volume that the driver exports to this guest, to be used by either side. */
export interface PublishedVolume {
  readonly volume: GuestVolume;
  readonly bare: BareVolume;
}

export class GuestBench implements AsyncDisposable {
  readonly guest: GuestDriver;
  readonly caller: GuestCaller;
  /** The driver's node id. */
  readonly node: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(guest: GuestDriver, caller: GuestCaller, node: string, stack: AsyncDisposableStack) {
    this.guest = guest;
    this.caller = caller;
    this.node = node;
    this.#stack = stack;
  }

  static async open(options: GuestDriverOptions): Promise<GuestBench> {
    await using stack = new AsyncDisposableStack();
    await buildCaller(options.signal);
    const guest = stack.use(await startGuestDriver(options));
    const caller = stack.use(await GuestCaller.start(guest.machine, guest.socketPath));
    const { node_id } = await caller.client.node.NodeGetInfo({});
    return new GuestBench(guest, caller, node_id, stack.move());
  }

  get machine() {
    return this.guest.machine;
  }

  /** A volume whose calls the guest times. */
  volume(name: string): GuestVolume {
    return new GuestVolume({ machine: this.machine, client: this.caller.client }, name, "ext4");
  }

  async published(name: string): Promise<PublishedVolume> {
    const volume = this.volume(name);
    await volume.create();
    await volume.publish();
    return { volume, bare: new BareVolume(volume, this.node) };
  }

  /** Milliseconds of all calls that `work` makes, one after the other. */
  async took(work: () => Promise<unknown>): Promise<number> {
    return sumOf(await this.caller.spansOf(work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
