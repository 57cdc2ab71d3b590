"""The cards that links unfurl into: a house at dusk, drawn from what a place is called."""
