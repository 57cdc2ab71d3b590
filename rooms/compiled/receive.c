/* Receiving: what waits at a socket, in one call; media from the addresses that Python has told of is
 * decrypted and its header read, everything else is Python's to look at. */
#include "packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KNOWN = 16384 };                            /* places for addresses, half of them used */
enum { MEDIA, OTHER, UNAUTHENTICATED, MALFORMED }; /* what a received datagram is */

struct known {
    void *session; /* NULL: a free place */
    struct arrivals *arrivals;
    uint16_t index, address_size;
    uint8_t level, transport, descriptor; /* see moulin_know */
    unsigned char address[ADDRESS];
};

struct record {
    uint8_t kind, second; /* second: marker and payload type */
    uint16_t index;       /* whose, of those Python told of */
    uint16_t sequence, level; /* level: 0 to 127, 255 for none */
    uint32_t timestamp, ssrc;
    uint16_t start, end; /* of the payload, without padding */
    uint16_t descriptor, descriptor_size; /* where the dependency descriptor is, 0 and 0 for none */
    uint16_t length, address_size;
};

struct receiver {
    unsigned char data[BATCH][ROOM];
    unsigned char addresses[BATCH][ADDRESS];
    struct record records[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec pieces[BATCH];
    int known_count, rtp_bytes;
    struct known known[KNOWN];
};

struct receiver *moulin_receiver(int rtp_bytes)
{
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver)
        return NULL;
    receiver->rtp_bytes = rtp_bytes;
    for (int i = 0; i < BATCH; i++) {
        receiver->pieces[i].iov_base = receiver->data[i];
        receiver->pieces[i].iov_len = ROOM;
        receiver->messages[i].msg_hdr.msg_iov = receiver->pieces + i;
        receiver->messages[i].msg_hdr.msg_iovlen = 1;
        receiver->messages[i].msg_hdr.msg_name = receiver->addresses[i];
    }
    return receiver;
}

void moulin_free(struct receiver *receiver) { free(receiver); }
void *moulin_data(struct receiver *receiver) { return receiver->data; }
void *moulin_addresses(struct receiver *receiver) { return receiver->addresses; }
void *moulin_records(struct receiver *receiver) { return receiver->records; }

static uint32_t hash_of(const unsigned char *address, int size)
{
    uint32_t hash = 2166136261u;
    for (int i = 2; i < size; i++) /* past the family */
        hash = (hash ^ address[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* The place of an address, or the free one where it would be. */
static struct known *place_of(struct receiver *receiver, const unsigned char *address, int size)
{
    uint32_t at = hash_of(address, size);
    for (;; at++) {
        struct known *known = &receiver->known[at & (KNOWN - 1)];
        if (!known->session ||
            (known->address_size == size && memcmp(known->address, address, size) == 0))
            return known;
    }
}

/* Media of this address is for `session` from now on; 0 when there is no room to remember it.
 * `level`, `transport` and `descriptor` are ids of header extensions, 0 for none: the audio level and
 * the dependency descriptor are told in the records, transport-wide numbers noted in `arrivals`. */
int moulin_know(struct receiver *receiver, const unsigned char *address, int size, void *session,
                int level, int transport, int descriptor, void *arrivals, int index)
{
    struct known *known = place_of(receiver, address, size);
    if (!known->session && receiver->known_count >= KNOWN / 2)
        return 0;
    receiver->known_count += !known->session;
    known->session = session;
    known->index = index;
    known->level = level;
    known->transport = transport;
    known->descriptor = descriptor;
    known->arrivals = arrivals;
    known->address_size = size;
    memcpy(known->address, address, size);
    return 1;
}

void moulin_forget(struct receiver *receiver)
{
    if (receiver->known_count)
        memset(receiver->known, 0, sizeof receiver->known);
    receiver->known_count = 0;
}

static uint32_t get32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

static void note_arrival(struct arrivals *arrivals, unsigned number, double now)
{
    uint64_t count = arrivals->count++;
    arrivals->entries[count % ARRIVALS] = (uint64_t)(now * 1e6) << 16 | number;
}

/* The header extension's elements that are wanted (RFC 8285, both forms), up to a malformed one. */
static void read_extensions(struct record *record, const unsigned char *data, int from, int end,
                            const struct known *known, double now)
{
    int profile = data[from] << 8 | data[from + 1], position = from + 4;
    int one_byte = profile == 0xBEDE;
    if (!one_byte && (profile & 0xFFF0) != 0x1000)
        return;
    while (position < end) {
        int id = data[position++], size;
        if (id == 0)
            continue;
        if (one_byte) {
            size = (id & 15) + 1;
            id >>= 4;
            if (id == 15)
                return;
        } else {
            if (position >= end)
                return;
            size = data[position++];
        }
        if (position + size > end)
            return;
        if (id == 0) {
            /* padding that claims a length: skipped as any other that nobody wants */
        } else if (id == known->level && size) {
            record->level = data[position] & 0x7F;
        } else if (id == known->transport && size == 2) {
            note_arrival(known->arrivals, data[position] << 8 | data[position + 1], now);
        } else if (id == known->descriptor) {
            record->descriptor = position;
            record->descriptor_size = size;
        }
        position += size;
    }
}

static int read_media(struct record *record, const unsigned char *data, int length,
                      const struct known *known, double now)
{
    int start = 12 + 4 * (data[0] & 15), padding = data[0] & 0x20 ? data[length - 1] : 0;
    record->second = data[1];
    record->sequence = data[2] << 8 | data[3];
    record->timestamp = get32(data + 4);
    record->ssrc = get32(data + 8);
    record->level = 255;
    record->descriptor = record->descriptor_size = 0;
    if (data[0] & 0x10) {
        int from = start;
        if (start + 4 > length)
            return MALFORMED;
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3]);
        if (start <= length)
            read_extensions(record, data, from, start, known, now);
    }
    if (start > length - padding)
        return MALFORMED;
    record->start = start;
    record->end = length - padding;
    record->length = length;
    return MEDIA;
}

static int open_media(struct receiver *receiver, int i, int length, double now)
{
    unsigned char *data = receiver->data[i];
    struct record *record = receiver->records + i;
    if (data[0] < 128 || data[0] > 191 || length < 12 || length > receiver->rtp_bytes ||
        (data[1] >= 192 && data[1] <= 223))
        return OTHER;
    struct known *known = place_of(receiver, receiver->addresses[i], record->address_size);
    if (!known->session)
        return OTHER;
    record->index = known->index;
    int code = moulin_unprotect(known->session, data, &length);
    if (code) {
        record->second = code;
        return UNAUTHENTICATED;
    }
    return read_media(record, data, length, known, now);
}

/* Takes what waits, up to a batch, into the receiver's records, and holds what is sent from now on
 * until moulin_release. Returns how many datagrams, or minus an errno. */
int moulin_receive(struct receiver *receiver, int fd, double now)
{
    for (int i = 0; i < BATCH; i++)
        receiver->messages[i].msg_hdr.msg_namelen = ADDRESS;
    int count = recvmmsg(fd, receiver->messages, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        struct record *record = receiver->records + i;
        record->length = receiver->messages[i].msg_len;
        record->address_size = receiver->messages[i].msg_hdr.msg_namelen;
        record->kind = open_media(receiver, i, record->length, now);
    }
    moulin_held = 1;
    return count;
}
