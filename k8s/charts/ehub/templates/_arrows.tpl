{{/*
Who calls whose internal port. Configuration (`peers`) and network policies are both made of this, and nothing else is.
Events, guards, seals, patients and roots; audit also delivers its own access events to itself.
*/}}
{{- define "ehub.arrows" -}}
intake: [allocation, writeback, prescribing, audit]
allocation: [intake, writeback, prescribing, audit]
writeback: [intake, allocation, audit]
prescribing: [intake, allocation, writeback, audit]
audit: [intake, allocation, writeback, prescribing, audit]
{{- end }}

{{/* The addresses outside the cluster's suite that a service is configured to call, as a JSON list of URLs. */}}
{{- define "ehub.outside" -}}
{{- $urls := list }}
{{- $settings := .service.settings }}
{{- if eq .name "intake" }}
  {{- $urls = concat $urls (list $settings.mesh.connection.url $settings.demographics.url "https://duty-contacts.of.enrolments" $settings.mesh.duty_contact) }}
{{- else if eq .name "allocation" }}
  {{- range $settings.duty.contacts }}
    {{- $urls = concat $urls (list .duty_url (.deputy_url | default "")) }}
  {{- end }}
{{- else if eq .name "writeback" }}
  {{- $urls = append $urls $settings.mesh.url }}
{{- else if eq .name "prescribing" }}
  {{- $urls = append $urls $settings.eps.base_url }}
{{- end }}
{{- range .root.Values.auth.issuers }}
  {{- $urls = append $urls (.jwks.url | default "") }}
{{- end }}
{{- $urls = append $urls .root.Values.auth.identity.jwksUrl }}
{{- without $urls "" | uniq | toJson }}
{{- end }}

{{/* The port of an address. */}}
{{- define "ehub.port" -}}
{{- $url := urlParse . }}
{{- $port := regexFind ":[0-9]+$" $url.host | trimPrefix ":" }}
{{- $port | default (ternary "443" "80" (eq $url.scheme "https")) }}
{{- end }}

{{/* The addresses' ports, once each, as a JSON list. */}}
{{- define "ehub.ports" -}}
{{- $ports := list }}
{{- range . }}
  {{- $ports = append $ports (include "ehub.port" . | int) }}
{{- end }}
{{- $ports | uniq | sortAlpha | toJson }}
{{- end }}
