"""Web push: notices to the devices that asked for them, encrypted, through their push services."""
