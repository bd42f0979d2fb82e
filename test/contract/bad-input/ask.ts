/** Sends a row of the bad-input table to a driver and judges the answer. */
import { csiMethods, type CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { CsiError } from "../../support/csi-client.ts";
import { removeSnapshots } from "./remove-snapshots.ts";
import { leavesOf, limitOf, valueOfSize } from "./fields.ts";
import { withField, type Outcome, type Row } from "./row.ts";
import { validRequests, type World } from "./world.ts";

export interface Answer {
  readonly outcome: Outcome;
  readonly message: string;
}

export async function ask({ driver }: World, path: CsiMethodPath, request: object): Promise<Answer> {
  try {
    return judge(await driver.client.call(path, request));
  } catch (error) {
    if (error instanceof CsiError) return { outcome: error.code, message: error.message };
    throw error;
  }
}

/** Two RPCs say no in a response of their own. */
function judge(response: object): Answer {
  if ("confirmed" in response && response.confirmed === null && "message" in response) {
    return { outcome: "unconfirmed", message: String(response.message) };
  }
  const isNone = "available_capacity" in response && response.available_capacity === "0";
  return { outcome: isNone ? "no capacity" : "OK", message: "" };
}

/** What is wrong with the answer to a row, in words; undefined when it is right. */
export async function faultOf(world: World, path: CsiMethodPath, row: Row): Promise<string | undefined> {
  const [field, value, expected, rule, got = value] = row;
  const { outcome, message } = await ask(world, path, withField(validRequests(world)[path] ?? {}, field, value));
  const asked = `${csiMethods[path].name} with ${field} = ${JSON.stringify(value)}`;
  if (outcome !== expected) return `${asked} must be ${expected}, and is ${outcome}: ${message}`;
  if (outcome === "OK" || outcome === "no capacity") return undefined;
  const isTold = rule instanceof RegExp ? rule.test(message) : message.endsWith(sentence(field, rule, got));
  return isTold ? undefined : `${asked} must say ${String(rule)}, and says: ${message}`;
}

function sentence(field: string, rule: string | undefined, got: unknown): string {
  return `${field} ${rule ?? "BUG: a refusal needs a rule"}; got ${JSON.stringify(got)}`;
}

/** What is wrong with the answers to texts and maps at the limit of their size, and one byte beyond. */
export async function tooLargeFaults(world: World, path: CsiMethodPath): Promise<readonly string[]> {
  const faults: string[] = [];
  const { controller } = world.driver.client;
  for (const { path: at, field } of leavesOf(csiMethods[path].request)) {
    const limit = limitOf(field);
    if (limit === undefined) continue;
    const send = async (size: number) =>
      ask(world, path, withField(validRequests(world)[path] ?? {}, at, valueOfSize(field, size)));
    const [fitting, beyond] = [await send(limit), await send(limit + 1)];
    const name = at.replaceAll(".0", "");
    const text = `cannot serve ${csiMethods[path].name}: ${name} must not be larger than ${limit} bytes`;
    if (fitting.message.includes("larger than")) faults.push(`${at} may have ${limit} bytes: ${fitting.message}`);
    const isRefused = beyond.outcome === "INVALID_ARGUMENT" && beyond.message === `${text}; got "${limit + 1} bytes"`;
    if (!isRefused) faults.push(`${at} with ${limit + 1} bytes is ${beyond.outcome}: ${beyond.message}`);
  }
  // A name that just fits makes a volume or a snapshot.
  const made = (await controller.ListVolumes({})).entries.map(({ volume }) => volume?.volume_id ?? "");
  for (const volume_id of made) if (volume_id !== world.volume) await controller.DeleteVolume({ volume_id });
  await removeSnapshots(world.driver.client, [world.snapshot, world.group]);
  return faults;
}
