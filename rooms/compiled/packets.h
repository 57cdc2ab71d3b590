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

typedef int (*srtp_function)(void *session, void *packet, int *length);

extern srtp_function moulin_protect, moulin_unprotect;
extern int moulin_held; /* set while packets are to wait for moulin_release */
