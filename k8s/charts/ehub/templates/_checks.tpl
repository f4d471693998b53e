{{/* What the schema cannot know, whatever the profile. Each part gives a JSON list of sentences. */}}

{{- define "ehub.checks" -}}
{{- $accounts := dict }}
{{- $production := eq .Values.profile "production" }}
{{- $wrong := concat (include "ehub.checks.common" . | fromJsonArray) (include "ehub.checks.issuers" . | fromJsonArray) (include "ehub.checks.sums" . | fromJsonArray) }}
{{- if $production }}
  {{- $wrong = concat $wrong (include "ehub.production.common" . | fromJsonArray) }}
{{- end }}
{{- range $name := include "ehub.services" . | splitList " " }}
  {{- $context := dict "root" $ "name" $name }}
  {{- include "ehub.complete" $context }}
  {{- $account := include "ehub.serviceAccount" $context }}
  {{- if hasKey $accounts $account }}
    {{- $wrong = append $wrong (printf "services.%s and %s run as the service account %s: the others could not tell them apart" (get $accounts $account) $name $account) }}
  {{- end }}
  {{- $_ := set $accounts $account $name }}
  {{- range $part := list "service" "pod" $name }}
    {{- $wrong = concat $wrong (include (printf "ehub.checks.%s" $part) $context | fromJsonArray) }}
  {{- end }}
  {{- if $production }}
    {{- range $part := list "service" $name }}
      {{- $wrong = concat $wrong (include (printf "ehub.production.%s" $part) $context | fromJsonArray) }}
    {{- end }}
  {{- end }}
{{- end }}
{{- uniq $wrong | toJson }}
{{- end }}

{{- define "ehub.checks.common" -}}
{{- $auth := .Values.auth }}
{{- $identity := $auth.identity }}
{{- $wrong := include "ehub.sentences" (list
  (list (not $auth.audience) "auth.audience: name the audience of access tokens")
  (list (eq $auth.audience $auth.grants.audience) "auth.grants.audience must differ from auth.audience")
  (list (not $auth.grants.existingConfigMap) "auth.grants.existingConfigMap: name the ConfigMap with the public keys of grants (key grant-jwks.json)")
  (list (gt (include "ehub.millis" (list $auth.skew "5s") | int64) 60000) "auth.skew must be at most 60s")
  (list (not $identity.issuer) "auth.identity.issuer: name the issuer of this cluster's service-account tokens (kubectl get --raw /.well-known/openid-configuration)")
  (list (eq (empty $identity.jwksUrl) (empty $identity.existingConfigMap)) "auth.identity: name either jwksUrl or existingConfigMap, for the public keys of this cluster (kubectl get --raw /openid/v1/jwks)")
  (list (and (eq .Values.image.tag "latest") (not .Values.image.digest)) "image.tag: latest says nothing and cannot be rolled back; name a version or a digest")
  (list (regexMatch "^[^a-z]" (include "ehub.fullname" .)) (printf "fullnameOverride: Services must begin with a letter, and %s does not; name another beginning" (include "ehub.fullname" .)))
) | fromJsonArray }}
{{- range $where, $labels := dict "commonLabels" .Values.commonLabels "migrations.podLabels" .Values.migrations.podLabels }}
  {{- $wrong = concat $wrong (include "ehub.checks.labels" (list $where $labels) | fromJsonArray) }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{/* Labels that selectors hold are nobody's to set: a list of where they were set and the labels. */}}
{{- define "ehub.checks.labels" -}}
{{- $wrong := list }}
{{- range $key := list "name" "instance" "component" }}
  {{- if hasKey (index $ 1) (printf "app.kubernetes.io/%s" $key) }}
    {{- $wrong = append $wrong (printf "%s: app.kubernetes.io/%s is what selectors hold; take another label" (index $ 0) $key) }}
  {{- end }}
{{- end }}
{{- $wrong | toJson }}
{{- end }}

{{/* Issuers, the cluster among them: each once, their keys over https, their subjects never alike. */}}
{{- define "ehub.checks.issuers" -}}
{{- $wrong := list }}
{{- $identity := .Values.auth.identity }}
{{- $all := append .Values.auth.issuers (dict "issuer" $identity.issuer "jwks" (dict "url" $identity.jwksUrl) "subject_prefix" $identity.subjectPrefix) }}
{{- if not .Values.auth.issuers }}
  {{- $wrong = append $wrong "auth.issuers: name at least one issuer of people's and clients' tokens" }}
{{- end }}
{{- range $at, $one := $all }}
  {{- $url := $one.jwks.url | default "" }}
  {{- $wrong = concat $wrong (include "ehub.sentences" (list
    (list (and (hasPrefix "http:" $url) (not $one.allow_plain_http) (not (include "ehub.loopback" $url))) (printf "auth: the keys of %s are read over plain http" $one.issuer))
    (list (lt (include "ehub.millis" (list $one.refresh "60s") | int64) 5000) (printf "auth.issuers: refresh of %s must be at least 5s" $one.issuer))
    (list (lt (include "ehub.millis" (list $one.max_lifetime "60s") | int64) 1) (printf "auth.issuers: max_lifetime of %s must be longer than zero" $one.issuer))
    (list (has "ehub-grant+jwt" ($one.typ | default list)) (printf "auth.issuers: typ of %s must not admit grants" $one.issuer))
  ) | fromJsonArray) }}
  {{- range $other := slice $all 0 $at }}
    {{- $mine := $one.subject_prefix | default "" }}
    {{- $theirs := $other.subject_prefix | default "" }}
    {{- $nested := and $mine $theirs (or (hasPrefix $mine $theirs) (hasPrefix $theirs $mine)) }}
    {{- $wrong = concat $wrong (include "ehub.sentences" (list
      (list (and $one.issuer (eq $one.issuer $other.issuer)) (printf "auth.issuers: %s is listed twice" $one.issuer))
      (list (or $nested (not (or $mine $theirs))) (printf "auth.issuers: subject_prefix must tell the subjects of %s from those of %s" $one.issuer $other.issuer))
    ) | fromJsonArray) }}
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
