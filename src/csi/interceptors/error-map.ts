/** Turns whatever is thrown inside into a gRPC status. */
import type { Interceptor } from "../call.ts";
import { toStatus } from "../status.ts";

export const errorMap: Interceptor = async (call, next) => {
  try {
    return await next(call);
  } catch (error) {
    throw toStatus(error);
  }
};
