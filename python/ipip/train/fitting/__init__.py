"""The training loop: batches, steps, sessions and the learning rate."""
