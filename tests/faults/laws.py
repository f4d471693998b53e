"""Laws and what was found of them."""

from __future__ import annotations

from dataclasses import dataclass, field

SHOWN = 20


@dataclass
class Law:
    """One law: how much was looked at, and what breaks it."""

    name: str
    checked: int = 0
    broken: list[str] = field(default_factory=list)

    def require(self, holds: bool, what: str) -> bool:
        """Looks at one thing."""
        self.checked += 1
        if not holds:
            self.broken.append(what)
        return holds

    def summary(self) -> dict:
        """For the report."""
        return {"law": self.name, "checked": self.checked, "broken": len(self.broken), "examples": self.broken[:SHOWN]}
