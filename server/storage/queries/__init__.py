"""The queries, one file per noun: each takes the open transaction `db` first, each is bounded."""
