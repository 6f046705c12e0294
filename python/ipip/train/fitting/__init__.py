"""The training itself: batches, steps, sessions and their learning rate."""
