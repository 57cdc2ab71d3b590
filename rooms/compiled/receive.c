/* Receiving: what waits at a socket, in one call; media from the addresses that Python has told of is
 * decrypted and its header read, everything else is Python's to look at. */
#include "packets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifdef __SANITIZE_ADDRESS__ /* in `make sanitize`, what is past a datagram is not to be read */
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)0)
#endif

enum { KNOWN = 16384 }; /* places for addresses, half of them used */

struct known {
    void *session; /* NULL: a free place */
    struct arrivals *arrivals;
    struct lane *lanes;
    uint16_t index, address_size;
    uint8_t level, transport, descriptor; /* see moulin_know */
    unsigned char address[ADDRESS];
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
    known->lanes = NULL;
    known->index = index;
    known->level = level;
    known->transport = transport;
    known->descriptor = descriptor;
    known->arrivals = arrivals;
    known->address_size = size;
    memcpy(known->address, address, size);
    return 1;
}

/* Media of this address may take that lane, until moulin_forget; 0 when nothing is known of it.
 * `levels`: it tells how loud it is. */
int moulin_join(struct receiver *receiver, const unsigned char *address, int size,
                struct lane *lane, int levels)
{
    struct known *known = place_of(receiver, address, size);
    if (!known->session)
        return 0;
    lane->next = known->lanes;
    lane->levels = levels;
    known->lanes = lane;
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
    record->level = NO_LEVEL;
    record->descriptor = record->descriptor_size = 0;
    int extension = start;
    if (data[0] & 0x10) {
        if (start + 4 > length)
            return MALFORMED;
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3]);
    }
    if (start > length - padding)
        return MALFORMED;
    if (start > extension)
        read_extensions(record, data, extension, start, known, now);
    record->start = start;
    record->end = length - padding;
    record->length = length;
    return MEDIA;
}

/* True when a lane took the packet: there is nothing to tell of it. */
static int took_lane(const struct known *known, const struct record *record,
                     const unsigned char *data, double now)
{
    for (struct lane *lane = known->lanes; lane; lane = lane->next)
        if (lane->ssrc == record->ssrc)
            return moulin_lane_take(lane, record, data, now);
    return 0;
}

/* Deals with one datagram; false when a lane took it. */
static int open_datagram(struct receiver *receiver, struct record *record, double now)
{
    int length = record->length;
    unsigned char *data = receiver->data[record->place];
    record->kind = OTHER;
    if (length < 12 || length > receiver->rtp_bytes || data[0] < 128 || data[0] > 191 ||
        (data[1] >= 192 && data[1] <= 223))
        return 1;
    struct known *known =
        place_of(receiver, receiver->addresses[record->place], record->address_size);
    if (!known->session)
        return 1;
    record->index = known->index;
    int code = moulin_unprotect(known->session, data, &length);
    if (code) {
        record->kind = UNAUTHENTICATED;
        record->second = code;
        return 1;
    }
    record->kind = read_media(record, data, length, known, now);
    return record->kind != MEDIA || !took_lane(known, record, data, now);
}

/* One call of the kernel. Returns how many datagrams came, or minus an errno; `told` is raised by
 * those that are in the records. */
static int receive_some(struct receiver *receiver, int fd, double now, int *told)
{
    ASAN_UNPOISON_MEMORY_REGION(receiver->data, sizeof receiver->data);
    for (int i = 0; i < BATCH; i++)
        receiver->messages[i].msg_hdr.msg_namelen = ADDRESS;
    int count = recvmmsg(fd, receiver->messages, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0)
        return -errno;
    for (int i = 0; i < count; i++) {
        struct record *record = receiver->records + *told;
        record->length = receiver->messages[i].msg_len;
        record->address_size = receiver->messages[i].msg_hdr.msg_namelen;
        record->place = i;
        ASAN_POISON_MEMORY_REGION(receiver->data[i] + record->length, ROOM - record->length);
        *told += open_datagram(receiver, record, now);
    }
    return count;
}

const struct wake *moulin_wake(void) { return &moulin_latest; }

/* Takes what waits, up to a batch or little more. What has a lane is on its way; the rest is in the
 * receiver's records, and what is sent for it is held until moulin_release. While all of it has
 * lanes, looks again before it sends: longer runs leave as one send. Returns how many datagrams are
 * in the records, or minus an errno; moulin_wake tells the rest. */
int moulin_receive(struct receiver *receiver, int fd, double now)
{
    int told = 0, all = 0, count;
    moulin_latest.widest = 0;
    moulin_held = 1;
    do {
        count = receive_some(receiver, fd, now, &told);
        all += count > 0 ? count : 0;
    } while (count > 0 && !told && all < BATCH);
    moulin_latest.datagrams = all;
    moulin_latest.failed = told ? 0 : moulin_release();
    return count < 0 && !all ? count : told;
}
