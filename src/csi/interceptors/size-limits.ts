/** Refuses requests with fields beyond the specification's sizes, before anything looks at them. */
import type { Interceptor } from "../call.ts";
import { checkSizes } from "../size-limits.ts";

export const sizeLimits: Interceptor = async (call, next) => {
  checkSizes(call.method, call.requestType, call.request);
  return await next(call);
};
