"""Makes values.schema.json from the types in values.yaml, strict at every level."""

from __future__ import annotations

import importlib.resources
import json
import re

import kube
from values_file import Entry

# The oldest minor supported: what it does not know, not every cluster takes.
KUBERNETES = f"v{kube.MINORS[0]}.0-local-strict"
DURATION = {"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}
TEXT = {"type": "string"}
SIMPLE = {
    "string": TEXT,
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "duration": DURATION,
    "url": {"type": "string", "pattern": r"^(https?://\S+)?$"},
    "dnslabel": {"type": "string", "pattern": "^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$"},
    # An organisation's code; the service reads it in either case.
    "ods": {"type": "string", "pattern": "^([A-Za-z0-9]{3,8})?$"},
    "word": {"type": "string", "pattern": r"^\S*$"},
    "digest": {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "intorpercent": {"type": ["integer", "string"], "pattern": "^[0-9]+%?$", "minimum": 0},
    "secretref": {"type": "string", "pattern": r"^([a-z0-9][a-z0-9.-]*/)?[A-Za-z0-9._-]*$"},
    "free": {"type": ["object", "string"]},
}


def strict(properties: dict, required: tuple[str, ...] = ()) -> dict:
    """An object that takes no other key."""
    made = {"type": "object", "additionalProperties": False, "properties": properties}
    return made | ({"required": list(required)} if required else {})


CLAIMS = {"client": {"type": "array", "items": TEXT, "minItems": 1}} | {
    name: TEXT for name in ("scope", "organisation", "practices", "role", "name", "kind")
}
ISSUER = strict(
    {
        "issuer": {"type": "string", "minLength": 1},
        "jwks": strict({"url": TEXT, "file": TEXT}) | {"minProperties": 1, "maxProperties": 1},
        "algorithms": {"type": "array", "minItems": 1, "items": {"enum": ["RS256", "PS256", "ES256", "EdDSA"]}},
        "typ": {"type": "array", "items": TEXT, "minItems": 1},
        "max_lifetime": DURATION,
        "audience_in_list": {"type": "boolean"},
        "subject_prefix": TEXT,
        "claims": strict(CLAIMS),
        "refresh": DURATION,
        "overlap": DURATION,
        "max_stale": DURATION,
        "ca_file": TEXT,
        "allow_plain_http": {"type": "boolean"},
    },
    ("issuer", "jwks", "algorithms"),
)
# As pods have them, or the name alone, as many charts do.
PULL_SECRET = strict({"name": {"type": "string", "minLength": 1}}, ("name",)) | {
    "type": ["string", "object"],
    "minLength": 1,
}
CONTACT = strict({"duty_url": {"type": "string", "minLength": 1}, "deputy_url": TEXT}, ("duty_url",))


class Schemas:
    """Turns types into schemas and remembers the definitions they need."""

    def __init__(self) -> None:
        self.definitions: dict[str, dict] = {}
        folder = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema" / KUBERNETES
        self._kubernetes = json.loads((folder / "_definitions.json").read_text())["$defs"]

    def of(self, kind: str) -> dict:
        """The schema of a type as values.yaml writes it."""
        kind, *limits = re.split(r" +(?![^(]*\))", kind.strip())
        made = dict(self._bare(kind))
        for limit in limits:
            word, _, number = limit.partition("=")
            extra = {"min": "minimum", "max": "maximum"}.get(word)
            if extra:
                made[extra] = int(number)
            elif word == "nonempty":
                made["minItems"] = 1
            elif word == "positive":
                made["pattern"] = "^0*[1-9][0-9]*(ms|s|m|h|d)$"
            elif word == "required":
                made["pattern"] = made["pattern"].replace("]*$", "]+$")
            else:
                raise ValueError(f"values.yaml: unknown limit {limit}")
        return made

    def _bare(self, kind: str) -> dict:
        if kind in SIMPLE:
            return SIMPLE[kind]
        if kind in ("workload", "config", "issuer", "contact", "pullsecret"):
            return {"$ref": f"#/$defs/{kind}"}
        word, inner = re.fullmatch(r"(\w+)\((.*)\)", kind).groups()
        if word == "enum":
            return {"enum": inner.split("|")}
        if word == "list":
            return {"type": "array", "items": self.of(inner)}
        if word == "map":
            return {"type": "object", "additionalProperties": self.of(inner)}
        if word == "k8s":
            return {"$ref": self._defined("io.k8s.api." + inner)}
        raise ValueError(f"values.yaml: unknown type {kind}")

    def _defined(self, name: str) -> str:
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self._plain(self._kubernetes[name])
        return f"#/$defs/{name}"

    def _plain(self, schema: object) -> object:
        """A Kubernetes schema without its prose, its references pointing into our definitions."""
        if isinstance(schema, list):
            return [self._plain(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        kept = {}
        for key, value in schema.items():
            if key == "$ref":
                kept[key] = self._defined(value.rsplit("/", 1)[1])
            elif key == "properties":
                kept[key] = {name: self._plain(inside) for name, inside in value.items()}
            elif key == "description" or key == "format" or key.startswith("x-kubernetes") or key == "default":
                continue
            else:
                kept[key] = self._plain(value)
        # A quantity is either; the published schema lets both sides be null, and then neither is "exactly one".
        if "oneOf" in kept:
            kept = {"anyOf": kept.pop("oneOf")} | kept
        return kept


def _tree(entry: Entry, schemas: Schemas) -> dict:
    if entry.type is None:
        made = strict({name: _tree(child, schemas) for name, child in entry.children.items()})
    else:
        made = schemas.of(entry.type)
        if entry.default is None:
            made = _or_null(made)
    if entry.comment:
        made = {"description": entry.comment} | made
    return made


def _or_null(schema: dict) -> dict:
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return schema | {"type": [schema["type"], "null"]}


def _without_prose(schema: dict) -> dict:
    """The same shape for overrides: said once is enough."""
    kept = {key: value for key, value in schema.items() if key != "description"}
    if "properties" in kept:
        kept["properties"] = {name: _without_prose(inside) for name, inside in kept["properties"].items()}
    return kept


def make(root: Entry) -> str:
    """The schema as it stands in the chart."""
    schemas = Schemas()
    made = _tree(root, schemas)
    # Open on purpose: a parent chart hands down whatever all its charts share.
    made["properties"]["global"]["additionalProperties"] = True
    own = {
        "workload": _without_prose(made["properties"]["workload"]),
        "config": _without_prose(made["properties"]["config"]),
        "issuer": ISSUER,
        "contact": CONTACT,
        "pullsecret": PULL_SECRET,
    }
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Values of the chart ehub"}
    whole |= made | {"$defs": own | dict(sorted(schemas.definitions.items()))}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
