# Sourced by your shell: where the development suite listens, and three helpers to save typing. In a deployment the
# addresses are in your configuration, and tokens come from your OIDC issuer.
eval "$(python3 - "${EHUB_WORLD:-.local/ehub.json}" <<'PYTHON'
import json, sys

world = json.load(open(sys.argv[1]))
for service, addresses in world["services"].items():
    print(f"export {service.upper()}={addresses['grpc'].removeprefix('http://')}")
for name in ("issuer", "mesh", "demographics"):
    print(f"export {name.upper()}={world[name]}")
PYTHON
)"
SCRATCH=$(mktemp -d)

# An access token of somebody: `token supplier`.
token() { curl -sS -d "client_id=$1" "$ISSUER/token" | field access_token; }

# A new UUID.
new() { python3 -c 'import uuid; print(uuid.uuid4())'; }

# One member of the JSON on standard input: `field receipt.reference`, `field entries.0.name`.
field() {
  python3 -c '
import json, sys

value = json.load(sys.stdin)
for step in sys.argv[1].split("."):
    value = value[int(step)] if isinstance(value, list) else value[step]
print(value)' "$1"
}
