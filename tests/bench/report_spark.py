"""The bill's own query by Spark SQL, an engine that shares nothing with DuckDB; runs in its own environment.

``python report_spark.py FOLDER QUERY ANSWER``: QUERY is `bill.sql` as Athena gets it, translated to Spark.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

BEGAN = time.perf_counter()

from pyspark.sql import SparkSession  # noqa: E402


def main(folder: Path, query: Path, answer: Path) -> None:
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "3g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    spark.read.parquet(str(folder)).createOrReplaceTempView("focus")
    rows = spark.sql(query.read_text()).collect()
    answer.write_text(json.dumps([[None if value is None else str(value) for value in row] for row in rows]))
    print(json.dumps({"seconds": time.perf_counter() - BEGAN, "rows": len(rows)}))
    spark.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
