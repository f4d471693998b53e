{{/* Names, labels, image: what every object has. */}}

{{/* The five services, in the order they are named everywhere. */}}
{{- define "ehub.services" -}}
intake allocation writeback prescribing audit
{{- end }}

{{- define "ehub.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The longest ending is "-prescribing-migrate-" and ten digits; a longer beginning is cut and told apart by a hash. */}}
{{- define "ehub.fullname" -}}
{{- $name := include "ehub.name" . }}
{{- $full := .Values.fullnameOverride }}
{{- if not $full }}
{{- $full = ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- end }}
{{- if gt (len $full) 32 }}
{{- printf "%s-%s" ($full | trunc 23 | trimSuffix "-") ($full | sha256sum | trunc 8) }}
{{- else }}
{{- $full }}
{{- end }}
{{- end }}

{{- define "ehub.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{/* Fills a context, which holds `root` and `name`, with the service's values and its merged workload and configuration. */}}
{{- define "ehub.complete" -}}
{{- $values := .root.Values }}
{{- $service := index $values.services .name }}
{{- $_ := set . "service" $service }}
{{- $_ = set . "fullname" (printf "%s-%s" (include "ehub.fullname" .root) .name) }}
{{- $_ = set . "workload" (mergeOverwrite (deepCopy $values.workload) (deepCopy $service.workload)) }}
{{- $_ = set . "config" (mergeOverwrite (deepCopy $values.config) (deepCopy $service.config)) }}
{{- end }}

{{/* What never changes while a release lives: selectors hold this and nothing else. */}}
{{- define "ehub.selector" -}}
app.kubernetes.io/name: {{ include "ehub.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* A map of text with templates in it: `map`, `root`, and how far it is indented. */}}
{{- define "ehub.expanded" -}}
{{- range $key, $value := .map }}
{{- printf "\n%s%s: %s" (repeat $.indent " ") $key (tpl $value $.root | quote) }}
{{- end }}
{{- end }}

{{/* metadata of an object: `root`, `object` (its name) and where wanted `name`, `labels`, `annotations`. */}}
{{- define "ehub.metadata" -}}
name: {{ .object }}
namespace: {{ include "ehub.namespace" .root }}
labels:
  {{- include "ehub.selector" . | nindent 2 }}
  app.kubernetes.io/part-of: ehub
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
  {{- include "ehub.expanded" (dict "root" .root "indent" 2 "map" (merge (dict) (.labels | default dict) .root.Values.commonLabels)) }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- include "ehub.expanded" (dict "root" $.root "indent" 2 "map" .) }}
{{- end }}
{{- end }}

{{- define "ehub.image" -}}
{{- $image := .Values.image }}
{{- $registry := $image.registry | default .Values.global.imageRegistry }}
{{- $path := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") }}
{{- if $image.digest }}
{{- printf "%s@%s" $path $image.digest }}
{{- else }}
{{- printf "%s:%s" $path ($image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- define "ehub.pullSecrets" -}}
{{- with concat .Values.global.imagePullSecrets .Values.imagePullSecrets | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ehub.serviceAccount" -}}
{{- .workload.serviceAccount.name | default .fullname }}
{{- end }}
