"""What a run keeps of itself: settings, journal, and the manifest of each stage."""
