"""One creature: the atom, the architecture, three metabolisms, training and dreaming."""
