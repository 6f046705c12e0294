"""What a training leaves in its folder: checkpoints, record, tables and curves."""
