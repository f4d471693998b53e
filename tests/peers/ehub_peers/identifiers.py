"""Checks of national identifiers, written apart from eHub's own so that one can catch the other's mistakes."""

from __future__ import annotations

import re

SHORT_ID = re.compile(r"[A-F0-9]{6}-[A-Z0-9]{6}-[A-F0-9]{5}[A-Z0-9+]")
ODS_CODE = re.compile(r"[A-Z0-9]{3,8}")
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")

_SHORT_ID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+"

# Verhoeff's tables over the dihedral group D5: multiplication by rule, permutation as published.
_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def nhs_number_check_digit(first_nine: str) -> int | None:
    """The modulus 11 check digit, or None when the nine digits have none."""
    total = sum(int(digit) * weight for digit, weight in zip(first_nine, range(10, 1, -1), strict=True))
    check = (11 - total % 11) % 11
    return None if check == 10 else check


def is_nhs_number(text: str) -> bool:
    """Ten digits with the right check digit."""
    return bool(re.fullmatch(r"[0-9]{10}", text)) and nhs_number_check_digit(text[:9]) == int(text[9])


def is_test_nhs_number(text: str) -> bool:
    """A valid number of the range that is never issued, 999 000 0000 to 999 999 9999."""
    return text.startswith("999") and is_nhs_number(text)


def short_id_check_character(first_seventeen: str) -> str:
    """ISO 7064 MOD 37-2 with `+` in the place of `*`, as the Electronic Prescription Service uses it."""
    remainder = 0
    for character in first_seventeen:
        remainder = (remainder + int(character, 36)) * 2 % 37
    return _SHORT_ID_ALPHABET[(38 - remainder) % 37]


def is_short_id(text: str) -> bool:
    """A short-form prescription id: its shape and its check character."""
    plain = text.replace("-", "")
    return bool(SHORT_ID.fullmatch(text)) and short_id_check_character(plain[:17]) == plain[17]


def _dihedral(left: int, right: int) -> int:
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - 5 - right) % 5 + 5 if right < 5 else (left - right) % 5


def is_snomed_id(text: str) -> bool:
    """Six to eighteen digits that end in Verhoeff's check digit."""
    if not re.fullmatch(r"[1-9][0-9]{5,17}", text):
        return False
    check = 0
    for position, digit in enumerate(reversed(text)):
        value = int(digit)
        for _ in range(position % 8):
            value = _PERMUTATION[value]
        check = _dihedral(check, value)
    return check == 0
