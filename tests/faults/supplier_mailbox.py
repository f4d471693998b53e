"""The supplier's MESH mailbox: sends a report of an online consultation with a word of its own."""

from __future__ import annotations

import html

from mailbox_of_supplier import Mesh
from messages import Report
from suite import Suite


class Mailbox:
    """Called with a patient and a word, it sends; MESH's id comes back."""

    text = "My back is stiff, worse in the mornings & on stairs."

    def __init__(self, suite: Suite) -> None:
        self._mesh = Mesh(suite)

    def __call__(self, who: dict, word: str) -> str:
        report = Report(
            nhs_number=who["nhs_number"], canary=word, practice=who["practice"], family=who["family_name"],
            birth_date=who["birth_date"], text=html.escape(self.text),
        )  # fmt: skip
        return self._mesh.send(report.xml())
