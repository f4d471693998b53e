"""The contract, compiled for Python: what a build step does once, done here at the first start."""

from __future__ import annotations

import hashlib
import importlib
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]
PROTO = ROOT / "proto"


def load() -> SimpleNamespace:
    """Every v1 module by a short name: `intake`, `intake_grpc`, `work_item` and so on."""
    files = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("ehub/*/v1/*.proto") if "internal" not in path.parts)
    folder = generated(files)
    sys.path.insert(0, str(folder))
    found = SimpleNamespace()
    for name in files:
        module, short = name.removesuffix(".proto").replace("/", "."), Path(name).stem.removesuffix("_service")
        if short == "error_reason":
            continue
        setattr(found, short, importlib.import_module(module + "_pb2"))
        if name.endswith("_service.proto"):
            setattr(found, short + "_grpc", importlib.import_module(module + "_pb2_grpc"))
    return found


def generated(files: list[str]) -> Path:
    """The folder with the generated code; made when the contract is not the one it was made from."""
    digest = hashlib.sha256(b"".join((PROTO / name).read_bytes() for name in files)).hexdigest()[:16]
    folder = ROOT / ".local/clients" / f"python-{digest}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=folder.parent))
    well_known = Path(grpc_tools.__file__).parent / "_proto"
    arguments = ["", f"-I{PROTO}", f"-I{well_known}", f"--python_out={making}", f"--grpc_python_out={making}", *files]
    if protoc.main(arguments):
        sys.exit("the contract does not compile")
    try:
        making.rename(folder)
    except OSError:  # somebody else was quicker
        shutil.rmtree(making)
    return folder
