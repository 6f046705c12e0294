"""What a training minimises, and how a validation measures it."""
