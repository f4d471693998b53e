"""Values that must be refused, with the words of the chart and, where a service would refuse them as well, the service's own."""

from __future__ import annotations

from dataclasses import dataclass

HTTP, HERE = "http://plain.example", "https://localhost/x"


@dataclass(frozen=True)
class Case:
    """A value, the words with which the chart refuses it, and the service's sentence that it spares a pod."""

    path: str
    value: object
    words: str
    says: str = ""
    # Whether another wrong value would hide what this one does.
    alone: bool = False


def _zero(service: str, says: str, *keys: str) -> list[Case]:
    """Durations that may not be nothing: the schema says so."""
    return [_malformed(f"services.{service}.settings.{key}", "0s", says.replace("KEY", key)) for key in keys]


def _malformed(path: str, value: object, says: str = "") -> Case:
    """What the schema refuses, with its place."""
    return Case(path, value, f"at '/{path.replace('.', '/')}'", says)


def _issuers(*more: tuple[str, str, str], **key: object) -> list[Case]:
    """A second issuer, wrong in several ways at once."""
    first = {"issuer": "https://one.example", "jwks": {"url": "https://one.example/keys"}, "algorithms": ["PS256"]}
    return [Case("auth.issuers", [first, first | key], words, says) for words, says, *_ in more]


# Where no value is given at all.
NOTHING_GIVEN = [
    Case("", None, "auth.audience"),
    Case("", None, "auth.identity.issuer"),
    Case("", None, "image.registry"),
    Case("", None, "existing Secret with the keys run-url, work-url, pages-key, patient-key"),
    Case("", None, "services.audit.migrateUrl"),
    Case("", None, "auth.grants.existingConfigMap"),
    Case("", None, "eps.base_url"),
    Case("", None, "name the contacts of every hub", "service.duty.contacts must name the duty contacts"),
]

# In any profile, beside values that are good for development.
ANYWHERE = [
    Case("image.tag", "latest", "image.tag: latest"),
    Case("services.intake.secret.name", "", "services.intake.secret.name: name the existing Secret"),
    Case("services.audit.migrateUrl", "", "services.audit.migrateUrl: name the existing Secret"),
    Case("services.audit.migrateUrl", "run-url", "must not be the URL that the pods hold"),
    Case("services.audit", {"secret": {"name": ""}, "migrateUrl": "migrate-url"}, "name, which is empty"),
    Case("workload.ports.internal", 7400, "must differ"),
    Case("workload.serviceAccount", {"name": "one-for-all"}, "could not tell them apart"),
    Case("auth.audience", "", "auth.audience: name", "auth.audience and auth.grants.audience must not be empty"),
    Case(
        "auth.grants.audience", "ehub", "must differ from auth.audience", "auth.grants.audience must differ", alone=True
    ),
    Case("auth.skew", "61s", "auth.skew must be", "auth.skew must be at most 60s"),
    Case("auth.issuers", [], "auth.issuers: name at least one", "auth.issuers: name at least one issuer"),
    *_issuers(
        ("https://one.example is listed twice", "auth.issuers: {issuer} is listed twice"),
        ("must tell the subjects of https://one.example", "subject_prefix must tell this issuer's subjects"),
        ("the keys of https://one.example are read over plain http", "jwks.url must begin with https://"),
        ("typ of https://one.example must not admit grants", "typ must not admit grants"),
        ("refresh of https://one.example must be", "refresh must be at least 5s"),
        ("max_lifetime of https://one.example must be", "max_lifetime must be longer than zero"),
        jwks={"url": HTTP},
        typ=["ehub-grant+jwt"],
        refresh="1s",
        max_lifetime="0s",
    ),
    *_issuers(("cluster.local from those of https://two", ""), issuer="https://two", subject_prefix="serviceaccount"),
    Case("auth.identity.issuer", "http://ehub-peers:8600", "http://ehub-peers:8600 is listed twice", alone=True),
    Case("auth.identity.jwksUrl", "https://both.example", "either jwksUrl or existingConfigMap"),
    Case("auth.identity", {"jwksUrl": HTTP, "existingConfigMap": ""}, "are read over plain http"),
    Case("services.intake.workload", {"autoscaling": {"enabled": True, "minReplicas": 9}}, "is below minReplicas"),
    Case("services.intake.settings.mesh.connection.max_message_bytes", 104857600, "it may need 2464 Mi"),
    Case("services.writeback.workload", {"resources": {"limits": {"memory": "200M"}}}, "its memory limit is 190 Mi"),
    Case("services.intake.settings.mesh.duty_contact", HTTP, "mesh.duty_contact", "service.mesh.duty_contact must be"),
    Case("services.intake.settings.mesh.owner_name", "", "mesh.owner_name is required"),
    Case("services.intake.settings.mesh.connection.mailbox", "", "mesh.connection.mailbox is required"),
    Case("services.writeback.settings.mesh.mailbox", "", "settings.mesh: name url and mailbox"),
    Case("services.allocation.settings.lease", "1s", "lease must be", "service.lease must be at least 2s"),
    Case("services.allocation.settings.lease", "61m", "lease must be", "service.lease must be at most 1h"),
    Case("services.allocation.settings.watch.heartbeat", "11s", "heartbeat must", "service.watch.heartbeat must be at"),
    Case("services.writeback.settings.sender_ods", "", "sender_ods: name", "service.sender_ods must be an ODS code"),
    Case("services.writeback.settings.workflow", "", "workflow must not", "service.workflow must not be empty"),
    Case("services.writeback.settings.business_deadline", "5d", "below MESH's", "service.infrastructure_deadline and"),
    Case("services.writeback.settings.interim_after", "3h", "three hours", "service.interim_after must be below"),
    Case("services.writeback.settings.resend_after", "20s", "longer than mesh.timeout", "service.resend_after must be"),
    Case("services.audit.settings.origin", "", "settings.origin: name", "service.origin must be one word"),
    # What selectors hold; what the chart says itself.
    Case("commonLabels", {"app.kubernetes.io/name": "x"}, "commonLabels: app.kubernetes.io/name is what selectors"),
    Case("migrations.podLabels", {"app.kubernetes.io/component": "x"}, "migrations.podLabels: app.kubernetes.io/comp"),
    Case("workload.podLabels", {"app.kubernetes.io/instance": "x"}, "workload.podLabels: app.kubernetes.io/instance"),
    Case("workload.extraEnv", [{"name": "OTEL_RESOURCE_ATTRIBUTES", "value": "a=b"}], "must not name OTEL_RESOURCE_A"),
    Case("fullnameOverride", "1st", "1st does not"),
]

