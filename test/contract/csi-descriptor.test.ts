/**
 * The contract with every CSI caller: proto/csi.proto says on the wire exactly what the specification says.
 * The judge is the descriptor inside the official Go package, so a misread specification cannot agree with itself.
 *
 * 1. The official module is the published one: its checksum is pinned here and in go.sum.
 * 2. Nothing is skipped: without the go client the tests fail.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { csiMessages, csiMethods } from "../../src/gen/csi-fields.ts";

const officialModule = "github.com/container-storage-interface/spec@v1.12.0";
const officialSum = "h1:zrFOEqpR5AghNaaDG4qyedwPBqU2fU0dWjLQMP/azK0=";
const helper = path.join(import.meta.dirname, "csi-descriptor");
const ourProto = path.join(import.meta.dirname, "../../proto/csi.proto");

/** A descriptor as a flat list of facts: "messageType.Volume.field.volume_id.number" => 2. */
type Facts = ReadonlyMap<string, unknown>;

// Flags of the caller's shell must not choose other module versions than go.mod and go.sum do.
const goEnv = { ...process.env, GOFLAGS: "-mod=readonly -buildvcs=false", GOWORK: "off", CGO_ENABLED: "0" };

async function run(file: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  const options = { cwd: helper, env: goEnv, signal, maxBuffer: 16 * 2 ** 20 };
  const { stdout } = await promisify(execFile)(file, args, options);
  return stdout;
}

function facts(value: unknown, at: readonly string[] = []): [string, unknown][] {
  if (typeof value !== "object" || value === null) {
    return [[at.join("."), value]];
  }
  // The place itself is a fact too, or an empty message could vanish unseen.
  return [[at.join("."), "present"], ...Object.entries(value).flatMap(([key, inner]) => facts(inner, [...at, key]))];
}

function differences(official: Facts, ours: Facts): string[] {
  const places = [...new Set([...official.keys(), ...ours.keys()])].toSorted();
  const show = (side: Facts, place: string): string => JSON.stringify(side.get(place) ?? "absent");
  return places
    .filter((place) => official.get(place) !== ours.get(place))
    .map((place) => `${place}: official ${show(official, place)}, ours ${show(ours, place)}`);
}

/** The fields the official descriptor marks csi_secret, as "csi.v1.Message.field". */
function secretFields(official: Facts): string[] {
  const isSecret = /^messageType\.(.+)\.field\.([^.]+)\.options\.\[csi\.v1\.csi_secret\]$/;
  const names = [...official.keys()].flatMap((place) => {
    const [, message = "", field = ""] = isSecret.exec(place) ?? [];
    return field === "" ? [] : [`csi.v1.${message.replaceAll(".nestedType.", ".")}.${field}`];
  });
  return names.toSorted();
}

describe("the CSI wire definition", () => {
  const stack = new AsyncDisposableStack();
  const deadline = AbortSignal.timeout(300_000);
  let dir: string;
  let tool: string;
  let official: Facts;

  async function descriptor(args: readonly string[], signal: AbortSignal): Promise<Facts> {
    const tree: unknown = JSON.parse(await run(tool, args, signal));
    return new Map(facts(tree));
  }

  async function compileChanged(from: string, to: string, signal: AbortSignal): Promise<string[]> {
    const text = await readFile(ourProto, "utf8");
    assert.equal(text.split(from).length, 2, `the text to change must occur once: ${from}`);
    const file = path.join(dir, "changed.proto");
    await writeFile(
      file,
      text.replace(from, () => to),
    );
    return differences(official, await descriptor(["compile", file], signal));
  }

  before(async () => {
    dir = stack.use(await mkdtempDisposable(path.join(tmpdir(), "csi-descriptor-"))).path;
    tool = path.join(dir, "csi-descriptor");
    await run("go", ["build", "-o", tool, "."], deadline);
    official = await descriptor(["official"], deadline);
  });
  after(() => stack.disposeAsync());

  it("is judged by the published module, known by its checksum", async (t) => {
    const module: unknown = JSON.parse(await run("go", ["mod", "download", "-json", officialModule], t.signal));
    assert.ok(typeof module === "object" && module !== null && "Sum" in module);
    assert.equal(module.Sum, officialSum);
    const pinned = await readFile(path.join(helper, "go.sum"), "utf8");
    assert.ok(pinned.includes(`${officialModule.replace("@", " ")} ${officialSum}\n`));
  });

  it("equals the official descriptor in every message, field, enum, service, method and option", async (t) => {
    assert.deepEqual(differences(official, await descriptor(["compile", ourProto], t.signal)), []);
  });

  it("is told apart by one changed field number", async (t) => {
    assert.deepEqual(await compileChanged("string fs_type = 1;", "string fs_type = 9;", t.signal), [
      "messageType.VolumeCapability.nestedType.MountVolume.field.fs_type.number: official 1, ours 9",
    ]);
  });

  it("is told apart by one secret that is no longer marked", async (t) => {
    const place = "messageType.NodePublishVolumeRequest.field.secrets.options";
    const change = ["secrets = 7 [(csi_secret) = true];", "secrets = 7;"] as const;
    assert.deepEqual(await compileChanged(...change, t.signal), [
      `${place}: official "present", ours "absent"`,
      `${place}.[csi.v1.csi_secret]: official true, ours "absent"`,
    ]);
  });

  it("is told apart by one changed field type", async (t) => {
    assert.deepEqual(await compileChanged("int64 max_volumes_per_node", "int32 max_volumes_per_node", t.signal), [
      'messageType.NodeGetInfoResponse.field.max_volumes_per_node.type: official "TYPE_INT64", ours "TYPE_INT32"',
    ]);
  });

  it("gives the field table exactly the official secrets", () => {
    const marked = Object.entries(csiMessages).flatMap(([message, fields]) =>
      fields.filter((field) => field.secret).map((field) => `${message}.${field.name}`),
    );
    const expected = secretFields(official);
    assert.ok(expected.includes("csi.v1.NodePublishVolumeRequest.secrets"));
    assert.deepEqual(marked.toSorted(), expected);
  });

  it("gives the method table exactly the official methods", () => {
    const isMethod = /^service\.(\w+)\.method\.(\w+)$/;
    const expected = [...official.keys()].filter((place) => isMethod.test(place));
    const paths = expected.map((place) => place.replace(isMethod, "/csi.v1.$1/$2"));
    assert.deepEqual(Object.keys(csiMethods).toSorted(), paths.toSorted());
  });
});
