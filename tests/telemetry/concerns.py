"""Whether every call, job and applied event that concerns exactly one consultation says which."""

from __future__ import annotations

from receiver import Arrived, Span
from registry import Registry
from traces import causes, consumers
from wire import Contract

ID = "ehub.consultation.id"
EVENTS = "process ehub.events"


def nameless(arrived: Arrived, registry: Registry, contract: Contract) -> list[str]:
    """Spans without the consultation they concern, and methods the registry forgets; each sort once."""
    wrong = dict.fromkeys(forgotten(registry, contract))
    for span in arrived.spans:
        if ID not in span.attributes and must_name(span, registry):
            wrong[f"{span.service}: {span.kind} span {span.name} does not name its consultation"] = None
    for name in [name for one in registry.spans.values() for name in one.get("about_some", ())]:
        seen = [one for one in arrived.spans if one.name == name]
        if seen and not any(ID in one.attributes for one in seen):
            wrong[f"no span {name} of {len(seen)} names a consultation"] = None
    named = {(one.trace, one.id): one.attributes[ID] for one in arrived.spans if ID in one.attributes}
    for span in consumers(arrived.spans):
        about = {named.get(cause) for cause in causes(span)}
        if len(about) == 1 and None not in about and span.attributes.get(ID) not in about:
            caused_by = span.attributes.get("ehub.event.source")
            wrong[f"{span.service}: {EVENTS} from {caused_by} does not name the consultation of its cause"] = None
    return list(wrong)


def must_name(span: Span, registry: Registry) -> bool:
    """Whether it is a call that was answered, or a job, that the registry says concerns one consultation.

    A call that repeats an earlier one is answered from its record, which does not say what it concerned.
    """
    entry = registry.spans.get(registry.span(span) or "", {})
    if span.name.rpartition(".")[2] not in entry.get("about_one", ()):
        return False
    answered = span.attributes.get("rpc.response.status_code") == "OK"
    return span.kind != "server" or (answered and not span.attributes.get("ehub.idempotency.replayed"))


def forgotten(registry: Registry, contract: Contract) -> list[str]:
    """Public methods whose request names one consultation and which the registry does not list; listed ones that are none."""
    listed = {name for one in registry.spans.values() if one["kind"] == "server" for name in one.get("about_one", ())}
    methods = {}
    for service in contract.services:
        for method in contract.service(service).methods:
            methods[f"{service.rpartition('.')[2]}/{method.name}"] = (service, method)
    wrong = [f"the registry lists {name}, which is no method" for name in sorted(listed - methods.keys())]
    for name, (service, method) in sorted(methods.items()):
        field = method.input_type.fields_by_name.get("consultation")
        one = field is not None and not field.is_repeated and not method.name.startswith("List")
        if one and name not in listed and not service.startswith("ehub.internal."):
            wrong.append(f"the registry does not say that {name} concerns one consultation")
    return wrong
