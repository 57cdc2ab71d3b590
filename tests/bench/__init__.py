"""What forwarding costs: `python -m tests.bench` measures it with real sockets and real SRTP."""
