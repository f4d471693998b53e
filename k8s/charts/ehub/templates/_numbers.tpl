{{/* Values that are written with a unit, as numbers. */}}

{{/* A duration in milliseconds: a list of the value and of what counts when it is null. */}}
{{- define "ehub.millis" -}}
{{- $text := index . 0 | default (index . 1) }}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 }}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $units (regexFind "[a-z]+$" $text)) }}
{{- end }}

{{/* A quantity of memory in MiB, rounded down; nothing where it is absent or written in an unusual way. */}}
{{- define "ehub.mebibytes" -}}
{{- $text := . | default "" | toString }}
{{- $bytes := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 }}
{{- if regexMatch "^[0-9]+(k|M|G|Ki|Mi|Gi)?$" $text }}
{{- div (mul (regexFind "^[0-9]+" $text | int64) (get $bytes (regexFind "[A-Za-z]*$" $text))) 1048576 }}
{{- end }}
{{- end }}

{{/* Of a list of pairs, whether and a sentence: the sentences that apply, as a JSON list. */}}
{{- define "ehub.sentences" -}}
{{- $wrong := list }}
{{- range . }}
  {{- if index . 0 }}
    {{- $wrong = append $wrong (index . 1) }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}
