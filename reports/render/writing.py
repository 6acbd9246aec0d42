"""From the report to its document in one language: the headline, the tiles, what to do, and all sections in order."""

from __future__ import annotations

from decimal import Decimal
from zoneinfo import ZoneInfo

from reports.model import WeeklyReport
from reports.render import cells, parts_money, parts_trust, parts_use
from reports.render.document import Document, Part, Tile, Tone
from reports.sections import Forecast, Savings, Untagged, Waste
from reports.values import Known, Money, Section, Unknown
from reports.words import Words, words

MOST_TO_DO = 4
DAYS_OF_WEEK = 7
UNTAGGED_WORTH_SAYING = Decimal("0.05")
"""Of the bill. Below it nobody need do anything this week."""
PACE_WORTH_SAYING = Decimal("1.1")


def document(report: WeeklyReport, language: str) -> Document:
    """Raises ReportError for a language that there is not."""
    say = words(language)
    header = report.header
    week = header.week
    span = say("span", first=week.days[0], last=week.days[-1])
    zone: ZoneInfo = week.zone
    made = header.generated_at.astimezone(zone)
    return Document(
        language=language,
        title=say("title", team=header.team, number=week.number),
        subject=_subject(report, say),
        team=header.team,
        week=say("week_name", number=week.number, year=str(week.year)),
        span=say("zone_note", span=span, zone=zone.key),
        headline=_headline(report, say),
        tiles=_tiles(report, say),
        todo_title=say("todo"),
        todo=_todo(report, say),
        parts=_parts(report, say),
        closing=(say("made", at=f"{made:%Y-%m-%d %H:%M %Z}"), say("unsubscribe")),
        others=say.texts["and_others"],
        unknown=say("unknown"),
        link=header.link or "",
        link_text=say("kept_at", link=header.link) if header.link else "",
    )


def _parts(report: WeeklyReport, say: Words) -> tuple[Part, ...]:
    return (
        parts_money.totals(report.totals, report.header, say),
        parts_money.movers(report.movers, say),
        parts_use.savings(report.savings, report.totals, say),
        parts_use.waste(report.waste, say),
        parts_money.breakdowns(report.breakdowns, say),
        parts_use.gpu_hours(report.gpu_hours, say),
        parts_use.unit_costs(report.unit_costs, say),
        parts_use.spot(report.spot, say),
        parts_trust.commitments(report.commitments, say),
        parts_trust.anomalies(report.anomalies, say),
        parts_trust.forecast(report.forecast, report.budgets, say),
        parts_trust.untagged(report.untagged, say),
        parts_trust.honesty(report.honesty, report.header, say),
        parts_trust.sources(report.header, report.suite_cost, say),
    )


def _subject(report: WeeklyReport, say: Words) -> str:
    number, team = report.header.week.number, report.header.team
    match report.totals, report.savings:
        case Known(totals), Known(savings):
            return say("subject", team=team, spent=totals.spent, saved=savings.amount, number=number)
        case _:
            return say("subject_unknown", team=team, number=number)


def _headline(report: WeeklyReport, say: Words) -> tuple[str, ...]:
    said = [_spent(report, say)]
    if isinstance(report.savings, Known):
        said.append(_saved(report.savings.value, say))
    if isinstance(report.waste, Known):
        said.append(_wasted(report.waste.value, say))
    if isinstance(report.forecast, Known):
        said.append(say("forecast_line", **_of(report.forecast.value)))
    return tuple(said)


def _spent(report: WeeklyReport, say: Words) -> str:
    if isinstance(report.totals, Unknown):
        return say("spent_unknown")
    against = report.totals.value.last_week
    if not against.now.amount and isinstance(against.before, Known) and not against.before.value.amount:
        return say("quiet")
    if against.change is None or against.change_share is None:
        return say("spent_first", spent=against.now)
    key = "spent_more" if against.change.amount > 0 else "spent_less" if against.change.amount < 0 else "spent_same"
    change = Money(abs(against.change.amount), against.change.currency)
    return say(key, spent=against.now, change=change, share=abs(against.change_share))


def _saved(value: Savings, say: Words) -> str:
    if value.amount.amount < 0:
        return say("lost_line", lost=-value.amount)
    if value.share is None or not value.amount.amount:
        return say("saved_nothing")
    return say("saved_line", saved=value.amount, share=value.share)


def _wasted(value: Waste, say: Words) -> str:
    if not value.lines:
        return say("waste_none")
    return say("waste_line", amount=value.amount, service=value.lines[0].service)


