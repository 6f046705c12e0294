"""The loss of a training, and errors in its validation."""
