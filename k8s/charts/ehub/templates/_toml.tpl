{{/* TOML, since the built-in writer turns whole numbers into floats. null is left out. */}}

{{- define "ehub.toml.key" -}}
{{- if regexMatch "^[A-Za-z0-9_-]+$" . }}{{ . }}{{ else }}{{ . | toJson }}{{ end }}
{{- end }}

{{- define "ehub.toml.value" -}}
{{- if kindIs "string" . }}
{{- . | toJson }}
{{- else if kindIs "bool" . }}
{{- . }}
{{- else if kindIs "slice" . }}
{{- $items := list }}
{{- range . }}{{ $items = append $items (include "ehub.toml.value" .) }}{{ end }}
{{- printf "[%s]" (join ", " $items) }}
{{- else if kindIs "map" . }}
{{- $items := list }}
{{- range $key, $value := . }}
{{- $items = append $items (printf "%s = %s" (include "ehub.toml.key" $key) (include "ehub.toml.value" $value)) }}
{{- end }}
{{- printf "{ %s }" (join ", " $items) }}
{{- else if eq (float64 .) (floor (float64 .)) }}
{{- printf "%d" (int64 .) }}
{{- else }}
{{- printf "%v" . }}
{{- end }}
{{- end }}

{{/* Whether a value stands on one line: all but tables, save those of files and addresses. */}}
{{- define "ehub.toml.inline" -}}
{{- if kindIs "map" . }}
{{- if and (eq (len .) 1) (or (hasKey . "file") (hasKey . "url")) }}yes{{ end }}
{{- else if kindIs "slice" . }}
{{- if or (not .) (not (kindIs "map" (first .))) }}yes{{ end }}
{{- else }}yes{{ end }}
{{- end }}

{{/* A table: `path` is its name as written, `table` what it holds. */}}
{{- define "ehub.toml.table" -}}
{{- $lines := list }}
{{- $below := list }}
{{- range $key, $value := .table }}
  {{- $path := include "ehub.toml.key" $key }}
  {{- if $.path }}{{ $path = printf "%s.%s" $.path $path }}{{ end }}
  {{- if kindIs "invalid" $value }}
  {{- else if include "ehub.toml.inline" $value }}
    {{- $lines = append $lines (printf "%s = %s" (include "ehub.toml.key" $key) (include "ehub.toml.value" $value)) }}
  {{- else if kindIs "slice" $value }}
    {{- range $value }}
      {{- $below = append $below (printf "[[%s]]\n%s" $path (include "ehub.toml.table" (dict "path" $path "table" .))) }}
    {{- end }}
  {{- else }}
    {{- $inside := include "ehub.toml.table" (dict "path" $path "table" $value) }}
    {{- if hasPrefix "[" $inside }}
      {{- $below = append $below $inside }}
    {{- else if $inside }}
      {{- $below = append $below (printf "[%s]\n%s" $path $inside) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- concat (list (join "\n" $lines) | compact) $below | join "\n\n" }}
{{- end }}
