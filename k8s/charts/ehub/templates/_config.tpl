{{/* A service's configuration file, from its values. */}}

{{- define "ehub.config" -}}
{{- $values := .root.Values }}
{{- $file := dict "profile" $values.profile }}
{{- $_ := set $file "pages_key" (dict "file" (include "ehub.secretFile" "pagesKey")) }}
{{- $_ = set $file "server" (include "ehub.config.server" . | fromJson) }}
{{- $urls := dict "run_url" (dict "file" (include "ehub.secretFile" "runUrl")) "work_url" (dict "file" (include "ehub.secretFile" "workUrl")) }}
{{- $_ = set $file "database" (merge $urls .config.database) }}
{{- $_ = set $file "auth" (include "ehub.config.auth" . | fromJson) }}
{{- $telemetry := omit .config.telemetry "resourceAttributes" }}
{{- $_ = set $file "telemetry" (ternary $telemetry (omit $telemetry "otlp_endpoint") (ne $telemetry.otlp_endpoint "")) }}
{{- $_ = set $file "identity" (dict "token_file" "/var/run/secrets/ehub/token") }}
{{- $_ = set $file "peers" (include "ehub.config.peers" . | fromJson) }}
{{- $_ = set $file "outbox" .config.outbox }}
{{- $_ = set $file "service" (include (printf "ehub.config.%s" .name) . | fromJson) }}
{{- include "ehub.toml.table" (dict "path" "" "table" $file) }}
{{- end }}

{{- define "ehub.config.server" -}}
{{- $server := omit .config.server "listen" }}
{{- range $port := list "grpc" "internal" "admin" }}
  {{- $_ := set $server $port (printf "%s:%d" $.config.server.listen (index $.workload.ports $port | int)) }}
{{- end }}
{{- $drain := .root.Values.drain }}
{{- $_ := set $server "drain" (dict "grace" (printf "%ds" (int $drain.graceSeconds)) "hard_stop" (printf "%ds" (int $drain.hardStopSeconds))) }}
{{- $server | toJson }}
{{- end }}

{{/* The issuers of the values, then the cluster, whose service accounts are the five services and nobody else. */}}
{{- define "ehub.config.auth" -}}
{{- $auth := .root.Values.auth }}
{{- $services := dict }}
{{- range $name := include "ehub.services" . | splitList " " }}
  {{- $peer := dict "root" $.root "name" $name }}
  {{- include "ehub.complete" $peer }}
  {{- $subject := printf "system:serviceaccount:%s:%s" (include "ehub.namespace" $.root) (include "ehub.serviceAccount" $peer) }}
  {{- $_ := set $services $subject (dict "name" $name "scopes" (list "ehub.internal")) }}
{{- end }}
{{- $identity := $auth.identity }}
{{- $keys := ternary (dict "url" $identity.jwksUrl) (dict "file" (printf "/etc/ehub/identity/%s" $identity.key)) (ne $identity.jwksUrl "") }}
{{- $cluster := dict "issuer" $identity.issuer "jwks" $keys "algorithms" $identity.algorithms "subject_prefix" $identity.subjectPrefix "services" $services }}
{{- /* As Kubernetes writes them: no `typ`, and the audience in a list of one. */}}
{{- $_ := set $cluster "typ" (list "") }}
{{- $_ = set $cluster "audience_in_list" true }}
{{- $_ = set $cluster "max_lifetime" (printf "%ds" (int $identity.expirationSeconds)) }}
{{- $grants := dict "audience" $auth.grants.audience "jwks_file" (printf "/etc/ehub/grants/%s" $auth.grants.key) }}
{{- $rendered := dict "audience" $auth.audience "issuers" (append $auth.issuers $cluster) "grants" $grants }}
{{- if $auth.skew }}{{ $_ = set $rendered "skew" $auth.skew }}{{ end }}
{{- $rendered | toJson }}
{{- end }}

{{- define "ehub.config.peers" -}}
{{- $peers := dict }}
{{- $headless := eq .root.Values.clients "headless" }}
{{- range $name := index (include "ehub.arrows" . | fromYaml) .name }}
  {{- $peer := dict "root" $.root "name" $name }}
  {{- include "ehub.complete" $peer }}
  {{- $host := ternary (printf "%s-headless" $peer.fullname) $peer.fullname $headless }}
  {{- $uri := printf "http://%s.%s.svc.%s:%d" $host (include "ehub.namespace" $.root) $.root.Values.clusterDomain (int $peer.workload.ports.internal) }}
  {{- $_ := set $peers $name (merge (dict "uri" $uri "balance" (ternary "headless" "single" $headless)) $.config.peers) }}
{{- end }}
{{- $peers | toJson }}
{{- end }}

