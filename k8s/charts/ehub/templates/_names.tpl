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

{{/* What never changes while a release lives: selectors hold this and nothing else. Quoted where it would read as a number. */}}
{{- define "ehub.selector" -}}
app.kubernetes.io/name: {{ include "ehub.name" .root | toYaml }}
app.kubernetes.io/instance: {{ .root.Release.Name | toYaml }}
{{- with .name }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Several maps of text as one, so that no key is there twice: the first map that has a key wins. Templates are expanded.
`root` and `maps`. */}}
{{- define "ehub.merged" -}}
{{- $all := dict }}
{{- range .maps }}
  {{- range $key, $value := . }}
    {{- if not (hasKey $all $key) }}
      {{- $_ := set $all $key (tpl $value $.root) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- if $all }}
{{- toYaml $all }}
{{- end }}
{{- end }}

{{/* metadata of an object: `root`, `object` (its name) and where wanted `name`, `labels`, `annotations`. */}}
{{- define "ehub.metadata" -}}
name: {{ .object | toYaml }}
namespace: {{ include "ehub.namespace" .root | toYaml }}
labels:
  {{- $chart := .root.Chart }}
  {{- $own := dict "app.kubernetes.io/part-of" "ehub" "app.kubernetes.io/managed-by" .root.Release.Service }}
  {{- $own = merge $own (dict "app.kubernetes.io/version" $chart.AppVersion "helm.sh/chart" (printf "%s-%s" $chart.Name $chart.Version | replace "+" "_")) }}
  {{- $selector := include "ehub.selector" . | fromYaml }}
  {{- include "ehub.merged" (dict "root" .root "maps" (list $selector (.labels | default dict) .root.Values.commonLabels $own)) | nindent 2 }}
{{- with include "ehub.merged" (dict "root" .root "maps" (list (.annotations | default dict) .root.Values.commonAnnotations)) }}
annotations:
  {{- . | nindent 2 }}
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
{{- $names := list }}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets }}
  {{- if kindIs "map" . }}
    {{- $names = append $names .name }}
  {{- else }}
    {{- $names = append $names . }}
  {{- end }}
{{- end }}
{{- with uniq $names }}
imagePullSecrets:
  {{- range . }}
  - name: {{ toYaml . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ehub.serviceAccount" -}}
{{- .workload.serviceAccount.name | default .fullname }}
{{- end }}
