"""Measurements on one creature and on runs: sweeps, benchmarks, comparisons, reports."""
