/**
 * The kubelet's plugin registration service, `pluginregistration.v1`, as this driver serves it. Messages and field
 * numbers are those of k8s.io/kubelet/pkg/apis/pluginregistration/v1/api.proto.
 */
import type { handleUnaryCall } from "@grpc/grpc-js";
import { fromJSON, type ServiceDefinition } from "@grpc/proto-loader";

/** What a plugin says of itself. */
export interface PluginInfo {
  readonly type: "CSIPlugin";
  /** Name of the CSI driver. */
  readonly name: string;
  /** Path of its CSI socket. */
  readonly endpoint: string;
  readonly supported_versions: readonly string[];
}

/** What became of a registration. */
export interface RegistrationStatus {
  readonly plugin_registered: boolean;
  readonly error: string;
}

export interface RegistrationHandlers {
  readonly GetInfo: handleUnaryCall<object, PluginInfo>;
  readonly NotifyRegistrationStatus: handleUnaryCall<RegistrationStatus, object>;
}

const string = (id: number) => ({ type: "string", id });
const rpc = (requestType: string, responseType: string) => ({ requestType, responseType, comment: "" });

const definitions = fromJSON(
  {
    nested: {
      pluginregistration: {
        nested: {
          PluginInfo: {
            fields: {
              type: string(1),
              name: string(2),
              endpoint: string(3),
              supported_versions: { ...string(4), rule: "repeated" },
            },
          },
          RegistrationStatus: { fields: { plugin_registered: { type: "bool", id: 1 }, error: string(2) } },
          RegistrationStatusResponse: { fields: {} },
          InfoRequest: { fields: {} },
          Registration: {
            methods: {
              GetInfo: rpc("InfoRequest", "PluginInfo"),
              NotifyRegistrationStatus: rpc("RegistrationStatus", "RegistrationStatusResponse"),
            },
          },
        },
      },
    },
  },
  { keepCase: true, defaults: true },
);

export const registrationService = definitions["pluginregistration.Registration"] as ServiceDefinition;
