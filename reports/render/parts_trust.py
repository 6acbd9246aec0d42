"""What lies ahead and what was bought for it, and how far the figures can be trusted."""

from __future__ import annotations

from reports.model import Header
from reports.render import cells
from reports.render.document import Cell, Column, Figure, Part, Table, Unit
from reports.sections import (
    Anomaly,
    BudgetPace,
    CommitmentKind,
    Commitments,
    Forecast,
    Honesty,
    Recommendation,
    SuiteCost,
    Untagged,
)
from reports.values import Known, Section, Unknown
from reports.words import Words

_KINDS = {CommitmentKind.RESERVED: "reserved", CommitmentKind.SAVINGS_PLANS: "savings_plans"}


def commitments(found: Section[Commitments], words: Words) -> Part:
    title = words("commitments")
    if isinstance(found, Unknown):
        return Part("commitments", title, missing=words.say(found.sentence))
    held = found.value.held
    rows = tuple(
        (
            words(_KINDS[one.kind]),
            cells.known(one.coverage, cells.share, words),
            cells.known(one.utilisation, cells.share, words),
            cells.known(one.net_saving, cells.money, words),
        )
        for one in held
    )
    tables = [Table("held", "", cells.columns(words, "kind", "coverage utilisation net_saving"), rows)] if rows else []
    notes = [
        reason
        for one in held
        for reason in (
            *cells.reasons(words, one.coverage, one.utilisation),
            *cells.reasons(words, one.net_saving),
        )
    ]
    says: tuple[str, ...] = ()
    match found.value.recommended:
        case Known(()):
            says = (words("nothing_to_buy"),)
        case Known(recommended):
            tables.append(_recommended(recommended, words))
        case Unknown(sentence):
            notes.append(words.say(sentence))
    return Part("commitments", title, says, tuple(tables), notes=tuple(dict.fromkeys(notes)))


def _recommended(found: tuple[Recommendation, ...], words: Words) -> Table:
    rows = tuple(
        (
            words(_KINDS[one.kind]),
            one.what,
            cells.money(one.hourly) if one.hourly is not None else "",
            cells.money(one.monthly_saving),
            cells.money(one.upfront),
        )
        for one in found
    )
    columns = cells.columns(words, "kind what", "hourly monthly_saving upfront")
    return Table("to-buy", words("to_buy"), columns, rows)


def anomalies(found: Section[tuple[Anomaly, ...]], words: Words) -> Part:
    title = words("anomalies")
    if isinstance(found, Unknown):
        return Part("anomalies", title, missing=words.say(found.sentence))
    if not found.value:
        return Part("anomalies", title, says=(words("anomalies_none"),))
    rows = tuple(
        (
            one.what,
            words.day(one.since),
            cells.money(one.impact),
            cells.known(one.expected, cells.money, words),
            one.cause,
        )
        for one in found.value
    )
    columns = (*cells.columns(words, "what since", "impact expected"), Column("cause", words("col_cause")))
    return Part("anomalies", title, tables=(Table("anomalies", "", columns, rows),))


def forecast(found: Section[Forecast], budgets: Section[tuple[BudgetPace, ...]], words: Words) -> Part:
    says: list[str] = []
    tables: list[Table] = []
    notes: list[str] = []
    match found:
        case Known(value):
            told = {"month": value.month, "amount": value.amount, "low": value.low, "high": value.high}
            says += [words("forecast_sentence", **told, level=value.level), words.say(value.method)]
        case Unknown(sentence):
            says.append(words.say(sentence))
    match budgets:
        case Known(()):
            notes.append(words("budgets_none"))
        case Known(held):
            rows = tuple(_budget(one, words) for one in held)
            columns = cells.columns(words, "budget", "limit spent pace")
            tables.append(Table("budgets", words("budgets"), columns, rows))
            notes.append(words("pace_means"))
        case Unknown(sentence):
            notes.append(words.say(sentence))
    return Part("forecast", words("forecast"), tuple(says), tuple(tables), notes=tuple(notes))


def _budget(one: BudgetPace, words: Words) -> tuple[Cell, ...]:
    pace = cells.maybe(one.pace, lambda value: Figure(value, Unit.RATIO), words)
    return one.name, cells.money(one.limit), cells.money(one.spent), pace


def untagged(found: Section[Untagged], words: Words) -> Part:
    title = words("untagged")
    if isinstance(found, Unknown):
        return Part("untagged", title, missing=words.say(found.sentence))
    value = found.value
    if not value.amount.amount:
        return Part("untagged", title, says=(words("untagged_nothing"),))
    says = (words("untagged_line", share=value.share, amount=value.amount), words.say(value.mend))
    rows = tuple((tag, cells.money(amount)) for tag, amount in value.missing)
    tables = (Table("tags", "", cells.columns(words, "tag", "without"), rows),) if rows else ()
    return Part("untagged", title, says, tables)


def honesty(found: Section[Honesty], header: Header, words: Words) -> Part:
    title = words("honesty")
    rate = header.rate
    notes: list[str] = []
    if rate is not None:
        told = {"shown": rate.shown, "billed": rate.billed, "value": rate.value, "as_of": rate.as_of}
        notes.append(words("rate_note", **told))
    if isinstance(found, Unknown):
        return Part("honesty", title, missing=words.say(found.sentence), notes=tuple(notes))
    value = found.value
    rows: tuple[tuple[Cell, ...], ...] = (
        (words("spent_before"), cells.money(value.spent)),
        (words("credits"), cells.money(value.credits)),
        (words("refunds"), cells.money(value.refunds)),
        (words("billed"), cells.money(value.billed)),
        (words("attributed"), cells.known(value.attributed, cells.money, words)),
    )
    notes.append(words("estimated", days=value.estimated_days) if value.estimated_days else words("final"))
    if value.missing_days:
        notes.append(words("missing_days", days=value.missing_days))
    notes += [*cells.reasons(words, value.attributed), *(words.say(note) for note in value.notes)]
    columns = (Column("charge", words("charge")), Column("amount", words("col_amount"), is_number=True))
    return Part("honesty", title, tables=(Table("honesty", "", columns, rows),), notes=tuple(notes))


def sources(header: Header, cost: Section[SuiteCost], words: Words) -> Part:
    columns = (
        *cells.columns(words, "source state", "calls cost"),
        Column("says", words("col_says")),
    )
    rows = tuple(
        (
            one.name,
            words(one.state.value),
            cells.count(one.calls),
            cells.money(one.cost) if one.cost is not None else "",
            words.say(one.sentence),
        )
        for one in header.sources
    )
    tables = [Table("sources", "", columns, rows)]
    notes: tuple[str, ...] = ()
    match cost:
        case Known(value):
            lines = tuple((words.say(name), cells.money(amount)) for name, amount in value.lines)
            foot = (words("total"), cells.money(value.amount))
            columns = cells.columns(words, "what", "cost")
            tables.append(Table("suite", words("suite_cost"), columns, lines, foot))
        case Unknown(sentence):
            notes = (f"{words('suite_cost')}: {words.say(sentence)}",)
    return Part("sources", words("sources"), tables=tuple(tables), notes=notes)
