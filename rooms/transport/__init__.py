"""How bytes reach a peer: sockets, ICE-lite, DTLS, SRTP, SCTP and session descriptions."""
