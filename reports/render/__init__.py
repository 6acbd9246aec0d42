"""One module a form that the report takes; each writes `document.Document`, so that no two say different figures."""
