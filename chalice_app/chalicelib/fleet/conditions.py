"""The conditions of the fleet's racing writes, by name, each with the race it closes. See `record.conditions`.

Rows of instances, models and limits that exist are saved under the record's own ``same-revision``.
"""

from __future__ import annotations

from chalicelib.record.conditions import Condition

NAME_NEVER_USED = Condition("name-never-used", "attribute_not_exists(pk)")
"""One row for each instance id, for ever: of a removed instance its name stays. AWS refuses the name of a service or
a target group that is still draining, and two starts with one key make the same id.

    retry 1  ──creates inst-a──makes its parts──
    retry 2  ───────────────────x creates inst-a: finds the row and answers with it
"""

MODEL_ID_FREE = Condition("model-id-free", "attribute_not_exists(pk)")
"""Two Admins who add the same id: the second is told, and changes nothing.

    Ada  ──adds llama3──
    Ben  ────────────────x adds llama3
"""

NEVER_PLANTED = Condition("never-planted", "attribute_not_exists(pk)")
"""The catalog is filled once: what an Admin takes out afterwards stays out. The models come before the mark, so that a
sweep which dies in between leaves no half catalog for ever. (Sweeps run one at a time.)

    sweep 1  ──no mark──adds the models──†
    sweep 2            ──no mark──adds the rest──mark──
    Ada                                               ──removes tinyllama──
    sweep 3                                                  ──mark: adds nothing──
"""

SLOT_FREE = Condition("slot-free", "attribute_not_exists(pk)")
"""Two starts that read the same free pair of priorities take different ones.

    start A  ──reads: 1004 free──takes 1004──
    start B  ──reads: 1004 free──────────────x takes 1004 ──takes 1006──
"""

OWN_SLOT = Condition("own-slot", "holder = :holder")
"""Give back only what is still ours.

    remove   ──reads: a holds 1004──────────────────────────────x gives back (b holds it)
    heal     ──reads: a holds 1004──gives back──b takes 1004──
"""
