"""Views of a run for people, made from its records: status, summary, ledger, report."""
