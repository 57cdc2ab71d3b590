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
    uint16_t index, address_size;
    uint8_t level; /* id of the audio level's header extension, 0 for none */
    unsigned char address[ADDRESS];
};

struct record {
    uint8_t kind, second; /* second: marker and payload type */
    uint16_t index;       /* whose, of those Python told of */
    uint16_t sequence, level; /* level: 0 to 127, 255 for none */
    uint32_t timestamp, ssrc;
    uint16_t start, end; /* of the payload, without padding */
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

/* Media of this address is for `session` from now on; 0 when there is no room to remember it. */
int moulin_know(struct receiver *receiver, const unsigned char *address, int size, void *session,
                int level, int index)
{
    struct known *known = place_of(receiver, address, size);
    if (!known->session && receiver->known_count >= KNOWN / 2)
        return 0;
    receiver->known_count += !known->session;
    known->session = session;
    known->index = index;
    known->level = level;
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

/* The value of a one-byte extension element in an RTP header (RFC 8285), 0 to 127; 255 for none.
 * Another form than the one-byte one is Python's to read: 256. */
static int level_in(const unsigned char *data, int from, int end, int wanted)
{
    int position = from + 4;
    if (data[from] != 0xBE || data[from + 1] != 0xDE)
        return 256;
    while (position < end) {
        int first = data[position++], size = (first & 15) + 1;
        if (first == 0)
            continue;
        if (first >> 4 == 15 || position + size > end)
            break;
        if (first >> 4 == wanted)
            return data[position] & 0x7F;
        position += size;
    }
    return 255;
}

static int read_media(struct record *record, const unsigned char *data, int length, int level)
{
    int start = 12 + 4 * (data[0] & 15), padding = data[0] & 0x20 ? data[length - 1] : 0;
    record->second = data[1];
    record->sequence = data[2] << 8 | data[3];
    record->timestamp = get32(data + 4);
    record->ssrc = get32(data + 8);
    record->level = 255;
    if (data[0] & 0x10) {
        int from = start;
        if (start + 4 > length)
            return MALFORMED;
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3]);
        if (level && start <= length)
            record->level = level_in(data, from, start, level);
    }
    if (start > length - padding)
        return MALFORMED;
    record->start = start;
    record->end = length - padding;
    record->length = length;
    return MEDIA;
}

static int open_media(struct receiver *receiver, int i, int length)
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
    return read_media(record, data, length, known->level);
}

/* Takes what waits, up to a batch, into the receiver's records, and holds what is sent from now on
 * until moulin_release. Returns how many datagrams, or minus an errno. */
int moulin_receive(struct receiver *receiver, int fd)
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
        record->kind = open_media(receiver, i, record->length);
    }
    moulin_held = 1;
    return count;
}
