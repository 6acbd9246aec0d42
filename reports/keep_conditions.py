"""The conditions under which one run sends a week's report; drawn as in `record.conditions`."""

from __future__ import annotations

from chalicelib.record.conditions import Condition

REPORT_IS_FREE = Condition(
    "report-is-free",
    "attribute_not_exists(sending_at) AND (attribute_not_exists(claimed_until) OR claimed_until <= :now)",
)
"""Take a week's report in hand for some people, unless another run has it or began to send it, however that ended.

    monday   ──claim──build──begin──send──────done──
    retry    ──────────x claim              x claim (sending_at stands)
    crashed  ──claim──†     claimed_until passes │ retry ──claim──build──begin──
"""

OWN_REPORT = Condition(
    "own-report", "report_owner = :owner AND attribute_exists(claimed_until) AND attribute_not_exists(sending_at)"
)
"""Begin to send only what is still ours, and only once.

    slow     ──claim──── long build ────────────────────x begin (report_owner is the second's)
    second              claimed_until passes │ ──claim──begin──
"""

OWN_SENDING = Condition("own-sending", "report_owner = :owner AND attribute_not_exists(sent_at)")
"""Say how the sending ended, or give it back, only for what we ourselves were sending."""
