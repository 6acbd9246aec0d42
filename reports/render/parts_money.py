"""What was spent, and where it went."""

from __future__ import annotations

from decimal import Decimal

from reports.model import Against, Breakdown, Dimension, Drivers, Header, Line, Mover, Totals
from reports.render import cells
from reports.render.document import Cell, Chart, Column, Part, Table
from reports.values import Known, Money, Section, Unknown, total
from reports.words import Words

DAYS_CHART = "days.png"
WEEKS_CHART = "weeks.png"
_LEAST = Decimal("0.005")
"""What rounds to nothing is no cause worth naming."""
_TITLES = {
    Dimension.SERVICE: "by_service",
    Dimension.MODEL: "by_model",
    Dimension.ENVIRONMENT: "by_environment",
    Dimension.OWNER: "by_owner",
    Dimension.PRODUCT: "by_product",
}


def totals(found: Section[Totals], header: Header, words: Words) -> Part:
    title = words("totals")
    if isinstance(found, Unknown):
        return Part("totals", title, missing=words.say(found.sentence))
    value = found.value
    month_ago = header.week.back(4)
    rows: list[tuple[Cell, ...]] = [(words("this_week"), cells.money(value.spent), "", "")]
    for name, against in (
        (words("last_week"), value.last_week),
        (words("last_month", number=month_ago.number), value.same_week_of_last_month),
    ):
        rows.append((name, cells.known(against.before, cells.money, words), *_changes(against, words)))
    notes = cells.reasons(words, value.last_week.before, value.same_week_of_last_month.before)
    if value.compared_days < len(value.days):
        notes = (*notes, words("compared", n=value.compared_days))
    table = Table("totals", "", cells.columns(words, "span", "amount change change_share"), tuple(rows))
    return Part("totals", title, tables=(table,), charts=_charts(value, words), notes=notes)


def _charts(value: Totals, words: Words) -> tuple[Chart, ...]:
    if len(value.weeks) < 2:
        return (_days(value, words),)
    told = tuple(f"{week} {cells.money(amount).text}" for week, amount in value.weeks)
    return (
        _days(value, words),
        Chart(WEEKS_CHART, words("chart_weeks"), words("alt_weeks", weeks=told)),
    )


def _days(value: Totals, words: Words) -> Chart:
    told = [
        f"{words.day(day.day)} {cells.money(day.spent).text if day.spent is not None else words('unknown')}"
        for day in value.days
    ]
    legend = [("spent", words("legend_spent"))]
    if any(day.saved is not None for day in value.days):
        legend.append(("saved", words("legend_saved")))
    if any(day.before is not None for day in value.days):
        legend.append(("before", words("legend_before")))
    return Chart(DAYS_CHART, words("chart_days"), words("alt_days", days=tuple(told)), tuple(legend))


def breakdowns(found: Section[tuple[Breakdown, ...]], words: Words) -> Part:
    title = words("breakdowns")
    if isinstance(found, Unknown):
        return Part("breakdowns", title, missing=words.say(found.sentence))
    return Part("breakdowns", title, tables=tuple(_breakdown(one, words) for one in found.value))


def _breakdown(one: Breakdown, words: Words) -> Table:
    rows = tuple(_line(line, words) for line in one.lines)
    foot = _sum(words("total"), one.lines, words)
    columns = cells.columns(words, "name", "amount before change")
    return Table(one.dimension.value, words(_TITLES[one.dimension]), columns, rows, foot, bar="amount")


def _line(line: Line, words: Words) -> tuple[Cell, ...]:
    before = cells.known(line.amount.before, cells.money, words)
    change = cells.maybe(line.amount.change, cells.change, words)
    return line.name or words("untagged_name"), cells.money(line.amount.now), before, change


def _sum(name: str, lines: tuple[Line, ...], words: Words) -> tuple[Cell, ...]:
    now = total((line.amount.now for line in lines), _currency(lines))
    earlier = [line.amount.before.value for line in lines if isinstance(line.amount.before, Known)]
    if len(earlier) < len(lines):
        return name, cells.money(now), words("unknown"), words("unknown")
    before = total(earlier, now.currency)
    return name, cells.money(now), cells.money(before), cells.change(now - before)


def _currency(lines: tuple[Line, ...]) -> str:
    return lines[0].amount.now.currency if lines else "USD"


def movers(found: Section[tuple[Mover, ...]], words: Words) -> Part:
    title = words("movers")
    if isinstance(found, Unknown):
        return Part("movers", title, missing=words.say(found.sentence))
    if not found.value:
        return Part("movers", title, says=(words("movers_none"),))
    columns = (*cells.columns(words, "name", "amount change"), Column("why", words("col_why")))
    rows = tuple(
        (
            mover.line.name or words("untagged_name"),
            cells.money(mover.line.amount.now),
            cells.maybe(mover.line.amount.change, cells.change, words),
            why(mover, words),
        )
        for mover in found.value
    )
    return Part("movers", title, tables=(Table("movers", "", columns, rows),))


def why(mover: Mover, words: Words) -> str:
    """``hours +$12.00, price −$3.00``: the greatest cause first, without those that round to nothing."""
    line = mover.line
    if isinstance(line.amount.before, Known) and not line.amount.before.value.amount:
        return words("why_new")
    if not line.amount.now.amount:
        return words("why_gone")
    if isinstance(line.drivers, Unknown):
        return words.say(line.drivers.sentence)
    return words.names([words(key, amount=amount) for key, amount in _causes(line.drivers.value, mover.dimension)])


def _causes(drivers: Drivers, dimension: Dimension) -> list[tuple[str, Money]]:
    """A product of the bill is used in many units, of which hours are one."""
    used = "why_use" if drivers.count is None or dimension is Dimension.PRODUCT else "why_hours"
    named: list[tuple[str, Money]] = [("why_price", drivers.price)]
    named.append((used, drivers.hours))
    if drivers.count is not None:
        named.append(("why_count", drivers.count))
    told = [(key, amount) for key, amount in named if abs(cells.money(amount).value) >= _LEAST]
    return sorted(told, key=lambda one: -abs(one[1].amount))


def _changes(against: Against, words: Words) -> tuple[Cell, Cell]:
    return (
        cells.maybe(against.change, cells.change, words),
        cells.maybe(against.change_share, cells.change_share, words),
    )
