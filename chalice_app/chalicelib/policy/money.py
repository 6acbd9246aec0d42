"""Money as the language writes it: ``1.00 USD``. Refuses amounts without a currency and currencies without a code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.policy.problems import ScalarError, nearest_word

# ISO 4217, active codes of countries and unions (no funds, metals or test codes), by number of decimals.
_TWO_DECIMALS = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS
KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG
"""
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"

DECIMALS_OF = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}

MONEY_PATTERN = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})? [A-Z]{3}$"
_MONEY = re.compile(MONEY_PATTERN)
_BARE = re.compile(r"^[0-9]+([.,][0-9]+)?$")
_SIGNED = re.compile(r"^([$€£¥₩])\s*([0-9]+(?:\.[0-9]+)?)$")
_WHICH = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen or yuan", "₩": "won"}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a named currency; ``currency`` is an ISO 4217 code."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def parse_money(text: str) -> Money:
    """``1.00 USD`` -> Money. Raises ScalarError."""
    if signed := _SIGNED.match(text):
        sign, amount = signed.groups()
        raise ScalarError("LC035", f"which {_WHICH[sign]}? write the ISO code: {amount} USD, with your currency")
    if _BARE.match(text):
        raise ScalarError("LC035", f"{text} of which currency? write {text} USD")
    if not _MONEY.fullmatch(text):
        raise ScalarError("LC035", "write an amount, a space and an ISO 4217 currency: 1.00 USD")
    amount, _, currency = text.partition(" ")
    if currency not in DECIMALS_OF:
        meant = nearest_word(currency, DECIMALS_OF)
        hint = f"; did you mean {meant}?" if meant else ""
        raise ScalarError("LC035", f"{currency} is not an ISO 4217 currency{hint}")
    decimals, allowed = len(amount.partition(".")[2]), DECIMALS_OF[currency]
    if decimals > allowed:
        has = f"has {allowed} decimals" if allowed else "has no decimals"
        raise ScalarError("LC035", f"{currency} {has}: write {Decimal(amount):.{allowed}f} {currency}")
    return Money(Decimal(amount), currency)
