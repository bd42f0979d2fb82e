{{/*
What the templates share. Names are fixed: a CSI driver has one name in a cluster, so one release can exist.
*/}}

{{- define "nvmetcp.labels" -}}
app.kubernetes.io/name: nvmetcp-csi
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* The labels that find the pod; they can never change. */}}
{{- define "nvmetcp.selector" -}}
app.kubernetes.io/name: nvmetcp-csi
app.kubernetes.io/component: all-in-one
{{- end }}

{{/* The driver's image and pull policy. */}}
{{- define "nvmetcp.image" -}}
image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{/* A sidecar's image, pull policy and resources; the argument is its values. */}}
{{- define "nvmetcp.sidecar" -}}
image: {{ .image.repository }}:{{ .image.tag }}
imagePullPolicy: {{ .image.pullPolicy }}
{{- with .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
# User 0 without any capability: the driver's socket belongs to root and has mode 0600.
securityContext:
  runAsUser: 0
  runAsGroup: 0
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "nvmetcp.socketDir" -}}
{{ .Values.kubeletRoot }}/plugins/csi.nvmetcp.dev
{{- end }}

{{- define "nvmetcp.verbosity" -}}
--v={{ eq .Values.logLevel "debug" | ternary 5 2 }}
{{- end }}

{{/* The pools that are directories, by the names of their volumes in the pod. */}}
{{- define "nvmetcp.filePools" -}}
{{- if .Values.pools }}
{{- range $name, $pool := .Values.pools }}
{{- if eq $pool.layer "file" }}
{{ printf "pool-%s" (sha256sum $name | trunc 8) }}: {path: {{ $pool.path }}}
{{- end }}
{{- end }}
{{- else }}
pool: {path: {{ .Values.pool.path }}}
{{- end }}
{{- end }}

{{/* Not empty where a pool is made of logical volumes. */}}
{{- define "nvmetcp.usesLvm" -}}
{{- range .Values.pools }}{{ if eq .layer "lvm-thin" }}yes{{ end }}{{ end }}
{{- end }}

{{/* Where the data is, in words. */}}
{{- define "nvmetcp.places" -}}
{{- if .Values.pools }}
{{- $places := list }}
{{- range $name, $pool := .Values.pools }}
{{- $places = append $places (eq $pool.layer "file" | ternary $pool.path (printf "%s/%s" $pool.volumeGroup $pool.thinPool)) }}
{{- end }}
{{- join ", " $places }}
{{- else }}
{{- .Values.pool.path }}
{{- end }}
{{- end }}

{{/* Binds the (Cluster)Role of a component to the pod's one service account: kind, name, namespace. */}}
{{- define "nvmetcp.boundTo" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: nvmetcp-csi
    namespace: {{ .namespace }}
{{- end }}

{{/* What no schema can say: rules between values. */}}
{{- define "nvmetcp.check" -}}
{{- $v := .Values }}
{{- $delete := $v.storageClasses.delete }}
{{- $retain := $v.storageClasses.retain }}
{{- if and $delete.create $retain.create }}
{{- if eq $delete.name $retain.name }}
{{- fail (printf "storageClasses: delete.name and retain.name must differ; got %q twice" $retain.name) }}
{{- end }}
{{- if and $delete.isDefault $retain.isDefault }}
{{- fail "storageClasses: at most one class can be the default; got delete.isDefault and retain.isDefault" }}
{{- end }}
{{- end }}
{{- range include "nvmetcp.filePools" . | fromYaml }}
{{- if hasPrefix (printf "%s/" .path) (printf "%s/" $v.stateDir) }}
{{- fail (printf "stateDir must not be in a pool's path: it remembers which pool belongs there; got %q" $v.stateDir) }}
{{- end }}
{{- end }}
{{- range $v.portals }}
{{- if hasSuffix (printf ":%d" (int $v.healthPort)) . }}
{{- fail (printf "healthPort must not be the port of a portal; got %q" .) }}
{{- end }}
{{- end }}
{{- end }}
