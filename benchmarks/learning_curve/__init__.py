"""Error over the number of labels, beside the teacher's."""
