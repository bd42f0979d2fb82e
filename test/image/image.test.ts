/** The driver's container image: what is in it, what is not, and that everything in it starts under a read-only root. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { glob, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { poll } from "../../src/host/clock.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { openCsiClient } from "../support/csi-client.ts";
import { accepts } from "../support/driver-process.ts";
import { writeDriverImage, type DriverImage } from "./driver-image.ts";
import { imageFiles, totalBytes, type ImageFile } from "./image-files.ts";
import { programs } from "./programs.ts";
import { endOf, runInImage, startInImage, unpackImage, type UnpackedImage } from "./unpacked-image.ts";
import type { ReadRequest } from "../../src/host/direct-io-child.ts";

const project = join(import.meta.dirname, "../..");
const limitBytes = 250_000_000;
// The first build installs packages and makes a base.
const buildMs = 15 * 60_000;
const patience = () => AbortSignal.timeout(60_000);

let scratch: string;
let made: DriverImage;
let image: UnpackedImage;
let files: readonly ImageFile[];

before(async () => {
  scratch = await makeScratch();
  const archive = join(scratch, "image.tar");
  const signal = AbortSignal.timeout(buildMs);
  made = await writeDriverImage(archive, signal);
  image = await unpackImage(archive, scratch, signal);
  files = await imageFiles(image.root);
});
after(async () => removeScratch(scratch));

describe("the image", () => {
  it("has at most 250 MB unpacked", (test) => {
    const total = totalBytes(files);
    test.diagnostic(`${(total / 1e6).toFixed(1)} MB`);
    assert.ok(total <= limitBytes, `${total} bytes`);
  });

  it("has the chart's name, and labels that say what it is and what it was made from", async () => {
    const { name, version, description, license } = await manifest();
    assert.deepEqual(image.names, [`docker.io/nvmetcp/nvmetcp-csi:${version}`]);
    const { source, ...labels } = labelsOf(image);
    assert.match(source ?? "", /^https:\/\//);
    assert.deepEqual(labels, { title: name, description, licenses: license, version, revision: made.revision });
  });

  it("tells the package's version also when nobody gives one to the build", async () => {
    const { version } = await manifest();
    assert.match(await readFile(join(project, "Dockerfile"), "utf8"), new RegExp(`^ARG VERSION=${version}$`, "m"));
  });

  it("starts the driver and needs nothing from the environment but PATH", () => {
    assert.deepEqual(image.config.Entrypoint, ["tini", "-s", "--", "node", "/app/main.js"]);
    assert.equal(image.config.Env.length, 1);
  });

  it("has no package manager, no compiler, no interpreter but node and sh, no downloader, no login", () => {
    const unwanted =
      /^(apt.*|dpkg.*|npm|npx|corepack|yarn|perl.*|python.*|bash|g?cc.*|[gc]\+\+.*|ld|as|make|curl|wget|su|sudo|login|passwd|newgrp|runuser)$/;
    const found = files.filter(({ path, kind }) => kind !== "folder" && unwanted.test(path.split("/").at(-1) ?? ""));
    // What scanners read names packages, not programs.
    assert.deepEqual(
      found.map(({ path }) => path).filter((path) => !/^\/etc\/passwd$|^\/(usr\/share|var\/lib\/dpkg)\//.test(path)),
      [],
    );
  });

  it("has no package lists, no manuals, no translations, no sources of the driver, no source maps", () => {
    const unwanted =
      /^\/(etc\/apt|var\/(lib\/apt|cache|log)|usr\/(include|share\/(man|info|locale)))\b|\.map$|\.ts$|\/node_modules\b/;
    assert.deepEqual(
      files.map(({ path }) => path).filter((path) => unwanted.test(path)),
      [],
    );
  });

  it("has no setuid or setgid file, no device, and no place where everybody may replace a file", () => {
    const bad = files.filter(({ kind, mode }) => {
      const open = (mode & 0o2) !== 0 && !(kind === "folder" && (mode & 0o1000) !== 0);
      return kind === "other" || (kind !== "link" && ((mode & 0o6000) !== 0 || open));
    });
    assert.deepEqual(
      bad.map(({ path }) => path),
      [],
    );
  });

  it("names no mirror of the machine that built it", async () => {
    const texts = files.filter(({ path, kind }) => kind === "file" && /^\/(etc|var)\//.test(path));
    for (const { path } of texts) {
      assert.doesNotMatch(await readFile(join(image.root, path), "utf8"), /^(deb|URIs:|Acquire::)/m, path);
    }
  });

  it("tells scanners its packages and keeps their licences", () => {
    for (const name of ["coreutils", "e2fsprogs", "libc6", "nftables"]) {
      assert.ok(has(`/var/lib/dpkg/status.d/${name}`), name);
      assert.ok(has(`/usr/share/doc/${name}/copyright`), name);
    }
    assert.ok(has("/app/LICENSE"));
  });
});

describe("a program in the image", () => {
  for (const [name, { argv, stdin = "", says }] of Object.entries(programs)) {
    it(`works: ${name}`, async () => {
      const ended = await runInImage(image, argv, { stdin, signal: patience() });
      const { status, stdout, stderr } = ended;
      assert.equal(status, 0, `${stdout}${stderr}`);
      assert.match(stdout, says, stderr);
    });
  }

  it("finds all its libraries, as every library does", async () => {
    const paths = files.filter(({ isElf }) => isElf).map(({ path }) => path);
    assert.ok(paths.length > 200, `${paths.length} programs and libraries`);
    const list = '/lib64/ld-linux-x86-64.so.2 --list "$file" 2>&1';
    const script = `for file; do ${list} | grep -E "cannot open shared object|not found"; done; true`;
    const { stdout } = await runInImage(image, ["sh", "-c", script, "sh", ...paths], { signal: patience() });
    assert.equal(stdout, "");
  });

  it("is there for each that src/ runs", async () => {
    const run = await programsOfSources();
    for (const known of ["dd", "nft", "flock", "mount", "mkfs.ext4", "xfs_repair", "btrfs"])
      assert.ok(run.has(known), `${known} is found`);
    assert.deepEqual(
      [...run].filter((name) => programs[name] === undefined),
      [],
    );
  });
});

describe("the driver in the image, under a read-only root", () => {
  it("cannot write to the root, but to /tmp, /run and its state", async () => {
    const write = async (path: string) => (await runInImage(image, ["touch", path], { signal: patience() })).stderr;
    assert.match(await write("/app/x"), /Read-only file system/);
    for (const folder of ["/tmp", "/run", "/var/lib/nvmetcp-csi"]) assert.equal(await write(`${folder}/x`), "");
  });

  it("prints its help", async () => {
    const { status, stdout, stderr } = await runInImage(image, entry("--help"), { signal: patience() });
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /^usage: nvmetcp-csi MODE/);
  });

  for (const mode of ["all-in-one", "controller", "node"]) {
    it(`answers Probe and ends on SIGTERM as the first process of its namespace: ${mode}`, async () => {
      const flags = [mode, "--backend", "memory", "--cluster-id", "test-cluster"];
      const signal = patience();
      const child = startInImage(image, entry(...flags), { signal, prefix: ["--pid", "--fork", "--kill-child"] });
      const ended = endOf(child);
      const socket = join(image.run, "nvmetcp-csi/csi.sock");
      try {
        await poll(async () => {
          assert.equal(child.exitCode, null, "the driver runs");
          return (await accepts(socket)) ? true : undefined;
        }, signal);
        using client = openCsiClient(socket);
        await client.identity.Probe({}, { signal });
        const { vendor_version } = await client.identity.GetPluginInfo({}, { signal });
        assert.equal(vendor_version, made.version);
        process.kill(await onlyChildOf(child.pid ?? 0), "SIGTERM");
        const { status, stdout, stderr } = await ended;
        assert.deepEqual([status, stderr], [0, ""]);
        assert.match(stdout, /"stopped"/);
      } finally {
        child.kill("SIGKILL");
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      }
    });
  }

  for (const mode of ["all-in-one", "controller"]) {
    it(`says which kernel modules the real back end misses: ${mode}`, async () => {
      const { status, stderr } = await runInImage(image, entry(mode, "--cluster-id", "x"), { signal: patience() });
      assert.equal(status, 1);
      assert.match(stderr, /^cannot start the target agent: .*nvmet and nvmet-tcp must be loaded[^\n]*\n$/);
    });
  }

  it("has its helper for direct reads beside it", async () => {
    await writeFile(join(image.state, "disk"), Buffer.alloc(8192));
    const path = "/var/lib/nvmetcp-csi/disk";
    const regions = [{ offset: "4096", length: 4096 }];
    const expect = { kind: "file" } as const;
    const request: ReadRequest = { op: "read", path, expect, exclusive: false, regions, blocks: [] };
    const stdin = `1 ${JSON.stringify(request)}`;
    const { status, stdout } = await runInImage(image, ["node", "/app/direct-io-child.js"], {
      stdin,
      signal: patience(),
    });
    assert.equal(status, 0);
    assert.match(stdout, /^\n1 .*"ok":true/);
  });
});

function entry(...argv: readonly string[]): readonly string[] {
  return [...image.config.Entrypoint, ...argv];
}

function has(path: string): boolean {
  return files.some((file) => file.path === path);
}

async function manifest(): Promise<Readonly<Record<"name" | "version" | "description" | "license", string>>> {
  const text = await readFile(join(project, "package.json"), "utf8");
  return JSON.parse(text) as Readonly<Record<"name" | "version" | "description" | "license", string>>;
}

/** The labels of the image standard, without their common prefix. */
function labelsOf({ config }: UnpackedImage): Readonly<Record<string, string>> {
  const prefix = "org.opencontainers.image.";
  const own = Object.entries(config.Labels).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The names that the sources give to what starts a program (src/host/exec.ts and beside it). */
async function programsOfSources(): Promise<ReadonlySet<string>> {
  const starts =
    /(?:\bexec\w*|#exec|\brun|\bspawn|\bstartProgram)\(\s*(?:[\w.#]+,\s*)?"([a-z][\w.-]*)"|runOnDevice\([^[]*\["([\w.-]+)"|=> \[\s*"([\w.-]+)"/g;
  const names = new Set<string>();
  for await (const file of glob("src/**/*.ts", { cwd: project, exclude: ["src/**/*.test.ts", "src/gen/**"] })) {
    const text = await readFile(join(project, file), "utf8");
    for (const [, ...found] of text.matchAll(starts)) names.add(found.find(Boolean) ?? "");
  }
  return names;
}

async function onlyChildOf(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8");
  return Number(children.trim());
}