def _of(value: Forecast) -> dict[str, object]:
    return {"month": value.month, "amount": value.amount, "low": value.low, "high": value.high}


def _tiles(report: WeeklyReport, say: Words) -> tuple[Tile, ...]:
    return (
        _tile_spent(report, say),
        _tile_saved(report.savings, say),
        _tile_waste(report, say),
        _tile_ahead(report, say),
    )


def _tile_spent(report: WeeklyReport, say: Words) -> Tile:
    label = say("tile_spent")
    if isinstance(report.totals, Unknown):
        return Tile("spent", label, None, say("tile_unknown"))
    against = report.totals.value.last_week
    share = against.change_share
    if share is None:
        return Tile("spent", label, cells.money(against.now), say("tile_no_history"))
    tone = Tone.PLAIN if abs(share) < Decimal("0.01") else Tone.BAD if share > 0 else Tone.GOOD
    days = report.totals.value.compared_days
    note = say("tile_change", share=share) + (say("tile_days", n=days) if days < DAYS_OF_WEEK else "")
    return Tile("spent", label, cells.money(against.now), note, tone)


def _tile_saved(found: Section[Savings], say: Words) -> Tile:
    label = say("tile_saved")
    if isinstance(found, Unknown):
        return Tile("saved", label, None, say("tile_unknown"))
    value = found.value
    note = say("tile_saved_share", share=value.share) if value.share is not None else ""
    tone = Tone.GOOD if value.amount.amount > 0 else Tone.BAD if value.amount.amount < 0 else Tone.PLAIN
    return Tile("saved", label, cells.money(value.amount), note, tone)


def _tile_waste(report: WeeklyReport, say: Words) -> Tile:
    label = say("tile_waste")
    if isinstance(report.waste, Unknown):
        return Tile("waste", label, None, say("tile_unknown"))
    idle = report.gpu_hours.value.idle if isinstance(report.gpu_hours, Known) else None
    note = say("tile_idle_hours", hours=idle.value) if isinstance(idle, Known) else ""
    tone = Tone.BAD if report.waste.value.amount.amount else Tone.GOOD
    return Tile("waste", label, cells.money(report.waste.value.amount), note, tone)


def _tile_ahead(report: WeeklyReport, say: Words) -> Tile:
    match report.forecast:
        case Known(value):
            label = say("tile_forecast", month=value.month)
            return Tile(
                "forecast", label, cells.money(value.amount), say("tile_interval", low=value.low, high=value.high)
            )
        case Unknown():
            last = report.header.week.days[-1]
            return Tile("forecast", say("tile_forecast", month=last), None, say("tile_unknown"))


def _todo(report: WeeklyReport, say: Words) -> tuple[str, ...]:
    """What a person can do this week, by what it is worth."""
    found: list[str] = []
    if isinstance(report.anomalies, Known) and report.anomalies.value:
        worst = max(report.anomalies.value, key=lambda one: one.impact.amount)
        found.append(say("todo_anomaly", what=worst.what, amount=worst.impact))
    if isinstance(report.waste, Known) and report.waste.value.lines:
        line = report.waste.value.lines[0]
        key = "todo_waste" if line.who else "todo_waste_nobody"
        found.append(say(key, who=line.who, amount=line.amount, service=line.service, how=line.how))
    if isinstance(report.savings, Known) and report.savings.value.would:
        best = max(report.savings.value.would, key=lambda one: one.amount.amount)
        is_said = f"lifecycle promote {best.policy}" in "".join(found)
        if best.amount.amount > 0 and not is_said:
            found.append(say("todo_would", policy=best.policy, amount=best.amount))
    found += _money_todo(report, say)
    return tuple(found[:MOST_TO_DO])


def _money_todo(report: WeeklyReport, say: Words) -> list[str]:
    found: list[str] = []
    if isinstance(report.budgets, Known):
        fast = [one for one in report.budgets.value if one.pace is not None and one.pace > PACE_WORTH_SAYING]
        for one in fast[:1]:
            found.append(say("todo_budget", name=one.name, pace=f"{one.pace:.2f}"))
    if isinstance(report.commitments, Known) and isinstance(report.commitments.value.recommended, Known):
        for buy in report.commitments.value.recommended.value[:1]:
            found.append(say("todo_buy", what=buy.what, amount=buy.monthly_saving))
    match report.untagged:
        case Known(Untagged() as value) if value.share > UNTAGGED_WORTH_SAYING:
            found.append(say("todo_tags", share=value.share, amount=value.amount))
    return found
