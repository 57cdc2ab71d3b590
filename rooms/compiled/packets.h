/* The packet path's two inner loops: receive and decrypt a batch; rewrite, encrypt and send a batch.
 *
 * Nothing is linked: libsrtp's functions are given by address at run time (moulin_use). Nothing of
 * Python's is used either, so that its lock is free during each call. One thread at a time may be
 * in here. All policy (what to forward to whom, with which offsets) is Python's; a lane only goes on
 * with what Python set out.
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

/* What a received datagram is, and what was read of it when it is media. */
enum { MEDIA, OTHER, UNAUTHENTICATED, MALFORMED };
enum { NO_LEVEL = 255 };

struct record {
    uint8_t kind, second; /* second: marker and payload type, or libsrtp's code */
    uint16_t index;       /* whose, of those Python told of */
    uint16_t sequence, level; /* level: 0 to 127, or NO_LEVEL */
    uint32_t timestamp, ssrc;
    uint16_t start, end; /* of the payload, without padding */
    uint16_t descriptor, descriptor_size; /* where the dependency descriptor is, 0 and 0 for none */
    uint16_t length, address_size;
    uint16_t place, unused; /* which of the batch */
};

enum { OPAQUE, PICTURE, FULL }; /* rooms.rtp.packet's shapes */

struct seal;

/* A way to one subscriber: rooms.rtp.packet.Leg. What has a seal is not encrypted by libsrtp. */
struct leg {
    void *session;
    struct seal *seal;
    uint32_t timestamp, ssrc;
    uint16_t sequence, picture;
    uint8_t tl0, key;
    uint16_t address_size;
    int32_t fd;
    uint32_t hash; /* of fd and address */
    unsigned char address[ADDRESS];
};

/* Legs that share a header word and the id of abs-send-time (0 for none). */
struct group {
    const struct leg *legs;
    int32_t count;
    uint16_t word;
    uint8_t extension, unused;
};

/* What Python reads and writes of a lane, in this order (rooms.compiled.lanes). */
struct state {
    /* Since Python last looked. */
    uint64_t packets, octets[4], pictures[4]; /* by temporal layer */
    int64_t cycles;                           /* wraps of the sequence number */
    uint32_t loud, failed;
    /* As it stands. */
    int64_t highest, removed;
    int64_t transit; /* -1: none yet */
    double jitter, newest_at, level_until;
    uint32_t timestamp, ids; /* of the newest packet */
    uint16_t sequence;
    uint8_t marker, shape, loudest, runs, unused[2];
};

struct lane {
    struct state state;
    struct cache *cache;
    const struct group *groups;
    struct lane *next; /* of the same sender */
    uint32_t ssrc;
    int group_count, payload_type, codec, clock_rate;
    int levels; /* whether its packets may tell how loud they are */
};

/* What came of the latest moulin_receive, and of what was sent since. */
struct wake {
    int32_t datagrams;
    int32_t widest; /* legs of the packet that went to most */
    int32_t failed; /* packets that could not be sent, when there is nothing in the records */
};

typedef int (*srtp_function)(void *session, void *packet, int *length);

/* OpenSSL's functions, by address, as they are named in its headers (EVP_CIPHER_CTX_new and so on). */
struct crypto {
    void *(*new_context)(void);
    void (*free_context)(void *context);
    const void *(*aes_128_gcm)(void);
    int (*init)(void *context, const void *type, void *engine, const unsigned char *key,
                const unsigned char *iv, int encrypts);
    int (*cipher)(void *context, unsigned char *to, const unsigned char *from, unsigned size);
    int (*control)(void *context, int type, int argument, void *pointer);
};

extern srtp_function moulin_protect, moulin_unprotect;
extern struct wake moulin_latest;
extern int moulin_held; /* set while packets are to wait for moulin_release */

int moulin_fan_out(const struct leg *legs, int count, uint32_t word_and_number, uint32_t timestamp,
                   int shape, uint32_t ids, const char *head, int head_size, const char *tail,
                   int tail_size);
int moulin_release(void);
int moulin_seal_packet(struct seal *seal, unsigned char *to, const unsigned char *from,
                       int header_size, int size);
int moulin_lane_take(struct lane *lane, const struct record *record, const unsigned char *data,
                     double now);
