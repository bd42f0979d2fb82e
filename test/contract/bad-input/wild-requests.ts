/**
 * Requests for a fuzz test: valid ones about a few volumes, most of them with up to three fields spoiled. What a request
 * needs from an earlier answer, its publish_context, is put in when it is sent, so that many are served.
 */
import fc from "fast-check";
import { csiMethods, type CsiMethodPath } from "../../../src/gen/csi-fields.ts";
import { placesOf } from "./fields.ts";
import { withField } from "./row.ts";
import { contextKeys, contextText, valueFor, type Known } from "./wild-values.ts";

/** What is spoiled in a request: a field, as in `volume_capabilities.0.mount`, and its new value. */
interface Spoil {
  readonly field: string;
  readonly value: unknown;
}

export interface WildRequest {
  readonly method: CsiMethodPath;
  /** Which of the volumes it is about, which of a volume's two pods, and whether for raw block. */
  readonly volume: number;
  readonly pod: number;
  readonly isBlock: boolean;
  readonly isReadOnly: boolean;
  /** What a volume is to be a copy of, where one is made. */
  readonly copyOf: "nothing" | "snapshot" | "volume";
  readonly spoils: readonly Spoil[];
}

export interface Bed extends Known {
  readonly node: string;
  readonly stagings: readonly string[];
  /** For each volume, those of its pods. */
  readonly targets: readonly (readonly string[])[];
  /** The last publish_context of each volume. */
  readonly contexts: ReadonlyMap<string, unknown>;
}

const methods = Object.keys(csiMethods).filter((path): path is CsiMethodPath => path in csiMethods);
export const fuzzed = methods.filter((path) => /^\/csi\.v1\.(?:Identity|Controller|GroupController|Node)\//.test(path));

/** The RPCs that bring a volume to a pod, in their order. */
export const upwards = [
  "/csi.v1.Controller/CreateVolume",
  "/csi.v1.Controller/ControllerPublishVolume",
  "/csi.v1.Node/NodeStageVolume",
  "/csi.v1.Node/NodePublishVolume",
] as const satisfies readonly CsiMethodPath[];

const takeSnapshot = "/csi.v1.Controller/CreateSnapshot";
const growth = ["/csi.v1.Controller/ControllerExpandVolume", "/csi.v1.Node/NodeExpandVolume"] as const;
/** What is to be there when random requests come. */
export const beginning = [...upwards, takeSnapshot] as const satisfies readonly CsiMethodPath[];

export function wildRequest(known: Known): fc.Arbitrary<WildRequest> {
  const ofMethod = new Map(fuzzed.map((method) => [method, requestOf(method, known)]));
  const often = [...upwards, ...beginning, ...beginning, ...growth, "/csi.v1.Node/NodeGetVolumeStats" as const];
  return fc.constantFrom(...fuzzed, ...often).chain((method) => ofMethod.get(method) ?? fc.constant(never(method)));
}

function never(method: string): never {
  throw new Error(`BUG: there are no requests for ${method}`);
}

function requestOf(method: CsiMethodPath, known: Known): fc.Arbitrary<WildRequest> {
  const spoil = spoilsOf(method, known);
  const some = spoil.length === 0 ? fc.constant([]) : fc.array(fc.oneof(...spoil), { minLength: 1, maxLength: 3 });
  const volume = fc.nat({ max: known.volumes.length - 1 });
  const rarely = fc.integer({ min: 0, max: 9 }).map((number) => number === 0);
  const [isBlock, isReadOnly] = [rarely, rarely];
  const spoils = fc.oneof(fc.constant([]), some);
  const copyOf = fc.constantFrom("nothing", "nothing", "nothing", "snapshot", "volume");
  const pod = fc.nat({ max: 1 });
  return fc.record({ method: fc.constant(method), volume, pod, isBlock, isReadOnly, copyOf, spoils });
}

/** Ways to spoil each field of a request, and each key of its publish_context. */
function spoilsOf(method: CsiMethodPath, known: Known): readonly fc.Arbitrary<Spoil>[] {
  const places = placesOf(csiMethods[method].request);
  const fields = places.map(({ path, field }) =>
    fc.record({ field: fc.constant(path), value: valueFor(field, known) }),
  );
  if (!places.some(({ path }) => path === "publish_context")) return fields;
  const key = fc.constantFrom(...contextKeys).map((name) => `publish_context.${name}`);
  return [...fields, fc.record({ field: key, value: contextText }), fc.record({ field: key, value: contextText })];
}

/** The request as it goes over the wire. */
export function encode(request: WildRequest, bed: Bed): object {
  const valid = skeleton(request, bed);
  return request.spoils.reduce((whole, { field, value }) => withField(whole, field, value), valid);
}

function skeleton(request: WildRequest, bed: Bed): object {
  const { volume, pod, isBlock, isReadOnly, method } = request;
  const volume_id = bed.volumes[volume] ?? "";
  // The last volume is used as a raw block device, most of the time.
  const access = isBlock === volume < bed.volumes.length - 1 ? { block: {} } : { mount: { fs_type: "ext4" } };
  const volume_capability = { ...access, access_mode: { mode: "SINGLE_NODE_WRITER" } };
  const staging_target_path = bed.stagings[volume] ?? "";
  const target_path = bed.targets[volume]?.[pod] ?? "";
  const all = {
    ...{ volume_id, node_id: bed.node, staging_target_path, target_path },
    ...{ snapshot_id: bed.snapshots[volume], source_volume_id: volume_id },
    ...{ group_snapshot_id: bed.groups[volume], source_volume_ids: [...new Set([volume_id, ...bed.volumes.slice(1)])] },
    ...{ volume_path: target_path, volume_capability, volume_capabilities: [volume_capability] },
    ...{ publish_context: bed.contexts.get(volume_id) ?? {} },
    ...{ readonly: isReadOnly && method.endsWith("NodePublishVolume") },
    ...making(request, bed),
  };
  const names = placesOf(csiMethods[method].request).map(({ path }) => path);
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}

/** What is said of a volume or snapshot that is made, and of the size of one that grows. */
function making({ volume, method, copyOf }: WildRequest, bed: Bed): object {
  const [name = "", volume_id, snapshot_id] = [bed.names[volume], bed.volumes[volume], bed.snapshots[volume]];
  // Sometimes it has that size already.
  if (method.endsWith("ControllerExpandVolume")) return { capacity_range: { required_bytes: String(2n << 30n) } };
  if (copyOf === "nothing" || !method.endsWith("CreateVolume")) return { name };
  const volume_content_source = copyOf === "snapshot" ? { snapshot: { snapshot_id } } : { volume: { volume_id } };
  return { name: `${name}-from-${copyOf}`, volume_content_source };
}
