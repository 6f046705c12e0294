"""Disk space of a run's pretraining sets, and times of forgetting and relabelling."""