{{/* A mailbox's configuration, with where its secrets are. */}}
{{- define "ehub.config.mailbox" -}}
{{- $mailbox := deepCopy . }}
{{- range $key, $secret := dict "password" "meshPassword" "shared_key" "meshSharedKey" }}
  {{- $_ := set $mailbox $key (dict "file" (include "ehub.secretFile" $secret)) }}
{{- end }}
{{- if hasPrefix "https:" .url }}
  {{- $tls := dict }}
  {{- range $key, $secret := dict "ca_file" "meshCa" "cert_file" "meshCert" "key_file" "meshKey" }}
    {{- $_ := set $tls $key (include "ehub.secretFile" $secret) }}
  {{- end }}
  {{- $_ := set $mailbox "tls" $tls }}
{{- end }}
{{- $mailbox | toJson }}
{{- end }}

{{- define "ehub.config.intake" -}}
{{- $settings := deepCopy .service.settings }}
{{- $_ := set $settings "patient_key" (dict "file" (include "ehub.secretFile" "patientKey")) }}
{{- $rules := ternary (printf "/etc/ehub/rules/%s" .service.screening.key) "/usr/share/ehub/rules/sample-screening.json" (ne .service.screening.existingConfigMap "") }}
{{- $_ = set $settings "screening" (dict "rules_file" $rules) }}
{{- if $settings.mesh.connection.url }}
  {{- $_ = set $settings.mesh "connection" (include "ehub.config.mailbox" $settings.mesh.connection | fromJson) }}
{{- else }}
  {{- $_ = unset $settings "mesh" }}
{{- end }}
{{- if not $settings.demographics.url }}
  {{- $_ = unset $settings "demographics" }}
{{- else if .service.secret.demographicsToken }}
  {{- $_ = set $settings.demographics "token" (dict "file" (include "ehub.secretFile" "demographicsToken")) }}
{{- end }}
{{- $settings | toJson }}
{{- end }}

{{- define "ehub.config.allocation" -}}
{{- $settings := deepCopy .service.settings }}
{{- $grants := .root.Values.auth.grants }}
{{- $_ := set $settings "grants" (dict "kid" $grants.kid "audience" $grants.audience "key" (dict "file" (include "ehub.secretFile" "grantKey"))) }}
{{- $pathway := ternary (printf "/etc/ehub/rules/%s" .service.pathway.key) "/usr/share/ehub/pathways/hub-first.json" (ne .service.pathway.existingConfigMap "") }}
{{- $_ = set $settings "pathway_file" $pathway }}
{{- $settings | toJson }}
{{- end }}

{{- define "ehub.config.writeback" -}}
{{- $settings := deepCopy .service.settings }}
{{- $_ := set $settings "mesh" (include "ehub.config.mailbox" $settings.mesh | fromJson) }}
{{- $settings | toJson }}
{{- end }}

{{- define "ehub.config.prescribing" -}}
{{- $settings := deepCopy .service.settings }}
{{- $_ := set $settings "patient_key" (dict "file" (include "ehub.secretFile" "patientKey")) }}
{{- if hasPrefix "https:" $settings.eps.base_url }}
  {{- $_ = set $settings.eps "ca_file" (include "ehub.secretFile" "epsCa") }}
{{- end }}
{{- if .service.authorities.existingConfigMap }}
  {{- $files := list }}
  {{- range .service.authorities.keys }}{{ $files = append $files (printf "/etc/ehub/rules/%s" .) }}{{ end }}
  {{- $_ = set $settings.eps "authorities" $files }}
{{- end }}
{{- if .service.secret.epsToken }}
  {{- $_ = set $settings.eps "token_file" (include "ehub.secretFile" "epsToken") }}
{{- end }}
{{- $settings | toJson }}
{{- end }}

{{- define "ehub.config.audit" -}}
{{- $settings := deepCopy .service.settings }}
{{- $_ := set $settings "key_file" (include "ehub.secretFile" "auditKey") }}
{{- $settings | toJson }}
{{- end }}
