"""What evolution selects for."""
