/* Sending: one packet to every leg, rewritten and encrypted.
 *
 * Packets wait, encrypted, until they are flushed: at the end of each call, or of the batch that was
 * received. Those for one address are chained, and runs of them that are equally long (the last may
 * be shorter) leave as one send, which the kernel cuts up (UDP GSO).
 */
#include "packets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { WAITING = 1024 };
srtp_function moulin_protect, moulin_unprotect;
int moulin_held;
struct wake moulin_latest;
static int segments = 1; /* packets that may leave as one UDP GSO send; 1 where the kernel cannot */

uint32_t moulin_source(void) { return MOULIN_SOURCE; }

void moulin_use(void *protecting, void *unprotecting, int most_segments)
{
    moulin_protect = (srtp_function)protecting;
    moulin_unprotect = (srtp_function)unprotecting;
    segments = 1;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), none = 0;
    if (fd >= 0) {
        /* An older kernel would take no notice of the size and send one giant datagram. */
        if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof none) == 0)
            segments = most_segments > BATCH ? BATCH : most_segments;
        close(fd);
    }
}

/* One packet encrypted, or decrypted, in place: its new size, or minus libsrtp's code. */
int moulin_probe(int opening, void *session, unsigned char *packet, int size)
{
    int code = (opening ? moulin_unprotect : moulin_protect)(session, packet, &size);
    return code ? -code : size;
}

int moulin_segments(void) { return segments; }

static struct {
    int size, next, head;
    int32_t fd;
    uint16_t address_size;
    unsigned char address[ADDRESS];
} waiting[WAITING];
static unsigned char packets[WAITING][ROOM];
static int waiting_count;
static int16_t newest[1024]; /* by hash: 1 + the latest waiting packet */

static struct mmsghdr messages[BATCH];
static struct iovec pieces[WAITING];
static char controls[BATCH][CMSG_SPACE(sizeof(uint16_t))] __attribute__((aligned(8)));
static int message_count, piece_count;

static int send_singly(int fd, struct msghdr *message)
{
    int failed = 0;
    struct msghdr one = *message;
    one.msg_control = NULL;
    one.msg_controllen = 0;
    one.msg_iovlen = 1;
    for (size_t i = 0; i < message->msg_iovlen; i++) {
        one.msg_iov = message->msg_iov + i;
        failed += sendmsg(fd, &one, MSG_DONTWAIT) < 0;
    }
    return failed;
}

/* Returns how many packets could not be sent. */
static int send_messages(int fd)
{
    int failed = 0, done = 0;
    while (done < message_count) {
        int sent = sendmmsg(fd, messages + done, message_count - done, MSG_DONTWAIT);
        if (sent > 0) {
            done += sent;
            continue;
        }
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) { /* the socket's buffer is full */
            for (; done < message_count; done++)
                failed += messages[done].msg_hdr.msg_iovlen;
            break;
        }
        struct msghdr *refused = &messages[done++].msg_hdr;
        if (refused->msg_iovlen == 1) { /* a route that went away: others may still be there */
            failed++;
            continue;
        }
        if (errno == EIO || errno == EOPNOTSUPP || errno == ENOPROTOOPT)
            segments = 1; /* the interface cannot checksum what it would cut */
        failed += send_singly(fd, refused);
    }
    message_count = piece_count = 0;
    return failed;
}

static void add_message(int first, int count, int size)
{
    struct msghdr *message = &messages[message_count].msg_hdr;
    message->msg_name = waiting[first].address;
    message->msg_namelen = waiting[first].address_size;
    message->msg_iov = pieces + piece_count - count;
    message->msg_iovlen = count;
    message->msg_flags = 0;
    message->msg_control = NULL;
    message->msg_controllen = 0;
    if (count > 1) {
        message->msg_control = controls[message_count];
        message->msg_controllen = sizeof controls[0];
        struct cmsghdr *control = CMSG_FIRSTHDR(message);
        control->cmsg_level = IPPROTO_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        uint16_t each = size;
        memcpy(CMSG_DATA(control), &each, sizeof each);
    }
    message_count++;
}

static int flush(void)
{
    int failed = 0, fd = -1;
    for (int i = 0; i < waiting_count; i++) {
        if (!waiting[i].head)
            continue;
        for (int at = i; at >= 0;) { /* the packets for this address, in order */
            int first = at, count = 0, bytes = 0, size = waiting[at].size;
            if (message_count == BATCH || (message_count && waiting[at].fd != fd))
                failed += send_messages(fd);
            fd = waiting[at].fd;
            do {
                pieces[piece_count].iov_base = packets[at];
                pieces[piece_count++].iov_len = waiting[at].size;
                bytes += waiting[at].size;
                count++;
                int last = waiting[at].size < size;
                at = waiting[at].next;
                if (last)
                    break;
            } while (at >= 0 && count < segments && waiting[at].size <= size &&
                     bytes + waiting[at].size < 65000);
            add_message(first, count, size);
        }
    }
    if (message_count)
        failed += send_messages(fd);
    waiting_count = 0;
    memset(newest, 0, sizeof newest);
    return failed;
}

