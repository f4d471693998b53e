{{/* The pod that each of the five Deployments has. */}}

{{/* From the first sleep to the last flush: preStop, grace, hard stop, the second given to what was cut off, calls whose caller
has gone (hard stop again), telemetry (8 s), and two to spare. */}}
{{- define "ehub.terminationGracePeriod" -}}
{{- $drain := .Values.drain }}
{{- add $drain.preStopSeconds $drain.graceSeconds $drain.hardStopSeconds 1 $drain.hardStopSeconds 8 2 }}
{{- end }}

{{- define "ehub.probe" -}}
httpGet: { path: {{ .path }}, port: admin }
periodSeconds: {{ int .times.periodSeconds }}
timeoutSeconds: {{ int .times.timeoutSeconds }}
failureThreshold: {{ int .times.failureThreshold }}
{{- end }}

{{/* Text of a list or map of values, templates expanded; nothing when it is empty. */}}
{{- define "ehub.more" -}}
{{- with .value }}
{{ $.key }}:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- end }}

{{/* Environment variables that are the chart's own; `extraEnv` may not name them again. */}}
{{- define "ehub.environment" -}}
POD_NAME NODE_NAME OTEL_RESOURCE_ATTRIBUTES
{{- end }}

{{/* Who the pod is in telemetry, with what the values add or say otherwise; their text is percent-encoded, as OpenTelemetry
reads it. */}}
{{- define "ehub.resourceAttributes" -}}
{{- $all := dict "service.namespace" "ehub" "service.instance.id" "$(POD_NAME)" "k8s.pod.name" "$(POD_NAME)" "k8s.node.name" "$(NODE_NAME)" }}
{{- $all = merge $all (dict "k8s.namespace.name" (include "ehub.namespace" .root) "k8s.deployment.name" .fullname) }}
{{- range $key, $value := .config.telemetry.resourceAttributes }}
  {{- $_ := set $all $key (tpl $value $.root | urlquery | replace "+" "%20") }}
{{- end }}
{{- $pairs := list }}
{{- range $key, $value := $all }}
  {{- $pairs = append $pairs (printf "%s=%s" $key $value) }}
{{- end }}
{{- join "," $pairs }}
{{- end }}

{{- define "ehub.container" -}}
name: {{ .name }}
image: {{ include "ehub.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [/usr/bin/ehub-{{ .name }}]
args: [--config, /etc/ehub/config/ehub.toml, serve]
ports:
  {{- range $port := list "grpc" "internal" "admin" }}
  - { name: {{ $port }}, containerPort: {{ index $.workload.ports $port | int }}, protocol: TCP }
  {{- end }}
env:
  - { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
  - { name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
  - { name: OTEL_RESOURCE_ATTRIBUTES, value: {{ include "ehub.resourceAttributes" . | quote }} }
  {{- with .workload.extraEnv }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- include "ehub.more" (dict "root" .root "key" "envFrom" "value" .workload.extraEnvFrom) }}
startupProbe:
  {{- include "ehub.probe" (dict "path" "/livez" "times" .workload.probes.startup) | nindent 2 }}
readinessProbe:
  {{- include "ehub.probe" (dict "path" "/readyz" "times" .workload.probes.readiness) | nindent 2 }}
livenessProbe:
  {{- include "ehub.probe" (dict "path" "/livez" "times" .workload.probes.liveness) | nindent 2 }}
{{- with .root.Values.drain.preStopSeconds }}
lifecycle:
  preStop:
    sleep: { seconds: {{ int . }} }
{{- end }}
resources:
  {{- toYaml .workload.resources | nindent 2 }}
securityContext:
  {{- toYaml .workload.securityContext | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/ehub/config, readOnly: true }
  - { name: secrets, mountPath: /etc/ehub/secrets, readOnly: true }
  - { name: token, mountPath: /var/run/secrets/ehub, readOnly: true }
  - { name: grants, mountPath: /etc/ehub/grants, readOnly: true }
  {{- if not .root.Values.auth.identity.jwksUrl }}
  - { name: identity, mountPath: /etc/ehub/identity, readOnly: true }
  {{- end }}
  {{- if include "ehub.rules" . }}
  - { name: rules, mountPath: /etc/ehub/rules, readOnly: true }
  {{- end }}
  {{- with .workload.extraVolumeMounts }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The ConfigMap with what a clinical authority answers for, if the service has one: screening rules, pathway, who may prescribe. */}}
{{- define "ehub.rules" -}}
{{- range list "screening" "pathway" "authorities" }}
{{- dig . "existingConfigMap" "" $.service }}
{{- end }}
{{- end }}

{{- define "ehub.volumes" -}}
- name: config
  configMap: { name: {{ .fullname }} }
- name: secrets
  projected:
    defaultMode: 292 # r--r--r--: no user is pinned, so no owner is known
    sources:
      {{- include "ehub.secretSources" . | trim | nindent 6 }}
- name: token
  projected:
    defaultMode: 292 # r--r--r--: no user is pinned, so no owner is known
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ .root.Values.auth.audience | quote }}
          expirationSeconds: {{ int .root.Values.auth.identity.expirationSeconds }}
- name: grants
  configMap: { name: {{ .root.Values.auth.grants.existingConfigMap | toYaml }} }
{{- if not .root.Values.auth.identity.jwksUrl }}
- name: identity
  configMap: { name: {{ .root.Values.auth.identity.existingConfigMap | toYaml }} }
{{- end }}
{{- with include "ehub.rules" . }}
- name: rules
  configMap: { name: {{ toYaml . }} }
{{- end }}
{{- with .workload.extraVolumes }}
{{ tpl (toYaml .) $.root }}
{{- end }}
{{- end }}

{{- define "ehub.topologySpread" -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "ehub.selector" . | fromYaml)) "matchLabelKeys" (list "pod-template-hash") }}
{{- $entries := list }}
{{- range .workload.topologySpread }}
  {{- $entries = append $entries (ternary . (merge (dict) . $own) (hasKey . "labelSelector")) }}
{{- end }}
{{- toYaml $entries }}
{{- end }}

{{- define "ehub.podSpec" -}}
serviceAccountName: {{ include "ehub.serviceAccount" . | toYaml }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ include "ehub.terminationGracePeriod" .root }}
{{- include "ehub.pullSecrets" .root }}
securityContext:
  {{- toYaml .workload.podSecurityContext | nindent 2 }}
{{- include "ehub.more" (dict "root" .root "key" "initContainers" "value" .workload.initContainers) }}
containers:
  - {{ include "ehub.container" . | nindent 4 | trim }}
  {{- with .workload.extraContainers }}
  {{- tpl (toYaml .) $.root | nindent 2 }}
  {{- end }}
volumes:
  {{- include "ehub.volumes" . | nindent 2 }}
{{- with .workload.topologySpread }}
topologySpreadConstraints:
  {{- include "ehub.topologySpread" $ | nindent 2 }}
{{- end }}
{{- include "ehub.placement" . }}
{{- end }}

{{/* Where a pod runs and what it finds there: the same for a service and for its migration. */}}
{{- define "ehub.placement" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "hostAliases" "dnsConfig" }}
{{- include "ehub.more" (dict "root" $.root "key" $key "value" (index $.workload $key)) }}
{{- end }}
{{- range $key := list "priorityClassName" "runtimeClassName" "schedulerName" }}
{{- with index $.workload $key }}
{{ $key }}: {{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}
