/* A lane: one received stream while nothing about it needs a decision. Its next packet in order goes
 * to every leg and into a cache right here. Anything else (a gap, a keyframe, padding, the end of a
 * window of loudness) stops the lane: that packet and those after it are Python's, until it starts the
 * lane again with what it knows. What is counted meanwhile is in `struct lane`, which Python reads. */
#include "packets.h"

#include <stdlib.h>
#include <string.h>

enum { SOUND, VP8, H264, VP9 }; /* rooms.compiled.lanes knows them by these numbers */
enum { LOUD = 35 };             /* rooms.rtp.speakers.ACTIVE_LEVEL */
enum { MOST_PAYLOAD = ROOM - 148 - 64 };

/* One packet as it was received; its bytes are valid while the ring has not come around. */
struct entry {
    int64_t number;
    uint64_t begin;
    uint32_t timestamp, ids;
    uint16_t size;
    uint8_t marker, shape, head_size;
};

struct cache {
    uint64_t end; /* bytes ever written */
    uint32_t mask, room;
    struct entry *entries;
    unsigned char *bytes;
};

struct packet {
    uint32_t timestamp, ids;
    int marker, shape, head_size, tail;
};

struct lane *moulin_lane(uint32_t ssrc, int payload_type, int codec, int clock_rate, int packets,
                         int bytes)
{
    struct lane *lane = calloc(1, sizeof *lane);
    struct cache *cache = calloc(1, sizeof *cache);
    if (lane && cache) {
        lane->cache = cache;
        lane->ssrc = ssrc;
        lane->payload_type = payload_type;
        lane->codec = codec;
        lane->clock_rate = clock_rate;
        cache->mask = packets - 1;
        cache->room = bytes;
        cache->entries = calloc(packets, sizeof *cache->entries);
        cache->bytes = malloc(bytes);
        if (cache->entries && cache->bytes)
            return lane;
        free(cache->entries);
        free(cache->bytes);
    }
    free(cache);
    free(lane);
    return NULL;
}

/* Forgets the packets: the lane never runs again. */
void moulin_lane_retire(struct lane *lane)
{
    lane->state.runs = 0;
    if (lane->cache) {
        free(lane->cache->entries);
        free(lane->cache->bytes);
        free(lane->cache);
        lane->cache = NULL;
    }
}

void moulin_lane_free(struct lane *lane)
{
    moulin_lane_retire(lane);
    free(lane);
}

void *moulin_lane_state(struct lane *lane) { return &lane->state; }

void moulin_lane_groups(struct lane *lane, const struct group *groups, int count)
{
    lane->groups = groups;
    lane->group_count = count;
}

/* Where the payload of a packet of that number is kept, and its fields; 0 when it is not. */
int moulin_lane_find(struct lane *lane, int64_t number, const unsigned char **payload,
                     uint32_t fields[6])
{
    struct cache *cache = lane->cache;
    struct entry *entry = cache ? cache->entries + (number & cache->mask) : NULL;
    if (!entry || entry->number != number || !entry->size || cache->end - entry->begin > cache->room)
        return 0;
    fields[0] = entry->timestamp;
    fields[1] = entry->ids;
    fields[2] = entry->size;
    fields[3] = entry->marker;
    fields[4] = entry->shape;
    fields[5] = entry->head_size;
    *payload = cache->bytes + entry->begin % cache->room;
    return 1;
}

static void keep(struct cache *cache, int64_t number, const struct packet *packet,
                 const unsigned char *payload, int size)
{
    struct entry *entry = cache->entries + (number & cache->mask);
    if ((uint32_t)size > cache->room)
        return;
    if (cache->end % cache->room + size > cache->room) /* no packet goes around the end */
        cache->end += cache->room - cache->end % cache->room;
    entry->number = number;
    entry->begin = cache->end;
    entry->timestamp = packet->timestamp;
    entry->ids = packet->ids;
    entry->size = size;
    entry->marker = packet->marker;
    entry->shape = packet->shape;
    entry->head_size = packet->head_size;
    memcpy(cache->bytes + cache->end % cache->room, payload, size);
    cache->end += size;
}

/* The usual forms of VP8's descriptor (rooms.rtp.vp8.describe); 0 for a keyframe's start and the
 * rarer forms. */
static int read_vp8(struct packet *packet, const unsigned char *payload, int size)
{
    int start = (payload[0] & 0x17) == 0x10;
    if (size <= 4 || !(payload[0] & 0x80) || !(payload[1] & 0x80) || !(payload[2] & 0x80))
        return 0;
    packet->head_size = 2;
    packet->ids = (payload[2] & 0x7Fu) << 24 | payload[3] << 16;
    if (payload[1] & 0x40 && payload[1] & 0x30 && size > 6) {
        packet->shape = FULL;
        packet->tail = 6;
        packet->ids |= payload[4] << 8 | payload[5];
    } else if (!(payload[1] & 0x70)) {
        packet->shape = PICTURE;
        packet->tail = 4;
    } else {
        return 0;
    }
    return !start || payload[packet->tail] & 1;
}

