/**
 * Generates src/gen from proto/csi.proto (`npm run generate`), or compares it with a fresh generation (`--check`).
 *
 * 1. Everything comes from one parse of one file: the descriptor, the field table and the types cannot disagree.
 * 2. The types and the run time share one list of loader options, `loaderOptions` below.
 * 3. src/gen holds generated files only: others are removed, and `--check` (exit code 1) names them.
 * 4. A field kind, an import or an option spelling the generator does not know stops it; nothing is guessed.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtempDisposable, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { format, resolveConfig } from "prettier";
import protobuf from "protobufjs";
import googleDescriptor from "protobufjs/google/protobuf/descriptor.json" with { type: "json" };
import { readOptions } from "./read-options.ts";

type Files = ReadonlyMap<string, string>;
type Json = Readonly<Record<string, unknown>>;

const project = path.join(import.meta.dirname, "..");
const protoFile = "proto/csi.proto";
const genDir = path.join(project, "src/gen");
const header = `// Generated from ${protoFile} by scripts/generate.ts; do not edit.\n`;

// How messages look as objects. `defaults` fills in lists and maps as well as scalars, so no further option is needed.
const loaderOptions = { keepCase: "true", longs: "String", enums: "String", defaults: "true", oneofs: "true" };

const scalars = ["bool", "bytes", "int32", "int64", "string"];

function parse(): protobuf.Root {
  // The .proto imports descriptor.proto for its options, which protobufjs bundles but does not register.
  protobuf.common("descriptor", googleDescriptor.nested.google.nested.protobuf.nested);
  const root = new protobuf.Root();
  root.loadSync(path.join(project, protoFile), { keepCase: true });
  root.resolveAll();
  return root;
}

function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Options and their definitions are left out: the wire does not carry them, and the field table holds the secrets. */
function withoutOptions(json: Json): Json {
  const dropped = new Set(["options", "parsedOptions", "valuesOptions"]);
  const kept = Object.entries(json).filter(
    ([key, value]) => !dropped.has(key) && !(isJson(value) && "extend" in value),
  );
  const rest = Object.fromEntries(kept.map(([key, value]) => [key, isJson(value) ? withoutOptions(value) : value]));
  // protobufjs declares the comment of a method as required, though it neither writes nor needs it.
  return "requestType" in rest ? { ...rest, comment: "" } : rest;
}

function allTypes(parent: protobuf.NamespaceBase): protobuf.Type[] {
  return parent.nestedArray.flatMap((child) => [
    ...(child instanceof protobuf.Type ? [child] : []),
    ...(child instanceof protobuf.Namespace ? allTypes(child) : []),
  ]);
}

function allMethods(root: protobuf.Root): protobuf.Method[] {
  const scope = root.lookup("csi.v1");
  const children = scope instanceof protobuf.Namespace ? scope.nestedArray : [];
  return children.flatMap((child) => (child instanceof protobuf.Service ? child.methodsArray : []));
}

function fullName(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, "");
}

