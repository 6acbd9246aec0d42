"""What was saved, what went unused, what ran on GPUs and on Spot."""

from __future__ import annotations

from decimal import Decimal

from reports.model import Day, Totals
from reports.render import cells
from reports.render.document import Cell, Column, Part, Table
from reports.sections import GpuHours, GpuService, Saving, Savings, Spot, UnitCosts, Waste
from reports.values import Known, Section, Unknown
from reports.words import Words


def savings(found: Section[Savings], totals: Section[Totals], words: Words) -> Part:
    title = words("savings")
    if isinstance(found, Unknown):
        return Part("savings", title, missing=words.say(found.sentence))
    value = found.value
    says = [words("savings_line", baseline=value.baseline, actual=value.actual, amount=value.amount)]
    days = totals.value.days if isinstance(totals, Known) else ()
    lost = tuple(day.day for day in days if _lost(day))
    notes = [words("savings_lost_days", days=lost)] if lost else []
    if value.unpriced:
        notes.append(words("unpriced", names=value.unpriced))
    if value.price_sources:
        notes.append(words("price_sources", names=value.price_sources))
    tables = []
    if value.lines:
        foot = (words("total"), "", "", "", cells.money(value.amount), "")
        tables.append(_savings("policies", "", value.lines, foot, words))
    if value.would:
        tables.append(_savings("dry-run", words("would"), value.would, None, words))
    return Part("savings", title, tuple(says), tuple(tables), notes=tuple(notes))


def _lost(day: Day) -> bool:
    return day.saved is not None and day.saved.amount < 0


def _savings(key: str, title: str, lines: tuple[Saving, ...], foot: tuple[Cell, ...] | None, words: Words) -> Table:
    columns = (
        *cells.columns(words, "policy services", "stops hours saved"),
        Column("instead", words("col_instead")),
    )
    rows = tuple(
        (
            line.policy,
            words.names(line.services),
            cells.count(line.stops),
            cells.hours(line.hours),
            cells.money(line.amount),
            words.say(line.counterfactual),
        )
        for line in lines
    )
    return Table(key, title, columns, rows, foot)


def waste(found: Section[Waste], words: Words) -> Part:
    title = words("waste")
    if isinstance(found, Unknown):
        return Part("waste", title, missing=words.say(found.sentence))
    if not found.value.lines:
        return Part("waste", title, says=(words("waste_nothing"),))
    columns = (
        *cells.columns(words, "service", "idle_hours cost"),
        Column("who", words("col_who")),
        Column("how", words("col_how")),
    )
    lines = found.value.lines
    rows = tuple(
        (
            line.service,
            cells.hours(line.idle_hours),
            cells.money(line.amount),
            line.who or words("nobody"),
            words.say(line.how),
        )
        for line in lines
    )
    idle = sum((line.idle_hours for line in lines), Decimal(0))
    foot = (words("total"), cells.hours(idle), cells.money(found.value.amount), "", "")
    return Part("waste", title, tables=(Table("waste", "", columns, rows, foot, bar="cost"),))


def gpu_hours(found: Section[GpuHours], words: Words) -> Part:
    title = words("gpu_hours")
    if isinstance(found, Unknown):
        return Part("gpu_hours", title, missing=words.say(found.sentence))
    value = found.value
    notes = [words("gpu_uncounted", names=value.uncounted)] if value.uncounted else []
    if not value.services:
        return Part("gpu_hours", title, says=(words("gpu_none"),), notes=tuple(notes))
    says: tuple[str, ...]
    match value.needed, value.idle:
        case Known(needed), Known(idle):
            says = (words("gpu_line", run=value.run, needed=needed, idle=idle), words("needed_means"))
        case _:
            says = (words("gpu_line_run", run=value.run), *cells.reasons(words, value.needed))
    foot = (words("total"), *_gpu(value, words))
    rows = tuple((one.service, *_gpu(one, words)) for one in value.services)
    table = Table("gpus", "", cells.columns(words, "service", "run needed idle"), rows, foot, bar="run")
    return Part("gpu_hours", title, says, (table,), notes=tuple(notes))


def _gpu(one: GpuHours | GpuService, words: Words) -> tuple[Cell, Cell, Cell]:
    return (
        cells.hours(one.run),
        cells.known(one.needed, cells.hours, words),
        cells.known(one.idle, cells.hours, words),
    )


def spot(found: Section[Spot], words: Words) -> Part:
    title = words("spot")
    if isinstance(found, Unknown):
        return Part("spot", title, missing=words.say(found.sentence))
    value = found.value
    if not value.share:
        return Part("spot", title, says=(words("spot_none"),))
    says = [words("spot_line", share=value.share, hours=value.hours)]
    if isinstance(value.saving, Known):
        says.append(words("spot_saving", amount=value.saving.value))
    if isinstance(value.interruptions, Known):
        says.append(words("spot_interruptions", n=value.interruptions.value))
    notes = (*cells.reasons(words, value.saving), *cells.reasons(words, value.interruptions))
    return Part("spot", title, tuple(says), notes=notes)


def unit_costs(value: UnitCosts, words: Words) -> Part:
    named = (
        (words("per_gpu_hour"), value.per_gpu_hour),
        (words("per_running_service"), value.per_running_service),
        (words("per_thousand_requests"), value.per_thousand_requests),
    )
    rows = tuple((name, cells.known(cost, cells.money, words)) for name, cost in named)
    table = Table("units", "", cells.columns(words, "unit", "cost"), rows)
    notes = (words("units_mean"), *cells.reasons(words, *(cost for _, cost in named)))
    return Part("unit_costs", words("unit_costs"), tables=(table,), notes=notes)
