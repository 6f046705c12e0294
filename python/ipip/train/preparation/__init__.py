"""What is done to a student and its frames before the first step."""
