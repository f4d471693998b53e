"""The issuer changes its keys while calls run: no good call fails, the old key goes in time, nobody can hammer the key set."""

from __future__ import annotations

import time

from bad_forms import bearer
from keys import Key, jws
from load import ASKED, Load, Renewed
from open_streams import OpenStreams
from provider import OVERLAP, REFRESH
from stage import Stage
from suite import SERVICES

# Beyond the documented bound a loaded machine may take this much longer before it is a finding; beside builds, more.
GRACE = {False: 5, True: 30}
FLOOD = 60


class Rotation:
    """The group."""

    def __init__(self, stage: Stage, quick: bool) -> None:
        self.stage, self.report, self.quick = stage, stage.report, quick
        self.provider = stage.provider

    def run(self) -> None:
        """A rotation as an issuer does it, a flood, and in the full run key sets that cannot be read."""
        with Load(self.stage, Renewed(self.stage, "olga")) as load:
            self.rotate()
            self.flood()
            if not self.quick:
                for mode in ("broken", "slow", "huge", "wrong", "moved"):
                    self.unreadable(mode)
        load.judged("rotation")

    def _token(self, key: Key) -> str:
        header = {"alg": key.alg, "typ": "at+jwt", "kid": key.kid}
        return jws(header, self.provider.claims("olga"), key)

    def _code(self, service: str, token: str) -> str:
        rpc = self.stage.rpc(ASKED[service])
        return self.stage.go(rpc, self.stage.request(rpc), bearer(token)).code

    def _until(self, key: Key, accepted: bool, what: str) -> float:
        """The seconds until the last service accepts, or refuses, what a key has signed: the same token, and new ones."""
        began, kept = time.monotonic(), self._token(key)
        for service in SERVICES:
            for token in (lambda: kept, lambda: self._token(key)):
                good = lambda s=service, t=token: (self._code(s, t()) != "UNAUTHENTICATED") == accepted  # noqa: E731
                self.stage.until(good, f"{service} to {what}")
        return round(time.monotonic() - began, 1)

    def rotate(self) -> None:
        """The new key is published, then signs, then the old one goes; streams that were opened before go on."""
        old, new = self.provider.elliptic, Key.elliptic("ec-2")
        streams = OpenStreams(self.stage, {"the key that stays": self.provider.rsa, "the key that goes": old})
        self.report.expect(self._code("intake", self._token(new)) == "UNAUTHENTICATED", "a key that is not published yet is refused")
        self.provider.publish([self.provider.rsa, old, new], old)
        taken = self._until(new, True, "accept the new key")
        self.report.counts["rotation: seconds until the new key counted"] = taken
        self.report.expect(taken <= REFRESH + GRACE[self.quick], "the new key counts within one refresh", taken)
        self.provider.publish([self.provider.rsa, old, new], new)
        for service in SERVICES:
            good = self._code(service, self._token(old)) != "UNAUTHENTICATED" and self._code(service, self._token(new)) != "UNAUTHENTICATED"
            self.report.expect(good, f"{service}: both keys count while both are published")
        self.provider.publish([self.provider.rsa, new], new)
        self.report.expect(self._code("intake", self._token(old)) != "UNAUTHENTICATED", "what the old key signed a moment ago still counts")
        gone = self._until(old, False, "refuse the retired key")
        self.report.counts["rotation: seconds until the retired key was refused"] = gone
        self.report.expect(gone <= REFRESH + OVERLAP + GRACE[self.quick], "the retired key is refused within refresh and overlap", gone)
        self.provider.elliptic = new
        streams.judged(old, new)

    def flood(self) -> None:
        """Unknown key ids do not make anybody fetch: the pace of the key set's readings stays what it was."""
        before, began = self.provider.fetches(), time.monotonic()
        sent = 0
        while sent < FLOOD or time.monotonic() - began < REFRESH * (1 if self.quick else 3):
            token = self._token(Key("nobody-" + str(sent), "ES256", self.provider.elliptic.secret))
            for service in SERVICES:
                self.report.expect(self._code(service, token) == "UNAUTHENTICATED", f"{service}: an unknown key id")
            sent += 1
        elapsed = time.monotonic() - began
        fetched = self.provider.fetches() - before
        # Each service reads once in an interval, which is up to a tenth shorter than configured.
        most = len(SERVICES) * (elapsed / (REFRESH * 0.9) + 1)
        self.report.count("rotation: calls with unknown key ids", sent * len(SERVICES))
        self.report.counts["rotation: key set readings during the flood"] = fetched
        self.report.expect(fetched <= most, "the flood causes no reading", f"{fetched} in {elapsed:.0f} s")

    def unreadable(self, mode: str) -> None:
        """A key set that cannot be read leaves the good keys in use; the load above says whether it does."""
        before = self.provider.fetches()
        self.provider.order("mode", mode=mode)
        self.stage.until(lambda: self.provider.fetches() >= before + len(SERVICES) * 2, f"readings of a {mode} key set")
        for service in SERVICES:
            code = self._code(service, self._token(self.provider.elliptic))
            self.report.expect(code != "UNAUTHENTICATED", f"{service}: good tokens while the key set is {mode}", code)
        self.provider.order("mode", mode="normal")
        self.report.count("rotation: key sets that could not be read")
