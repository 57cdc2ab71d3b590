"""Tests of server/community."""
