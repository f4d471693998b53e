"""docs/telemetry.md, made from the registry."""

from __future__ import annotations

from registry import DOCUMENT, Registry

HEAD = """<!-- Made from telemetry/registry.toml by `tests/telemetry/run.py --document`; change that file. -->
# Telemetry: what the services tell

Each service exports traces, metrics and logs by OTLP over gRPC to `telemetry.otlp_endpoint` (or
`OTEL_EXPORTER_OTLP_ENDPOINT`), over one connection; without an address nothing is exported, and log lines still carry
trace ids. Every name is in `telemetry/registry.toml`, and `tests/telemetry/run.py` compares it with what real services
send to a real receiver.

- **Following one consultation.** Every span and log line that concerns exactly one has `ehub.consultation.id`. When all
  outcomes are known, audit exports one *lifecycle trace*: a root from first contact to the last outcome, a child for
  each stage, each linked to the spans that did the work. Its trace id is
  `SHA-256("ehub.lifecycle" ‖ consultation ‖ episode ‖ revision)[..16]` (16 bytes of the UUID, then two big-endian 32-bit
  numbers), so it can be computed from the consultation alone; a span id is `SHA-256(trace id ‖ key)[..8]`, the root's
  key being `consultation`. What is heard later makes the next revision, linked to the one before.
- **Across stored events.** The span that applies an event links to the span that raised it (`telemetry.relation`:
  `link`, `parent` or `both`). Sampling follows the caller, then the cause, then the ratio: a kept trace stays whole.
- **Logs** are JSON lines on standard error, and OTLP records. What a call or job says carries `trace_id` and `span_id`.
  `PUT /log-filter` on the admin port changes the level while the process runs, for example
  `curl -X PUT --data 'info,ehub_intake=debug' http://127.0.0.1:PORT/log-filter`.
- **No patient data.** Names, NHS numbers, addresses and what people wrote are in no span, metric, log line, error or
  PostgreSQL log. Set `log_error_verbosity = terse` on the server: the detail of a violated constraint quotes the row.
- **A collector that is away or slow** costs nothing but telemetry: queues are bounded (1,024 spans, 1,024 records), what
  does not fit is dropped and counted in `ehub.telemetry.dropped`, one line a minute says so, and the end of the process
  waits two and a half seconds at most.
- **Streams that wait.** `ehub.outbox.streams` tells, for each subscriber, how many are `held` (tried again by themselves),
  `dead` (refused three times: a person frees one, or two people leave an event out, with `ehub streams`), or `ahead`: the
  subscriber has heard more than the source's database knows, because that was restored to an earlier moment. Then nothing
  more is delivered to it, and allocation gives nothing out, until a person has recovered what was lost.
- Gauges read from a database are told alike by every replica: take the maximum, never the sum. Practices are on no
  metric.

"""


def cell(text: object) -> str:
    """Text in a table."""
    return str(text).replace("|", "\\|")


def names(entries: list[str]) -> str:
    """Names in a table's cell."""
    return ", ".join(f"`{name}`" for name in entries) or "–"


def document(registry: Registry) -> str:
    """The whole document."""
    lines = [HEAD + "## Spans\n", "| name | kind | meaning | attributes |", "| --- | --- | --- | --- |"]
    for name, one in registry.spans.items():
        shown = cell(name.strip("/").replace("\\.", "."))
        lines.append(f"| `{shown}` | {one['kind']} | {cell(one['meaning'])} | {names(one['attributes'])} |")
    always = [name for one in registry.spans.values() for name in one.get("about_one", ())]
    lines.append("\nAnswered, or done, these always name their consultation: " + names(always) + ".")
    lines += ["\n## Metrics\n", "| name | kind, unit | meaning | attributes | told by |", "| --- | --- | --- | --- | --- |"]
    for name, one in registry.metrics.items():
        told = "all" if len(one["services"]) == 5 else ", ".join(one["services"])
        about = names(one["attributes"])
        for attribute, few in one.get("values", {}).items():
            about = about.replace(f"`{attribute}`", f"`{attribute}` ({names(few)})")
        lines.append(f"| `{name}` | {one['kind']}, `{one['unit']}` | {cell(one['meaning'])} | {about} | {told} |")
    lines += ["\n## Attributes\n", "| name | type | on | stability | meaning |", "| --- | --- | --- | --- | --- |"]
    for name, one in registry.attributes.items():
        values = " Values: " + names(one["values"]) + "." if "values" in one else ""
        on = ", ".join(one["on"])
        lines.append(f"| `{name}` | {one['type']} | {on} | {one['stability']} | {cell(one['meaning'])}{values} |")
    fields = sorted(registry.log_fields - registry.attributes.keys())
    lines += ["\n## Other fields of log records\n", names(fields) + "."]
    return "\n".join(lines) + "\n"


def write() -> None:
    """Writes it."""
    DOCUMENT.write_text(document(Registry()))


def stale() -> list[str]:
    """Whether it says something else than the registry."""
    if DOCUMENT.exists() and DOCUMENT.read_text() == document(Registry()):
        return []
    return ["docs/telemetry.md is not what the registry makes: run tests/telemetry/run.py --document"]
