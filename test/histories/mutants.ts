/** Faults that a round of histories must find: for each invariant, a driver (or a target) with one guard taken out. */
import { plantedInDevices, type Planted } from "./device-mutants.ts";

const gate = "src/services/format-gate.ts";
const formatting = "src/services/filesystem-staging.ts";
const staging = "src/services/staging.ts";
const staged = "src/services/staged-volume.ts";
const publishing = "src/services/publishing.ts";
const backend = "src/backends/memory/memory-backend.ts";

export const planted: readonly Planted[] = [
  {
    fault: "a gate that formats where there is a file system",
    shows: /^I1 /,
    mutations: [
      {
        ...{
          name: "histories-gate",
          file: gate,
          replace: 'if (signature?.type === requested) return { action: "mount" };',
        },
        by: 'if (signature?.type === requested) return { action: "format" };',
      },
    ],
  },
  {
    fault: "a format intent that outlives its mkfs",
    shows: /^I1 /,
    mutations: [
      {
        ...{ name: "histories-intent", file: formatting },
        ...{ replace: "for (const found of intents) await held.eraseIntent(found, limit);", by: "" },
      },
    ],
  },
  {
    fault: "a gate that sees no raw data",
    shows: /^I1/,
    mutations: [
      { name: "histories-raw", file: gate, replace: "if (firstNonZero !== undefined) {", by: "if (false) {" },
      { name: "context", file: gate, replace: 'if (content.state === "present") {', by: "if (false) {" },
      { name: "epoch", file: gate, replace: "if (formattedInThisEpoch) {", by: "if (false) {" },
    ],
  },
  {
    fault: "a copy that lacks the last write",
    shows: /^I2 /,
    mutations: [
      {
        ...{ name: "histories-copy", file: "test/histories/disk.ts", replace: "tokens: new Set(tokens) }" },
        by: "tokens: new Set([...tokens].slice(0, -1)) }",
      },
    ],
  },
  {
    fault: "a publish to a pod that mounts nothing",
    shows: /^I2 or I3 /,
    mutations: [
      {
        ...{ name: "histories-bind", file: publishing },
        ...{ replace: "await filesystem.bind({ ...what, target: targetPath, readOnly }, signal);", by: "void what;" },
      },
    ],
  },
  {
    fault: "a copy that shares what is written to its original",
    shows: /^I3 /,
    mutations: [
      {
        ...{ name: "histories-shared-copy", file: "test/histories/bed-backend.ts" },
        ...{ replace: "this.#diskOf(spec.source))?.copy()", by: "this.#diskOf(spec.source))" },
      },
    ],
  },
  {
    fault: "an unpublish that takes away what another volume has there",
    shows: /^I2 or I3 |^I6 /,
    mutations: [
      {
        ...{ name: "histories-stray", file: staged },
        ...{ replace: "if (!showsAny(mount, devices)) return false;", by: "void devices;" },
      },
    ],
  },
  {
    fault: "a device number that is taken for its former volume's",
    shows: /^I[56] |^I2 or I3 /,
    mutations: [
      {
        ...{ name: "histories-number", file: staged },
        ...{ replace: 'state: bearer === uuid && !device.isPast ? "live" : "replaced" }', by: 'state: "live" }' },
      },
    ],
  },
  ...plantedInDevices,
  {
    fault: "a second writer",
    shows: /^I4 /,
    mutations: [
      {
        ...{ name: "histories-writers", file: "src/domain/publications.ts" },
        ...{ replace: "if (!isShared) throw refused(", by: "if (isShared === undefined) throw refused(" },
      },
    ],
  },
  {
    fault: "several writers of a volume for one",
    shows: /^I4 /,
    mutations: [
      {
        ...{ name: "histories-many", file: "src/domain/publications.ts" },
        ...{ replace: 'sharing === "writers" && state.multiWriter === undefined', by: "lastEpoch < 0" },
      },
    ],
  },
  {
    fault: "a file system that several nodes write",
    shows: /^I1, I4 or I5 /,
    mutations: [
      {
        ...{ name: "histories-mounted", file: staging },
        ...{ replace: 'if (attachment.sharing !== "writers" || usage.kind === "block") return;', by: "return;" },
      },
    ],
  },
  {
    fault: "an unpublish that leaves the host in",
    shows: /^I4 /,
    mutations: [
      {
        ...{ name: "histories-fence", file: backend },
        ...{
          replace: "volume.publications.filter((held) => !gone.includes(held))",
          by: "[...volume.publications, ...gone]",
        },
      },
    ],
  },
  {
    fault: "an epoch that is used twice",
    shows: /^I4 /,
    mutations: [
      { name: "histories-epoch", file: backend, replace: "lastEpoch: this.#highestEpoch,", by: "lastEpoch: 0," },
    ],
  },
  {
    fault: "a replayed context that ends the present stage",
    shows: /^I2 or I3 |^I4 /,
    mutations: [
      { name: "histories-replay", file: staging, replace: "assertEpoch(attachment, before);", by: "void assertEpoch;" },
    ],
  },
  {
    fault: "a stage that is refused and leaves its connection",
    shows: /^I6 /,
    mutations: [
      {
        ...{ name: "histories-refused", file: staging, replace: "if (isFinal(refusal)) await" },
        by: "if (isFinal(undefined)) await",
      },
    ],
  },
  {
    fault: "a journal that is written after the mount",
    shows: /^I[56] /,
    mutations: [
      { name: "histories-journal", file: staging, replace: "await journal.save(entry);\n", by: "" },
      {
        ...{ name: "late", file: staging },
        replace:
          'await journal.save(known);\n    if (usage.kind === "filesystem")\n      return await this.#filesystems.mount({ ...request, usage, entry: known }, device, signal);',
        by: 'if (usage.kind === "filesystem") {\n      const outcome = await this.#filesystems.mount({ ...request, usage, entry: known }, device, signal);\n      await journal.save(known);\n      return outcome;\n    }',
      },
    ],
  },
  {
    fault: "a read-only publish that is not finished after a kill",
    shows: /^I5 /,
    mutations: [
      {
        ...{ name: "histories-read-only", file: publishing },
        replace: "await this.#note(entry, targetPath, readOnly, bound);",
        by: "await this.#note(entry, targetPath, entry.readOnlyTargets.includes(targetPath), bound);",
      },
    ],
  },
  {
    fault: "an unstage that leaves the controller",
    shows: /^I6 /,
    mutations: [
      {
        ...{ name: "histories-disconnect", file: staging },
        ...{
          replace: "await initiator.disconnect(exportIdentityOf(cluster, volume).nqn, signal);",
          by: "void initiator;",
        },
      },
    ],
  },
  {
    fault: "a target that stays",
    shows: /^I6 /,
    mutations: [
      {
        name: "histories-target",
        file: publishing,
        replace: "await paths.removeTarget(targetPath);",
        by: "void paths;",
      },
    ],
  },
  {
    fault: "a format mark that stays",
    shows: /^I6 /,
    mutations: [
      {
        ...{ name: "histories-mark", file: "src/services/attachment.ts" },
        ...{ replace: "await this.#marks.remove(volume);", by: "return;" },
      },
    ],
  },
  {
    fault: "a volume that is called unwell because it is staged to be read",
    shows: /^stats /,
    mutations: [
      {
        ...{ name: "histories-stats", file: staged },
        ...{
          replace: 'mount.superOptions.includes("ro") && !isStagedReadOnly;',
          by: 'mount.superOptions.includes("ro");',
        },
      },
    ],
  },
  {
    fault: "an id that depends on time",
    shows: /^I7 /,
    mutations: [
      {
        ...{ name: "histories-id", file: "src/domain/identity.ts" },
        ...{
          replace: "return `v1-${sha256(`${cluster}\\0${name}`)",
          by: "return `v1-${sha256(`${cluster}\\0${name}${performance.now()}`)",
        },
      },
    ],
  },
  {
    fault: "an expand that makes smaller",
    shows: /^I12 /,
    mutations: [
      {
        ...{ name: "histories-shrink", file: "src/domain/capacity.ts" },
        ...{
          replace: "return required <= present ? present : within(range, required);",
          by: "return within(range, required);",
        },
      },
      { name: "anyway", file: backend, replace: "if (volume.size >= size) return volume;", by: "" },
    ],
  },
];
