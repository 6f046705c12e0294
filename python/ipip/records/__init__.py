"""The records of a run: settings, journal, and the manifest of each stage."""
