/** The shape of a service: its unary RPCs by name, each from a wire request and its call to a wire response. */
import type { ControllerHandlers } from "../gen/csi/v1/Controller.ts";
import type { GroupControllerHandlers } from "../gen/csi/v1/GroupController.ts";
import type { IdentityHandlers } from "../gen/csi/v1/Identity.ts";
import type { NodeHandlers } from "../gen/csi/v1/Node.ts";
import type { handleUnaryCall } from "@grpc/grpc-js";
import type { Call } from "./call.ts";

interface Services {
  readonly "csi.v1.Identity": IdentityHandlers;
  readonly "csi.v1.Controller": ControllerHandlers;
  readonly "csi.v1.GroupController": GroupControllerHandlers;
  readonly "csi.v1.Node": NodeHandlers;
}

export type ServiceName = keyof Services;

type Rpc<H> =
  H extends handleUnaryCall<infer Request, infer Response>
    ? (request: Request, call: Call) => Promise<Response>
    : never;

/** RPCs of a service; those that are left out answer UNIMPLEMENTED. */
export type Rpcs<Name extends ServiceName> = { readonly [M in keyof Services[Name]]?: Rpc<Services[Name][M]> };
