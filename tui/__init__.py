"""The face: a Textual application that shows the one event stream of a life."""