/* rooms.rtp.keyframes: 0 where a keyframe may begin. */
static int within_h264(const unsigned char *payload, int size)
{
    int kind = payload[0] & 0x1F;
    if (kind == 28) /* a fragment, past a first one */
        return size > 1 && (payload[1] & 0x9F) != 0x87;
    return kind != 7 && kind != 24;
}

/* 0 where a keyframe may begin, or a structure is told. */
static int within_vp9(const unsigned char *payload) { return payload[0] & 0x40 && !(payload[0] & 2); }

static int readable(const struct lane *lane, struct packet *packet, const unsigned char *payload,
                    int size)
{
    packet->shape = OPAQUE;
    packet->ids = packet->head_size = packet->tail = 0;
    if (size <= 0 || size > MOST_PAYLOAD)
        return 0;
    switch (lane->codec) {
    case SOUND: return 1;
    case VP8: return read_vp8(packet, payload, size);
    case H264: return within_h264(payload, size);
    default: return within_vp9(payload);
    }
}

/* RFC 3550 appendix A.8, as rooms.rtp.reports.Reception.arrived. */
static void note_jitter(struct lane *lane, uint32_t timestamp, double now)
{
    struct state *state = &lane->state;
    uint32_t transit = (uint32_t)(int64_t)(now * lane->clock_rate) - timestamp;
    if (state->transit >= 0) {
        int64_t difference = (int32_t)(transit - (uint32_t)state->transit);
        if (difference < 0)
            difference = -difference;
        if (difference < (int64_t)lane->clock_rate * 5)
            state->jitter += ((double)difference - state->jitter) / 16;
    }
    state->transit = transit;
}

static void account(struct lane *lane, const struct packet *packet, int size, double now)
{
    struct state *state = &lane->state;
    int layer = (packet->ids & 0xFF) >> 6;
    if (packet->timestamp != state->timestamp) {
        note_jitter(lane, packet->timestamp, now);
        state->pictures[layer]++;
    }
    state->packets++;
    state->octets[layer] += size;
    state->newest_at = now;
    state->timestamp = packet->timestamp;
    state->ids = packet->ids;
    state->marker = packet->marker;
    state->shape = packet->shape;
}

static void forward(struct lane *lane, const struct packet *packet, const unsigned char *payload,
                    int size, double now)
{
    struct state *state = &lane->state;
    int64_t number = state->highest - state->removed;
    uint32_t stamp = (uint32_t)(int64_t)(now * 262144); /* abs-send-time */
    for (const struct group *group = lane->groups; group < lane->groups + lane->group_count;
         group++) {
        unsigned char head[10] = {0xBE, 0xDE, 0, 1};
        int head_size = 0;
        if (group->extension) {
            head[4] = group->extension << 4 | 2;
            head[5] = stamp >> 16;
            head[6] = stamp >> 8;
            head[7] = stamp;
            head_size = 8;
        }
        memcpy(head + head_size, payload, packet->head_size);
        state->failed += moulin_fan_out(
            group->legs, group->count,
            (uint32_t)(group->word | packet->marker) << 16 | (number & 0xFFFF), packet->timestamp,
            packet->shape, packet->ids, (char *)head, head_size + packet->head_size,
            (const char *)payload + packet->tail, size - packet->tail);
    }
}

/* Takes the packet if it is the next one of a lane that runs; else stops the lane and returns 0. */
int moulin_lane_take(struct lane *lane, const struct record *record, const unsigned char *data,
                     double now)
{
    struct state *state = &lane->state;
    const unsigned char *payload = data + record->start;
    int size = record->end - record->start;
    struct packet packet = {.timestamp = record->timestamp, .marker = record->second & 0x80};
    if (!state->runs)
        return 0;
    if (record->sequence != (uint16_t)(state->sequence + 1) ||
        (record->second & 0x7F) != lane->payload_type || record->descriptor_size ||
        (lane->levels && record->level != NO_LEVEL && now >= state->level_until) ||
        !readable(lane, &packet, payload, size)) {
        state->runs = 0;
        return 0;
    }
    if (lane->levels && record->level <= LOUD) {
        state->loud++;
        if (record->level < state->loudest)
            state->loudest = record->level;
    }
    state->cycles += !record->sequence;
    state->sequence = record->sequence;
    state->highest++;
    account(lane, &packet, size, now);
    keep(lane->cache, state->highest - state->removed, &packet, payload, size);
    forward(lane, &packet, payload, size, now);
    return 1;
}