# What the schema knows: all said at once, before any template is read.
MALFORMED = [
    _malformed("services.intake.secret.patientKey", ""),
    _malformed("workload.replicas", "two"),
    _malformed("services.allocation.settings.lease", "5 minutes"),
    _malformed("image.digest", "sha256:abc"),
    _malformed("nameOverride", "Camel_Case"),
    _malformed("global.imagePullSecrets.0", 7),
    _malformed("imagePullSecrets.0", {"names": "x"}),
    _malformed("services.intake.settings.mesh.owner_ods", "H8", "service.mesh.owner_ods must be an ODS code"),
    _malformed("services.audit.settings.origin", "two words", "service.origin must be one word"),
    _malformed("services.audit.settings.batch_size", 0, "service.batch_size must be 1 to 1024"),
    _malformed("services.allocation.settings.watch.items", 0, "service.watch.items must be at least 1"),
    _malformed("services.prescribing.settings.eps.base_url", "ftp://x", "service.eps.base_url must be http or https"),
    *_zero("allocation", "service.KEY must be more than 0s", "poll", "guard_timeout", "watch.poll", "watch.heartbeat"),
    *_zero("allocation", "service.KEY must be more than 0s", "duty.repeat", "duty.retry"),
    *_zero("writeback", "service.{name} must be greater", "send_poll", "receive_poll", "overdue_poll", "retry_after"),
    *_zero("writeback", "service.{name} must be greater", "infrastructure_deadline", "business_deadline"),
    *_zero("prescribing", "service.eps.retry_first, service.eps.timeout", "eps.retry_first", "eps.timeout", "poll"),
    *_zero("audit", "service.{key} must be longer", "batch_interval", "no_loss.every", "lifecycle.quiet"),
]

