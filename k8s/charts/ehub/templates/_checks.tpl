{{/* What the schema cannot know. Each part gives a JSON list of sentences. */}}

{{- define "ehub.checks" -}}
{{- $accounts := dict }}
{{- $wrong := concat (include "ehub.checks.common" . | fromJsonArray) (include "ehub.checks.sums" . | fromJsonArray) }}
{{- range $name := include "ehub.services" . | splitList " " }}
  {{- $context := dict "root" $ "name" $name }}
  {{- include "ehub.complete" $context }}
  {{- $account := include "ehub.serviceAccount" $context }}
  {{- if hasKey $accounts $account }}
    {{- $wrong = append $wrong (printf "services.%s and %s run as the service account %s: the others could not tell them apart" (get $accounts $account) $name $account) }}
  {{- end }}
  {{- $_ := set $accounts $account $name }}
  {{- $wrong = concat $wrong (include "ehub.checks.service" $context | fromJsonArray) (include (printf "ehub.checks.%s" $name) $context | fromJsonArray) }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.common" -}}
{{- $wrong := list }}
{{- $auth := .Values.auth }}
{{- $identity := $auth.identity }}
{{- if not $auth.audience }}
  {{- $wrong = append $wrong "auth.audience: name the audience of access tokens" }}
{{- end }}
{{- if not $auth.issuers }}
  {{- $wrong = append $wrong "auth.issuers: name at least one issuer of people's and clients' tokens" }}
{{- end }}
{{- if eq $auth.audience $auth.grants.audience }}
  {{- $wrong = append $wrong "auth.grants.audience must differ from auth.audience" }}
{{- end }}
{{- if not $auth.grants.existingConfigMap }}
  {{- $wrong = append $wrong "auth.grants.existingConfigMap: name the ConfigMap with the public keys of grants (key grant-jwks.json)" }}
{{- end }}
{{- if not $identity.issuer }}
  {{- $wrong = append $wrong "auth.identity.issuer: name the issuer of this cluster's service-account tokens (kubectl get --raw /.well-known/openid-configuration)" }}
{{- end }}
{{- if eq (ternary 1 0 (ne $identity.jwksUrl "")) (ternary 1 0 (ne $identity.existingConfigMap "")) }}
  {{- $wrong = append $wrong "auth.identity: name either jwksUrl or existingConfigMap, for the public keys of this cluster (kubectl get --raw /openid/v1/jwks)" }}
{{- end }}
{{- if and (eq .Values.image.tag "latest") (not .Values.image.digest) }}
  {{- $wrong = append $wrong "image.tag: latest says nothing and cannot be rolled back; name a version or a digest" }}
{{- end }}
{{- if lt (int .Values.drain.hardStopSeconds) 16 }}
  {{- if eq .Values.profile "production" }}
  {{- $wrong = append $wrong "drain.hardStopSeconds must be above the longest deadline of a call (15 s)" }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{/* The most pods of a service that can run at once: with the one more of a rollout. */}}
{{- define "ehub.mostPods" -}}
{{- $scaling := .workload.autoscaling }}
{{- add1 (ternary $scaling.maxReplicas .workload.replicas $scaling.enabled | int) }}
{{- end }}

{{/* Connections the suite can hold: each pod's two pools and the one with which it looks at the schema. */}}
{{- define "ehub.connections" -}}
{{- $sum := 0 }}
{{- range $name := include "ehub.services" . | splitList " " }}
  {{- $context := dict "root" $ "name" $name }}
  {{- include "ehub.complete" $context }}
  {{- $database := $context.config.database }}
  {{- $each := add (int ($database.run_connections | default 16)) (int ($database.work_connections | default 4)) 1 }}
  {{- $sum = add $sum (mul $each (include "ehub.mostPods" $context | int)) }}
{{- end }}
{{- $sum }}
{{- end }}

{{- define "ehub.checks.sums" -}}
{{- $wrong := list }}
{{- $most := .Values.maxDatabaseConnections }}
{{- $sum := include "ehub.connections" . | int }}
{{- if and $most (gt $sum (int $most)) }}
  {{- $wrong = append $wrong (printf "maxDatabaseConnections is %d, and the suite could open %d: fewer replicas, smaller pools, or a larger server" (int $most) $sum) }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

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
{{- $ports := .workload.ports }}
{{- if lt (len (uniq (list (int $ports.grpc) (int $ports.internal) (int $ports.admin)))) 3 }}
  {{- $wrong = append $wrong (printf "services.%s: ports.grpc, internal and admin must differ" .name) }}
{{- end }}
{{- $scaling := .workload.autoscaling }}
{{- if and $scaling.enabled (lt (int $scaling.maxReplicas) (int $scaling.minReplicas)) }}
  {{- $wrong = append $wrong (printf "services.%s: autoscaling.maxReplicas is below minReplicas" .name) }}
{{- end }}
{{- if and (eq .root.Values.profile "production") .config.server.reflection }}
  {{- $wrong = append $wrong (printf "services.%s: config.server.reflection is for development" .name) }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.intake" -}}
{{- $wrong := list }}
{{- $settings := .service.settings }}
{{- $mesh := $settings.mesh }}
{{- if $mesh.connection.url }}
  {{- range $key := list "owner_ods" "owner_name" "duty_contact" }}
    {{- if not (index $mesh $key) }}
      {{- $wrong = append $wrong (printf "services.intake.settings.mesh.%s is required where a mailbox is polled" $key) }}
    {{- end }}
  {{- end }}
  {{- if not $mesh.connection.mailbox }}
    {{- $wrong = append $wrong "services.intake.settings.mesh.connection.mailbox is required where a mailbox is polled" }}
  {{- end }}
{{- end }}
{{- if eq .root.Values.profile "production" }}
  {{- if not .service.screening.existingConfigMap }}
    {{- $wrong = append $wrong "services.intake.screening.existingConfigMap: production takes only screening rules with a clinical approval" }}
  {{- end }}
  {{- if not $settings.demographics.url }}
    {{- $wrong = append $wrong "services.intake.settings.demographics.url is required in production" }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.allocation" -}}
{{- $wrong := list }}
{{- if eq .root.Values.profile "production" }}
  {{- if not .service.pathway.existingConfigMap }}
    {{- $wrong = append $wrong "services.allocation.pathway.existingConfigMap: production takes only a pathway with a clinical approval" }}
  {{- end }}
  {{- if or (ne .service.settings.duty.adapter "webhook") (not .service.settings.duty.contacts) }}
    {{- $wrong = append $wrong "services.allocation.settings.duty: production calls duty persons by webhook; name the contacts of every hub" }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.writeback" -}}
{{- $wrong := list }}
{{- $settings := .service.settings }}
{{- if not (and $settings.mesh.url $settings.mesh.mailbox) }}
  {{- $wrong = append $wrong "services.writeback.settings.mesh: name url and mailbox" }}
{{- end }}
{{- if not $settings.sender_ods }}
  {{- $wrong = append $wrong "services.writeback.settings.sender_ods: name the hub's ODS code" }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.prescribing" -}}
{{- $wrong := list }}
{{- if not .service.settings.eps.base_url }}
  {{- $wrong = append $wrong "services.prescribing.settings.eps.base_url: name the address of EPS" }}
{{- end }}
{{- if eq .root.Values.profile "production" }}
  {{- if not .service.secret.epsToken }}
    {{- $wrong = append $wrong "services.prescribing.secret.epsToken: EPS takes no call without a token in production" }}
  {{- end }}
  {{- if not .service.authorities.existingConfigMap }}
    {{- $wrong = append $wrong "services.prescribing.authorities.existingConfigMap: production accepts only signatures of known authorities" }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.audit" -}}
{{- $wrong := list }}
{{- if not .service.settings.origin }}
  {{- $wrong = append $wrong "services.audit.settings.origin: name the log, such as ehub.example/audit" }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}
