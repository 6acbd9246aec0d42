"""The same seven cuts of the bill by pandas alone, one file's row group after another; runs in its own environment.

``python report_pandas.py FOLDER ANSWER``. It needs pyarrow to read parquet, and a loop over the map of tags: pandas has
no column of maps. Sums are of floats. Counts no resources, so it does less than ours.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

BEGAN = time.perf_counter()

import pandas as pd  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

TAGS = {
    "workload": "aws:ecs:serviceName",
    "model": "model",
    "environment": "environment",
    "owner": "lifecycle:owner",
}
MONEY = ["BilledCost", "EffectiveCost", "ListCost", "PricingQuantity"]
NAMES = ["ChargePeriodStart", "ProviderName", "ServiceName", "ChargeClass", "ChargeCategory", "PricingUnit"]
NAMES += ["PricingCategory", "SkuMeter", "Tags"]


def cuts_of(part: pd.DataFrame) -> list[pd.DataFrame]:
    part["day"] = part["ChargePeriodStart"].dt.strftime("%Y-%m-%d")
    part["kind"] = part["ChargeCategory"].str.lower().where(part["ChargeClass"] != "Correction", "refund")
    part["pricing"] = part["PricingCategory"].str.lower()
    tags = [dict(pairs) for pairs in part["Tags"]]
    for name, key in TAGS.items():
        part[name] = [one.get(key, "") for one in tags]
    for name in MONEY:
        part[name] = part[name].astype("float64")
    part["key"] = ""
    base = ["day", "kind", "PricingUnit"]
    wide = [*base, "ProviderName", "ServiceName"]
    found = []
    for cut, by in [
        ("service", [*wide, "key"]),
        ("pricing", [*wide, "pricing"]),
        ("meter", [*wide, "SkuMeter"]),
        *((name, [*base, name]) for name in TAGS),
    ]:
        sums = part.groupby(by, sort=False, observed=True)[MONEY].sum().reset_index()
        sums = sums.rename(columns={by[-1]: "key"})
        found.append(sums.assign(cut=cut))
    return found


def main(folder: Path, answer: Path) -> None:
    parts: list[pd.DataFrame] = []
    for path in sorted(folder.rglob("*.parquet")):
        for batch in pq.ParquetFile(path).iter_batches(batch_size=250_000, columns=NAMES + MONEY):
            parts += cuts_of(batch.to_pandas())
    whole = pd.concat(parts).fillna("")
    keys = ["day", "cut", "key", "ProviderName", "ServiceName", "kind", "PricingUnit"]
    whole.groupby(keys)[MONEY].sum().reset_index().to_json(answer, orient="values", double_precision=15)
    told = {
        "seconds": time.perf_counter() - BEGAN,
        "cpu_seconds": time.process_time(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
