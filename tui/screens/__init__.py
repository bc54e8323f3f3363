"""What lies over the tabs for a while: help, questions, choices, one organism, two runs."""