/** The messages on the wire: all of csi.v1, and those of google.protobuf that csi.v1 uses. */
function wireTypes(root: protobuf.Root): protobuf.Type[] {
  const own = allTypes(root).filter((type) => fullName(type).startsWith("csi.v1."));
  const used = own.flatMap((type) => type.fieldsArray.map((field) => field.resolvedType));
  const foreign = used.filter((type): type is protobuf.Type => type instanceof protobuf.Type && !own.includes(type));
  const types = [...new Set([...own, ...foreign])];
  return types.toSorted((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
}

function runtimeJson(root: protobuf.Root): Json {
  const csi = root.lookup("csi")?.toJSON() ?? {};
  const foreign = wireTypes(root).filter((type) => fullName(type).startsWith("google.protobuf."));
  const wellKnown = Object.fromEntries(foreign.map((type) => [type.name, type.toJSON()]));
  return withoutOptions({
    nested: { csi, google: { nested: { protobuf: { nested: wellKnown } } } },
  });
}

function isSecret(field: protobuf.Field): boolean {
  const options = Object.entries(field.options ?? {});
  const unknown = options.find(([name]) => !["(csi_secret)", "(alpha_field)"].includes(name));
  if (unknown) {
    throw new Error(
      `cannot describe ${fullName(field)}: options are (csi_secret) and (alpha_field); got ${unknown[0]}`,
    );
  }
  return options.some(([name, value]) => name === "(csi_secret)" && value === true);
}

function scalar(field: protobuf.Field, type: string): string {
  if (!scalars.includes(type)) {
    throw new Error(`cannot describe ${fullName(field)}: a scalar must be one of ${scalars.join(", ")}; got ${type}`);
  }
  return type;
}

function fieldKind(field: protobuf.Field): Json {
  if (field instanceof protobuf.MapField) {
    if (field.resolvedType) {
      throw new Error(`cannot describe ${fullName(field)}: map values must be scalars; got ${field.type}`);
    }
    return { kind: "map", key: scalar(field, field.keyType), value: scalar(field, field.type) };
  }
  if (field.resolvedType) {
    const kind = field.resolvedType instanceof protobuf.Enum ? "enum" : "message";
    return { kind, type: fullName(field.resolvedType) };
  }
  return { kind: scalar(field, field.type) };
}

function describeField(field: protobuf.Field): Json {
  const oneof = field.partOf ? { oneof: field.partOf.name } : {};
  return { name: field.name, ...fieldKind(field), repeated: field.repeated, secret: isSecret(field), ...oneof };
}

function describeMethod(method: protobuf.Method): [string, Json] {
  const { resolvedRequestType: request, resolvedResponseType: response, parent } = method;
  if (!request || !response || !parent) {
    throw new Error(`cannot describe ${method.name}: a method must have resolved types; got ${method.requestType}`);
  }
  const route = `/${fullName(parent)}/${method.name}`;
  const types = { request: fullName(request), response: fullName(response) };
  return [route, { service: parent.name, name: method.name, ...types, responseStream: method.responseStream === true }];
}

function union(names: readonly string[]): string {
  return names.map((name) => `| ${JSON.stringify(name)}`).join("\n");
}

function fieldsModule(root: protobuf.Root): string {
  const types = wireTypes(root);
  const messages = types.map((type): [string, Json[]] => [fullName(type), type.fieldsArray.map(describeField)]);
  const methods = allMethods(root).map(describeMethod);
  const kinds = messages.flatMap(([, fields]) => fields.flatMap(({ kind, key, value }) => [kind, key, value]));
  return `
    export type CsiScalarKind = ${union(scalars.filter((name) => kinds.includes(name)))};
    export type CsiMessageName = ${union(messages.map(([name]) => name))};
    export type CsiMethodPath = ${union(methods.map(([name]) => name))};
    interface FieldBase {
      readonly name: string;
      readonly repeated: boolean;
      /** Marked csi_secret in the specification: the value must never be logged. */
      readonly secret: boolean;
      readonly oneof?: string;
    }
    export type CsiField =
      | (FieldBase & { readonly kind: CsiScalarKind })
      | (FieldBase & { readonly kind: "map"; readonly key: CsiScalarKind; readonly value: CsiScalarKind })
      | (FieldBase & { readonly kind: "message"; readonly type: CsiMessageName })
      | (FieldBase & { readonly kind: "enum"; readonly type: string });
    export interface CsiMethod {
      readonly service: string;
      readonly name: string;
      readonly request: CsiMessageName;
      readonly response: CsiMessageName;
      readonly responseStream: boolean;
    }
    export const csiMessages: Readonly<Record<CsiMessageName, readonly CsiField[]>> =
      ${JSON.stringify(Object.fromEntries(messages))};
    export const csiMethods: Readonly<Record<CsiMethodPath, CsiMethod>> =
      ${JSON.stringify(Object.fromEntries(methods))};`;
}

function descriptorModule(json: Json): string {
  const options = Object.entries(loaderOptions).map(([name, value]) => `${name}: ${value}`);
  return `
    import type { fromJSON, Options } from "@grpc/proto-loader";
    /** The options the types in this folder were generated for; use no others. */
    export const csiLoaderOptions = { ${options.join(", ")} } as const satisfies Options;
    const json = ${JSON.stringify(json)};
    export const csiDescriptor: Parameters<typeof fromJSON>[0] = json;`;
}

async function readTree(dir: string): Promise<Files> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const files = names.map(async (name): Promise<[string, string]> => [
    path.relative(dir, name).replaceAll(path.sep, "/"),
    await readFile(name, "utf8"),
  ]);
  return new Map(await Promise.all(files));
}

async function typeFiles(json: Json, signal: AbortSignal): Promise<Files> {
  await using dir = await mkdtempDisposable(path.join(tmpdir(), "csi-types-"));
  // The tool also reads a descriptor in JSON, so the types come from the very descriptor that is used at run time.
  const source = path.join(dir.path, "csi.proto");
  const out = path.join(dir.path, "out");
  await writeFile(source, JSON.stringify(json));
  const tool = createRequire(import.meta.url).resolve("@grpc/proto-loader/build/bin/proto-loader-gen-types.js");
  const flags = Object.entries(loaderOptions).map(([name, value]) => `--${name}=${value}`);
  const imports = ["--grpcLib=@grpc/grpc-js", "--importFileExtension=.ts"];
  await promisify(execFile)(process.execPath, [tool, ...flags, ...imports, `--outDir=${out}`, source], { signal });
  const tidy = (text: string): string => text.replace(/^\/\/ Original file: .*\n\n?/gm, "").replace(/[ \t]+$/gm, "");
  return new Map([...(await readTree(out))].map(([name, text]) => [name, `${header}${tidy(text).trim()}\n`]));
}

async function generate(signal: AbortSignal): Promise<Files> {
  const root = parse();
  const json = runtimeJson(root);
  const style = await resolveConfig(path.join(genDir, "csi-fields.ts"));
  const pretty = (text: string): Promise<string> => format(header + text, { ...style, parser: "typescript" });
  return new Map([
    ...(await typeFiles(json, signal)),
    ["csi-descriptor.ts", await pretty(descriptorModule(json))],
    ["csi-fields.ts", await pretty(fieldsModule(root))],
  ]);
}

async function write(files: Files): Promise<void> {
  await rm(genDir, { recursive: true, force: true });
  for (const [name, text] of files) {
    const file = path.join(genDir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  console.log(`wrote ${files.size} files to src/gen`);
}

async function check(fresh: Files): Promise<void> {
  const committed = await readTree(genDir);
  const names = [...new Set([...fresh.keys(), ...committed.keys()])].toSorted();
  const stale = names.filter((name) => fresh.get(name) !== committed.get(name));
  for (const name of stale) {
    console.error(`src/gen/${name} differs from a fresh generation: run "npm run generate"`);
  }
  process.exitCode = stale.length === 0 ? 0 : 1;
}

const { values } = readOptions("npm run generate -- [--check]", () =>
  parseArgs({ options: { check: { type: "boolean", default: false } } }),
);
const files = await generate(AbortSignal.timeout(120_000));
await (values.check ? check(files) : write(files));
