"""Where creatures are trained: supervised worker processes."""
