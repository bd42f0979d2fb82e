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

{{/* The variable with a label of the node: NODE_ZONE, NODE_REGION. */}}
{{- define "nvmetcp.labelVariable" -}}
NODE_{{ base . | upper }}
{{- end }}

{{/* Where the node is, as the driver reads it: key=value,… */}}
{{- define "nvmetcp.topology" -}}
{{- $pairs := list }}
{{- range $key, $value := .Values.topology.segments }}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) }}
{{- end }}
{{- range .Values.topology.nodeLabels }}
{{- $pairs = append $pairs (printf "%s=$(%s)" . (include "nvmetcp.labelVariable" .)) }}
{{- end }}
{{- join "," $pairs }}
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

{{/* Rules between two classes of one kind: path, classes. */}}
{{- define "nvmetcp.checkClasses" -}}
{{- $delete := .classes.delete }}
{{- $retain := .classes.retain }}
{{- if and $delete.create $retain.create }}
{{- if eq $delete.name $retain.name }}
{{- fail (printf "%s: delete.name and retain.name must differ; got %q twice" .path $retain.name) }}
{{- end }}
{{- if and $delete.isDefault $retain.isDefault }}
{{- fail (printf "%s: at most one class can be the default; got delete.isDefault and retain.isDefault" .path) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Without the CRDs the classes could not be made, and the snapshotter would wait for ever: value, kinds, api, root. */}}
{{- define "nvmetcp.checkCrds" -}}
{{- if not (.root.Capabilities.APIVersions.Has .api) }}
{{- $release := .root.Values.sidecars.snapshotter.image.tag | splitList "@" | first }}
{{- $install := "kubectl apply -k 'https://github.com/kubernetes-csi/external-snapshotter/%s?ref=%s'" }}
{{- $crds := printf $install "client/config/crd" $release }}
{{- $controller := printf $install "deploy/kubernetes/snapshot-controller" $release }}
{{- fail (printf "%s: the cluster must have the CRDs of %s and the snapshot-controller; got a cluster without %s\nInstall them once for all drivers (docs/volume-snapshots.md):\n  %s\n  %s\nOnly helm template: say --api-versions %s" .value .kinds .api $crds $controller .api) }}
{{- end }}
{{- end }}

{{/* What VolumeSnapshots, and groups of them, need. */}}
{{- define "nvmetcp.checkSnapshots" -}}
{{- $snapshots := .Values.snapshots }}
{{- if $snapshots.enabled }}
{{- include "nvmetcp.checkCrds" (dict "value" "snapshots.enabled" "kinds" "VolumeSnapshots" "api" "snapshot.storage.k8s.io/v1/VolumeSnapshotClass" "root" .) }}
{{- end }}
{{- if $snapshots.groups.enabled }}
{{- if not $snapshots.enabled }}
{{- fail "snapshots.groups.enabled: groups are of VolumeSnapshots; got snapshots.enabled false" }}
{{- end }}
{{- if not (include "nvmetcp.usesLvm" .) }}
{{- fail "snapshots.groups.enabled: a pool must have the layer lvm-thin, as files are copied one at a time (docs/pools.md); got none in pools" }}
{{- end }}
{{- include "nvmetcp.checkCrds" (dict "value" "snapshots.groups.enabled" "kinds" "VolumeGroupSnapshots" "api" "groupsnapshot.storage.k8s.io/v1/VolumeGroupSnapshotClass" "root" .) }}
{{- end }}
{{- end }}

{{/* A place that names a segment which the node does not have is a place that nobody reaches. */}}
{{- define "nvmetcp.checkTopology" -}}
{{- $topology := .Values.topology }}
{{- $keys := concat (keys $topology.segments) $topology.nodeLabels }}
{{- range $topology.nodeLabels }}
{{- if hasKey $topology.segments . }}
{{- fail (printf "topology: segments and nodeLabels must not both have %q" .) }}
{{- end }}
{{- end }}
{{- if and $topology.nodeLabels (semverCompare "<1.35.0-0" .Capabilities.KubeVersion.Version) }}
{{- fail (printf "topology.nodeLabels: Kubernetes copies labels of the node to its pods from 1.35 on; got %s: use topology.segments" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- range $name, $pool := .Values.pools }}
{{- range $key, $value := $pool.topology }}
{{- if not (has $key $keys) }}
{{- fail (printf "pools.%s.topology: every key must be one of the machine's topology; got %q" $name $key) }}
{{- end }}
{{- $own := get $topology.segments $key | default $value }}
{{- if ne $own $value }}
{{- fail (printf "pools.%s.topology: %s must be %q, as the machine's, which alone reaches the pool; got %q" $name $key $own $value) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $class := .Values.storageClasses }}
{{- range $class.allowedTopologies }}
{{- range .matchLabelExpressions }}
{{- if not (has .key $keys) }}
{{- fail (printf "storageClasses.%s.allowedTopologies: every key must be one of the machine's topology; got %q" $name .key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What no schema can say: rules between values, and what the cluster must have. */}}
{{- define "nvmetcp.check" -}}
{{- $v := .Values }}
{{- include "nvmetcp.checkClasses" (dict "path" "storageClasses" "classes" $v.storageClasses) }}
{{- include "nvmetcp.checkClasses" (dict "path" "snapshots.classes" "classes" $v.snapshots.classes) }}
{{- include "nvmetcp.checkClasses" (dict "path" "snapshots.groups.classes" "classes" $v.snapshots.groups.classes) }}
{{- include "nvmetcp.checkSnapshots" . }}
{{- include "nvmetcp.checkTopology" . }}
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
