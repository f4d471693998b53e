{{/* References to Secrets that others made: a key of the service's Secret, or `secret/key`. */}}

{{/* A reference as JSON {secret, key}: `ref` and `default`, the name of the service's Secret. */}}
{{- define "ehub.reference" -}}
{{- $parts := splitn "/" 2 .ref }}
{{- if contains "/" .ref }}
{{- dict "secret" $parts._0 "key" $parts._1 | toJson }}
{{- else }}
{{- dict "secret" .default "key" .ref | toJson }}
{{- end }}
{{- end }}

{{/* Which secrets a service wants, given its settings: a JSON list of keys of `services.<name>.secret`. */}}
{{- define "ehub.wanted" -}}
{{- $wanted := list "runUrl" "workUrl" "pagesKey" "patientKey" "grantKey" "auditKey" }}
{{- $mesh := include "ehub.meshUrl" . }}
{{- if $mesh }}
  {{- $wanted = concat $wanted (list "meshPassword" "meshSharedKey") }}
{{- end }}
{{- if hasPrefix "https:" $mesh }}
  {{- $wanted = concat $wanted (list "meshCa" "meshCert" "meshKey") }}
{{- end }}
{{- with dig "eps" "base_url" "" .service.settings }}
  {{- if hasPrefix "https:" . }}
    {{- $wanted = append $wanted "epsCa" }}
  {{- end }}
{{- end }}
{{- range list "epsToken" "demographicsToken" }}
  {{- if dig . "" $.service.secret }}
    {{- $wanted = append $wanted . }}
  {{- end }}
{{- end }}
{{- $here := list }}
{{- range $wanted }}
  {{- if hasKey $.service.secret . }}
    {{- $here = append $here . }}
  {{- end }}
{{- end }}
{{- $here | toJson }}
{{- end }}

{{- define "ehub.meshUrl" -}}
{{- dig "mesh" "connection" "url" "" .service.settings | default (dig "mesh" "url" "" .service.settings) }}
{{- end }}

{{/* Where the file of a secret is in the container. */}}
{{- define "ehub.secretFile" -}}
/etc/ehub/secrets/{{ . | kebabcase }}
{{- end }}

{{/* Sources of a projected volume: each wanted key as a file of its own, and not one key more. */}}
{{- define "ehub.secretSources" -}}
{{- range include "ehub.wanted" . | fromJsonArray }}
{{- $reference := include "ehub.reference" (dict "ref" (index $.service.secret .) "default" $.service.secret.name) | fromJson }}
- secret:
    name: {{ $reference.secret | toYaml }}
    items:
      - { key: {{ $reference.key | toYaml }}, path: {{ kebabcase . }} }
{{- end }}
{{- end }}
