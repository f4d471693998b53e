"""Watches that were opened before the issuer changed its keys: each ends with its token, and with nothing else."""

from __future__ import annotations

import time

from fixture import ALDER
from keys import Key, jws
from stage import Stage
from streams import Watching

# Seconds: a token that ends while the keys change; and how much later than its token a stream may end.
SHORT, LATE = 6, 2


class OpenStreams:
    """For each of the issuer's keys a stream, and one more whose token ends soon; one of the other issuer."""

    def __init__(self, stage: Stage, keys: dict[str, Key]) -> None:
        self.stage, self.report = stage, stage.report
        self.open = {f"a token of {name}": Watching(stage, self._metadata(key)) for name, key in keys.items()}
        self.open["a token of the other issuer"] = Watching(stage, stage.minted("gp-anna"))
        self.exp = int(time.time()) + SHORT
        self.short = {f"a short token of {name}": Watching(stage, self._metadata(key, exp=self.exp)) for name, key in keys.items()}
        for name, stream in {**self.open, **self.short}.items():
            self.report.expect(stream.snapshot().ok, f"a stream opens with {name}", stream.ended)

    def _metadata(self, key: Key, **changes) -> list[tuple[str, str]]:
        token = jws({"alg": key.alg, "typ": "at+jwt", "kid": key.kid}, self.stage.provider.claims("olga", **changes), key)
        return [("authorization", "Bearer " + token)]

    def judged(self, removed: Key, added: Key) -> None:
        """After the old key has gone: long tokens' streams still live, short ones' have ended, and no new one opens with it."""
        submitted = self.stage.fx.submitted(ALDER)
        for name, stream in self.open.items():
            try:
                self.stage.until(lambda s=stream: s.shows(submitted), f"the stream with {name}", 20)
            except RuntimeError as error:
                self.report.expect(False, "a rotation cuts no good stream", f"{error}; it ended: {stream.ended or 'no'}")
            self.report.expect(not stream.ended, f"a rotation leaves the stream with {name} open", stream.ended)
            self.report.count("rotation: streams that went on")
            stream.close()
        for name, stream in self.short.items():
            stream.ends(self.report, f"the stream with {name}", self.exp, LATE)
        for name, key, opens in (("the removed key", removed, False), ("the new key", added, True)):
            stream = Watching(self.stage, self._metadata(key))
            answer = stream.snapshot()
            good = answer.ok if opens else (answer.code, answer.reason, answer.body) == ("UNAUTHENTICATED", "TOKEN_INVALID", b"")
            self.report.expect(good, f"a stream {'opens' if opens else 'does not open'} with {name}", answer)
            stream.close()
