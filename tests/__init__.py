"""The tests: they mirror server/ and rooms/, and drive real browsers and SDKs."""
