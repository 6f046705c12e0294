"""What people see of a run, made from its records: status, summary, ledger, report."""
