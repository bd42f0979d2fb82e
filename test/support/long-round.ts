/** A long round (`npm run rounds`) plays everything; any other run plays what fits into minutes. */
export const isLongRound = process.env["LONG_ROUND"] === "yes";
