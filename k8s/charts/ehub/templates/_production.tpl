{{/* What production refuses: the services would end at once with the same words, one pod after the other. Each part gives a JSON
list of sentences. tests/chart/refusals.py holds them against the services' own. */}}

{{/* Whether an address is this machine: in production that is a peer of the tests. */}}
{{- define "ehub.loopback" -}}
{{- $host := (urlParse .).hostname }}
{{- if or (eq $host "localhost") (hasSuffix ".localhost" $host) (hasPrefix "127." $host) (has $host (list "::1" "::" "0.0.0.0")) }}yes{{ end }}
{{- end }}

{{- define "ehub.production.common" -}}
{{- $image := .Values.image }}
{{- $first := splitList "/" $image.repository | first }}
{{- $registry := or $image.registry .Values.global.imageRegistry (and (contains "/" $image.repository) (or (contains "." $first) (contains ":" $first) (eq $first "localhost"))) }}
{{- $wrong := include "ehub.sentences" (list
  (list (not $registry) (printf "image.registry: %s names no registry, and nodes would ask docker.io/library for it; say which registry holds the image" $image.repository))
  (list (hasPrefix "http:" .Values.auth.identity.issuer) "auth.identity.issuer: production takes no issuer over plain http")
) | fromJsonArray }}
{{- range .Values.auth.issuers }}
  {{- if or .allow_plain_http (hasPrefix "http:" .issuer) }}
    {{- $wrong = append $wrong (printf "auth.issuers: production takes no issuer over plain http (%s)" .issuer) }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{/* The longest deadline that a call can have, in milliseconds. */}}
{{- define "ehub.longestDeadline" -}}
{{- $deadline := .config.server.deadline }}
{{- $most := include "ehub.millis" (list $deadline.max "15s") | int64 }}
{{- range $deadline.methods }}
  {{- $most = max $most (include "ehub.millis" (list . "") | int64) }}
{{- end }}
{{- $most }}
{{- end }}

{{- define "ehub.production.service" -}}
{{- $longest := include "ehub.longestDeadline" . | int64 }}
{{- $hardStop := .root.Values.drain.hardStopSeconds | int64 }}
{{- $config := .config }}
{{- include "ehub.sentences" (list
  (list $config.server.reflection (printf "services.%s: config.server.reflection is for development" .name))
  (list (eq (toString $config.server.deadline.required) "false") (printf "services.%s: config.server.deadline.required must stay true in production" .name))
  (list (eq (toString $config.database.require_durable) "false") (printf "services.%s: config.database.require_durable must stay true in production" .name))
  (list (le (mul $hardStop 1000) $longest) (printf "drain.hardStopSeconds is %d, and a call to %s may take %d ms (config.server.deadline): it must be above that" $hardStop .name $longest))
) }}
{{- end }}

{{- define "ehub.production.intake" -}}
{{- $settings := .service.settings }}
{{- $mesh := $settings.mesh }}
{{- $demographics := $settings.demographics.url }}
{{- include "ehub.sentences" (list
  (list (not .service.screening.existingConfigMap) "services.intake.screening.existingConfigMap: production takes only screening rules with a clinical approval")
  (list (hasPrefix "http:" $mesh.connection.url) "services.intake.settings.mesh.connection.url must be https in production")
  (list (hasPrefix "http:" $mesh.duty_contact) "services.intake.settings.mesh.duty_contact must be https in production")
  (list (not $demographics) "services.intake.settings.demographics.url is required in production")
  (list (or (hasPrefix "http:" $demographics) (include "ehub.loopback" $demographics)) "services.intake.settings.demographics.url must be https and of another machine in production")
) }}
{{- end }}

{{- define "ehub.production.allocation" -}}
{{- $duty := .service.settings.duty }}
{{- $wrong := include "ehub.sentences" (list
  (list (not .service.pathway.existingConfigMap) "services.allocation.pathway.existingConfigMap: production takes only a pathway with a clinical approval")
  (list (or (ne $duty.adapter "webhook") (not $duty.contacts)) "services.allocation.settings.duty: production calls duty persons by webhook; name the contacts of every hub")
) | fromJsonArray }}
{{- range $ods, $contact := $duty.contacts }}
  {{- if or (not (hasPrefix "https://" $contact.duty_url)) (and $contact.deputy_url (not (hasPrefix "https://" $contact.deputy_url))) }}
    {{- $wrong = append $wrong (printf "services.allocation.settings.duty.contacts.%s must use https in production" $ods) }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{- define "ehub.production.writeback" -}}
{{- $settings := .service.settings }}
{{- $sandbox := false }}
{{- range $settings.sandbox_hosts | default (list "localhost" "127.0.0.1" "mesh-sandbox" "ehub-peers") }}
  {{- $sandbox = or $sandbox (contains . $settings.mesh.url) }}
{{- end }}
{{- include "ehub.sentences" (list
  (list $settings.send_test_patients "services.writeback.settings.send_test_patients must be false in production")
  (list (hasPrefix "http:" $settings.mesh.url) "services.writeback.settings.mesh.url must be https in production")
  (list $sandbox "services.writeback.settings.mesh.url is a peer of the tests (sandbox_hosts), which production refuses")
) }}
{{- end }}

{{- define "ehub.production.prescribing" -}}
{{- $url := .service.settings.eps.base_url }}
{{- include "ehub.sentences" (list
  (list (hasPrefix "http:" $url) "services.prescribing.settings.eps.base_url must be https in production")
  (list (include "ehub.loopback" $url) "services.prescribing.settings.eps.base_url must not be this machine in production: that is a peer of the tests")
  (list (not .service.secret.epsToken) "services.prescribing.secret.epsToken: EPS takes no call without a token in production")
  (list (not .service.authorities.existingConfigMap) "services.prescribing.authorities.existingConfigMap: production accepts only signatures of known authorities")
) }}
{{- end }}

{{- define "ehub.production.audit" -}}
{{- $settings := .service.settings }}
{{- include "ehub.sentences" (list
  (list (gt (include "ehub.millis" (list $settings.no_loss.every "60s") | int64) 60000) "services.audit.settings.no_loss.every must be at most 60s in production")
  (list (gt (include "ehub.millis" (list $settings.no_loss.in_transit_limit "60s") | int64) 60000) "services.audit.settings.no_loss.in_transit_limit must be at most 60s in production")
  (list (hasPrefix "localhost" $settings.origin) "services.audit.settings.origin must be the deployment's own in production")
) }}
{{- end }}
