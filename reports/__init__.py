"""Reports: what ran, what it cost, and what it would have cost without us. Reads what ``record`` wrote.

The only room that may import pandas; the deployed functions never import this package unless they write a report.
"""
