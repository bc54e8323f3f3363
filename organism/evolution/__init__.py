"""Many creatures: variation, selection, and the engine that is asked and told."""
