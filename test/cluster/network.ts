/**
 * A network namespace with a bridge that the control plane and the nodes are plugged into. Nothing leaves it.
 * 1. It has no name in the file system: it lives as long as its holder process and whatever was started in it, and the
 *    holder dies with this process, so that the kernel takes it away however this process ends.
 */
import { readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { poll } from "../../src/host/clock.ts";
import { runTool } from "../lab/run-tool.ts";
import { gateway, kubernetesService, nodeAddress, podRange, tapName } from "./address-plan.ts";
import { HostProcess } from "./host-process.ts";

export class Network implements AsyncDisposable {
  readonly #holder: HostProcess;

  private constructor(holder: HostProcess) {
    this.#holder = holder;
  }

  static async open(directory: string, nodes: readonly number[], signal: AbortSignal): Promise<Network> {
    const file = join(directory, "network");
    await writeFile(file, "");
    // tail waits for ever; its argument tells whose it is.
    const holder = new HostProcess("network", ["unshare", "--net", "tail", "--follow", file], join(directory, "log"));
    const network = new Network(holder);
    try {
      const ours = await readlink("/proc/self/ns/net");
      const unshared = async () => {
        holder.check();
        return (await readlink(`/proc/${holder.pid}/ns/net`)) === ours ? undefined : true;
      };
      await poll(unshared, signal);
      await network.#plug(nodes, signal);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** In front of a command line: runs it in the namespace, as the same process. */
  get enter(): readonly [string, ...string[]] {
    return ["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, "--"];
  }

  async #plug(nodes: readonly number[], signal: AbortSignal): Promise<void> {
    const commands = [
      "link set lo up",
      "link add br0 type bridge",
      "link set br0 up",
      `address add ${gateway}/24 dev br0`,
      `address add ${kubernetesService}/32 dev br0`,
      ...nodes.flatMap((node) => [
        `tuntap add ${tapName(node)} mode tap`,
        `link set ${tapName(node)} master br0 up`,
        `route add ${podRange(node)} via ${nodeAddress(node)}`,
      ]),
    ];
    await runTool([...this.enter, "ip", "-batch", "-"], signal, { stdin: commands.join("\n") });
    // A process sees the /proc/sys/net of its own namespace.
    await runTool([...this.enter, "tee", "/proc/sys/net/ipv4/ip_forward"], signal, { stdin: "1" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#holder[Symbol.asyncDispose]();
  }
}
