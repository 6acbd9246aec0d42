"""One bill of several: AWS's, and beside it files of other providers in FOCUS form, as of Azure or OpenAI.

The first bill says which days are known: what another provider has not told yet of them is said with its source.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from reports.model import Source, State
from reports.sources.frames import Bill, Gathered
from reports.values import Known, Sentence


def together(main: Gathered, other: Gathered) -> Gathered:
    """``other`` has a bill of one source and nothing else. Where it cannot be added, its source says why.

    Without the first bill there is none: a part would read as the whole.
    """
    (source,) = other.sources
    match main.bill, other.bill:
        case Known(bill), Known(added) if bill.currency == added.currency:
            said = Sentence("focus_beside", {"place": source.sentence.values["place"], "last": max(added.days)})
            return replace(main, bill=Known(_sum(bill, added)), sources=(*main.sources, replace(source, sentence=said)))
        case Known(bill), Known(added):
            said = Sentence("other_currency", {"one": added.currency, "other": bill.currency})
            return replace(main, sources=(*main.sources, Source(source.name, State.MISSING, said)))
        case _:
            return replace(main, sources=(*main.sources, source))


def _sum(bill: Bill, added: Bill) -> Bill:
    return replace(
        bill,
        frame=pd.concat([bill.frame, added.frame], ignore_index=True),
        estimated=tuple(sorted({*bill.estimated, *added.estimated})),
        unpriced_rows=bill.unpriced_rows + added.unpriced_rows,
    )
