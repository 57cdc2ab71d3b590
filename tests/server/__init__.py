"""Tests of the coworking house."""
