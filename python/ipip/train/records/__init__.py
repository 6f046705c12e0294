"""The files of a training: checkpoints, record, tables and curves."""