_DUTY = "services.allocation.settings.duty"
# In production only, beside values that are good for it.
PRODUCTION = [
    Case("config.server.reflection", True, "reflection is for development", "server.reflection must stay false"),
    Case("config.server.deadline.required", False, "required must stay true", "server.deadline.required must stay"),
    Case("config.database.require_durable", False, "require_durable must stay", "database.require_durable must stay"),
    Case("services.audit.config", {"server": {"reflection": True}}, "services.audit: config.server.reflection"),
    Case("drain.hardStopSeconds", 15, "hardStopSeconds is 15, and a call to intake may take 15000 ms", alone=True),
    Case(
        "config.server.deadline.max", "20s", "hardStopSeconds is 20, and a call to intake may take 20000 ms", alone=True
    ),
    Case("services.audit.config", {"server": {"deadline": {"methods": {"a.B/C": "1m"}}}}, "to audit may take 60000 ms"),
    Case("image", {"registry": ""}, "image.registry: ehub names no registry"),
    Case("image", {"registry": "", "repository": "team/ehub"}, "image.registry: team/ehub names no registry"),
    Case("auth.identity", {"issuer": HTTP}, "auth.identity.issuer: production takes", "auth.issuers: production takes"),
    *_issuers(("no issuer over plain http (http", "auth.issuers: production takes no issuer"), issuer=HTTP),
    *_issuers(("no issuer over plain http (https", ""), issuer="https://three", allow_plain_http=True),
    Case("services.intake.screening.existingConfigMap", "", "clinical", "service.screening.rules_file must name"),
    Case(
        "services.intake.settings.mesh.connection.url", HTTP, "connection.url must", "service.mesh.connection.url must"
    ),
    Case(
        "services.intake.settings.mesh.duty_contact", "http://localhost/x", "contact must", "service.mesh.duty_contact"
    ),
    Case("services.intake.settings.demographics.url", "", "is required", "service.demographics must be set"),
    Case(
        "services.intake.settings.demographics.url", HTTP, "another mach", "service.demographics.url must be an https"
    ),
    Case(
        "services.intake.settings.demographics.url", HERE, "another mach", "service.demographics.url must be an https"
    ),
    Case("services.allocation.pathway.existingConfigMap", "", "clinical", "service.pathway_file is required"),
    Case(f"{_DUTY}.adapter", "log", "by webhook; name", 'service.duty.adapter = "log" is for development'),
    Case(f"{_DUTY}.contacts.H8H01.duty_url", HTTP, "contacts.H8H01 must use", "service.duty.contacts.{ods} must use"),
    Case(f"{_DUTY}.contacts.H8H01.deputy_url", HTTP, "contacts.H8H01 must use", "service.duty.contacts.{ods} must use"),
    Case("services.writeback.settings.send_test_patients", True, "send_test", "service.send_test_patients must be"),
    Case("services.writeback.settings.mesh.url", HTTP, "mesh.url must be https", "service.mesh.url must be https"),
    Case("services.writeback.settings.mesh.url", HERE, "mesh.url is a peer of", "service.mesh.url is a peer's address"),
    Case("services.prescribing.settings.eps.base_url", HTTP, "base_url must be https", "service.eps.base_url must be"),
    Case("services.prescribing.settings.eps.base_url", HERE, "this machine", "service.eps.base_url must not be this"),
    Case("services.prescribing.secret.epsToken", "", "epsToken: EPS takes", "service.eps.token_file is required"),
    Case(
        "services.prescribing.secret.epsCa",
        "",
        "secret.epsCa: name a key",
        "service.eps.ca_file is required for https",
        alone=True,
    ),
    Case("services.prescribing.authorities.existingConfigMap", "", "known auth", "service.eps.authorities is required"),
    Case("services.audit.settings.no_loss.every", "2m", "every must be at most", "service.no_loss.every must be at"),
    Case(
        "services.audit.settings.no_loss.in_transit_limit", "61s", "limit must be", "service.no_loss.in_transit_limit"
    ),
    Case(
        "services.audit.settings.origin", "localhost/x", "deployment's own", "service.origin must be the deployment's"
    ),
]

# Sentences of the services that no value can provoke, or that only the service can speak, with the reason.
UNSEEN = {
    "pages_key must be": "stands in a Secret",
    "service.patient_key must": "stands in a Secret",
    "service.grants: ": "the key stands in a Secret",
    "service.key_file cannot": "stands in a Secret",
    "service.screening.rules_file: ": "stands in a ConfigMap",
    "service.pathway_file: ": "stands in a ConfigMap",
    "service.pathway_file has": "stands in a ConfigMap",
    "service.eps.authorities must not hold": "stands in a ConfigMap",
    "service.high_risk_medicines must": "check digits are the service's to compute",
    "service.eps.base_url must be a URL": "the schema takes addresses only",
    "auth.issuers ({issuer}): ": "stands before another sentence",
    "issuer must not": "the schema wants one character at least",
    "algorithms must": "the schema wants one at least",
    "typ must name": "the schema wants one at least",
    "claims.client must": "the schema wants one at least",
    "services must map": "made by the chart",
    "jwks.url must be an absolute": "said with the address by the service",
}
