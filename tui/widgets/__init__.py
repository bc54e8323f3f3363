"""Parts of the screen, each showing one thing of a snapshot."""
