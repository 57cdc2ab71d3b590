/* The packet path's two inner loops: receive and decrypt a batch; rewrite, encrypt and send a batch.
 *
 * Nothing is linked: libsrtp's functions are given by address at run time (moulin_use). Nothing of
 * Python's is used either, so that its lock is free during each call. One thread at a time may be
 * in here. All policy (what to forward to whom, with which offsets) is Python's.
 */
#define _GNU_SOURCE
#include <stdint.h>

#ifndef __linux__
#error "sendmmsg, recvmmsg and UDP segmentation are Linux's"
#endif

enum {
    ROOM = 2048,  /* bytes for a packet */
    BATCH = 64,   /* datagrams in one call of the kernel */
    ADDRESS = 28, /* bytes of a sockaddr_in6 */
};

/* Values of header extensions, per packet, cross between here and Python in these places only:
 *
 * received  audio level               record.level
 *           dependency descriptor     record.descriptor, record.descriptor_size: where in the datagram
 *           transport-wide number     noted with the time in the connection's arrivals, never a record
 * sent      all of them               moulin_fan_out's `head`, which begins with the extension block
 *
 * Their ids are given by moulin_know. The other ones are Python's to read (media.MediaTransport).
 */
enum { ARRIVALS = 4096 }; /* rooms.rtp.arrivals.ROOM */

/* rooms.rtp.arrivals.Arrivals: a ring of (microseconds << 16 | number), written by both paths. */
struct arrivals {
    uint64_t count; /* ever written */
    uint64_t entries[ARRIVALS];
};

typedef int (*srtp_function)(void *session, void *packet, int *length);

extern srtp_function moulin_protect, moulin_unprotect;
extern int moulin_held; /* set while packets are to wait for moulin_release */
