/** How the commands here read their command line: a mistake prints one line and ends with status 2, before any work. */

/** What `read` returns. What it throws is a mistake of the caller: its first sentence is shown with the usage. */
export function readOptions<T>(usage: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const [mistake] = (error instanceof Error ? error.message : String(error)).split(/\. |\.?\n/);
    console.error(`usage: ${usage}  (${mistake ?? ""})`);
    process.exit(2);
  }
}

/** A whole number from 1. */
export function readCount(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${option} is a number from 1; got '${text}'`);
  return Number(text);
}
