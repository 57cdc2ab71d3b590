"""The live rooms and the forwarding unit: knows nothing of the coworking house."""
