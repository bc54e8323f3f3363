"""The six tabs. Each shows the snapshot that it is given, while it is the one that's looked at."""
