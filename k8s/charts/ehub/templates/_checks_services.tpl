{{/* What the schema cannot know of one service, whatever the profile. Each part gives a JSON list of sentences. */}}

{{/* Its Secrets. */}}
{{- define "ehub.checks.service" -}}
{{- $wrong := list }}
{{- $wanted := include "ehub.wanted" . | fromJsonArray }}
{{- $nameless := list }}
{{- range $wanted }}
  {{- $reference := index $.service.secret . }}
  {{- if not $reference }}
    {{- $wrong = append $wrong (printf "services.%s.secret.%s: name a key of the service's Secret, or secret/key" $.name .) }}
  {{- else if and (not (contains "/" $reference)) (not $.service.secret.name) }}
    {{- $nameless = append $nameless $reference }}
  {{- end }}
{{- end }}
{{- with $nameless }}
  {{- $wrong = append $wrong (printf "services.%s.secret.name: name the existing Secret with the keys %s" $.name (join ", " .)) }}
{{- end }}
{{- if ne .root.Values.migrations.mode "none" }}
  {{- if not .service.migrateUrl }}
    {{- $wrong = append $wrong (printf "services.%s.migrateUrl: name the existing Secret with the URL of the schema's owner, as secret/key" .name) }}
  {{- else if and (not (contains "/" .service.migrateUrl)) (not .service.secret.name) }}
    {{- $wrong = append $wrong (printf "services.%s.migrateUrl: %s is a key of services.%s.secret.name, which is empty" .name .service.migrateUrl .name) }}
  {{- else if has .service.migrateUrl (list .service.secret.runUrl .service.secret.workUrl) }}
    {{- $wrong = append $wrong (printf "services.%s.migrateUrl must not be the URL that the pods hold: they must not own the schema" .name) }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{/* Its pods. */}}
{{- define "ehub.checks.pod" -}}
{{- $workload := .workload }}
{{- $ports := $workload.ports }}
{{- $scaling := $workload.autoscaling }}
{{- $wrong := include "ehub.sentences" (list
  (list (lt (len (uniq (list (int $ports.grpc) (int $ports.internal) (int $ports.admin)))) 3) (printf "services.%s: ports.grpc, internal and admin must differ" .name))
  (list (and $scaling.enabled (lt (int $scaling.maxReplicas) (int $scaling.minReplicas))) (printf "services.%s: autoscaling.maxReplicas is below minReplicas" .name))
) | fromJsonArray }}
{{- range $where, $labels := dict "labels" $workload.labels "podLabels" $workload.podLabels "service.labels" $workload.service.labels }}
  {{- $wrong = concat $wrong (include "ehub.checks.labels" (list (printf "services.%s: workload.%s" $.name $where) $labels) | fromJsonArray) }}
{{- end }}
{{- $own := include "ehub.environment" . | splitList " " }}
{{- range $workload.extraEnv }}
  {{- if has .name $own }}
    {{- $wrong = append $wrong (printf "services.%s: extraEnv must not name %s again; config.telemetry.resourceAttributes adds to what telemetry says of a pod" $.name .name) }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{/* A mailbox against the memory of the pod that polls it: a list of its values and of the service's context. Six messages at
once, each in the answer, in the statement and in the connection's buffer; one more, with its parse, while it is read. */}}
{{- define "ehub.checks.mailbox" -}}
{{- $context := index . 1 }}
{{- $wanted := add 64 (div (mul 24 (index . 0).max_message_bytes) 1048576) }}
{{- $limit := include "ehub.mebibytes" (dig "limits" "memory" "" $context.workload.resources) }}
{{- include "ehub.sentences" (list
  (list (and $limit (lt (int64 $limit) $wanted)) (printf "services.%s: with messages of %d bytes (max_message_bytes) it may need %d Mi, and its memory limit is %s Mi" $context.name (int64 (index . 0).max_message_bytes) $wanted $limit))
) }}
{{- end }}

{{- define "ehub.checks.intake" -}}
{{- $wrong := list }}
{{- $mesh := .service.settings.mesh }}
{{- if $mesh.connection.url }}
  {{- $wrong = include "ehub.checks.mailbox" (list $mesh.connection .) | fromJsonArray }}
  {{- range $key := list "owner_ods" "owner_name" "duty_contact" }}
    {{- if not (index $mesh $key) }}
      {{- $wrong = append $wrong (printf "services.intake.settings.mesh.%s is required where a mailbox is polled" $key) }}
    {{- end }}
  {{- end }}
  {{- if not $mesh.connection.mailbox }}
    {{- $wrong = append $wrong "services.intake.settings.mesh.connection.mailbox is required where a mailbox is polled" }}
  {{- end }}
  {{- if and (hasPrefix "http:" $mesh.duty_contact) (not (include "ehub.loopback" $mesh.duty_contact)) }}
    {{- $wrong = append $wrong "services.intake.settings.mesh.duty_contact must be an https address" }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.allocation" -}}
{{- $settings := .service.settings }}
{{- $lease := include "ehub.millis" (list $settings.lease "5m") | int64 }}
{{- include "ehub.sentences" (list
  (list (or (lt $lease 2000) (gt $lease 3600000)) "services.allocation.settings.lease must be 2s to 1h")
  (list (gt (include "ehub.millis" (list $settings.watch.heartbeat "10s") | int64) 10000) "services.allocation.settings.watch.heartbeat must be at most 10s")
) }}
{{- end }}

{{- define "ehub.checks.writeback" -}}
{{- $settings := .service.settings }}
{{- $fiveDays := 432000000 }}
{{- $infrastructure := include "ehub.millis" (list $settings.infrastructure_deadline "24h") | int64 }}
{{- $business := include "ehub.millis" (list $settings.business_deadline "72h") | int64 }}
{{- $wrong := include "ehub.sentences" (list
  (list (not (and $settings.mesh.url $settings.mesh.mailbox)) "services.writeback.settings.mesh: name url and mailbox")
  (list (not $settings.sender_ods) "services.writeback.settings.sender_ods: name the hub's ODS code")
  (list (eq (toString $settings.workflow) "") "services.writeback.settings.workflow must not be empty")
  (list (or (ge $infrastructure $fiveDays) (ge $business $fiveDays)) "services.writeback.settings: infrastructure_deadline and business_deadline must be below MESH's five days")
  (list (ge (include "ehub.millis" (list $settings.interim_after "150m") | int64) 10800000) "services.writeback.settings.interim_after must be below the national three hours")
  (list (le (include "ehub.millis" (list $settings.resend_after "5m") | int64) (include "ehub.millis" (list $settings.mesh.timeout "60s") | int64)) "services.writeback.settings.resend_after must be longer than mesh.timeout")
) | fromJsonArray }}
{{- concat $wrong (include "ehub.checks.mailbox" (list $settings.mesh .) | fromJsonArray) | toJson }}
{{- end }}

{{- define "ehub.checks.prescribing" -}}
{{- include "ehub.sentences" (list
  (list (not .service.settings.eps.base_url) "services.prescribing.settings.eps.base_url: name the address of EPS")
) }}
{{- end }}

{{- define "ehub.checks.audit" -}}
{{- include "ehub.sentences" (list
  (list (not .service.settings.origin) "services.audit.settings.origin: name the log, such as ehub.example/audit")
) }}
{{- end }}
