"""The coworking house: pages, JSON, signalling, accounts, invitations and storage."""
