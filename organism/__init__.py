"""Organism: a tiny GPT that evolves itself, alive in a terminal."""
