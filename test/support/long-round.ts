import { it } from "node:test";

/** A long round (`npm run rounds`) plays everything; any other run plays what fits into minutes. */
export const isLongRound = process.env["LONG_ROUND"] === "yes";

/** A test that long rounds have besides. */
export const itInLongRounds = (name: string, test: () => Promise<void>): void => {
  if (isLongRound) void it(name, test);
};
