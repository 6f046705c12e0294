"""What a run's pretraining sets take on the disk, and how long forgetting and relabelling last."""
