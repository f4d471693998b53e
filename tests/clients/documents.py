"""Runs what the documents tell an integrator to run, in order, and compares what is printed with what they show."""

from __future__ import annotations

import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import markdown
from programs import Wrong
from suite import ROOT, Suite

INTEGRATORS = ROOT / "docs/integrators"
PATIENCE = 120.0
UPDATE = os.environ.get("EHUB_UPDATE_DOCS") == "1"


class Shell:
    """A shell that goes on from block to block, as a reader's terminal does."""

    def __init__(self, world: Path, folder: Path) -> None:
        self._folder, self._count = folder, 0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("EHUB_")}
        environment |= {"EHUB_WORLD": str(world), "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, block: str) -> tuple[int, str, str]:
        """Runs a block; its last exit code, what it printed, and what it said beside."""
        self._count += 1
        script = self._folder / f"{self._count}.sh"
        out, errors = script.with_suffix(".out"), script.with_suffix(".err")
        script.write_text(block)
        self._process.stdin.write(f'. "{script}" >"{out}" 2>"{errors}" </dev/null; echo "$?"\n')
        self._process.stdin.flush()
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(self._process.stdout.readline)
            try:
                code = waiting.result(PATIENCE).strip()
            except TimeoutError:
                self._process.kill()
                return -1, out.read_text(), errors.read_text() + f"\nnot done in {PATIENCE} s"
        if not code:
            return -1, out.read_text(), errors.read_text() + "\nthe shell ended"
        return int(code), out.read_text(), errors.read_text()

    def close(self) -> None:
        """Ends the shell."""
        self._process.stdin.close()
        self._process.wait(10)


def play(path: Path, world: Path) -> int:
    """Runs one document in a shell of its own; how many blocks there were."""
    commands = markdown.commands(path)
    written: list[tuple[markdown.Block, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(world, Path(folder))
        try:
            for command in commands:
                code, out, errors = shell.run(command.sh.body)
                shown = f"{path.relative_to(ROOT)}:\n{command.sh.body}exit code {code}\n{out}{errors}"
                if (code != 0) is not command.fails:
                    raise Wrong(f"{'not refused' if command.fails else 'failed'}: {shown}")
                if command.output is None:
                    continue
                got = out or errors
                if UPDATE:
                    written.append((command.output, got if got.endswith("\n") else got + "\n"))
                elif wrong := markdown.differs(command.output, got):
                    raise Wrong(f"another answer than the document shows: {shown}\n" + "\n".join(wrong))
        finally:
            shell.close()
    if UPDATE:
        rewrite(path, written)
    return len(commands)


def rewrite(path: Path, written: list[tuple[markdown.Block, str]]) -> None:
    """Puts what was printed into the document; a block that was shortened by hand and still fits stays."""
    text = path.read_text()
    for block, got in reversed(written):
        if markdown.differs(block, got):
            text = text[: block.start] + got + text[block.end :]
    path.write_text(text)


def integrators(_: Suite, world: Path) -> str:
    """Every document for integrators, each in its own shell, side by side."""
    paths = sorted(INTEGRATORS.glob("*.md"))
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda path: play(path, world), paths))
    if not all(counts):
        raise Wrong("a document without a command: " + str(dict(zip(paths, counts, strict=True))))
    return f"{sum(counts)} blocks of commands in {len(paths)} documents"


def readme(suite: Suite, world: Path) -> str:
    """README's commands for looking around, its integrator's script with what that prints, and the snippet as it stands."""
    from clients import submitted

    path = ROOT / "README.md"
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text().splitlines() if line[:1].isalpha()}
    consultation, ran, compared = submitted(world), 0, []
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(world, Path(folder))
        try:
            for command in markdown.commands(path):
                printed = ""
                for line in command.sh.body.splitlines():
                    if line.startswith("make "):
                        if line.split()[1] not in targets:
                            raise Wrong(f"README: there is no such target: {line}")
                        continue
                    code, out, errors = shell.run(line.replace("<consultation>", consultation))
                    if code:
                        raise Wrong(f"README: {line}\nexit code {code}\n{out}{errors}")
                    ran, printed = ran + 1, printed + out
                if command.output:
                    compared.append((command.output, printed))
            ran += heart(shell)
        finally:
            shell.close()
    if ran < 5 or not compared:
        raise Wrong(f"only {ran} commands and {len(compared)} outputs were found in README")
    if UPDATE:
        rewrite(path, compared)
    elif wrong := [line for output, printed in compared for line in markdown.differs(output, printed)]:
        raise Wrong("README's script prints something else than README shows:\n" + "\n".join(wrong))
    return f"{ran} commands of README, {len(compared)} with what it prints"


def heart(shell: Shell) -> int:
    """README's Python snippets, run behind the preparations of the script they are taken from."""
    script = (ROOT / "docs/examples/consultation.py").read_text()
    preparations = script.partition("# 3. Submit")[0].replace("Path(__file__).resolve().parents[2]", f"Path({str(ROOT)!r})")
    stubs = "intake_service = intake_grpc.IntakeServiceStub(channel('intake'))\n"
    stubs += "allocation_service = allocation_grpc.AllocationServiceStub(channel('allocation'))\n"
    snippets = [block.body for block in markdown.blocks((ROOT / "README.md").read_text()) if block.language == "python"]
    for snippet in snippets:
        with tempfile.NamedTemporaryFile("w", suffix=".py") as program:
            program.write(preparations + stubs + snippet + "\nassert claim.grant\n")
            program.flush()
            code, out, errors = shell.run(f"{ROOT}/.local/venv/bin/python {program.name}")
        if code:
            raise Wrong(f"README's snippet: exit code {code}\n{out}{errors}")
    return len(snippets)