/* Sends what was held since moulin_receive; returns how many packets could not be. */
int moulin_release(void)
{
    moulin_held = 0;
    return waiting_count ? flush() : 0;
}

static unsigned char *put16(unsigned char *to, unsigned value)
{
    to[0] = value >> 8;
    to[1] = value;
    return to + 2;
}

static unsigned char *put32(unsigned char *to, uint32_t value)
{
    return put16(put16(to, value >> 16), value);
}

static void add_waiting(const struct leg *leg, int size)
{
    int index = waiting_count++;
    waiting[index].size = size;
    waiting[index].fd = leg->fd;
    waiting[index].next = -1;
    waiting[index].head = 1;
    waiting[index].address_size = leg->address_size;
    memcpy(waiting[index].address, leg->address, leg->address_size);
    int16_t *place = &newest[leg->hash & 1023];
    int before = *place - 1;
    if (segments > 1 && before >= 0 && waiting[before].fd == leg->fd &&
        waiting[before].address_size == leg->address_size &&
        memcmp(waiting[before].address, leg->address, leg->address_size) == 0) {
        waiting[before].next = index;
        waiting[index].head = 0;
    }
    *place = index + 1;
}

/* What all legs get alike; what differs is written over it for each. */
static struct {
    unsigned char bytes[ROOM];
    int ids, header_size, size; /* where the picture id is, or 0 */
} common;

/* False when it cannot be a packet. */
static int write_common(uint32_t word, int shape, const char *head, int head_size,
                         const char *tail, int tail_size)
{
    unsigned char *at = put16(common.bytes, word);
    at += 10;
    memcpy(at, head, head_size);
    common.header_size = 12;
    if (word & 0x1000)
        common.header_size += 4 + 4 * (at[2] << 8 | at[3]);
    at += head_size;
    common.ids = shape == OPAQUE ? 0 : at - common.bytes;
    at += shape == OPAQUE ? 0 : 2;
    at += shape == FULL ? 2 : 0;
    memcpy(at, tail, tail_size);
    common.size = at + tail_size - common.bytes;
    return common.header_size <= common.size;
}

/* Writes what only this leg gets, and encrypts; the size, or less than 0. */
static int write_leg(const struct leg *leg, unsigned char *packet, uint16_t number,
                     uint32_t timestamp, int shape, uint32_t ids)
{
    unsigned char *at = put16(common.bytes + 2, number + leg->sequence);
    put32(put32(at, timestamp + leg->timestamp), leg->ssrc);
    if (shape != OPAQUE) {
        at = put16(common.bytes + common.ids, ((ids >> 16) + leg->picture) | 0x8000);
        if (shape == FULL) {
            *at++ = (ids >> 8) + leg->tl0;
            *at++ = (ids & 0xE0) | ((ids + leg->key) & 0x1F);
        }
    }
    if (leg->seal)
        return moulin_seal_packet(leg->seal, packet, common.bytes, common.header_size, common.size);
    int size = common.size;
    memcpy(packet, common.bytes, size);
    return moulin_protect(leg->session, packet, &size) ? -1 : size;
}

/* One packet to every leg. `head` is the header extension and the start of the payload; `ids` are
 * the picture id (15 bits), TL0PICIDX (8) and the TID/Y/KEYIDX byte (8), where `shape` has them.
 * Returns how many packets could not be sent. */
int moulin_fan_out(const struct leg *legs, int count, uint32_t word_and_number, uint32_t timestamp,
                   int shape, uint32_t ids, const char *head, int head_size, const char *tail,
                   int tail_size)
{
    int failed = 0;
    if (!write_common(word_and_number >> 16, shape, head, head_size, tail, tail_size))
        return count;
    if (count > moulin_latest.widest)
        moulin_latest.widest = count;
    for (const struct leg *leg = legs; leg < legs + count; leg++) {
        if (waiting_count == WAITING)
            failed += flush();
        int size = write_leg(leg, packets[waiting_count], word_and_number, timestamp, shape, ids);
        if (size < 0)
            failed++;
        else
            add_waiting(leg, size);
    }
    if (!moulin_held && waiting_count)
        failed += flush();
    return failed;
}
