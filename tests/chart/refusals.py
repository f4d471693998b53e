"""What is refused is refused in words; and what the services refuse of their configuration, the chart refuses before them."""

from __future__ import annotations

import re

from helm import PROFILES, ROOT, Refused, put, template
from refusal_cases import ANYWHERE, MALFORMED, NOTHING_GIVEN, PRODUCTION, UNSEEN, Case

SPEAKERS = ("libs/host/src/config.rs", "libs/auth/src/config/check.rs")
LITERAL = re.compile(r'"((?:\\.|[^"\\])*)"')
# A sentence names a key first.
SENTENCE = re.compile(
    r"(auth|server|database|service|services|issuer|algorithms|typ|claims|jwks|refresh|subject_prefix|pages_key|max_lifetime)\b[\w.]*\S* "
)


def in_words() -> list[str]:
    """What lacks, or cannot run, is said in words and all at once."""
    wrong = _nothing_given()
    for profile, cases in (("dev", ANYWHERE), ("dev", MALFORMED), ("ha", PRODUCTION)):
        for together in rounds(cases):
            wrong += _refused(profile, together)
    print(f"    values refused: {len(ANYWHERE) + len(MALFORMED)} in any profile, {len(PRODUCTION)} in production")
    return wrong + spoken()


def _nothing_given() -> list[str]:
    try:
        template()
        return ["an installation without any value is rendered"]
    except Refused as refused:
        said = str(refused)
    return [
        f"an installation without any value is refused without a word about {case.words}"
        for case in NOTHING_GIVEN
        if case.words not in said
    ]


def rounds(cases: list[Case]) -> list[list[Case]]:
    """Cases that can be told apart in one rendering: none sets what another of them sets otherwise."""
    rounds: list[list[Case]] = []
    for case in cases:
        for together in rounds:
            if not any(_meet(case, other) for other in together):
                together.append(case)
                break
        else:
            rounds.append([case])
    return rounds


def _meet(one: Case, other: Case) -> bool:
    if one.alone or other.alone:
        return True
    if one.path == other.path and one.value == other.value and one.words != other.words:
        return False
    mine, theirs = f"{one.path}.", f"{other.path}."
    # The same words may not come from two cases, nor a case's words be another's effect.
    return mine.startswith(theirs) or theirs.startswith(mine) or one.words == other.words


def _refused(profile: str, cases: list[Case]) -> list[str]:
    values: dict = {}
    for case in cases:
        _put(values, case)
    try:
        template(*PROFILES[profile], values=values)
        said = ""
    except Refused as refused:
        said = str(refused)
    return [
        f"{case.path} = {case.value!r} is {f'refused without {case.words!r}: {said[:600]}' if said else 'rendered'}"
        for case in cases
        if not said or case.words not in said
    ]


def _put(values: dict, case: Case) -> None:
    path, value = case.path, case.value
    if path.endswith(".0"):
        path, value = path.removesuffix(".0"), [value]
    put(values, path, value)


def sentences() -> dict[str, str]:
    """Every sentence with which a service refuses its configuration, with the file that holds it."""
    found = {}
    files = [*SPEAKERS, *(f"services/{path.parent.parent.name}/src/{path.name}" for path in _of_services())]
    for file in files:
        text = (ROOT / file).read_text().split("#[cfg(test)]")[0]
        text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
        for literal in LITERAL.findall(text):
            sentence = literal.replace('\\"', '"')
            if SENTENCE.match(sentence):
                found[sentence] = file
    return found


def _of_services():
    return sorted([*ROOT.glob("services/*/src/config.rs"), *ROOT.glob("services/*/src/wiring.rs")])


def spoken() -> list[str]:
    """A service's refusal without its case here, and a case whose sentence no service says."""
    cases = {case.says for case in [*NOTHING_GIVEN, *ANYWHERE, *MALFORMED, *PRODUCTION] if case.says}
    said = sentences()
    wrong = [
        f"{file}: the chart renders what the service refuses: {sentence}"
        for sentence, file in said.items()
        if not any(sentence.startswith(known) for known in [*cases, *UNSEEN])
    ]
    wrong += [
        f"tests/chart/refusal_cases.py: no service says {known!r}"
        for known in [*cases, *UNSEEN]
        if not any(sentence.startswith(known) for sentence in said)
    ]
    print(f"    sentences with which services refuse: {len(said)}, of which only they can speak {len(UNSEEN)}")
    return wrong
