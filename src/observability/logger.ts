/** pino, as the rest of the driver sees it: structured lines on standard output. */
import { pino, stdSerializers, type Logger as PinoLogger } from "pino";

export type Logger = PinoLogger;

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export function createLogger(options: { readonly level: LogLevel; readonly mode: string }): Logger {
  return pino({
    level: options.level,
    base: { mode: options.mode },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.errWithCause },
  });
}
