/** Plays a history against the bed and the model, and takes everything down by the inverse calls. */
import { DomainError, messageOf } from "../../src/domain/errors.ts";
import { Bed } from "./bed.ts";
import { call, type Answer } from "./call.ts";
import { assertExpected, textOf } from "./judge.ts";
import { assertGone, assertInvariants, assertNothingLeft, assertUnpublished } from "./invariants.ts";
import { learn, learnAttempt, learnEarlyUnstage } from "./learn.ts";
import { Model } from "./model.ts";
import { nodeNames, pods, type NodeName, type VolumeName } from "./names.ts";
import { isHolder, predict, type Expected } from "./predict.ts";
import { contextFor, inverseOf, isFresh, resolve } from "./resolve.ts";
import type { Command, Kill, Step } from "./steps.ts";

/** How often each step came to what, over all histories. */
export type Tally = Map<string, number>;

export class Play {
  readonly #bed = new Bed();
  readonly #model = new Model();
  readonly #log: string[] = [];
  readonly #tally: Tally;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  async run(history: readonly Command[]): Promise<void> {
    try {
      for (const command of history) {
        const times = "times" in command.step ? command.step.times : 1;
        for (let time = 1; time <= times; time += 1) await this.#command(command, time === times);
      }
      await this.#takeDown();
      await assertNothingLeft(this.#bed);
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${this.#log.join("\n")}`, { cause: error });
    }
  }

  /** Of several steps the last one is killed. */
  async #command(command: Command, isLast: boolean): Promise<void> {
    const { kill } = command;
    const step = resolve(command, this.#model, this.#bed);
    if (step === undefined || !this.#isPossible(step)) return;
    await (kill === undefined || !isLast ? this.#step(step) : this.#stepKilled(step, kill));
    await assertInvariants(this.#model, this.#bed);
  }

  /** Nobody stages without a context. */
  #isPossible(step: Step): boolean {
    return step.do !== "stage" || contextFor(step, this.#model) !== undefined;
  }

  async #step(step: Step, note = ""): Promise<void> {
    const expected = predict(step, this.#model, this.#bed);
    if (step.do === "stage") learnAttempt(step, this.#model);
    let answer: Answer | undefined;
    let refusal = "";
    try {
      answer = await call(step, this.#model, this.#bed);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refusal = messageOf(error);
    }
    const outcome = answer === undefined ? "refused" : "ok";
    this.#count(`${step.do} ${outcome}`);
    this.#log.push(`${textOf(step)}${note}: ${outcome} ${refusal}`);
    assertExpected(step, { outcome, expected }, `${note} ${refusal}`);
    await this.#after(step, answer, expected);
  }

  async #after(step: Step, answer: Answer | undefined, expected: Expected): Promise<void> {
    const [model, bed] = [this.#model, this.#bed];
    // W3: what is refused for good leaves nothing, unless a pod still has it.
    const isRefused = answer === undefined && expected === "refused";
    const isRefusedStage = isRefused && step.do === "stage" && isHolder(step, model);
    const others = step.do === "publish" ? othersThan(step.node, step.name, model) : 0;
    if (answer !== undefined && others > 0) this.#count("publish beside ok");
    if (answer !== undefined) learn(step, answer, model, bed);
    else if (step.do === "unstage") learnEarlyUnstage(step, model);
    if (answer !== undefined && step.do === "unstage") await assertGone(step.node, step.name, model, bed);
    if (answer !== undefined && step.do === "nodeUnpublish" && step.pathOf === step.name) {
      await assertUnpublished(step, bed);
    }
    if (!isRefusedStage) return;
    const { staged, targets } = model.stageOf(step.node, step.name);
    if (staged?.isLive === true || targets.size > 0) return;
    await assertGone(step.node, step.name, model, bed);
    model.setStage(step.node, step.name, { attempted: undefined });
  }

  #count(what: string): void {
    this.#tally.set(what, (this.#tally.get(what) ?? 0) + 1);
  }

  /** I5. */
  async #stepKilled(step: Step, { after, then, isLost }: Kill): Promise<void> {
    const [model, bed] = [this.#model, this.#bed];
    const inverse = isFresh(step, model) && predict(step, model, bed) === "ok" ? inverseOf(step) : undefined;
    const isInverted = then === "inverse" && inverse !== undefined;
    if (!(await this.#killIn(step, after))) return;
    // Whether a publish to a pod was done is not known, so it cannot be repeated where its device is gone.
    if (isLost && "node" in step && "name" in step && (isInverted || survivesLoss.includes(step.do))) {
      await this.#step({ do: "lose", node: step.node, name: step.name });
    }
    await (isInverted ? this.#step(inverse, " instead") : this.#step(step, " again"));
  }

  /** Whether the call was cut off; otherwise it has come to its end. */
  async #killIn(step: Step, after: number): Promise<boolean> {
    const bed = this.#bed;
    const isNodes = "node" in step && step.do !== "publish";
    const recorder = isNodes ? bed.nodes[step.node].recorder : bed.recorder;
    const limit = recorder.calls.length + after;
    recorder.killAfter(after);
    try {
      await this.#step(step);
      return false;
    } catch (error) {
      if (recorder.calls.length < limit || step.do === "write") throw error;
      this.#count(`${step.do} killed`);
      this.#log.push(`${textOf(step)}: killed after ${after}`);
      return true;
    } finally {
      recorder.revive();
      if (isNodes && recorder.calls.length >= limit) bed.nodes[step.node].restart();
    }
  }

  /** I6: the inverse calls, for everything that a caller ever heard of. */
  async #takeDown(): Promise<void> {
    for (const node of nodeNames) {
      for (const name of this.#model.ids.keys()) {
        for (const pod of pods) await this.#step({ do: "nodeUnpublish", node, name, pod, pathOf: name });
      }
      for (const name of this.#model.ids.keys()) await this.#step({ do: "unstage", node, name });
    }
    for (const name of this.#model.ids.keys()) {
      await this.#step({ do: "unpublish", name, from: "everyone" });
      await assertInvariants(this.#model, this.#bed);
      await this.#step({ do: "delete", name });
    }
    for (const snapshot of this.#model.snapshotIds.keys()) await this.#step({ do: "deleteSnapshot", snapshot });
  }
}

function othersThan(node: NodeName, name: VolumeName, model: Model): number {
  return (model.volumes.get(name)?.publications ?? []).filter((held) => held.node !== node).length;
}

const survivesLoss: readonly Step["do"][] = ["stage", "unstage", "nodeUnpublish"];
