/** The version in package.json, put in by the bundler. */
declare const __DRIVER_VERSION__: string | undefined;

export const version = typeof __DRIVER_VERSION__ === "string" ? __DRIVER_VERSION__ : "0.0.0-source";
