"""What is not yours looks like what is not there: people of other practices, colleagues without a roster, narrow tokens."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from catalogue import Rpc
from coverage import ELSEWHERE
from fixture import ALDER, ALLOCATION, BIRCH, CEDAR, INTAKE, new
from groups_rpc import Attack

# How long a stream is read at least for what it must not show.
WATCHED = 3.0
BOUND = "other practice"
OWN = "other organisation"
LISTED = ("practice-birch", "hub-nobody", "token-elsewhere")


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
        before = self.attack.tables.settled()
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
                kind = BOUND if rule["practices"] else OWN
                kind = ELSEWHERE if stranger == "token-elsewhere" and rpc.grant != "none" else kind
                self.book.note("strangers", rpc.short, "not yours is as not there", got, wrong, _who(stranger), kind)
        self._lists()
        self._submit()
        self._organisations()
        changed = self.attack.tables.changed(before)
        self.book.note("strangers", "the suite", "rows stored, changed or taken away by strangers", "none", "; ".join(changed))
        self._next()
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
            own, *answers = self._at_once(rpc, wide, secrets)
            shown = own.ok and any(secret in own.body for secret in secrets)
            if name == "ListPrescriptions":
                wide.consultation = fx.main
                shown = any(secret in self.go(rpc, wide, self.as_usual(rpc)).body for secret in secrets)
            if not shown:
                wrong = "the first page of the persona itself holds none of the things looked for, so that this proves nothing"
                self.book.note("strangers", rpc.short, "what is not yours is not listed", "not tried", wrong)
                continue
            for who, answer in zip(LISTED, answers, strict=True):
                seen = [secret.decode() for secret in secrets if secret in answer.body]
                wrong = f"shows {seen[0]}" if seen else "; ".join(self.book.manners(answer))
                got = "nothing of it" if answer.ok else f"{answer.code} {answer.reason}"
                self.book.note("strangers", rpc.short, "what is not yours is not listed", got, wrong, _who(who), BOUND)

    def _at_once(self, rpc: Rpc, message, secrets: list[bytes]) -> list:
        """What the persona and each stranger see; streams until a secret shows, for strangers three times as long."""
        callers, began = [], time.monotonic()
        own = self._all_of(rpc, message, self.as_usual(rpc), secrets, 40)
        longer = max(WATCHED, 3 * (time.monotonic() - began))
        for who in LISTED:
            if who == "practice-birch":
                callers.append(self.minted(self.everything("practice-birch")))
            else:
                callers.append([one for one in self._stranger(rpc, who) if one[0] != "ehub-grant"])
        with ThreadPoolExecutor(len(callers)) as pool:
            ask = lambda metadata: self._all_of(rpc, message, metadata, secrets, longer)  # noqa: E731
            return [own, *pool.map(ask, callers)]

    def _all_of(self, rpc: Rpc, message, metadata, secrets: list[bytes], seconds: float):
        if not rpc.stream:
            return self.go(rpc, message, metadata)
        return self.fx.wire.call(rpc.service, rpc.path, message, metadata, seconds, stream=True, seek=secrets)

    def _submit(self) -> None:
        """For a practice that the token does not name."""
        method = f"{INTAKE}.IntakeService/SubmitConsultation"
        metadata = self.minted(self.everything("supplier", ehub_practices=[CEDAR]))
        answer = self.fx.wire.call("intake", "/" + method, self.fx.submission(ALDER), metadata)
        short, case = method.removeprefix("ehub."), "for a practice that the token does not name"
        self.book.answer("strangers", short, case, answer, "PERMISSION_DENIED", "PRACTICE_NOT_ALLOWED", kind=BOUND)

    def _next(self) -> None:
        """What waits for a practice is not given to who may not work for it."""
        fx, method = self.fx, f"{ALLOCATION}.AllocationService/ClaimNext"
        fx.released(*fx.item())
        ask = lambda: fx.request(method, request_id=new(), skills=["gp"], practices_ods=[ALDER])  # noqa: E731
        nobody = self.minted(self.everything("gp-anna", sub="attack-nobody", ehub_name="Nobody"))
        elsewhere = self.minted(self.everything("gp-anna", ehub_practices=[CEDAR]))
        short, case = method.removeprefix("ehub."), "the next of another practice"
        for who, metadata in [("hub-nobody", nobody), ("token-elsewhere", elsewhere)]:
            answer = fx.wire.call("allocation", "/" + method, ask(), metadata)
            claimed = answer.ok and fx.read(method, answer).HasField("claim")
            wrong = "it was given" if claimed else "; ".join(self.book.manners(answer))
            self.book.note("strangers", short, case, "nothing", wrong, _who(who), BOUND)
        own = fx.read(method, fx.call(method, ask(), "gp-anna"))
        wrong = "" if own.HasField("claim") else "nothing was given to who may either, so that this proves nothing"
        self.book.note("strangers", short, "the next of one's own practice", "a claim", wrong)
        if own.HasField("claim"):
            fx.released(own.claim.item.consultation, own.claim.grant)

    def _organisations(self) -> None:
        """What an organisation has made for itself, by a person of another with every scope."""
        metadata = self._stranger(self.rpcs[0], "other-hub")
        for rpc in self.rpcs:
            if self.rule(rpc)["practices"] or not self.rule(rpc)["bound"] or rpc.names:
                continue
            message = rpc.good(self.fx)
            if rpc.mutates:
                answer = self.go(rpc, message, metadata)
                codes = ("INVALID_ARGUMENT", "NOT_FOUND", "PERMISSION_DENIED", "FAILED_PRECONDITION")
                case = "to change what is another organisation's"
                self.book.answer("strangers", rpc.short, case, answer, codes, about=_who("other-hub"), kind=OWN)
                continue
            message.page_size = 500
            mine = self.go(rpc, message, self.as_usual(rpc))
            theirs = self.go(rpc, message, metadata)
            wrong = "" if mine.ok and len(mine.body) > 8 else f"nothing to see for its owner either: {mine}"
            rows = self.fx.read(rpc.method, mine).ListFields()[0][1] if not wrong else []
            # A practice sees what concerns itself, whoever made it.
            others = [row.SerializeToString() for row in rows if BIRCH.encode() not in row.SerializeToString()]
            seen = [row for row in others if theirs.ok and row in theirs.body]
            wrong = wrong or ("shows what is another organisation's" if seen else "; ".join(self.book.manners(theirs)))
            got = "nothing of it" if theirs.ok else f"{theirs.code} {theirs.reason}"
            case = "what is another organisation's is not listed"
            self.book.note("strangers", rpc.short, case, got, wrong, _who("other-hub"), OWN)

    def _until_cora_sees_only_cedar(self) -> None:
        end = time.monotonic() + 60
        reads = ("GetConsultation", "GetWorkItem", "GetEntry", "GetPrescription")
        watched = [rpc for rpc in self.rpcs if rpc.short.split("/")[1] in reads]
        while time.monotonic() < end:
            seen = [self.go(rpc, rpc.good(self.fx), self.fx.bearer("admin-cora")).code for rpc in watched]
            if set(seen) == {"NOT_FOUND"}:
                return
            time.sleep(0.2)
        raise RuntimeError("the roster that was taken from admin-cora is not heard of")

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
