"""What is not yours looks like what is not there: people of other practices, colleagues without a roster, narrow tokens."""

from __future__ import annotations

import time

from catalogue import Rpc
from fixture import ALDER, BIRCH, CEDAR, new
from groups_rpc import Attack


class Strangers:
    """Every RPC that names a thing, and every list, by callers who must not learn of it."""

    def __init__(self, attack: Attack) -> None:
        self.attack, self.fx, self.book, self.rpcs = attack, attack.fx, attack.book, attack.rpcs
        self.go, self.as_usual, self.rule = attack.go, attack.as_usual, attack.rule
        self.minted, self.everything = attack.minted, attack.everything

    def run(self) -> None:
        """All of it."""
        self.fx.roster("admin-cora", [CEDAR], "administrator")
        self._until_cora_sees_only_cedar()
        for rpc in self.rpcs:
            rule = self.rule(rpc)
            elsewhere = ["token-elsewhere"] if "person" in rule["callers"] and rpc.strangers and rule["practices"] else []
            for stranger in [*rpc.strangers, *elsewhere]:
                there, absent = self._pair(rpc, stranger)
                same = there.same_as(absent)
                wrong = "" if same else f"there: {there}; not there: {absent}"
                if stranger == "token-elsewhere" and rpc.grant == "required":
                    # Who holds the grant knows that the thing is there; the token must keep them out all the same.
                    same, wrong = True, "" if there.code in ("NOT_FOUND", "PERMISSION_DENIED") else f"got {there}"
                if same and there.code != "NOT_FOUND" and rpc.grant != "required":
                    wrong = f"expected NOT_FOUND, got {there}"
                wrong = "; ".join(filter(None, [wrong, *self.book.manners(there)]))
                got = f"{there.code} {there.reason}"
                self.book.note("strangers", rpc.short, "not yours is as not there", got, wrong, _who(stranger))
        self._lists()
        self.fx.roster("admin-cora", [], "administrator")

    def _lists(self) -> None:
        """No list holds what is not the caller's."""
        fx = self.fx
        secrets = [name.partition("/")[2].encode() for name in (fx.main, fx.emergency, fx.entry.name, fx.prescription.name)]
        for rpc in self.rpcs:
            name = rpc.short.split("/")[1]
            if not self.rule(rpc)["practices"] or not (name.startswith("List") or name == "Watch"):
                continue
            wide = rpc.good(fx).__class__()
            # The persona sees at least one of them, so that an empty answer to the others says something.
            own = self.go(rpc, wide, self.as_usual(rpc))
            shown = own.ok and (name == "Watch" or any(secret in own.body for secret in secrets))
            if name == "ListPrescriptions":
                wide.consultation = fx.main
                shown = any(secret in self.go(rpc, wide, self.as_usual(rpc)).body for secret in secrets)
            if not shown:
                self.book.skip(f"{rpc.short}: lists", "the first page of the persona itself holds none of the things looked for")
                continue
            for who in ("practice-birch", "hub-nobody", "token-elsewhere"):
                if who == "practice-birch":
                    metadata = self.minted(self.everything("practice-birch"))
                else:
                    metadata = [one for one in self._stranger(rpc, who) if one[0] != "ehub-grant"]
                answer = self.go(rpc, wide, metadata)
                seen = [secret.decode() for secret in secrets if secret in answer.body]
                wrong = f"shows {seen[0]}" if seen else "; ".join(self.book.manners(answer))
                got = "nothing of it" if answer.ok else f"{answer.code} {answer.reason}"
                self.book.note("strangers", rpc.short, "what is not yours is not listed", got, wrong, _who(who))

    def _until_cora_sees_only_cedar(self) -> None:
        end = time.monotonic() + 20
        watched = [rpc for rpc in self.rpcs if rpc.short.split("/")[1] in ("GetConsultation", "GetWorkItem", "GetEntry")]
        while time.monotonic() < end:
            seen = [self.go(rpc, rpc.good(self.fx), self.fx.bearer("admin-cora")).code for rpc in watched]
            if set(seen) == {"NOT_FOUND"}:
                break
            time.sleep(0.2)
        # Prescribing hears of it on its own; nothing else shows when.
        time.sleep(1.5)

    def _pair(self, rpc: Rpc, stranger: str):
        metadata = self._stranger(rpc, stranger)
        there = rpc.good(self.fx)
        absent = type(there)()
        absent.CopyFrom(there)
        collection = getattr(there, rpc.names).partition("/")[0]
        setattr(absent, rpc.names, f"{collection}/{new()}")
        if rpc.method.endswith("FileEntry"):
            there.name, absent.name = f"entries/{new()}", f"entries/{new()}"
        if rpc.method.endswith("RaisePrescription"):
            there.name, absent.name = f"prescriptions/{new()}", f"prescriptions/{new()}"
        if rpc.method.endswith("ConvertQuarantined"):
            there.practice_ods = absent.practice_ods = BIRCH
        if rpc.mutates:
            there.request_id, absent.request_id = new(), new()
        return self.go(rpc, there, metadata), self.go(rpc, absent, metadata)

    def _stranger(self, rpc: Rpc, who: str) -> list[tuple[str, str]]:
        if who == "hub-nobody":
            return self.minted(self.everything("gp-anna", sub="attack-nobody", ehub_name="Nobody"))
        if who == "token-elsewhere":
            elsewhere = ALDER if rpc.method.endswith("SettleEntry") else CEDAR
            claims = self.everything(rpc.persona, ehub_practices=[elsewhere])
            return self.minted(claims) + ([("ehub-grant", self.fx.grant)] if rpc.grant != "none" else [])
        if who == "other-hub":
            return self.minted(self.everything("practice-birch", sub="practice-birch"))
        if who == "supplier-two":
            return self.minted(self.everything("supplier", sub="supplier-two", client_id="supplier-two"))
        if who == "admin-cora" and rpc.grant != "none":
            return self.fx.bearer(who, self.fx.cedar_grant)
        return self.fx.bearer(who)


def _who(stranger: str) -> str:
    return {
        "practice-birch": "a person of another practice",
        "practice-cedar": "a person of a third practice",
        "admin-cora": "a colleague of the hub who works for another practice",
        "hub-nobody": "a person of the hub without a roster",
        "other-hub": "a person of another organisation",
        "supplier-two": "another client of the supplier",
        "token-elsewhere": "the holder, by a token for another practice only",
    }[stranger]
