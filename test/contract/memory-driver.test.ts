/** The driver as a process with the back end `memory`: the reference of the Controller contract. */
import { startDriver } from "../support/driver-process.ts";
import { controllerContract } from "./controller-contract.ts";

controllerContract("memory", { groups: true }, async () => {
  const driver = await startDriver({ mode: "controller", signal: AbortSignal.timeout(30_000) });
  return { client: driver.client, close: async () => driver[Symbol.asyncDispose]() };
});
