"""Many creatures: variation, selection, the ask/tell engine and the journal."""
