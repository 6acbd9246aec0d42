"""What ran, when, at what price, and what would have run without us: counted from the record, never from wishes.

Pure arithmetic: Decimal, aware datetimes, no AWS and no pandas. The weekly report, the demo and `lifecycle savings` all
count here, so that their figures agree.
"""
