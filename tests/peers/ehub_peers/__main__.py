"""`python -m ehub_peers COMMAND`: starts peers on loopback, or checks them."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from aiohttp import web

from . import serving

PEERS = ("practice", "eps", "demographics", "duty")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ehub_peers", description="Test peers of eHub, on 127.0.0.1 only.")
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "mesh": "the real MESH sandbox with generated mailboxes",
        "practice": "practices that file and acknowledge documents",
        "eps": "the prescription service",
        "demographics": "the demographics service",
        "duty": "the duty contact's webhook",
        "all": "every peer but mesh, in one process",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--config", help="JSON file; README.md describes it", required=name in ("mesh", "practice"))
        command.add_argument("--ready", help="file to write {pid, addresses} to when serving")
        command.add_argument("--exit-with-parent", action="store_true", help="end when the starting process ends")
        if name != "all":
            command.add_argument("--port", type=int, help="0 takes a free port (default: the config's, else 0)")
        if name in ("eps", "all"):
            command.add_argument("--trust-any", action="store_true", help="accept any valid certificate's signature")
    check = commands.add_parser("selfcheck", help="check the peers themselves")
    check.add_argument("--live", action="store_true", help="also start everything and send real messages through MESH")
    check.add_argument("--documents", type=int, default=200, help="documents of the live throughput check")
    return parser.parse_args()


def _config(path: str | None) -> dict:
    if path is None:
        return {}
    config = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(config, dict):
        raise SystemExit(f"{path}: not a JSON object")
    return config


async def _serve_peers(names: tuple[str, ...], config: dict, arguments: argparse.Namespace) -> None:
    from .demographics import Demographics
    from .duty import Duty
    from .eps import Eps
    from .practice import PracticePeer

    stop = serving.stop_event()
    addresses: dict[str, str] = {}
    runners: list[web.AppRunner] = []
    practice: PracticePeer | None = None
    try:
        for name in names:
            own = dict(config.get(name, {}))
            if name == "practice":
                if "mailboxes" not in own or "url" not in config.get("mesh", {}):
                    raise SystemExit("the config needs practice.mailboxes and mesh.url")
                peer = practice = PracticePeer(own, config["mesh"])
                await practice.start()
            elif name == "eps":
                own["trust_any"] = own.get("trust_any", False) or arguments.trust_any
                peer = Eps(own)
            else:
                peer = {"demographics": Demographics, "duty": Duty}[name](own)
            port = getattr(arguments, "port", None)
            listener = serving.bind(own.get("port", 0) if port is None else port)
            runners.append(await serving.serve(peer.application(), listener))
            addresses[name] = serving.url_of(listener)
        serving.write_ready(arguments.ready, addresses)
        await serving.wait_until_stopped(stop, arguments.exit_with_parent)
    finally:
        if practice is not None:
            await practice.stop()
        for runner in runners:
            await runner.cleanup()


def main() -> int:
    """The entry point."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stderr)
    if arguments.command == "selfcheck":
        from . import selfcheck

        return selfcheck.run(live=arguments.live, documents=arguments.documents)
    config = _config(arguments.config)
    if arguments.command == "mesh":
        from . import sandbox

        mesh = config.get("mesh", config)
        port = arguments.port if arguments.port is not None else mesh.get("port", 0)
        asyncio.run(sandbox.run(mesh, port, arguments.ready, arguments.exit_with_parent))
        return 0
    names = PEERS if arguments.command == "all" else (arguments.command,)
    # In `all`, a peer the config leaves out is not started; the practice peer needs a MESH to poll.
    if arguments.command == "all":
        names = tuple(name for name in names if name != "practice" or "practice" in config)
    asyncio.run(_serve_peers(names, config, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
