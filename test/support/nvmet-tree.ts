/**
 * The nvmet tree of configfs in a plain directory, as far as its users can tell: the calls of node:fs/promises are
 * watched, and below the root they behave like the kernel's.
 *
 * 1. A new subsystem, namespace or port has its attributes; a directory that is in use cannot be removed (EBUSY).
 * 2. Every change of the file system is written down, in order, and one of them can be the last of a killed process.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import type { TestContext } from "node:test";

type Files = Readonly<Record<string, string>>;
type FsCall = (...args: readonly unknown[]) => Promise<unknown>;

/** What the kernel puts into a new directory, by the last parts of its path. */
const births: readonly (readonly [RegExp, Files, readonly string[]])[] = [
  [
    /^subsystems\/[^/]+$/,
    { attr_serial: "kernel-made", attr_model: "Linux", attr_allow_any_host: "0", attr_qid_max: "128" },
    ["namespaces", "allowed_hosts"],
  ],
  [
    /^subsystems\/[^/]+\/namespaces\/\d+$/,
    { device_path: "(null)", device_uuid: "kernel-made", enable: "0", revalidate_size: "" },
    [],
  ],
  [/^ports\/\d+$/, { addr_trtype: "", addr_adrfam: "", addr_traddr: "", addr_trsvcid: "" }, ["subsystems"]],
  [/^hosts\/[^/]+$/, {}, []],
];
const watched = ["mkdir", "rmdir", "unlink", "symlink", "rename"] as const;

/** This machine's file system may have no reflinks; what needs them is tested where they are. */
const copyWithHoles: FsCall = async (to, from, mode) => {
  const isExclusive = (Number(mode) & fs.constants.COPYFILE_EXCL) !== 0;
  if (isExclusive && fs.existsSync(String(to))) throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
  execFileSync("cp", [String(from), String(to)]);
  return Promise.resolve(undefined);
};

export class NvmetTree {
  readonly root: string;
  /** `verb path` of every change so far; paths in the tree are relative to its root. */
  readonly calls: string[] = [];
  #left = Infinity;

  constructor(root: string) {
    this.root = root;
    for (const name of ["subsystems", "hosts", "ports"]) fs.mkdirSync(path.join(root, name), { recursive: true });
  }

  /** Watches the file system for the time of a test. */
  install(t: TestContext): this {
    for (const name of watched) {
      const original: FsCall = fsp[name] as FsCall;
      t.mock.method(fsp, name, async (...args: readonly unknown[]) => this.#change(name, original, args));
    }
    const open = fsp.open as FsCall;
    t.mock.method(fsp, "open", async (...args: readonly unknown[]) => {
      if (args[1] === fs.constants.O_WRONLY) this.#write(`write ${this.#name(String(args[0]))}`);
      return await open(...args);
    });
    t.mock.method(fsp, "copyFile", async (from: unknown, to: unknown, mode: unknown) =>
      this.#change("copy", copyWithHoles, [to, from, mode]),
    );
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    return this;
  }

  /** Lets so many more changes happen; the last of them happens, and nothing after it. */
  killAfter(changes: number): void {
    this.#left = changes;
  }

  revive(): void {
    this.#left = Infinity;
  }

  #name(file: string): string {
    return file.startsWith(`${this.root}/`) ? path.relative(this.root, file) : file;
  }

  #write(call: string): void {
    if (this.#left <= 0) throw new Error("killed");
    this.calls.push(call);
  }

  async #change(verb: string, original: FsCall, args: readonly unknown[]): Promise<unknown> {
    if (this.#left <= 0) throw new Error("killed");
    const file = String(verb === "symlink" ? args[1] : args[0]);
    const name = this.#name(file);
    if (name !== file && verb === "rmdir") this.#die(name, file);
    const answer = await original(...args);
    this.calls.push(`${verb} ${name}`);
    if (name !== file && verb === "mkdir") this.#bear(name, file);
    this.#left -= 1;
    if (this.#left <= 0) throw new Error("killed");
    return answer;
  }

  #bear(name: string, file: string): void {
    const [, files = {}, folders = []] = births.find(([pattern]) => pattern.test(name)) ?? [];
    for (const [attribute, value] of Object.entries(files)) fs.writeFileSync(path.join(file, attribute), value);
    for (const folder of folders) fs.mkdirSync(path.join(file, folder));
  }

  /** Takes the kernel's own files out of a directory that is about to be removed, unless it is in use. */
  #die(name: string, file: string): void {
    if (!fs.existsSync(file)) return;
    const [, files = {}, folders = []] = births.find(([pattern]) => pattern.test(name)) ?? [];
    const isHeld = folders.some((folder) => fs.readdirSync(path.join(file, folder)).length > 0);
    if (isHeld || this.#links().includes(file)) throw Object.assign(new Error("EBUSY"), { code: "EBUSY" });
    for (const attribute of Object.keys(files)) fs.unlinkSync(path.join(file, attribute));
    for (const folder of folders) fs.rmdirSync(path.join(file, folder));
  }

  /** What symbolic links in the tree point to. */
  #links(): readonly string[] {
    const entries = fs.readdirSync(this.root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => fs.readlinkSync(path.join(entry.parentPath, entry.name)));
  }

  /** Everything that somebody made: subsystems, hosts and ports, by name. */
  objects(): readonly string[] {
    return ["subsystems", "hosts", "ports"].flatMap((folder) =>
      fs.readdirSync(path.join(this.root, folder)).map((name) => `${folder}/${name}`),
    );
  }

  read(...names: readonly string[]): string {
    return fs.readFileSync(path.join(this.root, ...names), "utf8");
  }

  list(...names: readonly string[]): readonly string[] {
    return fs.readdirSync(path.join(this.root, ...names));
  }
}
