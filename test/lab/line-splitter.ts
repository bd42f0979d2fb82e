/**
 * Turns chunks of bytes into lines; a last line without its newline comes with end().
 */
import { StringDecoder } from "node:string_decoder";

interface LineSplitter {
  readonly push: (chunk: Buffer) => void;
  readonly end: () => void;
}

export function lineSplitter(onLine: ((line: string) => void) | undefined): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    push: (chunk) => {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    },
    end: () => {
      rest += decoder.end();
      if (rest !== "") onLine?.(rest);
      rest = "";
    },
  };
}
