"""The stages of a round."""
