"""Amounts as people read them."""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_SMALL = Decimal("0.0001")


def usd(micro: int) -> str:
    """`$1.25`; an amount below a cent keeps up to four places, `$0.0031`, so that it shows."""
    amount = abs(Decimal(micro)) / 1_000_000
    sign = "-" if micro < 0 else ""
    if amount >= _CENT or not amount:
        return f"{sign}${amount.quantize(_CENT, ROUND_HALF_UP):,}"
    if amount < _SMALL:
        return f"{sign}<${_SMALL}"
    places = f"{amount.quantize(_SMALL, ROUND_HALF_UP):f}".rstrip("0")
    return f"{sign}${places.ljust(len('0.00'), '0')}"
