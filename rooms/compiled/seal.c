/* Encrypts what is sent, straight through OpenSSL (AES-128-GCM, RFC 7714): libsrtp's way from a packet
 * to the same bytes costs twice as much, or three times for sound.
 *
 * A seal is one session's sending side: the derived key, the salt, and how far each SSRC has come. It
 * is the only one that knows: whoever has a seal must send all RTP of the session through it. SRTCP
 * has numbers and keys of its own, and stays with libsrtp.
 */
#include "packets.h"

#include <stdlib.h>
#include <string.h>

enum { SALT = 12, TAG = 16, GET_TAG = 0x10 }; /* EVP_CTRL_AEAD_GET_TAG */
enum { WINDOW = 1024 };                       /* of rooms.transport.srtp.SendingSession */
enum { NO_MEMORY = 3, CIPHER_FAILED = 8, TOO_OLD = 10 }; /* srtp_err_status_t */

static struct crypto crypto; /* all NULL: there are no seals */

struct sent {
    int64_t highest; /* -1: a free place */
    uint32_t ssrc;
};

struct seal {
    void *context;
    unsigned mask, used;
    struct sent *streams;
    unsigned char salt[SALT];
};

void moulin_use_crypto(const struct crypto *functions) { crypto = *functions; }

static struct sent *free_places(unsigned count)
{
    struct sent *made = malloc(count * sizeof *made);
    for (unsigned i = 0; made && i < count; i++)
        made[i].highest = -1;
    return made;
}

void moulin_seal_free(struct seal *seal)
{
    if (seal->context)
        crypto.free_context(seal->context);
    free(seal->streams);
    explicit_bzero(seal->salt, SALT); /* a memset before free is left out by compilers */
    free(seal);
}

/* NULL when there is none to be had: libsrtp is to be used. */
struct seal *moulin_seal_of(const unsigned char *key, const unsigned char *salt)
{
    static const unsigned char none[SALT];
    struct seal *seal = crypto.cipher ? calloc(1, sizeof *seal) : NULL;
    if (!seal)
        return NULL;
    seal->mask = 7;
    seal->streams = free_places(8);
    seal->context = crypto.new_context();
    memcpy(seal->salt, salt, SALT);
    if (seal->streams && seal->context &&
        crypto.init(seal->context, crypto.aes_128_gcm(), NULL, key, none, 1) > 0)
        return seal;
    moulin_seal_free(seal);
    return NULL;
}

static struct sent *place_of(struct sent *streams, unsigned mask, uint32_t ssrc)
{
    unsigned at = (ssrc * 2654435761u) >> 16;
    while (streams[at & mask].highest >= 0 && streams[at & mask].ssrc != ssrc)
        at++;
    return streams + (at & mask);
}

static struct sent *stream_of(struct seal *seal, uint32_t ssrc)
{
    struct sent *found = place_of(seal->streams, seal->mask, ssrc);
    if (found->highest >= 0 || 2 * seal->used <= seal->mask)
        return found;
    unsigned mask = 2 * seal->mask + 1;
    struct sent *more = free_places(mask + 1);
    if (!more)
        return NULL;
    for (unsigned i = 0; i <= seal->mask; i++)
        if (seal->streams[i].highest >= 0)
            *place_of(more, mask, seal->streams[i].ssrc) = seal->streams[i];
    free(seal->streams);
    seal->streams = more;
    seal->mask = mask;
    return place_of(more, mask, ssrc);
}

/* The packet's 48-bit index (RFC 3711, section 3.3.1), noted as sent; below 0, minus an error. */
static int64_t index_of(struct seal *seal, uint32_t ssrc, uint16_t sequence)
{
    struct sent *sent = stream_of(seal, ssrc);
    if (!sent)
        return -NO_MEMORY;
    if (sent->highest < 0) {
        seal->used++;
        sent->ssrc = ssrc;
        return sent->highest = sequence;
    }
    int64_t index = sent->highest + (int16_t)(sequence - (uint16_t)sent->highest);
    if (index < 0) /* before the first one: there is no roll-over count below 0 */
        index += 65536;
    if (index > sent->highest)
        sent->highest = index;
    else if (index + WINDOW <= sent->highest)
        return -TOO_OLD;
    return index;
}

/* Encrypts a packet: `from` is its header and payload, which end up in `to` with the tag behind. They
 * may be the same. Returns the new size, or minus libsrtp's code. */
int moulin_seal_packet(struct seal *seal, unsigned char *to, const unsigned char *from,
                       int header_size, int size)
{
    uint32_t ssrc = (uint32_t)from[8] << 24 | from[9] << 16 | from[10] << 8 | from[11];
    int64_t index = index_of(seal, ssrc, from[2] << 8 | from[3]);
    if (index < 0)
        return index;
    unsigned char iv[SALT];
    memcpy(iv, seal->salt, SALT);
    for (int i = 0; i < 4; i++)
        iv[2 + i] ^= from[8 + i];
    for (int i = 0; i < 6; i++)
        iv[6 + i] ^= index >> (40 - 8 * i);
    if (to != from)
        memcpy(to, from, header_size);
    void *context = seal->context;
    if (crypto.init(context, NULL, NULL, NULL, iv, 1) <= 0 ||
        crypto.cipher(context, NULL, from, header_size) < 0 ||
        (size > header_size && crypto.cipher(context, to + header_size, from + header_size,
                                             size - header_size) < 0) ||
        crypto.cipher(context, NULL, NULL, 0) < 0 ||
        crypto.control(context, GET_TAG, TAG, to + size) <= 0)
        return -CIPHER_FAILED;
    return size + TAG;
}

/* srtp_protect for a session that has a seal. */
int moulin_seal(struct seal *seal, unsigned char *packet, int *length)
{
    int header_size = 12 + 4 * (packet[0] & 15);
    if (packet[0] & 0x10)
        header_size += 4 + 4 * (packet[header_size + 2] << 8 | packet[header_size + 3]);
    if (header_size > *length)
        return CIPHER_FAILED;
    int size = moulin_seal_packet(seal, packet, packet, header_size, *length);
    if (size < 0)
        return -size;
    *length = size;
    return 0;
}
