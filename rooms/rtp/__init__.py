"""Streams of RTP packets, without I/O: bytes and times in, bytes and decisions out."""
